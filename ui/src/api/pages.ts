import type { Page } from "./types";

/** As many as one request may ask for. */
const PAGE_SIZE = 100;

/** What is on all pages, as far as it is wanted. */
export interface AllPages<T> {
  items: T[];
  /** Whether there are others, which were not read. */
  hasMore: boolean;
}

/** Reads page after page until there is no other, or as many as are wanted are there. */
export async function readAll<T>(
  read: (page: { limit: number; cursor: string | null }) => Promise<Page<T>>,
  itemsMax: number,
): Promise<AllPages<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: Math.min(PAGE_SIZE, itemsMax - items.length), cursor });
    items.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor !== null && items.length < itemsMax);
  return { items, hasMore: cursor !== null };
}
