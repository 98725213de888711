import { useQueryClient } from "@tanstack/react-query";
import { Popover } from "radix-ui";
import { useState } from "react";
import { useMay } from "../../api/me";
import { commands, keys } from "../../api/queries";
import type { Speaker, Transcript, VideoDetail } from "../../api/types";
import { Initials, speakerHue, speakerName } from "../../components/Initials";
import { Tip } from "../../components/Tip";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { useVideo } from "./context";

const NAME_MAX = 100;

/** A speaker's name; for those who may edit, it becomes a field when clicked and changes everywhere in this recording. */
export function SpeakerChip({ speaker, uncertain = false }: { speaker: Speaker; uncertain?: boolean }) {
  const [open, setOpen] = useState(false);
  const mayEdit = useMay("edit_content");
  const name = speakerName(speaker);
  const inside = (
    <>
      <Initials speaker={speaker} />
      <span className="truncate">{name}</span>
      {uncertain ? <span aria-hidden>?</span> : null}
    </>
  );
  if (!mayEdit) {
    return (
      <span className="speaker" data-uncertain={uncertain} style={speakerHue(speaker.hue)} title={uncertain ? strings.transcript.uncertainSpeaker : undefined}>
        {inside}
      </span>
    );
  }
  const chip = (
    <Popover.Trigger asChild>
      <button
        type="button"
        className="speaker"
        data-uncertain={uncertain}
        style={speakerHue(speaker.hue)}
        aria-label={`${strings.transcript.rename(name)}${uncertain ? `. ${strings.transcript.uncertainSpeaker}` : ""}`}
      >
        {inside}
      </button>
    </Popover.Trigger>
  );
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      {uncertain ? <Tip text={strings.transcript.uncertainSpeaker}>{chip}</Tip> : chip}
      <Popover.Portal>
        <Popover.Content
          className="menu rename"
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label={strings.transcript.rename(name)}
        >
          <RenameForm speaker={speaker} onDone={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function RenameForm({ speaker, onDone }: { speaker: Speaker; onDone: () => void }) {
  const { video } = useVideo();
  const client = useQueryClient();
  const [draft, setDraft] = useState(speaker.name ?? "");

  const apply = (name: string | null): void => {
    const rename = <T extends { speakers: Speaker[] }>(holder: T | undefined): T | undefined =>
      holder && { ...holder, speakers: holder.speakers.map((one) => (one.id === speaker.id ? { ...one, name } : one)) };
    client.setQueryData<Transcript>(keys.transcript(video.id), rename);
    client.setQueryData<VideoDetail>(keys.video(video.id), rename);
  };

  const save = (): void => {
    const name = draft.trim() === "" ? null : draft.trim();
    onDone();
    if (name === speaker.name) return;
    apply(name);
    void commands
      .renameSpeaker(video.id, speaker.id, name)
      .then(() => showToast(strings.transcript.renamed(name ?? speaker.label)))
      .catch((error: unknown) => {
        apply(speaker.name);
        tell(error);
      })
      .finally(() => {
        void client.invalidateQueries({ queryKey: keys.videos });
        void client.invalidateQueries({ queryKey: keys.search });
      });
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label className="field">
        <span className="field__label">{strings.transcript.renameTitle}</span>
        <input
          className="input input--quiet"
          value={draft}
          maxLength={NAME_MAX}
          placeholder={speaker.label}
          onChange={(event) => setDraft(event.target.value)}
        />
      </label>
      <div className="rename__foot">
        <span className="faint small">{strings.transcript.renameHint}</span>
        <button type="submit" className="button button--small button--primary">
          {strings.common.save}
        </button>
      </div>
    </form>
  );
}
