import "./encoding.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { encodingCommands, encodingQuery } from "../../../api/encoding";
import { keys } from "../../../api/queries";
import type { EncodingChoice, EncodingSettings } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { useTitle } from "../../../lib/hooks";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { bitRateOf, draftsOf, megabits, stepsOf, type SizeDraft } from "./rates";

const CODECS = ["h264", "av1"] as const satisfies readonly EncodingSettings["codec"][];

/** What is usual for speech, and what is elsewhere. */
const LOUDNESSES: readonly number[] = [-16, -14, -23];

/** Which versions are made of the videos that come in. */
export function EncodingPage() {
  useTitle(strings.encoding.title);
  const settings = useQuery(encodingQuery);
  if (settings.isError && !settings.data) return <Problem error={settings.error} onRetry={() => void settings.refetch()} />;
  if (!settings.data) return <div className="skeleton" style={{ height: 480 }} />;
  // What was saved begins the form anew.
  return <SettingsForm key={JSON.stringify(settings.data)} settings={settings.data} />;
}

function SettingsForm({ settings }: { settings: EncodingSettings }) {
  const client = useQueryClient();
  const noneId = useId();
  const [codec, setCodec] = useState(settings.codec);
  const [loudness, setLoudness] = useState(settings.loudness_lufs);
  const [drafts, setDrafts] = useState(() => draftsOf(settings));
  const steps = stepsOf(drafts, settings.choices);
  const changed =
    codec !== settings.codec || loudness !== settings.loudness_lufs || JSON.stringify(steps) !== JSON.stringify(settings.steps);
  const nothing = drafts.every((draft) => !draft.chosen);
  const save = useMutation({
    mutationFn: encodingCommands.put,
    onSuccess: (after) => {
      client.setQueryData(keys.encoding, after);
      showToast(strings.settings.saved);
    },
  });
  const change = (index: number, to: Partial<SizeDraft>): void => {
    setDrafts(drafts.map((draft, at) => (at === index ? { ...draft, ...to } : draft)));
    save.reset();
  };
  return (
    <form
      className="settings__delivery"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && steps !== null) save.mutate({ codec, steps, loudness_lufs: loudness });
      }}
    >
      {save.isError ? <Problem error={save.error} /> : null}
      <section className="settings__section">
        <div>
          <h2>{strings.encoding.sizes}</h2>
          <p className="soft">{strings.encoding.sizesLead}</p>
        </div>
        <fieldset className="encoding__sizes" aria-describedby={noneId}>
          <legend className="field__label">{strings.encoding.sizesLabel}</legend>
          {settings.choices.map((choice, index) => {
            const draft = drafts[index];
            return draft === undefined ? null : (
              <Size key={choice.height} choice={choice} draft={draft} onChange={(to) => change(index, to)} />
            );
          })}
          <p id={noneId} className={nothing ? "field__error" : "field__hint"}>
            {nothing ? strings.encoding.none : strings.encoding.smaller}
          </p>
        </fieldset>
        <div>
          <button
            type="button"
            className="button button--small"
            onClick={() => {
              setDrafts(draftsOf({ steps: settings.choices, choices: settings.choices }));
              setCodec("h264");
              setLoudness(null);
              save.reset();
            }}
          >
            {strings.encoding.standard}
          </button>
        </div>
      </section>
      <section className="settings__section">
        <div>
          <h2>{strings.encoding.codec}</h2>
          <p className="soft">{strings.encoding.codecLead}</p>
        </div>
        <fieldset className="encoding__codecs">
          <legend className="field__label">{strings.encoding.codecLabel}</legend>
          {CODECS.map((one) => (
            <Codec
              key={one}
              codec={one}
              checked={codec === one}
              onChoose={() => {
                setCodec(one);
                save.reset();
              }}
            />
          ))}
        </fieldset>
      </section>
      <section className="settings__section">
        <div>
          <h2>{strings.encoding.loudness}</h2>
          <p className="soft">{strings.encoding.loudnessLead}</p>
        </div>
        <Loudness
          value={loudness}
          saved={settings.loudness_lufs}
          onChoose={(lufs) => {
            setLoudness(lufs);
            save.reset();
          }}
        />
      </section>
      <div>
        <BusyButton type="submit" className="button button--primary" busy={!changed || steps === null || save.isPending}>
          {strings.common.save}
        </BusyButton>
      </div>
    </form>
  );
}

function Size({
  choice,
  draft,
  onChange,
}: {
  choice: EncodingChoice;
  draft: SizeDraft;
  onChange: (to: Partial<SizeDraft>) => void;
}) {
  const [least, most] = [megabits(choice.bit_rate_min), megabits(choice.bit_rate_max)];
  const wrong = draft.chosen && bitRateOf(draft.rate, choice) === null;
  return (
    <div className="encoding__size">
      <label className="check">
        <input type="checkbox" checked={draft.chosen} onChange={(event) => onChange({ chosen: event.target.checked })} />
        {strings.encoding.size(choice.height)}
      </label>
      <TextField
        label={strings.encoding.rate(choice.height)}
        hint={strings.encoding.rateHint(least, most)}
        error={wrong ? strings.encoding.rateError(least, most) : undefined}
        inputMode="decimal"
        autoComplete="off"
        maxLength={8}
        disabled={!draft.chosen}
        value={draft.rate}
        onChange={(event) => onChange({ rate: event.target.value })}
      />
    </div>
  );
}

function Codec({ codec, checked, onChoose }: { codec: EncodingSettings["codec"]; checked: boolean; onChoose: () => void }) {
  const id = useId();
  return (
    <div className="field">
      <label className="check">
        <input type="radio" name="codec" value={codec} checked={checked} aria-describedby={id} onChange={onChoose} />
        {strings.encoding[codec]}
      </label>
      <p id={id} className="field__hint">
        {strings.encoding[`${codec}Hint`]}
      </p>
    </div>
  );
}

function Loudness({
  value,
  saved,
  onChoose,
}: {
  value: number | null;
  saved: number | null;
  onChoose: (lufs: number | null) => void;
}) {
  // The API takes others, too.
  const offered = saved === null || LOUDNESSES.includes(saved) ? LOUDNESSES : [...LOUDNESSES, saved];
  return (
    <label className="field encoding__loudness">
      <span className="field__label">{strings.encoding.loudnessLabel}</span>
      <select
        className="select"
        value={value ?? ""}
        onChange={(event) => onChoose(event.target.value === "" ? null : Number(event.target.value))}
      >
        <option value="">{strings.encoding.loudnessAsItIs}</option>
        {offered.map((lufs) => (
          <option key={lufs} value={lufs}>
            {strings.encoding.loudnessAt(lufs, strings.encoding.loudnessUses[lufs])}
          </option>
        ))}
      </select>
    </label>
  );
}
