import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { requestJson } from "./client";
import { keys } from "./queries";
import type { AskedRendition, Asset, Page, Rendition, Task, WantedRendition } from "./types";

const PAGE_SIZE = 50;
const BUSY_MS = 1500;

/** What was made of an asset, the newest first; another file of it is made into others. */
export function renditionsQuery({ id, version }: Pick<Asset, "id" | "version">) {
  return infiniteQueryOptions({
    queryKey: [...keys.renditions(id), version],
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<Rendition>>("GET", `/assets/${encodeURIComponent(id)}/renditions`, {
        query: { limit: PAGE_SIZE, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export const isUnderway = (task: Pick<Task, "status"> | undefined): boolean =>
  task?.status === "pending" || task?.status === "running";

/** The last task that makes sound files of an asset, if there was one. It is looked at while it is underway. */
export const soundTaskQuery = (assetId: string) => lastTaskQuery(keys.soundTask(assetId), assetId, "make_sounds");

/** The same of the task that encodes a video again. */
export const encodeTaskQuery = (assetId: string) => lastTaskQuery(keys.encodeTask(assetId), assetId, "reencode");

/** The same of the task that reads an image or a document again. */
export const rereadTaskQuery = (assetId: string, kind: "image" | "document") =>
  lastTaskQuery(keys.rereadTask(assetId), assetId, `reread_${kind}`);

function lastTaskQuery(queryKey: readonly string[], assetId: string, kind: string) {
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }) => {
      const query = { subject_id: assetId, kind, limit: 1 };
      const page = await requestJson<Page<Task>>("GET", "/tasks", { query, signal });
      return page.items[0] ?? null;
    },
    refetchInterval: (query) => (isUnderway(query.state.data ?? undefined) ? BUSY_MS : false),
  });
}

export const renditionCommands = {
  make: (assetId: string, json: WantedRendition) =>
    requestJson<AskedRendition>("POST", `/assets/${encodeURIComponent(assetId)}/renditions`, { json }),
  encode: (assetId: string) => requestJson<Asset>("POST", `/assets/${encodeURIComponent(assetId)}/encode`),
  reread: (assetId: string) => requestJson<Asset>("POST", `/assets/${encodeURIComponent(assetId)}/reread`),
};
