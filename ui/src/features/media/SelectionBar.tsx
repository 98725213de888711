import { Copy, FolderInput, ListChecks, RotateCcw, Trash2, X } from "lucide-react";
import { useState } from "react";
import type { Asset, Folder } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { strings } from "../../strings";
import { isRemovable, type MediaActions } from "./actions";
import { DeleteForGood } from "./DeleteForGood";
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
  const ids = chosen.map((asset) => asset.id);
  const removable = chosen.filter(isRemovable).map((asset) => asset.id);
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
        <DeleteForGood
          title={chosen.length === 1 ? strings.media.forGoodNamed(chosen[0]?.filename ?? "") : strings.media.forGoodTitle(removable.length)}
          ids={removable}
          keepsRecordings={removable.length < ids.length}
          actions={actions}
          onDone={onClear}
          onClose={close}
        />
      ) : null}
    </div>
  );
}
