import "./virtual.css";
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState, type ReactNode, type Ref, type RefObject } from "react";
import { flushSync } from "react-dom";
import { columnsFor, nextInGrid, withRow, type GridLayout } from "../lib/grid";
import { mainElement, useScrollMargin } from "../lib/hooks";
import { keepPlace, keptPlace, type Kept } from "../lib/places";

const OVERSCAN_ROWS = 3;
/** So many rows before the end is read on. */
const NEAR_END_ROWS = 3;

export interface GridHandle {
  /** Gives the focus to what had it last, or to the first that is in view. */
  focus: () => void;
}

/**
 * A list in rows of which only those near the window exist, so that any length of it scrolls alike. Arrows, Home and End
 * go from one to the next: to what in each is marked with `data-focus`. What has the focus keeps its row while it is out
 * of view, and has it again for whoever comes back to the page.
 */
export function VirtualGrid<T extends { id: string }>({
  items,
  layout,
  label,
  className = "",
  itemClassName = "",
  isChosen,
  handle,
  hasMore,
  onNearEnd,
  onMove,
  onKey,
  children,
}: {
  items: readonly T[];
  layout: GridLayout;
  label: string;
  className?: string;
  itemClassName?: string;
  isChosen?: (item: T) => boolean;
  handle?: Ref<GridHandle>;
  hasMore: boolean;
  onNearEnd: () => void;
  /** A key led from one to another. */
  onMove?: (from: T, to: T, isStretched: boolean) => void;
  /** Any other key; true of one that means something here. */
  onKey?: (event: KeyboardEvent, item: T) => boolean;
  children: (item: T, index: number) => ReactNode;
}) {
  const list = useRef<HTMLUListElement>(null);
  const width = useWidth(list);
  const margin = useScrollMargin(list, mainElement);
  const [kept, setKept] = useState<Kept | null>(() => keptPlace(label));
  const places = useMemo(() => new Map(items.map((item, index) => [item.id, index])), [items]);
  const keptIndex = kept === null ? -1 : (places.get(kept.id) ?? Math.min(kept.index, items.length - 1));

  const columns = columnsFor(width, layout);
  const columnWidth = (width - layout.columnGap * (columns - 1)) / columns;
  const rowHeight = layout.rowHeight(columnWidth);
  const rowCount = Math.ceil(items.length / columns);
  const keptRow = keptIndex < 0 ? -1 : Math.floor(keptIndex / columns);
  const rows = useVirtualizer({
    count: rowCount,
    getScrollElement: mainElement,
    estimateSize: () => rowHeight,
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) => withRow(defaultRangeExtractor(range), keptRow, range.count),
      [keptRow],
    ),
    indexAttribute: "data-row",
    gap: layout.rowGap,
    overscan: OVERSCAN_ROWS,
    scrollMargin: margin,
    enabled: width > 0,
  });

  useEffect(() => rows.measure(), [rows, rowHeight]);

  const lastVisible = rows.range?.endIndex ?? 0;
  useEffect(() => {
    if (hasMore && lastVisible >= rowCount - NEAR_END_ROWS) onNearEnd();
  }, [hasMore, lastVisible, rowCount, onNearEnd]);

  const onKept = (next: Kept): void => {
    setKept(next);
    keepPlace(label, next);
  };
  const focus = (index: number): void => {
    const item = items[index];
    if (!item) return;
    flushSync(() => onKept({ id: item.id, index }));
    focusIn(list.current, index);
  };
  useFocus(list, { items, columns, keptIndex, focus, onKept, onMove, onKey });
  useReturn(list, kept, keptIndex);
  useImperativeHandle(handle, () => ({
    focus: () => (inItem(list.current, keptIndex) ?? list.current?.querySelector<HTMLElement>("[data-focus]"))?.focus({ preventScroll: true }),
  }));

  return (
    <ul ref={list} className={`virtual ${className}`} aria-label={label} style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().flatMap((row) =>
        items.slice(row.index * columns, (row.index + 1) * columns).map((item, column) => {
          const index = row.index * columns + column;
          return (
            <li
              key={item.id}
              ref={column === 0 ? rows.measureElement : undefined}
              className={`virtual__item ${itemClassName}`}
              data-row={row.index}
              data-index={index}
              data-chosen={isChosen?.(item)}
              aria-setsize={hasMore ? -1 : items.length}
              aria-posinset={index + 1}
              style={{
                width: columnWidth,
                insetInlineStart: (columnWidth + layout.columnGap) * column,
                transform: `translateY(${row.start - margin}px)`,
              }}
            >
              {children(item, index)}
            </li>
          );
        }),
      )}
    </ul>
  );
}

