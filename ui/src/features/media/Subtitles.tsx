import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, X } from "lucide-react";
import { useId, useState } from "react";
import { keys } from "../../api/queries";
import { subtitlesCommands, subtitlesQuery, type NewSubtitles } from "../../api/subtitles";
import type { Asset, SubtitlesTrack } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { languageName } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { pickFiles } from "../uploads/choose";

const FILES = ".vtt,.srt,.json,text/vtt,application/x-subrip";
const NAME_LENGTH_MAX = 80;
/** What is offered while somebody types; any other language can be typed. */
const OFFERED = [
  "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt-BR",
  "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant",
];

const isAdded = (track: SubtitlesTrack): boolean => track.source === "added";

/** The subtitles of a recording, and the adding and removing of such in other languages. */
export function Subtitles({ asset, editable }: { asset: Asset; editable: boolean }) {
  const list = useQuery(subtitlesQuery(asset));
  const items = list.data ?? [];
  const change = useChange(asset);
  if (!editable && items.length === 0) return null;
  return (
    <section className="file__section" aria-labelledby="file-subtitles">
      <h2 id="file-subtitles">{strings.subtitles.title}</h2>
      {list.isError && list.data === undefined ? <Problem error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isSuccess && items.length === 0 ? <p className="faint small">{strings.subtitles.none}</p> : null}
      {items.length > 0 ? (
        <ul className="renditions" aria-labelledby="file-subtitles">
          {items.map((track) => (
            <Row
              key={track.url.split("/").at(-1)}
              track={track}
              busy={change.remove.isPending}
              onRemove={editable && isAdded(track) ? () => change.remove.mutate(track) : null}
            />
          ))}
        </ul>
      ) : null}
      {editable ? (
        <Add there={items} busy={change.put.isPending} onAdd={(put, onTaken) => change.put.mutate(put, { onSuccess: onTaken })} />
      ) : null}
      {change.put.isError ? <Problem error={change.put.error} /> : null}
    </section>
  );
}

/** A language as the server spells it, for most: `pt_br` as `pt-BR`, `deu` as `de`. What is none stays as it is. */
function spelled(language: string): string {
  try {
    return Intl.getCanonicalLocales(language.replaceAll("_", "-"))[0] ?? language;
  } catch {
    return language;
  }
}

/** What is put, presumably, in place of which others. */
interface Put {
  added: NewSubtitles;
  replaced: SubtitlesTrack | undefined;
}

/** Each change can be undone for as long as it is told. */
function useChange(asset: Asset) {
  const client = useQueryClient();
  const renew = (): void => {
    void client.invalidateQueries({ queryKey: keys.subtitles(asset.id) });
    if (asset.video_id !== null) void client.invalidateQueries({ queryKey: keys.captions(asset.video_id) });
  };
  const undo = (run: () => Promise<unknown>) => ({
    label: strings.common.undo,
    run: () => void run().catch(tell).finally(renew),
  });
  const put = useMutation({
    mutationFn: async ({ added, replaced }: Put) => {
      const before = replaced === undefined ? null : await textOf(replaced);
      return { before, ...(await subtitlesCommands.put(asset.id, added)) };
    },
    onSuccess: ({ before, isNew, accepted: { language, name, warnings } }) => {
      const told = isNew ? strings.subtitles.isAdded(name) : strings.subtitles.isReplaced(name);
      const text = warnings.length > 0 ? `${told} ${strings.subtitles.warned(warnings.length)}` : told;
      if (isNew) showToast(text, undo(() => subtitlesCommands.remove(asset.id, language ?? "")));
      // What was replaced unseen, as others had just added it, cannot be put back: to remove what is there now would be no undoing.
      else if (before?.language !== language) showToast(text);
      else showToast(text, undo(() => subtitlesCommands.put(asset.id, before)));
    },
    onSettled: renew,
  });
  const remove = useMutation({
    mutationFn: async (track: SubtitlesTrack) => {
      const before = await textOf(track);
      await subtitlesCommands.remove(asset.id, before.language);
      return before;
    },
    onSuccess: (before, { name }) => showToast(strings.subtitles.removed(name), undo(() => subtitlesCommands.put(asset.id, before))),
    onError: tell,
    onSettled: renew,
  });
  return { put, remove };
}

