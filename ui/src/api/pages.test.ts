import { expect, it } from "vitest";
import { readAll } from "./pages";
import type { Page } from "./types";

/** A list of so many, and what is asked for of it. */
function listOf(count: number) {
  const asked: number[] = [];
  const read = ({ limit, cursor }: { limit: number; cursor: string | null }): Promise<Page<number>> => {
    asked.push(limit);
    const from = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, place) => from + place);
    return Promise.resolve({ items, next_cursor: from + limit < count ? String(from + limit) : null });
  };
  return { read, asked };
}

it("reads to the end", async () => {
  const { read, asked } = listOf(230);
  const { items, hasMore } = await readAll(read, 1000);
  expect([items.length, items.at(-1), hasMore]).toEqual([230, 229, false]);
  expect(asked).toEqual([100, 100, 100]);
});

it("reads no more than is wanted, and says that there are others", async () => {
  const { read, asked } = listOf(230);
  expect(await readAll(read, 150)).toMatchObject({ hasMore: true, items: { length: 150 } });
  expect(asked).toEqual([100, 50]);
  expect(await readAll(listOf(150).read, 150)).toMatchObject({ hasMore: false, items: { length: 150 } });
  expect(await readAll(listOf(0).read, 150)).toEqual({ items: [], hasMore: false });
});
