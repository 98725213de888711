import { Link } from "@tanstack/react-router";
import { useEffect, useRef, type MouseEvent } from "react";
import type { Asset } from "../../api/types";
import { formatAge, formatBytes, formatDate } from "../../lib/format";
import { strings } from "../../strings";
import { beginDrag } from "./drag";
import { everything, NOTHING, stretched, toggled, type Selection } from "./selection";
import { kindName, Thumb } from "./Thumb";

export interface Choosing {
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** What the Delete key does. */
  onDelete: (() => void) | undefined;
}

/** Files as tiles or as lines. Arrows go from one to the next, Shift with them chooses, Space and Ctrl-A too. */
export function AssetList({
  assets,
  view,
  mayEdit,
  hasMore,
  selection,
  onSelect,
  onDelete,
}: { assets: readonly Asset[]; view: "grid" | "list"; mayEdit: boolean; hasMore: boolean } & Choosing) {
  const list = useRef<HTMLUListElement>(null);
  const order = assets.map((asset) => asset.id);
  useListKeys(list, { order, selection, onSelect, onDelete, enabled: mayEdit });
  return (
    <ul ref={list} className={view === "grid" ? "assets" : "assets assets--list"} aria-label={strings.media.files}>
      {assets.map((asset, index) => (
        <Item
          key={asset.id}
          asset={asset}
          view={view}
          mayEdit={mayEdit}
          place={index + 1}
          size={hasMore ? -1 : assets.length}
          chosen={selection.ids.has(asset.id)}
          dragged={() => (selection.ids.has(asset.id) ? [...selection.ids] : [asset.id])}
          onChoose={(stretch) => onSelect(stretch ? stretched(selection, asset.id, order) : toggled(selection, asset.id))}
        />
      ))}
    </ul>
  );
}

function Item({
  asset,
  view,
  mayEdit,
  place,
  size,
  chosen,
  dragged,
  onChoose,
}: {
  asset: Asset;
  view: "grid" | "list";
  mayEdit: boolean;
  place: number;
  size: number;
  chosen: boolean;
  dragged: () => string[];
  onChoose: (stretch: boolean) => void;
}) {
  const onClick = (event: MouseEvent): void => {
    if (!mayEdit || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onChoose(event.shiftKey);
  };
  return (
    <li className="asset" data-chosen={chosen} aria-setsize={size} aria-posinset={place}>
      {mayEdit ? (
        <label className="asset__check">
          <input
            type="checkbox"
            checked={chosen}
            aria-label={strings.media.select(asset.filename)}
            onChange={(event) => onChoose(event.nativeEvent instanceof globalThis.MouseEvent && event.nativeEvent.shiftKey)}
          />
        </label>
      ) : null}
      <Link
        to="/files/$assetId"
        params={{ assetId: asset.id }}
        className="asset__link"
        title={asset.filename}
        data-asset={asset.id}
        draggable={mayEdit}
        onClick={onClick}
        onDragStart={(event) => beginDrag(event, dragged())}
      >
        <Thumb asset={asset} small={view === "list"} />
        <span className="asset__name truncate">{asset.filename}</span>
        <Facts asset={asset} view={view} />
      </Link>
    </li>
  );
}

function Facts({ asset, view }: { asset: Asset; view: "grid" | "list" }) {
  const size = asset.width !== null && asset.height !== null ? `${asset.width} × ${asset.height}` : "";
  const age = asset.retention_until ? strings.media.until(formatDate(asset.retention_until)) : formatAge(asset.created_at);
  if (view === "grid") {
    return (
      <span className="asset__meta number">
        <span className="truncate">{[kindName(asset.kind), size].filter(Boolean).join(" · ")}</span>
        {asset.expires_at ? <span className="tag">{strings.media.temporary}</span> : null}
      </span>
    );
  }
  return (
    <>
      <span className="asset__cell">{kindName(asset.kind)}</span>
      <span className="asset__cell asset__cell--wide number">{size}</span>
      <span className="asset__cell number">{formatBytes(asset.size_bytes)}</span>
      <time className="asset__cell asset__cell--wide" dateTime={asset.retention_until ?? asset.created_at}>
        {age}
      </time>
    </>
  );
}

function useListKeys(
  list: React.RefObject<HTMLUListElement | null>,
  choosing: Choosing & { order: readonly string[]; enabled: boolean },
): void {
  const latest = useRef(choosing);
  useEffect(() => {
    latest.current = choosing;
  });
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const onKey = (event: KeyboardEvent): void => {
      const { order, selection, onSelect, onDelete, enabled } = latest.current;
      const links = [...element.querySelectorAll<HTMLElement>("[data-asset]")];
      const item = event.target instanceof Element ? event.target.closest("li") : null;
      const at = links.findIndex((link) => item?.contains(link) === true);
      const id = links[at]?.dataset["asset"];
      if (id === undefined || event.altKey) return;
      const next = nextOf(event.key, at, links);
      if (next !== undefined) {
        const target = links[next];
        if (!target) return;
        target.focus();
        if (event.shiftKey && enabled) {
          const from = selection.anchor === null ? toggled(NOTHING, id) : selection;
          onSelect(stretched(from, target.dataset["asset"] ?? id, order));
        }
      } else if (!enabled) return;
      else if (event.key === " " && event.target === links[at]) onSelect(event.shiftKey ? stretched(selection, id, order) : toggled(selection, id));
      else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) onSelect(everything(order));
      else if (event.key === "Escape" && selection.ids.size > 0) onSelect(NOTHING);
      else if (event.key === "Delete" && selection.ids.size > 0 && onDelete) onDelete();
      else return;
      event.preventDefault();
    };
    element.addEventListener("keydown", onKey);
    return () => element.removeEventListener("keydown", onKey);
  }, [list]);
}

/** Which link an arrow leads to from the one at `at`; undefined of every other key. */
function nextOf(key: string, at: number, links: readonly HTMLElement[]): number | undefined {
  const top = links[0]?.offsetTop;
  const found = links.findIndex((link) => link.offsetTop !== top);
  const columns = found === -1 ? links.length : found;
  const onwards = document.documentElement.dir === "rtl" ? -1 : 1;
  const step = { ArrowRight: onwards, ArrowLeft: -onwards, ArrowDown: columns, ArrowUp: -columns }[key];
  if (key === "Home") return 0;
  if (key === "End") return links.length - 1;
  return step === undefined ? undefined : at + step;
}
