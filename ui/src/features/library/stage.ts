import type { Video } from "../../api/types";
import { strings } from "../../strings";

/** What is being done to a recording, in words. */
export function stageName({ stage }: Pick<Video, "stage">): string {
  return stage === null ? strings.status.pending : (strings.stages[stage] ?? strings.status.processing);
}

/** What is wrong with a file itself, which no other try changes. */
const OF_THE_FILE: ReadonlySet<string> = new Set([
  "media_ambiguous",
  "media_damaged",
  "media_unknown",
  "media_not_a_recording",
  "media_empty",
  "media_unreadable",
  "upload_lost",
]);

/** Whether what failed may succeed when it is tried again. */
export function mayEndOtherwise({ error }: Pick<Video, "error">): boolean {
  return error === null || !OF_THE_FILE.has(error.code);
}
