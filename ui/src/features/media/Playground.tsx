import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, Save } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { imageAddressesQuery, imagePresetsQuery, mediaCommands } from "../../api/media";
import { keys } from "../../api/queries";
import type { Asset, ImageAddresses } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { copyText } from "../../lib/clipboard";
import { formatDateTime } from "../../lib/format";
import { useDebounced } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { here } from "./addresses";
import { Code } from "./Code";
import { AS_IT_IS, markupOf, NUMBERS, optionsOf, widthsFor, wrongNumbers, type NumberName, type Transform } from "./transform";

const TYPING_PAUSE_MS = 350;
const START: Transform = { ...AS_IT_IS, w: "640" };
const words = strings.playground;

/** Tries what can be made of an image: every choice makes another address, and the picture of it. */
export default function Playground({ asset, mayEdit }: { asset: Asset; mayEdit: boolean }) {
  const [transform, setTransform] = useState(START);
  const presets = useQuery(imagePresetsQuery).data?.items ?? [];
  const wrong = wrongNumbers(transform);
  const asked = wrong.length > 0 ? null : optionsOf(transform);
  const paused = useDebounced(asked, TYPING_PAUSE_MS);
  // What cannot be asked for leaves what was last asked for, and nothing that nobody asked for.
  const [settled, setSettled] = useState(() => optionsOf(START));
  if (paused !== null && paused !== settled) setSettled(paused);
  const shown = useQuery({ ...imageAddressesQuery(asset, { options: settled }), placeholderData: keepPreviousData });
  const change = (part: Partial<Transform>): void => setTransform({ ...transform, ...part });
  const number = (name: NumberName, label: string): ReactNode => (
    <NumberField name={name} label={label} value={transform[name]} wrong={wrong.includes(name)} onChange={(value) => change({ [name]: value })} />
  );
  const cuts = transform.fit === "crop" || transform.p !== "";
  return (
    <section className="file__section play" aria-labelledby="playground">
      <div className="play__line">
        <h2 id="playground">{words.title}</h2>
        <button type="button" className="button button--small" onClick={() => setTransform(START)}>
          {words.reset}
        </button>
      </div>
      <p className="soft">{words.lead}</p>
      <div className="play__columns">
        <div className="play__controls">
          {presets.length > 0 ? (
            <Choice
              wide
              label={words.preset}
              value={transform.p}
              options={[["", words.noPreset], ...presets.map(({ name, options }) => [name, `${name}: ${options}`] as const)]}
              // A preset fills what is absent, so nothing else is asked for at first.
              onChange={(p) => setTransform(p === "" ? START : { ...AS_IT_IS, p })}
            />
          ) : null}
          {number("w", words.width)}
          {number("h", words.height)}
          <Choice wide label={words.fit} value={transform.fit} options={Object.entries(words.fits)} onChange={(fit) => change({ fit })} />
          <Choice
            wide
            label={words.focus}
            value={transform.focus}
            options={Object.entries(words.focuses)}
            disabled={!cuts}
            onChange={(focus) => change({ focus })}
          />
          <Choice label={words.format} value={transform.format} options={Object.entries(words.formats)} onChange={(format) => change({ format })} />
          {number("q", words.quality)}
          {/* A key that is a number comes first in an object, whatever stood before it. */}
          <Choice label={words.rotate} value={transform.rotate} options={ROTATIONS} onChange={(rotate) => change({ rotate })} />
          <Choice label={words.flip} value={transform.flip} options={Object.entries(words.flips)} onChange={(flip) => change({ flip })} />
          {number("blur", words.blur)}
          {number("sharpen", words.sharpen)}
          {number("dpr", words.density)}
          <Check label={words.enlarge} checked={transform.enlarge} onChange={(enlarge) => change({ enlarge })} />
          <Check label={words.keepFacts} checked={transform.keep} onChange={(keep) => change({ keep })} />
        </div>
        <div className="play__result play__picture">
          {shown.isError ? (
            <Problem error={shown.error} onRetry={() => void shown.refetch()} />
          ) : (
            <Stage addresses={shown.data} asset={asset} isBehind={asked === null} />
          )}
        </div>
        <div className="play__result play__words">
          <Address asset={asset} options={settled} addresses={shown.isError ? undefined : shown.data} mayEdit={mayEdit} />
        </div>
      </div>
    </section>
  );
}

const ROTATIONS = ["", "90", "180", "270"].map((turn) => [turn, words.rotations[turn as keyof typeof words.rotations]] as const);

