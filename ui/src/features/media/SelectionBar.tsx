import { Copy, FolderInput, ListChecks, RotateCcw, Trash2, X } from "lucide-react";
import { useState } from "react";
import type { Asset, Folder } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Confirm } from "../../components/Confirm";
import { strings } from "../../strings";
import type { MediaActions } from "./actions";
import { PickFolderDialog } from "./FolderDialogs";

/** What can be done to the files that are chosen. */
export function SelectionBar({
  chosen,
  folders,
  inBin,
  folder,
  actions,
  isReading,
  onAll,
  onClear,
}: {
  chosen: readonly Asset[];
  folders: readonly Folder[];
  inBin: boolean;
  folder: string | null;
  actions: MediaActions;
  /** More become chosen by and by. */
  isReading: boolean;
  onAll: () => void;
  onClear: () => void;
}) {
  const [asked, setAsked] = useState<"move" | "copy" | "forGood" | null>(null);
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const ids = chosen.map((asset) => asset.id);
  // A recording goes for good with its video, when the time of both is over.
  const removable = chosen.filter((asset) => asset.video_id === null).map((asset) => asset.id);
  const close = (): void => setAsked(null);
  return (
    <div className="chosen" role="toolbar" aria-label={strings.media.selection}>
      <span className="chosen__count number" role="status">
        {isReading ? strings.media.selecting(chosen.length) : strings.media.selected(chosen.length)}
      </span>
      <BusyButton type="button" className="button button--small button--quiet" busy={isReading} onClick={onAll}>
        <ListChecks size={16} aria-hidden />
        {strings.media.selectAll}
      </BusyButton>
      <span className="chosen__space" />
      {inBin ? (
        <>
          <BusyButton
            type="button"
            className="button button--small"
            busy={isReading}
            onClick={() => {
              onClear();
              void actions.restore(ids);
            }}
          >
            <RotateCcw size={16} aria-hidden />
            {strings.media.restore}
          </BusyButton>
          {removable.length > 0 ? (
            <BusyButton type="button" className="button button--small button--danger" busy={isReading} onClick={() => setAsked("forGood")}>
              <Trash2 size={16} aria-hidden />
              {strings.media.deleteForGood}
            </BusyButton>
          ) : null}
        </>
      ) : (
        <>
          <BusyButton type="button" className="button button--small" busy={isReading} onClick={() => setAsked("move")}>
            <FolderInput size={16} aria-hidden />
            {strings.media.move}
          </BusyButton>
          <BusyButton type="button" className="button button--small" busy={isReading} onClick={() => setAsked("copy")}>
            <Copy size={16} aria-hidden />
            {strings.media.copy}
          </BusyButton>
          <BusyButton
            type="button"
            className="button button--small button--danger"
            busy={isReading}
            onClick={() => {
              onClear();
              void actions.remove(ids);
            }}
          >
            <Trash2 size={16} aria-hidden />
            {strings.media.remove}
          </BusyButton>
        </>
      )}
      <button type="button" className="icon-button icon-button--small" aria-label={strings.media.clearSelection} title={strings.media.clearSelection} onClick={onClear}>
        <X size={16} aria-hidden />
      </button>
      {asked === "move" || asked === "copy" ? (
        <PickFolderDialog
          title={asked === "move" ? strings.media.moveTitle(ids.length) : strings.media.copyTitle(ids.length)}
          action={asked === "move" ? strings.media.move : strings.media.copy}
          folders={folders}
          none={asked === "move" ? strings.media.unsorted : strings.media.beside}
          start={asked === "move" ? folder : null}
          onPick={async (id, where) => {
            await actions[asked](ids, id, where);
            onClear();
          }}
          onClose={close}
        />
      ) : null}
      {asked === "forGood" ? (
        <Confirm
          title={chosen.length === 1 ? strings.media.forGoodNamed(chosen[0]?.filename ?? "") : strings.media.forGoodTitle(removable.length)}
          text={removable.length < ids.length ? `${strings.media.forGoodText} ${strings.media.forGoodRecordings}` : strings.media.forGoodText}
          action={strings.media.deleteForGood}
          progress={progress}
          onConfirm={async (stop) => {
            const total = removable.length;
            const onProgress = (done: number): void => setProgress({ done, total });
            if (total > 1) onProgress(0);
            await actions.deleteForGood(removable, { onProgress: total > 1 ? onProgress : undefined, stop });
            if (!stop.aborted) onClear();
          }}
          onClose={close}
        />
      ) : null}
    </div>
  );
}
