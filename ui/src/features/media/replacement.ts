import type { Asset } from "../../api/types";
import type { UploadKind } from "../uploads/records";

/** As what the file that replaces this one is sent, if it can be replaced. */
export function replacedAs({ kind, status, video_id }: Asset): UploadKind | null {
  if (kind === null || status === "pending") return null;
  if (kind === "image" || kind === "document") return kind;
  return video_id === null ? null : "video";
}
