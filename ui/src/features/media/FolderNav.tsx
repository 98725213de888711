import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight, EllipsisVertical, Files, Folder as FolderIcon, FolderInput, FolderPlus, Inbox, PencilLine, Trash2, type LucideIcon } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { mediaCommands } from "../../api/media";
import { keys } from "../../api/queries";
import type { Folder } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { formatNumber } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import type { MediaActions } from "./actions";
import { useDropPlace } from "./drag";
import { FolderNameDialog, PickFolderDialog } from "./FolderDialogs";
import { folderTree, type FolderNode } from "./folders";
import { onwards, type Place } from "./place";

type Asked = { what: "rename" | "move" | "delete" | "inside"; folder: Folder } | { what: "new" };

/** Where files can be: everywhere, in no folder, in a folder, or in the bin. Files dragged onto a folder move into it. */
export function FolderNav({
  folders,
  isPending,
  place,
  mayEdit,
  actions,
}: {
  folders: readonly Folder[];
  /** Whether the folders are still asked for. */
  isPending: boolean;
  place: Place;
  mayEdit: boolean;
  actions: MediaActions;
}) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const open = folders.find(({ id }) => id === place.folder);
  const everywhere = place.folder === undefined && !place.bin;
  return (
    <nav className="places" aria-label={strings.media.places}>
      <ul className="places__list">
        <PlaceRow to={onwards(place, {})} current={everywhere} icon={Files} name={strings.media.all} />
        <PlaceRow
          to={onwards(place, { folder: "none" })}
          current={place.folder === "none"}
          icon={Inbox}
          name={strings.media.unsorted}
          onIds={mayEdit ? (ids) => void actions.move(ids, null, strings.media.unsorted) : undefined}
        />
        {isPending ? ["60%", "45%"].map((width) => <li key={width} className="places__wait skeleton" style={{ width }} aria-hidden />) : null}
        {folderTree(folders).map((node) => (
          <FolderRow key={node.folder.id} node={node} place={place} mayEdit={mayEdit} actions={actions} onAsk={setAsked} />
        ))}
        <PlaceRow
          to={onwards(place, { bin: "1" })}
          current={place.bin === "1"}
          icon={Trash2}
          name={strings.media.bin}
          onIds={mayEdit ? (ids) => void actions.remove(ids) : undefined}
        />
      </ul>
      {mayEdit ? (
        <button type="button" className="button button--small" onClick={() => setAsked(open ? { what: "inside", folder: open } : { what: "new" })}>
          <FolderPlus size={16} aria-hidden />
          {strings.media.newFolder}
        </button>
      ) : null}
      {asked ? <Asking asked={asked} folders={folders} place={place} onClose={() => setAsked(null)} /> : null}
    </nav>
  );
}

function PlaceRow({
  to,
  current,
  icon: Icon,
  name,
  onIds,
}: {
  to: Place;
  current: boolean;
  icon: LucideIcon;
  name: string;
  onIds?: ((ids: string[]) => void) | undefined;
}) {
  const drop = useDropPlace(onIds !== undefined, (ids) => onIds?.(ids));
  return (
    <li>
      <div className="places__row" data-over={drop.over} data-current={current}>
        <span className="places__toggle" />
        <Link
          to="/media"
          search={to}
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={current ? "page" : undefined}
          className="places__link"
          {...drop.handlers}
        >
          <Icon size={16} aria-hidden />
          <span className="truncate">{name}</span>
        </Link>
      </div>
    </li>
  );
}

