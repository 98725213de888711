import { useNavigate } from "@tanstack/react-router";
import { Search, Tag } from "lucide-react";
import { useRef } from "react";
import { useAddressText } from "../../lib/hooks";
import { strings } from "../../strings";
import { ASSET_KINDS, ASSET_SORTS, ASSET_STATUSES, bare, isNarrowed, type Place } from "./place";

const TYPING_PAUSE_MS = 200;
const QUERY_LENGTH_MAX = 200;

/** What is looked for in the place. */
export function MediaFilters({ place }: { place: Place }) {
  const navigate = useNavigate({ from: "/media" });
  const box = useRef<HTMLDivElement>(null);
  // The button goes with what it clears; the focus stays here.
  const clear = (): void => {
    box.current?.focus();
    void navigate({ search: bare(place), replace: true });
  };
  const choose = (name: "kind" | "status" | "sort", value: string): void => {
    void navigate({ search: (before) => ({ ...before, [name]: value === "" ? undefined : value }), replace: true });
  };
  return (
    <div ref={box} className="filters" role="search" aria-label={strings.media.filters} tabIndex={-1}>
      <TextFilter name="q" value={place.q} label={strings.media.search} placeholder={strings.media.search} icon={Search} />
      <TextFilter name="tag" value={place.tag} label={strings.media.tag} placeholder={strings.media.tagPlaceholder} icon={Tag} />
      <select
        className="select select--quiet"
        aria-label={strings.media.kind}
        value={place.kind ?? ""}
        onChange={(event) => choose("kind", event.target.value)}
      >
        <option value="">{strings.media.anyKind}</option>
        {ASSET_KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {strings.media.kinds[kind]}
          </option>
        ))}
      </select>
      <select
        className="select select--quiet"
        aria-label={strings.media.status}
        value={place.status ?? ""}
        onChange={(event) => choose("status", event.target.value)}
      >
        <option value="">{strings.media.anyStatus}</option>
        {ASSET_STATUSES.map((status) => (
          <option key={status} value={status}>
            {strings.media.statuses[status]}
          </option>
        ))}
      </select>
      {isNarrowed(place) ? (
        <button type="button" className="button button--small button--quiet" onClick={clear}>
          {strings.media.clearFilters}
        </button>
      ) : null}
      <div className="filters__space" />
      <select
        className="select select--quiet"
        aria-label={strings.media.sort}
        value={place.sort ?? "newest"}
        onChange={(event) => choose("sort", event.target.value === "newest" ? "" : event.target.value)}
      >
        {ASSET_SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {strings.media.sorts[sort]}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A field that follows the address, and that the address follows once typing pauses. */
function TextFilter({
  name,
  value,
  label,
  placeholder,
  icon: Icon,
}: {
  name: "q" | "tag";
  value: string | undefined;
  label: string;
  placeholder: string;
  icon: typeof Search;
}) {
  const navigate = useNavigate({ from: "/media" });
  const { text, onText } = useAddressText(value, TYPING_PAUSE_MS, (settled) => {
    void navigate({ search: (before) => ({ ...before, [name]: settled }), replace: true });
  });
  return (
    <div className="filters__title">
      <Icon size={16} aria-hidden />
      <input
        className="input input--quiet"
        type="search"
        aria-label={label}
        placeholder={placeholder}
        maxLength={QUERY_LENGTH_MAX}
        value={text}
        onChange={(event) => onText(event.target.value)}
      />
    </div>
  );
}
