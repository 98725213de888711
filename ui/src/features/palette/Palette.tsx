import "./palette.css";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  Building2,
  FileText,
  House,
  ImageIcon,
  Images,
  LibraryBig,
  Link2,
  LogOut,
  Monitor,
  MonitorPlay,
  Moon,
  Quote,
  Search,
  Settings,
  Sun,
  Upload,
  type LucideIcon,
} from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useMe } from "../../api/me";
import { useChangeTheme } from "../../api/preferences";
import { searchQuery, videosQuery } from "../../api/queries";
import type { Hit } from "../../api/types";
import { useEnterOrganization } from "../../app/organization";
import { useSignOut } from "../../app/TopBar";
import { kindIcons } from "../../components/kind";
import { Marked } from "../../components/Marked";
import { formatAge, formatClock } from "../../lib/format";
import { useReturnFocus } from "../../lib/focus";
import { useDebounced } from "../../lib/hooks";
import { fold } from "../../lib/marks";
import { strings } from "../../strings";
import { placeOf } from "../search/hit";
import { openPages, ORGANIZATION_PAGES, OWN_PAGES } from "../settings/pages";
import { chooseFiles } from "../uploads/choose";
import { importing } from "../uploads/importing";

const TYPING_PAUSE_MS = 120;
const VIDEOS_MAX = 5;
const MOMENTS_MAX = 6;

interface Entry {
  id: string;
  icon: LucideIcon;
  label: string;
  content?: ReactNode;
  note?: string | undefined;
  run: () => void;
}

interface Group {
  title: string;
  entries: Entry[];
}

