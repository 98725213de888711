import "./media.css";
import {
  useInfiniteQuery,
  useQuery,
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronRight, FolderOpen, Images, LayoutGrid, Link2, List, SearchX, Trash2, Upload } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { assetsQuery, foldersQuery } from "../../api/media";
import { useMay } from "../../api/me";
import type { Asset, Folder, Page } from "../../api/types";
import { Empty } from "../../components/Empty";
import { LoadMore, useReadOn, type Paged } from "../../components/LoadMore";
import { Problem } from "../../components/Problem";
import type { GridHandle } from "../../components/VirtualGrid";
import { NARROW, useMedia, useTitle } from "../../lib/hooks";
import { setPreferences, usePreferences } from "../../lib/preferences";
import { strings } from "../../strings";
import { chooseFiles } from "../uploads/choose";
import { importing } from "../uploads/importing";
import { openFolder } from "../uploads/manager";
import { useMediaActions } from "./actions";
import { AssetList } from "./AssetList";
import { Columns } from "./Columns";
import { EmptyBin } from "./EmptyBin";
import { FolderNav } from "./FolderNav";
import { folderPath } from "./folders";
import { MediaFilters } from "./MediaFilters";
import { bare, filterOf, folderOf, isNarrowed, onwards, type Place } from "./place";
import { everything, listed, NOTHING, type Selection } from "./selection";
import { SelectionBar } from "./SelectionBar";
import { Subfolders } from "./Subfolders";

const NO_FOLDERS: readonly Folder[] = [];
/** More are not chosen at once: what is done to them is asked for fifty at a time. */
const PAGES_CHOSEN_MAX = 100;

export function MediaPage() {
  const place = useSearch({ from: "/app/media" });
  const mayEdit = useMay("edit_content");
  const narrow = useMedia(NARROW);
  const folders = useQuery(foldersQuery);
  const known = folders.data?.items ?? NO_FOLDERS;
  const actions = useMediaActions();
  const path = folderPath(known, place.folder ?? "");
  const name = place.bin ? strings.media.bin : place.folder === "none" ? strings.media.unsorted : (path.at(-1)?.name ?? strings.media.all);
  const goneFolder = folders.isSuccess && place.folder !== undefined && place.folder !== "none" && path.length === 0;
  const open = path.at(-1);
  const inside = open === undefined ? NO_FOLDERS : known.filter((folder) => folder.parent_id === open.id);
  useTitle(place.bin || place.folder !== undefined ? `${name} · ${strings.media.title}` : strings.media.title);
  useUploadsHere(open?.id ?? null);

  const nav = <FolderNav folders={known} isPending={folders.isPending} place={place} mayEdit={mayEdit} actions={actions} />;
  return (
    <div className="page media">
      <div className="page__head">
        <h1 className="page__title">{strings.media.title}</h1>
        <div className="media__tools">
          {mayEdit ? (
            <button type="button" className="button" onClick={() => importing.set(true)}>
              <Link2 size={16} aria-hidden />
              {strings.upload.importTitle}
            </button>
          ) : null}
          <ViewSwitch />
        </div>
      </div>
      <div className="media__columns">
        {narrow ? (
          // It closes once a place is chosen.
          <details key={`places ${place.folder ?? ""} ${place.bin ?? ""}`} className="fold">
            <summary>
              {strings.media.places}: {name}
            </summary>
            {nav}
          </details>
        ) : (
          nav
        )}
        <div className="media__main">
          <Path path={path} name={name} place={place} />
          <MediaFilters key={`filters ${place.folder ?? ""} ${place.bin ?? ""}`} place={place} />
          {/* What is looked for is looked for among the files of the folder alone. */}
          {open && inside.length > 0 && !isNarrowed(place) ? (
            <Subfolders parent={open} inside={inside} place={place} mayEdit={mayEdit} actions={actions} />
          ) : null}
          {goneFolder ? (
            <Empty icon={FolderOpen} title={strings.media.folderGone}>
              <Link to="/media" className="button">
                {strings.asset.back}
              </Link>
            </Empty>
          ) : (
            <Files
              key={`files ${place.folder ?? ""} ${place.bin ?? ""}`}
              place={place}
              folders={known}
              foldersRead={folders}
              hasInside={inside.length > 0}
              mayEdit={mayEdit}
            />
          )}
        </div>
      </div>
    </div>
  );
}

/** What is dropped or chosen while a folder is open goes into it; one that is not known takes nothing. */
function useUploadsHere(folder: string | null): void {
  useEffect(() => {
    openFolder.set(folder);
    return () => openFolder.set(null);
  }, [folder]);
}