function FolderRow({
  node: { folder, children },
  place,
  mayEdit,
  actions,
  onAsk,
}: {
  node: FolderNode;
  place: Place;
  mayEdit: boolean;
  actions: MediaActions;
  onAsk: (asked: Asked) => void;
}) {
  const [open, setOpen] = useState(true);
  const drop = useDropPlace(mayEdit, (ids) => void actions.move(ids, folder.id, folder.name));
  const current = place.folder === folder.id;
  const Toggle = open ? ChevronDown : ChevronRight;
  return (
    <li>
      <div className="places__row" data-over={drop.over} data-current={current}>
        {children.length > 0 ? (
          <button
            type="button"
            className="places__toggle"
            aria-expanded={open}
            aria-label={open ? strings.media.collapseFolder(folder.name) : strings.media.expandFolder(folder.name)}
            onClick={() => setOpen(!open)}
          >
            <Toggle size={16} aria-hidden />
          </button>
        ) : (
          <span className="places__toggle" />
        )}
        <Link
          to="/media"
          search={onwards(place, { folder: folder.id })}
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={current ? "page" : undefined}
          aria-label={strings.media.folderCount(folder.name, folder.asset_count)}
          title={folder.name}
          className="places__link"
          {...drop.handlers}
        >
          <FolderIcon size={16} aria-hidden />
          <span className="truncate">{folder.name}</span>
          {folder.asset_count > 0 ? <span className="places__count number">{formatNumber(folder.asset_count)}</span> : null}
        </Link>
        {mayEdit ? <FolderMenu folder={folder} onAsk={onAsk} /> : null}
      </div>
      {children.length > 0 && open ? (
        <ul className="places__list places__list--inside">
          {children.map((node) => (
            <FolderRow key={node.folder.id} node={node} place={place} mayEdit={mayEdit} actions={actions} onAsk={onAsk} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

function FolderMenu({ folder, onAsk }: { folder: Folder; onAsk: (asked: Asked) => void }) {
  const items: { what: "inside" | "rename" | "move"; label: string; icon: LucideIcon }[] = [
    { what: "inside", label: strings.media.newFolder, icon: FolderPlus },
    { what: "rename", label: strings.media.rename, icon: PencilLine },
    { what: "move", label: strings.media.move, icon: FolderInput },
  ];
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="icon-button icon-button--small places__menu" aria-label={strings.media.folderActions(folder.name)}>
          <EllipsisVertical size={16} aria-hidden />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
          {items.map(({ what, label, icon: Icon }) => (
            <DropdownMenu.Item key={what} className="menu__item" onSelect={() => onAsk({ what, folder })}>
              <Icon size={16} aria-hidden />
              {label}
            </DropdownMenu.Item>
          ))}
          <div className="menu__rule" />
          <DropdownMenu.Item className="menu__item menu__item--danger" onSelect={() => onAsk({ what: "delete", folder })}>
            <Trash2 size={16} aria-hidden />
            {strings.media.remove}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Asking({
  asked,
  folders,
  place,
  onClose,
}: {
  asked: Asked;
  folders: readonly Folder[];
  place: Place;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const renew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.folders });
  if (asked.what === "new" || asked.what === "inside") {
    const parent = asked.what === "inside" ? asked.folder : null;
    return (
      <FolderNameDialog
        title={parent ? strings.media.newFolderIn(parent.name) : strings.media.newFolder}
        action={strings.media.create}
        onSave={(name) => mediaCommands.createFolder(name, parent?.id ?? null)}
        onClose={onClose}
      />
    );
  }
  const { folder } = asked;
  switch (asked.what) {
    case "rename":
      return (
        <FolderNameDialog
          title={strings.media.renameFolder(folder.name)}
          action={strings.common.save}
          name={folder.name}
          onSave={(name) => mediaCommands.changeFolder(folder.id, { name })}
          onClose={onClose}
        />
      );
    case "move":
      return (
        <PickFolderDialog
          title={strings.media.moveFolder(folder.name)}
          action={strings.media.move}
          folders={folders}
          without={folder.id}
          none={strings.media.topLevel}
          start={folder.parent_id}
          onPick={(id) => mediaCommands.changeFolder(folder.id, { parent_id: id }).then(renew)}
          onClose={onClose}
        />
      );
    case "delete":
      return (
        <Confirm
          title={strings.media.deleteFolder(folder.name)}
          text={strings.media.deleteFolderText}
          action={strings.media.remove}
          onConfirm={async () => {
            await mediaCommands.deleteFolder(folder.id);
            if (place.folder === folder.id) await navigate({ to: "/media", search: onwards(place, folder.parent_id ? { folder: folder.parent_id } : {}) });
            await renew();
            showToast(strings.media.folderDeleted(folder.name));
          }}
          onClose={onClose}
        />
      );
  }
}
