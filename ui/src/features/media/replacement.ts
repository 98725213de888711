import type { Asset } from "../../api/types";
import type { UploadKind } from "../uploads/records";

/** As what the file that replaces this one is sent, if it can be replaced. */
export function replacedAs({ kind, status, video_id }: Pick<Asset, "kind" | "status" | "video_id">): UploadKind | null {
  if (status === "pending") return null;
  if (kind === "image" || kind === "document") return kind;
  // Of a recording that was never stored, it is not known of what kind it is.
  if (kind === null && status !== "failed") return null;
  return video_id === null ? null : "video";
}
