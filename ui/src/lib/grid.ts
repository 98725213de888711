/** How things stand in rows and columns, and where an arrow key leads from one to the next. */
export interface GridLayout {
  /** A column is at least so wide; without it there is one column. */
  columnWidthMin?: number;
  columnsMin: number;
  columnGap: number;
  rowGap: number;
  /** What a row is expected to be high until it is measured. */
  rowHeight: (columnWidth: number) => number;
}

export function columnsFor(width: number, { columnWidthMin, columnsMin, columnGap }: GridLayout): number {
  if (columnWidthMin === undefined) return columnsMin;
  return Math.max(columnsMin, Math.floor((width + columnGap) / (columnWidthMin + columnGap)));
}

/** Where a key leads from `at`; undefined where it leads nowhere, so that the page may scroll. */
export function nextInGrid(key: string, at: number, count: number, columns: number, isRtl: boolean): number | undefined {
  const onwards = isRtl ? -1 : 1;
  const inside = (index: number): number | undefined => (index >= 0 && index < count ? index : undefined);
  switch (key) {
    case "ArrowRight":
      return inside(at + onwards);
    case "ArrowLeft":
      return inside(at - onwards);
    case "ArrowUp":
      return inside(at - columns);
    case "ArrowDown": {
      // A last row that is not full is reached from every column.
      const isLastRow = Math.floor(at / columns) === Math.floor((count - 1) / columns);
      return isLastRow ? undefined : Math.min(at + columns, count - 1);
    }
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

/** The rows in view with one more that has to stay, in order. */
export function withRow(rows: readonly number[], kept: number, count: number): number[] {
  if (kept < 0 || kept >= count || rows.includes(kept)) return [...rows];
  return [...rows, kept].sort((one, other) => one - other);
}
