import { describe, expect, it } from "vitest";
import { columnsFor, nextInGrid, withRow, type GridLayout } from "./grid";

const tiles: GridLayout = { columnWidthMin: 176, columnsMin: 2, columnGap: 16, rowGap: 20, rowHeight: (width) => width };

describe("columns", () => {
  it("are as many as fit, and never fewer than there must be", () => {
    expect(columnsFor(176 * 3 + 32, tiles)).toBe(3);
    expect(columnsFor(176 * 3 + 31, tiles)).toBe(2);
    expect(columnsFor(200, tiles)).toBe(2);
    expect(columnsFor(0, tiles)).toBe(2);
  });

  it("are one where things are lines", () => {
    expect(columnsFor(2000, { columnsMin: 1, columnGap: 0, rowGap: 0, rowHeight: () => 47 })).toBe(1);
  });
});

describe("an arrow key", () => {
  // 0 1 2 / 3 4 5 / 6
  const from = (key: string, at: number, isRtl = false): number | undefined => nextInGrid(key, at, 7, 3, isRtl);

  it("leads to the neighbour, over the end of a row too", () => {
    expect(from("ArrowRight", 2)).toBe(3);
    expect(from("ArrowLeft", 3)).toBe(2);
    expect(from("ArrowDown", 1)).toBe(4);
    expect(from("ArrowUp", 4)).toBe(1);
  });

  it("leads the other way where reading does", () => {
    expect(from("ArrowRight", 3, true)).toBe(2);
    expect(from("ArrowLeft", 2, true)).toBe(3);
  });

  it("leads nowhere at the edges", () => {
    expect(from("ArrowLeft", 0)).toBeUndefined();
    expect(from("ArrowUp", 2)).toBeUndefined();
    expect(from("ArrowRight", 6)).toBeUndefined();
    expect(from("ArrowDown", 6)).toBeUndefined();
  });

  it("reaches a last row that is not full from every column", () => {
    expect(from("ArrowDown", 5)).toBe(6);
    expect(nextInGrid("ArrowDown", 4, 6, 3, false)).toBeUndefined();
  });

  it("goes to both ends at once, and other keys nowhere", () => {
    expect(from("Home", 5)).toBe(0);
    expect(from("End", 1)).toBe(6);
    expect(from("a", 1)).toBeUndefined();
  });
});

describe("the rows that exist", () => {
  it("hold the one that has the focus, in its place", () => {
    expect(withRow([4, 5, 6], 1, 10)).toEqual([1, 4, 5, 6]);
    expect(withRow([4, 5, 6], 9, 10)).toEqual([4, 5, 6, 9]);
    expect(withRow([4, 5, 6], 5, 10)).toEqual([4, 5, 6]);
  });

  it("hold none that is not there", () => {
    expect(withRow([0, 1], -1, 2)).toEqual([0, 1]);
    expect(withRow([0, 1], 7, 2)).toEqual([0, 1]);
  });
});
