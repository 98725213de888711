import type { Video } from "../../api/types";
import { strings } from "../../strings";

/** What is being done to a recording, in words. */
export function stageName({ stage }: Pick<Video, "stage">): string {
  return stage === null ? strings.status.pending : (strings.stages[stage] ?? strings.status.processing);
}
