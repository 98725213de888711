import "./limits.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { fieldErrors } from "../../../api/client";
import { uploadLimitsCommands, uploadLimitsQuery } from "../../../api/limits";
import { keys } from "../../../api/queries";
import type { UploadLimits as Limits } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { bytesOf, draftsOf, fieldOf, LEAST_BYTES, LIMITED, sizesOf, sizeText, UNITS, type Limited, type SizeDraft, type Unit } from "./sizes";

/** Where the server says which of them it refuses, it names the field. */
const FIELDS = {
  video: "video_bytes_max",
  audio: "audio_bytes_max",
  image: "image_bytes_max",
  document: "document_bytes_max",
} as const;

/** How large the files are that the organization takes. */
export function UploadLimits() {
  const limits = useQuery(uploadLimitsQuery);
  if (limits.isError && !limits.data) return <Problem error={limits.error} onRetry={() => void limits.refetch()} />;
  if (!limits.data) return <div className="skeleton" style={{ height: 480 }} />;
  return (
    <section className="settings__section">
      <div>
        <h2>{strings.limits.title}</h2>
        <p className="soft">{strings.limits.lead}</p>
      </div>
      {/* What was saved begins the form anew. */}
      <LimitsForm key={JSON.stringify(limits.data)} limits={limits.data} />
    </section>
  );
}

function LimitsForm({ limits }: { limits: Limits }) {
  const client = useQueryClient();
  const [drafts, setDrafts] = useState(() => draftsOf(limits));
  const wanted = sizesOf(drafts, limits);
  const changed = wanted === null || LIMITED.some((kind) => wanted[fieldOf(kind)] !== limits[fieldOf(kind)]);
  const save = useMutation({
    mutationFn: uploadLimitsCommands.put,
    onSuccess: (after) => {
      client.setQueryData(keys.uploadLimits, after);
      showToast(strings.settings.saved);
    },
  });
  const errors = fieldErrors(save.error, FIELDS);
  const unexplained = save.isError && Object.keys(errors).length === 0;
  const change = (kind: Limited, to: SizeDraft): void => {
    setDrafts({ ...drafts, [kind]: to });
    save.reset();
  };
  return (
    <form
      className="limits"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && wanted !== null) save.mutate(wanted);
      }}
    >
      {unexplained ? <Problem error={save.error} /> : null}
      {LIMITED.map((kind) => (
        <Size
          key={kind}
          kind={kind}
          draft={drafts[kind]}
          limits={limits}
          refused={errors[fieldOf(kind)]}
          onChange={(to) => change(kind, to)}
        />
      ))}
      <div className="limits__actions">
        <BusyButton type="submit" className="button button--primary" busy={!changed || wanted === null || save.isPending}>
          {strings.limits.save}
        </BusyButton>
        <button
          type="button"
          className="button"
          onClick={() => {
            setDrafts(draftsOf(limits.defaults));
            save.reset();
          }}
        >
          {strings.limits.standard}
        </button>
      </div>
    </form>
  );
}

function Size({
  kind,
  draft,
  limits,
  refused,
  onChange,
}: {
  kind: Limited;
  draft: SizeDraft;
  limits: Limits;
  refused: string | undefined;
  onChange: (to: SizeDraft) => void;
}) {
  const unitId = useId();
  const field = fieldOf(kind);
  const most = limits.ceilings[field];
  const wrong = bytesOf(draft, most) === null ? strings.limits.wrong(sizeText(LEAST_BYTES), sizeText(most)) : undefined;
  return (
    <div className="limits__size">
      <TextField
        label={strings.limits.kinds[kind]}
        hint={strings.limits.hint(sizeText(limits.defaults[field]), sizeText(most))}
        error={refused ?? wrong}
        inputMode="decimal"
        autoComplete="off"
        maxLength={10}
        value={draft.amount}
        onChange={(event) => onChange({ ...draft, amount: event.target.value })}
      />
      <div className="field">
        <label className="field__label" htmlFor={unitId}>
          <span aria-hidden>{strings.limits.unit}</span>
          <span className="visually-hidden">{strings.limits.units[kind]}</span>
        </label>
        <select
          id={unitId}
          className="select"
          value={draft.unit}
          onChange={(event) => onChange({ ...draft, unit: event.target.value as Unit })}
        >
          {UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {unit}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}
