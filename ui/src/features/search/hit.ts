import type { Hit } from "../../api/types";

/** Where on the page of its recording a moment is: at its second, beside the slide where it was read on screen. */
export function placeOf(hit: Pick<Hit, "source" | "start_ms">): { t: number; tab?: "screen" } {
  const startMs = hit.start_ms ?? 0;
  // A second that has begun before the slide came would show the one before.
  return hit.source === "screen" ? { t: Math.ceil(startMs / 1000), tab: "screen" } : { t: Math.floor(startMs / 1000) };
}