function Choice({
  label,
  value,
  options,
  wide = false,
  disabled = false,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  wide?: boolean;
  disabled?: boolean;
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className={wide ? "field play__wide" : "field"}>
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <select id={id} className="select select--quiet" value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

function NumberField({
  name,
  label,
  value,
  wrong,
  onChange,
}: {
  name: NumberName;
  label: string;
  value: string;
  wrong: boolean;
  onChange: (value: string) => void;
}) {
  const id = useId();
  const { least, most, whole } = NUMBERS[name];
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input input--quiet number"
        inputMode={whole ? "numeric" : "decimal"}
        autoComplete="off"
        value={value}
        aria-invalid={wrong}
        aria-describedby={wrong ? `${id}-note` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {wrong ? (
        <p id={`${id}-note`} className="field__error">
          {whole ? words.whole(least, most) : words.tenths(least, most)}
        </p>
      ) : null}
    </div>
  );
}

function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label className="play__check play__wide">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}

/** The picture; `isBehind` where something else is asked for, which cannot be. */
function Stage({ addresses, asset, isBehind }: { addresses: ImageAddresses | undefined; asset: Asset; isBehind: boolean }) {
  const [seen, setSeen] = useState<{ src: string; broken: boolean } | null>(null);
  const src = addresses && here(addresses.src);
  const state = seen === null || seen.src !== src ? words.working : seen.broken ? words.broken : words.resultOf(addresses?.width ?? 0, addresses?.height ?? 0);
  return (
    <>
      <div className="play__stage">
        {src === undefined ? null : (
          <img
            src={src}
            width={addresses?.width}
            height={addresses?.height}
            style={{ width: "auto", height: "auto" }}
            alt={`${words.result}: ${asset.filename}`}
            onLoad={() => setSeen({ src, broken: false })}
            onError={() => setSeen({ src, broken: true })}
          />
        )}
      </div>
      <p className="faint small number" role="status">
        {isBehind ? words.behind : state}
      </p>
    </>
  );
}

function Address({
  asset,
  options,
  addresses,
  mayEdit,
}: {
  asset: Asset;
  options: string;
  addresses: ImageAddresses | undefined;
  mayEdit: boolean;
}) {
  const [saving, setSaving] = useState(false);
  const width = addresses?.width;
  const dense = /(^|,)dpr=/u.test(options);
  // Densities multiply what the options say; widths say it anew, so that one dpr among them would be a second.
  const set = useQuery({
    ...imageAddressesQuery(asset, { options, ...(dense ? {} : { widths: widthsFor(width ?? 1), sizes: `${width ?? 1}px` }) }),
    enabled: width !== undefined,
    placeholderData: keepPreviousData,
  });
  const address = addresses === undefined ? "" : new URL(addresses.src, location.origin).href;
  const markup = set.data === undefined ? "" : markupOf(set.data, location.origin);
  return (
    <>
      <div className="play__line">
        <h3>{words.options}</h3>
        {mayEdit && !/(^|,)p=/u.test(options) ? (
          <button type="button" className="button button--small" onClick={() => setSaving(true)}>
            <Save size={16} aria-hidden />
            {words.savePreset}
          </button>
        ) : null}
      </div>
      <Code label={words.options} text={options} />
      <div className="play__line">
        <h3>{words.address}</h3>
        <CopyButton label={words.copyAddress} text={address} />
      </div>
      <Code label={words.address} text={address} />
      {addresses === undefined ? null : <p className="faint small">{words.works(formatDateTime(addresses.expires_at))}</p>}
      <div className="play__line">
        <h3>{words.markup}</h3>
        <CopyButton label={words.copyMarkup} text={markup} />
      </div>
      <Code label={words.markup} text={markup} />
      {saving ? <SavePreset options={options} onClose={() => setSaving(false)} /> : null}
    </>
  );
}

function CopyButton({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState<string | null>(null);
  return (
    <button
      type="button"
      className="button button--small"
      disabled={text === ""}
      onClick={() => void copyText(text).then((done) => setCopied(done ? text : null))}
    >
      <Copy size={16} aria-hidden />
      {copied === text && text !== "" ? strings.common.copied : label}
    </button>
  );
}

function SavePreset({ options, onClose }: { options: string; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const save = useMutation({
    mutationFn: () => mediaCommands.putPreset(name.trim(), options),
    onSuccess: (preset) => {
      void client.invalidateQueries({ queryKey: keys.imagePresets });
      showToast(words.presetSaved(preset.name));
      onClose();
    },
  });
  return (
    <Dialog open onClose={onClose} title={words.savePreset} description={options}>
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField
          label={words.presetName}
          hint={words.presetHint}
          value={name}
          maxLength={40}
          pattern="[a-z][a-z0-9\-]*"
          autoComplete="off"
          required
          onChange={(event) => setName(event.target.value)}
        />
        {save.isError ? <Problem error={save.error} /> : null}
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" disabled={name.trim() === ""} busy={save.isPending}>
            {strings.common.save}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
