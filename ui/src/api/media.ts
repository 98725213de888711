import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";
import { isGone, patiently, request, requestJson } from "./client";
import { readAll, type AllPages } from "./pages";
import { keys } from "./queries";
import type {
  ImportFile,
  NewFile,
  Asset,
  AssetChanges,
  AssetKind,
  AssetStatus,
  BatchAction,
  BatchItem,
  DocumentPage,
  Folder,
  ImageAddresses,
  ImagePreset,
  Page,
} from "./types";

export type AssetSort = "newest" | "oldest" | "filename" | "largest";

/** What is listed; a folder is its id, or `none` for what is in no folder. */
export interface AssetFilter {
  kind?: AssetKind | undefined;
  status?: AssetStatus | undefined;
  folder_id?: string | undefined;
  q?: string | undefined;
  tag?: string | undefined;
  is_deleted?: "true" | undefined;
  sort?: AssetSort | undefined;
}

const PAGE_SIZE = 60;
const PENDING_MS = 2000;
/** Where text can be looked for, it is there after so long. */
const TEXT_PENDING_MS = 60_000;
/** As many as one request may name. */
const BATCH_MAX = 50;
/** So many are read from the bin when it is emptied. */
const EMPTIED_MAX = 10_000;
/** Addresses work for a week. */
const ADDRESSES_FRESH_MS = 12 * 3600_000;
/** Those of pages work for half a day. */
const PAGES_FRESH_MS = 3600_000;

export function assetsQuery(filter: AssetFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.assets, filter],
    queryFn: ({ pageParam, signal }) => readAssets(filter, { limit: PAGE_SIZE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => {
      const pages = query.state.data?.pages ?? [];
      const waits = pages.some((page) => page.items.some((one) => one.status === "pending" || one.replacement?.status === "pending"));
      // All pages are asked for anew, so a long list is asked for less often.
      return waits ? PENDING_MS * Math.ceil(pages.length / 4) : false;
    },
  });
}

function readAssets(filter: AssetFilter, page: { limit: number; cursor: string | null }, signal?: AbortSignal): Promise<Page<Asset>> {
  return requestJson<Page<Asset>>("GET", "/assets", { query: { ...filter, ...page }, signal });
}

/** What is in the bin, as far as it is emptied at once. */
export function binnedAssets(): Promise<AllPages<Asset>> {
  return readAll((page) => patiently(() => readAssets({ is_deleted: "true" }, page)), EMPTIED_MAX);
}

/** Whether more is about to be known of it: what is written in an image comes a little later. */
function isAwaited(asset: Asset): boolean {
  const isBeingRead = asset.kind === "image" && asset.status === "ready" && asset.text === null;
  return asset.status === "pending" || asset.replacement?.status === "pending" || (isBeingRead && Date.now() - Date.parse(asset.updated_at) < TEXT_PENDING_MS);
}

