import type { AssetFilter, AssetSort } from "../../api/media";
import type { AssetKind, AssetStatus } from "../../api/types";

export const ASSET_KINDS = ["image", "video", "audio", "document"] as const satisfies readonly AssetKind[];
export const ASSET_STATUSES = ["pending", "ready", "failed"] as const satisfies readonly AssetStatus[];
export const ASSET_SORTS = ["newest", "oldest", "filename", "largest"] as const satisfies readonly AssetSort[];

/** Where one is in the media browser and what is looked for, as it stands in the address. */
export interface Place {
  /** The id of a folder, or `none` for what is in no folder; everywhere without it. */
  folder?: string;
  bin?: "1";
  kind?: AssetKind;
  status?: AssetStatus;
  q?: string;
  tag?: string;
  /** The newest first without it. */
  sort?: AssetSort;
}

/** Reads an address; what it does not know, or says wrongly, is left out. */
export function readPlace(raw: Record<string, unknown>): Place {
  const text = (name: string): string | undefined => {
    const value = raw[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const kind = ASSET_KINDS.find((known) => known === raw["kind"]);
  const status = ASSET_STATUSES.find((known) => known === raw["status"]);
  const sort = ASSET_SORTS.find((known) => known === raw["sort"]);
  const [folder, q, tag] = [text("folder"), text("q"), text("tag")];
  const bin = raw["bin"] === "1";
  return {
    // What is in the bin is in no folder that one could be in.
    ...(folder !== undefined && !bin && { folder }),
    ...(bin && { bin: "1" as const }),
    ...(kind && { kind }),
    ...(status && { status }),
    ...(q !== undefined && { q }),
    ...(tag !== undefined && { tag }),
    ...(sort && { sort }),
  };
}

export function filterOf(place: Place): AssetFilter {
  return {
    kind: place.kind,
    status: place.status,
    folder_id: place.folder,
    q: place.q,
    tag: place.tag,
    is_deleted: place.bin ? "true" : undefined,
    sort: place.sort,
  };
}

/** Whether anything narrows what is shown of the place. */
export function isNarrowed({ kind, status, q, tag }: Place): boolean {
  return [kind, status, q, tag].some((value) => value !== undefined);
}

/** The same place with nothing looked for. */
export function bare({ folder, bin, sort }: Place): Place {
  return { ...(folder !== undefined && { folder }), ...(bin && { bin }), ...(sort && { sort }) };
}

/** Another place, in the order that one is used to by now. */
export function onwards({ sort }: Place, to: Pick<Place, "folder" | "bin">): Place {
  return { ...to, ...(sort && { sort }) };
}

/** The same in another order; the one that is meant where none is named is not named. */
export function inOrder({ sort: _, ...place }: Place, sort: AssetSort): Place {
  return sort === "newest" ? place : { ...place, sort };
}

/** The columns by which a list can be sorted, with the orders that the heading of each leads through. */
export const SORTED_COLUMNS = {
  filename: ["filename"],
  size: ["largest"],
  added: ["newest", "oldest"],
} as const satisfies Record<string, readonly AssetSort[]>;

/** What the heading of a column leads to: its first order, from there to its next, and from the last one to the newest first. */
export function sortBy(column: keyof typeof SORTED_COLUMNS, sort: AssetSort = "newest"): AssetSort {
  const orders: readonly AssetSort[] = SORTED_COLUMNS[column];
  return orders[orders.indexOf(sort) + 1] ?? "newest";
}

/** The folder that something added here goes to. */
export function folderOf({ folder }: Place): string | null {
  return folder === undefined || folder === "none" ? null : folder;
}
