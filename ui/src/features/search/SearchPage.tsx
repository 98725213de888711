import "./search.css";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch, type Register } from "@tanstack/react-router";
import { Search, SearchX, SlidersHorizontal, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { searchQuery } from "../../api/queries";
import type { HitKind, SearchMode } from "../../api/types";
import { Empty } from "../../components/Empty";
import { LoadMore } from "../../components/LoadMore";
import { Problem } from "../../components/Problem";
import { NARROW, useAddressText, useMedia, useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { ChannelSelect } from "../library/ChannelSelect";
import { HitRow, HitSkeleton } from "./HitRow";

/** Short enough that an answer follows the last key at once, long enough not to ask for every letter. */
const TYPING_PAUSE_MS = 120;
const SPEAKER_PAUSE_MS = 250;
/** As many as are read, and as many as the server finds at once. */
const HITS_FIRST = 30;
const HITS_MAX = 100;

const MODES: { value: SearchMode; label: string }[] = [
  { value: "hybrid", label: strings.search.hybrid },
  { value: "keyword", label: strings.search.keyword },
  { value: "semantic", label: strings.search.semantic },
];

const KINDS: { value: HitKind; label: string }[] = [
  { value: "video", label: strings.media.kinds.video },
  { value: "document", label: strings.media.kinds.document },
  { value: "image", label: strings.media.kinds.image },
];

export function SearchPage() {
  const filter = useSearch({ from: "/app/search" });
  const navigate = useNavigate({ from: "/search" });
  const field = useRef<HTMLInputElement>(null);
  const { text, settled, onText } = useAddressText(filter.q, TYPING_PAUSE_MS, (q) => {
    void navigate({ search: (before) => ({ ...before, q }), replace: true });
  });
  const mode = filter.mode ?? "hybrid";
  const narrow = useMedia(NARROW);
  const filtered = isFiltered(filter);
  const [filtersOpen, setFiltersOpen] = useState(filtered);
  useTitle(filter.q ? `${filter.q} · ${strings.search.title}` : strings.search.title);

  useEffect(() => field.current?.focus(), []);

  const asked = {
    q: settled,
    mode,
    kind: filter.kind,
    speaker: filter.speaker,
    channel_id: filter.channel,
    from: filter.from,
    to: filter.to,
  };
  const { limit, more, onMore } = useMore(JSON.stringify(asked));
  const result = useQuery(searchQuery(asked, limit));
  const hits = settled === "" ? [] : (result.data?.items ?? []);
  const widened = more && !result.isPlaceholderData && hits.length > HITS_FIRST;
  // The button that was pressed is gone: whoever reads by keyboard reads on where it was.
  useEffect(() => {
    if (widened) document.querySelectorAll<HTMLElement>(".hit__link")[HITS_FIRST]?.focus();
  }, [widened]);
  const set = (change: Partial<typeof filter>): void => {
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  };

  return (
    <div className="page search">
      <h1 className="visually-hidden">{strings.search.title}</h1>
      <div className="search__field" role="search">
        <Search size={20} aria-hidden />
        <input
          ref={field}
          type="search"
          aria-label={strings.search.label}
          placeholder={strings.search.placeholder}
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") {
              event.preventDefault();
              document.querySelector<HTMLElement>(".hit__link")?.focus();
            }
          }}
        />
      </div>
      <div className="search__filters">
        <fieldset className="segmented">
          <legend className="visually-hidden">{strings.search.mode}</legend>
          {MODES.map(({ value, label }) => (
            <label key={value} className="segmented__choice">
              <input
                type="radio"
                name="mode"
                value={value}
                checked={mode === value}
                onChange={() => set({ mode: value === "hybrid" ? undefined : value })}
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
        {narrow ? (
          <button
            type="button"
            className="button button--small"
            aria-expanded={filtersOpen}
            onClick={() => setFiltersOpen(!filtersOpen)}
          >
            <SlidersHorizontal size={16} aria-hidden />
            {strings.search.filters}
          </button>
        ) : null}
        {!narrow || filtersOpen ? <Filters /> : null}
      </div>
      <div className="search__count faint small number" role="status">
        {settled !== "" && result.data && !result.isPlaceholderData
          ? `${strings.search.count(hits.length, hits.length === limit)} · ${strings.search.took(result.data.took_ms)}`
          : settled !== "" && result.isFetching
            ? strings.search.searching
            : null}
      </div>
      {settled === "" ? (
        <Empty icon={Search} title={strings.search.startTitle} text={strings.search.startText} />
      ) : result.isPending ? (
        <div className="hits" aria-busy>
          {Array.from({ length: 5 }, (_, index) => (
            <HitSkeleton key={index} />
          ))}
        </div>
      ) : result.isError && result.data === undefined ? (
        <Problem error={result.error} onRetry={() => void result.refetch()} />
      ) : hits.length === 0 ? (
        <Empty icon={SearchX} title={strings.search.noneTitle(settled)} text={strings.search.noneText(mode === "keyword", filtered)}>
          {filtered ? (
            <button type="button" className="button" onClick={() => void navigate({ search: withoutFilters, replace: true })}>
              {strings.search.clear}
            </button>
          ) : null}
          {mode === "keyword" ? (
            <button type="button" className="button" onClick={() => set({ mode: "semantic" })}>
              {strings.search.noneMeaning}
            </button>
          ) : null}
        </Empty>
      ) : (
        <>
          {hits.every((hit) => hit.matched_by.length === 0) ? <p className="faint small">{strings.search.onlyNearest}</p> : null}
          <ol className="hits stale" aria-busy={result.isPlaceholderData} aria-label={strings.search.title}>
            {hits.map((hit) => (
              <li key={hit.chunk_id}>
                <HitRow hit={hit} />
              </li>
            ))}
          </ol>
          <LoadMore
            className="search__end"
            list={{
              hasNextPage: more ? result.isPlaceholderData : hits.length === HITS_FIRST,
              isFetchingNextPage: more,
              isFetchNextPageError: false,
              fetchNextPage: onMore,
            }}
          />
          {hits.length >= HITS_MAX ? <p className="search__end faint small">{strings.search.best(HITS_MAX)}</p> : null}
        </>
      )}
    </div>
  );
}

/** How many hits to ask for: more for what somebody wanted more of, and not for what they ask next. */
function useMore(asked: string): { limit: number; more: boolean; onMore: () => Promise<void> } {
  const [wanted, setWanted] = useState<string>();
  const more = wanted === asked;
  const onMore = (): Promise<void> => {
    setWanted(asked);
    return Promise.resolve();
  };
  return { limit: more ? HITS_MAX : HITS_FIRST, more, onMore };
}

type Filter = ReturnType<typeof useSearch<Register["router"], "/app/search">>;

function isFiltered({ kind, speaker, channel, from, to }: Filter): boolean {
  return [kind, speaker, channel, from, to].some((value) => value !== undefined);
}

const withoutFilters = ({ q, mode }: Filter): Filter => ({ ...(q && { q }), ...(mode && { mode }) });

function Filters() {
  const filter = useSearch({ from: "/app/search" });
  const navigate = useNavigate({ from: "/search" });

  const set = (name: "kind" | "speaker" | "channel" | "from" | "to", value: string): void => {
    void navigate({ search: (before) => ({ ...before, [name]: value === "" ? undefined : value }), replace: true });
  };
  const speaker = useAddressText(filter.speaker, SPEAKER_PAUSE_MS, (settled) => set("speaker", settled ?? ""));

  return (
    <div className="search__more">
      <select
        className="select select--quiet"
        aria-label={strings.search.kind}
        value={filter.kind ?? ""}
        onChange={(event) => set("kind", event.target.value)}
      >
        <option value="">{strings.search.anyKind}</option>
        {KINDS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <input
        className="input input--quiet search__speaker"
        aria-label={strings.search.speaker}
        placeholder={strings.search.anySpeaker}
        value={speaker.text}
        onChange={(event) => speaker.onText(event.target.value)}
      />
      <ChannelSelect value={filter.channel} onChoose={(channel) => set("channel", channel ?? "")} />
      <DateField label={strings.search.from} value={filter.from} max={filter.to} onChange={(value) => set("from", value)} />
      <DateField label={strings.search.to} value={filter.to} min={filter.from} onChange={(value) => set("to", value)} />
      {isFiltered(filter) ? (
        <button
          type="button"
          className="button button--small button--quiet"
          onClick={() => {
            speaker.onText("");
            void navigate({ search: withoutFilters, replace: true });
          }}
        >
          <X size={16} aria-hidden />
          {strings.search.clear}
        </button>
      ) : null}
    </div>
  );
}

function DateField({
  label,
  value,
  min,
  max,
  onChange,
}: {
  label: string;
  value: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  onChange: (value: string) => void;
}) {
  return (
    <label className="search__date">
      <span className="faint small">{label}</span>
      <input
        type="date"
        className="input input--quiet"
        value={value ?? ""}
        min={min}
        max={max}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
