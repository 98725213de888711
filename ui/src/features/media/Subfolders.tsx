import { Link } from "@tanstack/react-router";
import { Folder as FolderIcon } from "lucide-react";
import type { Folder } from "../../api/types";
import { formatNumber } from "../../lib/format";
import { strings } from "../../strings";
import type { MediaActions } from "./actions";
import { useDropPlace } from "./drag";
import { onwards, type Place } from "./place";

/** The folders that lie in the one that is open; files dragged onto one move into it. */
export function Subfolders({
  parent,
  inside,
  place,
  mayEdit,
  actions,
}: {
  parent: Folder;
  inside: readonly Folder[];
  place: Place;
  mayEdit: boolean;
  actions: MediaActions;
}) {
  return (
    <ul className="subfolders" aria-label={strings.media.foldersIn(parent.name)}>
      {inside.map((folder) => (
        <Subfolder key={folder.id} folder={folder} place={place} mayEdit={mayEdit} actions={actions} />
      ))}
    </ul>
  );
}

function Subfolder({ folder, place, mayEdit, actions }: { folder: Folder; place: Place; mayEdit: boolean; actions: MediaActions }) {
  const drop = useDropPlace(mayEdit, (ids) => void actions.move(ids, folder.id, folder.name));
  return (
    <li>
      <Link
        to="/media"
        search={onwards(place, { folder: folder.id })}
        aria-label={strings.media.folderCount(folder.name, folder.asset_count)}
        title={folder.name}
        className="subfolders__link"
        data-over={drop.over}
        {...drop.handlers}
      >
        <FolderIcon size={16} aria-hidden />
        <span className="subfolders__name truncate">{folder.name}</span>
        {folder.asset_count > 0 ? <span className="faint small number">{formatNumber(folder.asset_count)}</span> : null}
      </Link>
    </li>
  );
}