function Path({ path, name, place }: { path: readonly Folder[]; name: string; place: Place }) {
  return (
    <nav className="media__path" aria-label={strings.media.path}>
      <ol>
        {path.length === 0 ? null : (
          <li>
            <Link to="/media" search={onwards(place, {})}>
              {strings.media.all}
            </Link>
            <ChevronRight size={16} aria-hidden />
          </li>
        )}
        {path.slice(0, -1).map((folder) => (
          <li key={folder.id}>
            <Link to="/media" search={onwards(place, { folder: folder.id })}>
              {folder.name}
            </Link>
            <ChevronRight size={16} aria-hidden />
          </li>
        ))}
        <li>
          <h2>{name}</h2>
        </li>
      </ol>
    </nav>
  );
}

function ViewSwitch() {
  const { mediaView } = usePreferences();
  const views = [
    { view: "grid", label: strings.media.grid, icon: LayoutGrid },
    { view: "list", label: strings.media.list, icon: List },
  ] as const;
  return (
    <div className="media__views" role="group" aria-label={strings.media.view}>
      {views.map(({ view, label, icon: Icon }) => (
        <button
          key={view}
          type="button"
          className="icon-button"
          aria-pressed={mediaView === view}
          aria-label={label}
          title={label}
          onClick={() => setPreferences({ mediaView: view })}
        >
          <Icon size={16} aria-hidden />
        </button>
      ))}
    </div>
  );
}

/** What is in a place. A server that is away fails the folders as well, which is said once. */
function Files({
  place,
  folders,
  foldersRead,
  hasInside,
  mayEdit,
}: {
  place: Place;
  folders: readonly Folder[];
  foldersRead: UseQueryResult;
  /** Whether folders lie in the place. */
  hasInside: boolean;
  mayEdit: boolean;
}) {
  const { mediaView } = usePreferences();
  const files = useInfiniteQuery(assetsQuery(filterOf(place)));
  // Here and not in the list, which goes while a filter that was just set fails: what is chosen outlasts that.
  const [wanted, setWanted] = useState(NOTHING);
  const all = useEverything(files, setWanted);
  const foldersFailed = foldersRead.isError && !foldersRead.data;
  const retry = (): void => {
    if (foldersFailed) void foldersRead.refetch();
    if (files.isError) void files.refetch();
  };

  if (files.isPending) return <AssetsSkeleton view={mediaView} place={place} mayEdit={mayEdit} />;
  // Of a list that was empty, nobody knows whether it still is.
  if (!files.data || (files.isError && files.data.pages.every((page) => page.items.length === 0))) {
    return <Problem error={files.error} onRetry={retry} />;
  }
  return (
    <>
      {foldersFailed ? <Problem error={foldersRead.error} onRetry={retry} /> : null}
      <FileList
        place={place}
        pages={files.data.pages}
        files={files}
        folders={folders}
        hasInside={hasInside}
        wanted={wanted}
        onWant={setWanted}
        all={all}
        mayEdit={mayEdit}
      />
    </>
  );
}

function FileList({
  place,
  pages,
  files,
  folders,
  hasInside,
  wanted,
  onWant,
  all,
  mayEdit,
}: {
  place: Place;
  pages: readonly Page<Asset>[];
  files: Paged & { isPlaceholderData: boolean };
  folders: readonly Folder[];
  hasInside: boolean;
  wanted: Selection;
  onWant: (selection: Selection) => void;
  all: Everything;
  mayEdit: boolean;
}) {
  const { mediaView } = usePreferences();
  const actions = useMediaActions();
  const assets = useMemo(() => pages.flatMap((page) => page.items), [pages]);
  const order = useMemo(() => assets.map((asset) => asset.id), [assets]);
  const selection = useMemo(() => listed(wanted, order), [wanted, order]);
  const chosen = assets.filter((asset) => selection.ids.has(asset.id));
  const list = useRef<GridHandle>(null);
  const isChoosing = chosen.length > 0 && mayEdit;
  useFocusBack(isChoosing, list);
  const inBin = place.bin === "1";
  const readOn = useReadOn(files);
  const choose = (next: Selection): void => {
    all.stop();
    onWant(next);
  };

  if (assets.length === 0) return <Nothing place={place} hasInside={hasInside} mayEdit={mayEdit} />;
  return (
    <>
      {inBin ? (
        <div className="media__bin">
          <p className="soft small">{strings.media.binLead}</p>
          {/* Of what is looked for it would be no emptying. */}
          {mayEdit && !isNarrowed(place) ? <EmptyBin actions={actions} /> : null}
        </div>
      ) : null}
      {isChoosing ? (
        <SelectionBar
          chosen={chosen}
          folders={folders}
          inBin={inBin}
          folder={folderOf(place)}
          actions={actions}
          isReading={all.isReading}
          onAll={all.choose}
          onClear={() => choose(NOTHING)}
        />
      ) : null}
      <div className="stale" aria-busy={files.isPlaceholderData}>
        {mediaView === "list" ? <Columns place={place} mayEdit={mayEdit} /> : null}
        <AssetList
          handle={list}
          assets={assets}
          view={mediaView}
          mayEdit={mayEdit}
          hasMore={files.hasNextPage}
          onNearEnd={readOn}
          selection={selection}
          onSelect={choose}
          onSelectAll={all.choose}
          onDelete={
            inBin || all.isReading
              ? undefined
              : () => {
                  choose(NOTHING);
                  void actions.remove([...selection.ids]);
                }
          }
        />
      </div>
      <LoadMore list={files} />
    </>
  );
}

