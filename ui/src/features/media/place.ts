import type { AssetFilter } from "../../api/media";
import type { AssetKind, AssetStatus } from "../../api/types";

export const ASSET_KINDS = ["image", "video", "audio", "document"] as const satisfies readonly AssetKind[];
export const ASSET_STATUSES = ["pending", "ready", "failed"] as const satisfies readonly AssetStatus[];

/** Where one is in the media browser and what is looked for, as it stands in the address. */
export interface Place {
  /** The id of a folder, or `none` for what is in no folder; everywhere without it. */
  folder?: string;
  bin?: "1";
  kind?: AssetKind;
  status?: AssetStatus;
  q?: string;
  tag?: string;
}

/** Reads an address; what it does not know, or says wrongly, is left out. */
export function readPlace(raw: Record<string, unknown>): Place {
  const text = (name: string): string | undefined => {
    const value = raw[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const kind = ASSET_KINDS.find((known) => known === raw["kind"]);
  const status = ASSET_STATUSES.find((known) => known === raw["status"]);
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
  };
}

/** Whether anything narrows what is shown of the place. */
export function isNarrowed({ kind, status, q, tag }: Place): boolean {
  return [kind, status, q, tag].some((value) => value !== undefined);
}

/** The same place with nothing looked for. */
export function bare({ folder, bin }: Place): Place {
  return { ...(folder !== undefined && { folder }), ...(bin && { bin }) };
}

/** The folder that something added here goes to. */
export function folderOf({ folder }: Place): string | null {
  return folder === undefined || folder === "none" ? null : folder;
}
