import { Link } from "@tanstack/react-router";
import { useMemo, type MouseEvent, type Ref } from "react";
import type { Asset } from "../../api/types";
import { VirtualGrid, type GridHandle } from "../../components/VirtualGrid";
import { formatAge, formatBytes, formatDate } from "../../lib/format";
import type { GridLayout } from "../../lib/grid";
import { strings } from "../../strings";
import { beginDrag } from "./drag";
import { NOTHING, stretched, toggled, type Selection } from "./selection";
import { kindName, standingName, standingOf, Thumb, useKnownRecording } from "./Thumb";

export interface Choosing {
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** Of all there are, also of those that are not read yet. */
  onSelectAll: () => void;
  /** What the Delete key does. */
  onDelete: (() => void) | undefined;
}

/** As `.assets` has it. */
const TILES: GridLayout = {
  columnWidthMin: 176,
  columnsMin: 2,
  columnGap: 16,
  rowGap: 20,
  rowHeight: (columnWidth) => (columnWidth * 3) / 4 + 55,
};
const LINES: GridLayout = { columnsMin: 1, columnGap: 0, rowGap: 0, rowHeight: () => 47 };

/** Files as tiles or as lines. Arrows go from one to the next, Shift with them chooses, Space and Ctrl-A too. */
export function AssetList({
  assets,
  view,
  mayEdit,
  handle,
  hasMore,
  onNearEnd,
  selection,
  onSelect,
  onSelectAll,
  onDelete,
}: {
  assets: readonly Asset[];
  view: "grid" | "list";
  mayEdit: boolean;
  handle: Ref<GridHandle>;
  hasMore: boolean;
  onNearEnd: () => void;
} & Choosing) {
  const order = useMemo(() => assets.map((asset) => asset.id), [assets]);
  const choose = (id: string, stretch: boolean): void =>
    onSelect(stretch ? stretched(selection, id, order) : toggled(selection, id));

  const onMove = (from: Asset, to: Asset, isStretched: boolean): void => {
    if (!isStretched || !mayEdit) return;
    onSelect(stretched(selection.anchor === null ? toggled(NOTHING, from.id) : selection, to.id, order));
  };
  const onKey = (event: KeyboardEvent, asset: Asset): boolean => {
    if (!mayEdit) return false;
    if (event.key === " " && event.target instanceof Element && event.target.matches("[data-focus]")) choose(asset.id, event.shiftKey);
    else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) onSelectAll();
    else if (event.key === "Escape" && selection.ids.size > 0) onSelect(NOTHING);
    else if (event.key === "Delete" && selection.ids.size > 0 && onDelete) onDelete();
    else return false;
    return true;
  };

  return (
    <VirtualGrid
      // Another view has rows of another height.
      key={view}
      items={assets}
      layout={view === "grid" ? TILES : LINES}
      label={strings.media.files}
      className={view === "grid" ? "" : "assets--list"}
      itemClassName="asset"
      isChosen={(asset) => selection.ids.has(asset.id)}
      handle={handle}
      hasMore={hasMore}
      onNearEnd={onNearEnd}
      onMove={onMove}
      onKey={onKey}
    >
      {(asset) => (
        <Item
          asset={asset}
          view={view}
          mayEdit={mayEdit}
          chosen={selection.ids.has(asset.id)}
          dragged={() => (selection.ids.has(asset.id) ? [...selection.ids] : [asset.id])}
          onChoose={(stretch) => choose(asset.id, stretch)}
        />
      )}
    </VirtualGrid>
  );
}

function Item({
  asset,
  view,
  mayEdit,
  chosen,
  dragged,
  onChoose,
}: {
  asset: Asset;
  view: "grid" | "list";
  mayEdit: boolean;
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
    <>
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
        data-until={asset.retention_until ? true : undefined}
        data-focus
        draggable={mayEdit}
        onClick={onClick}
        onDragStart={(event) => beginDrag(event, dragged())}
      >
        <Thumb asset={asset} small={view === "list"} />
        <span className="asset__name truncate">{asset.filename}</span>
        <Facts asset={asset} view={view} />
      </Link>
    </>
  );
}

function Facts({ asset, view }: { asset: Asset; view: "grid" | "list" }) {
  const size = asset.width !== null && asset.height !== null ? `${asset.width} × ${asset.height}` : "";
  const until = asset.retention_until ? strings.media.until(formatDate(asset.retention_until)) : null;
  const age = until ?? formatAge(asset.created_at);
  const standing = standingOf(asset, useKnownRecording(asset));
  if (view === "grid") {
    return (
      <span className="asset__meta number">
        <span className="truncate">{until ?? [kindName(asset.kind), size].filter(Boolean).join(" · ")}</span>
        {asset.expires_at ? <span className="tag">{strings.media.temporary}</span> : null}
      </span>
    );
  }
  return (
    <>
      {standing === "ready" ? (
        <span className="asset__cell">{kindName(asset.kind)}</span>
      ) : (
        <span className={standing === "failed" ? "asset__cell asset__cell--bad" : "asset__cell"}>{standingName(standing)}</span>
      )}
      <span className="asset__cell asset__cell--wide number">{size}</span>
      {/* Where there is no room for both, the day on which it is deleted for good is worth more than its size. */}
      <span className={until === null ? "asset__cell number" : "asset__cell asset__cell--wide number"}>{formatBytes(asset.size_bytes)}</span>
      <time className={until === null ? "asset__cell asset__cell--wide" : "asset__cell"} dateTime={asset.retention_until ?? asset.created_at}>
        {age}
      </time>
    </>
  );
}