/** The bar of a selection goes with its buttons: the list has what had the focus there. */
function useFocusBack(isChoosing: boolean, list: RefObject<GridHandle | null>): void {
  const wasChoosing = useRef(isChoosing);
  useEffect(() => {
    if (wasChoosing.current && !isChoosing && document.activeElement === document.body) list.current?.focus();
    wasChoosing.current = isChoosing;
  }, [isChoosing, list]);
}

interface Everything {
  isReading: boolean;
  choose: () => void;
  stop: () => void;
}

/** Chooses all there are: those that are not read yet are read first, which whatever is chosen meanwhile stops. */
function useEverything(
  files: UseInfiniteQueryResult<InfiniteData<Page<Asset>>>,
  onSelect: (selection: Selection) => void,
): Everything {
  const [isReading, setReading] = useState(false);
  const round = useRef(0);
  useEffect(() => {
    const rounds = round;
    return () => {
      rounds.current += 1;
    };
  }, []);
  const stop = (): void => {
    round.current += 1;
    setReading(false);
  };
  const choose = (): void => {
    const mine = (round.current += 1);
    const read = async (): Promise<void> => {
      let seen: Pick<typeof files, "data" | "hasNextPage" | "isError"> = files;
      const take = (): void => onSelect(everything(seen.data?.pages.flatMap((page) => page.items.map((asset) => asset.id)) ?? []));
      take();
      while (seen.hasNextPage && !seen.isError && seen.data && seen.data.pages.length < PAGES_CHOSEN_MAX) {
        setReading(true);
        seen = await files.fetchNextPage({ cancelRefetch: false });
        if (round.current !== mine) return;
        take();
      }
      setReading(false);
    };
    void read();
  };
  return { isReading, choose, stop };
}

function Nothing({ place, hasInside, mayEdit }: { place: Place; hasInside: boolean; mayEdit: boolean }) {
  const navigate = useNavigate();
  if (isNarrowed(place)) {
    return (
      <Empty icon={SearchX} title={strings.media.noMatchTitle} text={strings.media.noMatchText}>
        <button type="button" className="button" onClick={() => void navigate({ to: "/media", search: bare(place) })}>
          {strings.media.clearFilters}
        </button>
      </Empty>
    );
  }
  if (place.bin) return <Empty icon={Trash2} title={strings.media.emptyBinTitle} text={strings.media.emptyBinText} />;
  const { emptyTitle, emptyFolderTitle, emptyAboveTitle } = strings.media;
  const title = folderOf(place) === null ? emptyTitle : hasInside ? emptyAboveTitle : emptyFolderTitle;
  if (!mayEdit) return <Empty icon={Images} title={title} text={strings.media.emptyReadText} />;
  return (
    <Empty icon={Images} title={title} text={folderOf(place) === null ? strings.media.emptyText : strings.media.emptyFolderText}>
      <button type="button" className="button" onClick={() => void chooseFiles()}>
        <Upload size={16} aria-hidden />
        {strings.home.emptyChoose}
      </button>
    </Empty>
  );
}

function AssetsSkeleton({ view, place, mayEdit }: { view: "grid" | "list"; place: Place; mayEdit: boolean }) {
  return (
    <div className={view === "grid" ? "assets" : "assets assets--list"} aria-busy>
      {view === "list" ? <Columns place={place} mayEdit={mayEdit} /> : null}
      <span className="visually-hidden" role="status">
        {strings.common.loading}
      </span>
      {Array.from({ length: 12 }, (_, index) => (
        <div key={index} className="asset" aria-hidden>
          <div className={view === "grid" ? "thumb skeleton" : "asset__line skeleton"} />
          {view === "grid" ? <div className="asset__bar skeleton" /> : null}
        </div>
      ))}
    </div>
  );
}