/** All of subtitles that were added, to be put back. */
async function textOf({ language, name, is_forced, url }: SubtitlesTrack): Promise<NewSubtitles> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(strings.subtitles.unread);
  return { language: language ?? "", text: await response.text(), name, forced: is_forced };
}

function Row({ track, busy, onRemove }: { track: SubtitlesTrack; busy: boolean; onRemove: (() => void) | null }) {
  const { name, language, is_forced: forced, url } = track;
  const told = [
    language === null ? null : languageName(language),
    isAdded(track) ? strings.subtitles.added : strings.subtitles.ofFile,
    forced ? strings.subtitles.forced : null,
  ];
  return (
    <li className="renditions__row">
      <span className="renditions__what">
        <span lang={language ?? undefined}>{name}</span>
        <span className="faint small">{told.filter((part) => part !== null).join(" · ")}</span>
      </span>
      <span className="renditions__actions">
        <a className="icon-button" href={url} download aria-label={strings.subtitles.downloadOf(name)}>
          <Download size={16} aria-hidden />
        </a>
        {onRemove === null ? null : (
          <BusyButton
            type="button"
            className="icon-button"
            aria-label={strings.subtitles.removeOf(name)}
            busy={busy}
            onClick={onRemove}
          >
            <X size={16} aria-hidden />
          </BusyButton>
        )}
      </span>
    </li>
  );
}

function Add({
  there,
  busy,
  onAdd,
}: {
  there: readonly SubtitlesTrack[];
  busy: boolean;
  onAdd: (put: Put, onTaken: () => void) => void;
}) {
  const [typed, setTyped] = useState("");
  const [name, setName] = useState("");
  const [forced, setForced] = useState(false);
  const id = useId();
  const language = typed.trim();
  const named = languageName(language);
  const isBusy = busy || language === "";
  const choose = async (): Promise<void> => {
    const [text] = await pickFiles(false, FILES);
    if (text === undefined) return;
    const isSame = (track: SubtitlesTrack): boolean =>
      isAdded(track) && track.language !== null && spelled(track.language) === spelled(language);
    const added = { language, text, name: name.trim() === "" ? undefined : name.trim(), forced };
    onAdd({ added, replaced: there.find(isSame) }, () => {
      // What was said of these is seldom true of the next.
      setName("");
      setForced(false);
    });
  };
  return (
    <form
      className="renditions__form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void choose();
      }}
    >
      <div className="field">
        <label className="field__label" htmlFor={id}>
          {strings.subtitles.language}
        </label>
        <input
          id={id}
          className="input"
          list={`${id}-offered`}
          aria-describedby={`${id}-hint`}
          value={typed}
          maxLength={35}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
        />
        <datalist id={`${id}-offered`}>
          {OFFERED.map((tag) => (
            <option key={tag} value={tag}>
              {languageName(tag)}
            </option>
          ))}
        </datalist>
        <span id={`${id}-hint`} className="field__hint">
          {language === "" || named === language ? strings.subtitles.languageHint : named}
        </span>
      </div>
      <TextField
        label={strings.subtitles.name}
        hint={strings.subtitles.nameHint}
        value={name}
        maxLength={NAME_LENGTH_MAX}
        autoComplete="off"
        onChange={(event) => setName(event.target.value)}
      />
      <div className="field">
        <label className="check">
          <input
            type="checkbox"
            checked={forced}
            aria-describedby={`${id}-forced`}
            onChange={(event) => setForced(event.target.checked)}
          />
          {strings.subtitles.forced}
        </label>
        <p id={`${id}-forced`} className="field__hint">
          {strings.subtitles.forcedHint}
        </p>
      </div>
      <BusyButton type="submit" className="button" busy={isBusy} aria-describedby={`${id}-file`}>
        {strings.subtitles.choose}
      </BusyButton>
      <p id={`${id}-file`} className="small soft">
        {strings.subtitles.fileHint}
      </p>
    </form>
  );
}