/** One field that finds videos, moments, images, pages and commands. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const query = useDebounced(text.trim(), TYPING_PAUSE_MS);
  const groups = useGroups(text.trim(), query);
  const entries = useMemo(() => groups.flatMap((group) => group.entries), [groups]);
  const [chosen, setChosen] = useState(0);
  const at = Math.min(chosen, Math.max(0, entries.length - 1));
  const list = useRef<HTMLDivElement>(null);
  const base = useId();
  const returnFocus = useReturnFocus();

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at, entries]);

  const run = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    entry.run();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setChosen((at + 1) % Math.max(1, entries.length));
    else if (event.key === "ArrowUp") setChosen((at - 1 + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") run(entries[at]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="palette" {...returnFocus} aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">{strings.palette.title}</Dialog.Title>
          <div className="palette__field">
            <Search size={20} aria-hidden />
            <input
              type="text"
              role="combobox"
              aria-label={strings.palette.title}
              aria-expanded="true"
              aria-controls={`${base}-list`}
              aria-activedescendant={entries[at] ? `${base}-${entries[at].id}` : undefined}
              aria-autocomplete="list"
              placeholder={strings.palette.placeholder}
              autoComplete="off"
              spellCheck={false}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setChosen(0);
              }}
              onKeyDown={onKeyDown}
            />
            <kbd className="kbd">Esc</kbd>
          </div>
          <div className="palette__list" role="listbox" id={`${base}-list`} aria-label={strings.palette.title} ref={list}>
            {groups.map((group, order) => (
              <div key={group.title} role="group" aria-label={group.title}>
                <p className="menu__label" aria-hidden>
                  {group.title}
                </p>
                {group.entries.map((entry, place) => {
                  const index = groups.slice(0, order).reduce((sum, earlier) => sum + earlier.entries.length, place);
                  return (
                    <Option
                      key={entry.id}
                      id={`${base}-${entry.id}`}
                      entry={entry}
                      selected={index === at}
                      onPoint={() => setChosen(index)}
                      onRun={() => run(entry)}
                    />
                  );
                })}
              </div>
            ))}
          </div>
          {entries.length === 0 ? (
            <p className="palette__none soft" role="status">
              {strings.palette.none}
            </p>
          ) : null}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Option({
  id,
  entry,
  selected,
  onPoint,
  onRun,
}: {
  id: string;
  entry: Entry;
  selected: boolean;
  onPoint: () => void;
  onRun: () => void;
}) {
  const Icon = entry.icon;
  return (
    // The field above has the focus and the keys; a screen reader chooses by a click.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      className="palette__option"
      onPointerMove={selected ? undefined : onPoint}
      onClick={onRun}
    >
      <Icon size={16} aria-hidden />
      <span className="truncate">{entry.content ?? entry.label}</span>
      {entry.note ? <span className="palette__note number">{entry.note}</span> : null}
    </div>
  );
}

function useGroups(text: string, query: string): Group[] {
  const navigate = useNavigate();
  const signOut = useSignOut();
  const me = useMe();
  const enter = useEnterOrganization();
  const changeTheme = useChangeTheme();
  const videos = useInfiniteQuery(
    videosQuery(query === "" ? { sort: "newest" } : { title: query, sort: "newest" }, VIDEOS_MAX),
  );
  const moments = useQuery(searchQuery({ q: query, mode: "hybrid" }, MOMENTS_MAX));

  return useMemo(() => {
    const matches = (entry: Entry): boolean => text === "" || fold(entry.label).includes(fold(text));
    const pages: Entry[] = [
      { id: "home", icon: House, label: strings.nav.home, run: () => void navigate({ to: "/" }) },
      { id: "library", icon: LibraryBig, label: strings.nav.library, run: () => void navigate({ to: "/library" }) },
      { id: "media", icon: Images, label: strings.nav.media, run: () => void navigate({ to: "/media" }) },
      { id: "search", icon: Search, label: strings.nav.search, run: () => void navigate({ to: "/search" }) },
      { id: "settings", icon: Settings, label: strings.nav.settings, run: () => void navigate({ to: "/settings" }) },
    ];
    // Fourteen more would bury the rest; they come once one is typed.
    const settings = text === "" ? [] : openPages([...OWN_PAGES, ...ORGANIZATION_PAGES], me);
    pages.push(...settings.map<Entry>(({ to, label, icon }) => ({ id: to, icon, label, run: () => void navigate({ to }) })));
    const upload: Entry = { id: "upload", icon: Upload, label: strings.palette.upload, run: () => void chooseFiles() };
    const importFile: Entry = { id: "import", icon: Link2, label: strings.palette.importFile, run: () => importing.set(true) };
    const elsewhere = me?.organizations.filter((organization) => organization.id !== me.organization.id) ?? [];
    const commandList: Entry[] = [
      ...(me && me.may.includes("edit_content") ? [upload, importFile] : []),
      ...elsewhere.map<Entry>((organization) => ({
        id: `organization-${organization.id}`,
        icon: Building2,
        label: strings.palette.enter(organization.name),
        run: () => void enter(organization),
      })),
      { id: "light", icon: Sun, label: strings.palette.themeLight, run: () => changeTheme("light") },
      { id: "dark", icon: Moon, label: strings.palette.themeDark, run: () => changeTheme("dark") },
      { id: "system", icon: Monitor, label: strings.palette.themeSystem, run: () => changeTheme("system") },
      { id: "sign-out", icon: LogOut, label: strings.palette.signOut, run: signOut },
    ];
    const videoEntries = (videos.data?.pages[0]?.items ?? []).map<Entry>((video) => ({
      id: `video-${video.id}`,
      icon: kindIcons[video.kind],
      label: video.title,
      note: formatAge(video.created_at),
      run: () => void navigate({ to: "/videos/$videoId", params: { videoId: video.id } }),
    }));
    // Answers to what stood here a moment ago must not be what Enter opens.
    const answered = query === text && query !== "" && !moments.isPlaceholderData;
    const momentEntries = (answered ? (moments.data?.items ?? []) : []).map<Entry>((hit) => ({
      id: `moment-${hit.chunk_id}`,
      icon: iconOf(hit),
      label: hit.text || strings.search.appearance,
      content: (
        <Moment
          text={hit.text || strings.search.appearance}
          highlights={hit.highlights}
          title={hit.image?.filename ?? hit.document?.title ?? hit.video_title ?? ""}
        />
      ),
      note: hit.image
        ? strings.search.image
        : hit.document
          ? strings.search.page(hit.document.page_number)
          : hit.start_ms === null
            ? strings.search.description
            : formatClock(hit.start_ms),
      run: () => {
        if (hit.image) {
          void navigate({ to: "/files/$assetId", params: { assetId: hit.image.asset_id } });
          return;
        }
        if (hit.document) {
          const { asset_id: assetId, page_number: page } = hit.document;
          void navigate({ to: "/files/$assetId", params: { assetId }, search: { page } });
          return;
        }
        void navigate({
          to: "/videos/$videoId",
          params: { videoId: hit.video_id ?? "" },
          search: placeOf(hit),
        });
      },
    }));
    if (query !== "" && momentEntries.length > 0) {
      momentEntries.push({
        id: "all-moments",
        icon: Search,
        label: strings.palette.allResults(query),
        run: () => void navigate({ to: "/search", search: { q: query } }),
      });
    }
    const found: Group[] = [
      { title: strings.palette.videos, entries: videoEntries.filter(matches) },
      { title: strings.palette.moments, entries: momentEntries },
    ];
    const places: Group[] = [
      { title: strings.palette.pages, entries: pages.filter(matches) },
      { title: strings.palette.commands, entries: commandList.filter(matches) },
    ];
    // Typing the beginning of a page's or command's name means that page or command.
    const named = text !== "" && places.some((group) => group.entries.some(({ label }) => fold(label).startsWith(fold(text))));
    return (named ? [...places, ...found] : [...found, ...places]).filter((group) => group.entries.length > 0);
  }, [text, query, videos.data, moments.data, moments.isPlaceholderData, me, navigate, enter, changeTheme, signOut]);
}

function iconOf({ image, document, source }: Hit) {
  if (image) return ImageIcon;
  if (document) return FileText;
  return source === "screen" || source === "appearance" ? MonitorPlay : Quote;
}

const LEAD_POINTS = 18;

/** The match with a little of what stands before it, so that it is visible in one line. */
function Moment({ text, highlights, title }: { text: string; highlights: { start: number; end: number }[]; title: string }) {
  const first = highlights.reduce((least, mark) => Math.min(least, mark.start), Number.POSITIVE_INFINITY);
  const wanted = Number.isFinite(first) ? Math.max(0, first - LEAD_POINTS) : 0;
  const points = Array.from(text);
  const space = points.indexOf(" ", wanted);
  const cut = wanted > 0 && space >= 0 && space < first ? space + 1 : wanted;
  const shown = points.slice(cut).join("");
  const moved = highlights.map(({ start, end }) => ({ start: start - cut, end: end - cut }));
  return (
    <>
      {cut > 0 ? "…" : null}
      <Marked text={shown} highlights={moved} />
      <span className="faint"> · {title}</span>
    </>
  );
}