export function assetQuery(id: string) {
  return queryOptions({
    queryKey: keys.asset(id),
    queryFn: ({ signal }) => requestJson<Asset>("GET", `/assets/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: (query) => {
      const asset = query.state.data;
      return asset && isAwaited(asset) && !isGone(query.state.error) ? PENDING_MS : false;
    },
  });
}

/** What is in a document, page by page; another file of it has other pages. */
export function documentPagesQuery({ id, version }: Pick<Asset, "id" | "version">) {
  return infiniteQueryOptions({
    queryKey: [...keys.documentPages(id), version],
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<DocumentPage>>("GET", `/assets/${encodeURIComponent(id)}/pages`, { query: { cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: PAGES_FRESH_MS,
  });
}

/** Its first page, for what it looks like; `null` where it has none yet. */
export function coverQuery({ id, version }: Pick<Asset, "id" | "version">) {
  return queryOptions({
    queryKey: [...keys.documentPages(id), version, "cover"],
    queryFn: async ({ signal }) => {
      const pages = await requestJson<Page<DocumentPage>>("GET", `/assets/${encodeURIComponent(id)}/pages`, { query: { limit: 1 }, signal });
      return pages.items[0] ?? null;
    },
    staleTime: PAGES_FRESH_MS,
  });
}

/** All at once. */
export const foldersQuery = queryOptions({
  queryKey: keys.folders,
  queryFn: ({ signal }) => requestJson<{ items: Folder[] }>("GET", "/folders", { signal }),
});

export interface WantedAddresses {
  options: string;
  widths?: string | undefined;
  dprs?: string | undefined;
  sizes?: string | undefined;
}

/** Another file of the image has other addresses. */
export function imageAddressesQuery({ id, version }: Pick<Asset, "id" | "version">, wanted: WantedAddresses) {
  return queryOptions({
    queryKey: [...keys.imageAddresses(id), version, wanted],
    queryFn: ({ signal }) =>
      requestJson<ImageAddresses>("GET", `/assets/${encodeURIComponent(id)}/image-addresses`, { query: { ...wanted }, signal }),
    staleTime: ADDRESSES_FRESH_MS,
  });
}

export const imagePresetsQuery = queryOptions({
  queryKey: keys.imagePresets,
  queryFn: ({ signal }) => requestJson<{ items: ImagePreset[] }>("GET", "/image-presets", { signal }),
  staleTime: 60_000,
});

/** What became of many: what was done, and what kept the rest from being done. */
export interface Outcome<T> {
  done: T[];
  error: Error | null;
}

/** What is told of something that takes its time, and what it is told. */
export interface Lengthy {
  onProgress?: ((done: number) => void) | undefined;
  stop?: AbortSignal | undefined;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

export const mediaCommands = {
  changeAsset: (id: string, json: AssetChanges) => requestJson<Asset>("PATCH", `/assets/${id}`, { json }),
  /** One after the other, until it is told to stop; what is gone already is as it should be. */
  deleteForGood: async (ids: readonly string[], { onProgress, stop }: Lengthy = {}): Promise<Outcome<string>> => {
    const done: string[] = [];
    for (const id of ids) {
      if (stop?.aborted) break;
      try {
        await patiently(() => request("DELETE", `/assets/${id}`, { query: { permanently: "true" } }));
      } catch (error) {
        if (!isGone(error)) return { done, error: asError(error) };
      }
      done.push(id);
      onProgress?.(done.length);
    }
    return { done, error: null };
  },
  /** The same for many; what is refused is told in the outcome. */
  batch: async (action: BatchAction, ids: readonly string[], folderId?: string | null): Promise<Outcome<BatchItem>> => {
    const done: BatchItem[] = [];
    for (let at = 0; at < ids.length; at += BATCH_MAX) {
      const json = { action, ids: ids.slice(at, at + BATCH_MAX), ...(folderId === undefined ? {} : { folder_id: folderId }) };
      try {
        done.push(...(await patiently(() => requestJson<{ items: BatchItem[] }>("POST", "/assets/batch", { json }))).items);
      } catch (error) {
        return { done, error: asError(error) };
      }
    }
    return { done, error: null };
  },
  importFile: (json: ImportFile) => requestJson<NewFile>("POST", "/imports", { json }),
  createFolder: (name: string, parentId: string | null) =>
    requestJson<Folder>("POST", "/folders", { json: { name, parent_id: parentId } }),
  changeFolder: (id: string, json: { name?: string; parent_id?: string | null }) =>
    requestJson<Folder>("PATCH", `/folders/${id}`, { json }),
  deleteFolder: (id: string) => request("DELETE", `/folders/${id}`),
  putPreset: (name: string, options: string) =>
    requestJson<ImagePreset>("PUT", `/image-presets/${encodeURIComponent(name)}`, { json: { options } }),
};

/** Lists, folders and their counts are asked for anew. */
export function renewMedia(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: keys.assets });
  void client.invalidateQueries({ queryKey: keys.folders });
}

interface AssetPages {
  pages: Page<Asset>[];
  pageParams: unknown[];
}

/** An asset, if any page that was shown knows it. */
export function findAsset(client: QueryClient, id: string): Asset | undefined {
  const lists = client.getQueriesData<AssetPages>({ queryKey: keys.assets });
  const listed = lists.flatMap(([, list]) => list?.pages.flatMap((page) => page.items) ?? []);
  return listed.find((asset) => asset.id === id) ?? client.getQueryData<Asset>(keys.asset(id));
}

/** Takes assets out of every cached list, without waiting for the server. */
export function dropAssets(client: QueryClient, ids: readonly string[]): void {
  const gone = new Set(ids);
  client.setQueriesData<AssetPages>({ queryKey: keys.assets }, (lists) =>
    lists
      ? { ...lists, pages: lists.pages.map((page) => ({ ...page, items: page.items.filter((one) => !gone.has(one.id)) })) }
      : lists,
  );
}