function itemAt(list: HTMLElement | null, index: number): HTMLElement | null | undefined {
  return list?.querySelector<HTMLElement>(`[data-index="${index}"]`);
}

function inItem(list: HTMLElement | null, index: number): HTMLElement | null | undefined {
  return itemAt(list, index)?.querySelector<HTMLElement>("[data-focus]");
}

function focusIn(list: HTMLElement | null, index: number): void {
  inItem(list, index)?.focus({ preventScroll: true });
  itemAt(list, index)?.scrollIntoView({ block: "nearest" });
}

function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return;
    const measure = (): void => setWidth(measured.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(measured);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Keeps what has the focus, moves it by keys, and gives it to the neighbour when what had it is gone. */
function useFocus<T extends { id: string }>(
  list: RefObject<HTMLUListElement | null>,
  state: {
    items: readonly T[];
    columns: number;
    keptIndex: number;
    focus: (index: number) => void;
    onKept: (kept: Kept) => void;
    onMove: ((from: T, to: T, isStretched: boolean) => void) | undefined;
    onKey: ((event: KeyboardEvent, item: T) => boolean) | undefined;
  },
): void {
  const latest = useRef(state);
  const isInside = useRef(false);
  useLayoutEffect(() => {
    latest.current = state;
  });
  const { items, keptIndex } = state;
  useLayoutEffect(() => {
    if (isInside.current && document.activeElement === document.body) focusIn(list.current, keptIndex);
  }, [items, keptIndex, list]);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const keep = (event: Event): void => {
      isInside.current = true;
      const index = indexOf(event.target);
      const item = latest.current.items[index];
      if (item) latest.current.onKept({ id: item.id, index });
    };
    const onFocusOut = ({ relatedTarget }: FocusEvent): void => {
      if (relatedTarget instanceof Node && !element.contains(relatedTarget)) isInside.current = false;
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      const { items, columns, focus, onMove, onKey } = latest.current;
      const at = indexOf(event.target);
      const from = items[at];
      if (!from || event.altKey) return;
      const next = isMoving(event) ? nextInGrid(event.key, at, items.length, columns, document.documentElement.dir === "rtl") : undefined;
      const to = next === undefined ? undefined : items[next];
      if (next !== undefined && to) {
        focus(next);
        onMove?.(from, to, event.shiftKey);
      } else if (onKey?.(event, from) !== true) return;
      event.preventDefault();
    };
    element.addEventListener("focusin", keep);
    // What is dragged has to last as long as the drag.
    element.addEventListener("dragstart", keep);
    element.addEventListener("focusout", onFocusOut);
    element.addEventListener("keydown", onKeyDown);
    return () => {
      element.removeEventListener("focusin", keep);
      element.removeEventListener("dragstart", keep);
      element.removeEventListener("focusout", onFocusOut);
      element.removeEventListener("keydown", onKeyDown);
    };
  }, [list]);
}

/** Gives the focus back once to what had it when the page was left, unless it is elsewhere by then. The page scrolls by itself. */
function useReturn(list: RefObject<HTMLUListElement | null>, kept: Kept | null, keptIndex: number): void {
  const isAwaited = useRef(kept !== null);
  useEffect(() => {
    const target = isAwaited.current ? inItem(list.current, keptIndex) : null;
    if (!target) return;
    isAwaited.current = false;
    if (document.activeElement === document.body) target.focus({ preventScroll: true });
  });
}

/** Whether keys move from where they are pressed; in a field or on the button of a menu they have a meaning of their own. */
function isMoving({ target, ctrlKey, metaKey }: KeyboardEvent): boolean {
  return !ctrlKey && !metaKey && target instanceof Element && target.matches("[data-focus], input[type=checkbox]");
}

function indexOf(target: EventTarget | null): number {
  const item = target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
  return Number(item?.dataset["index"] ?? -1);
}
