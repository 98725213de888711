import type { Hit } from "../../api/types";

/** Where on the page of its recording a hit is: at its second, beside the slide where it was read or seen on screen, or in the description. */
export function placeOf(hit: Pick<Hit, "source" | "start_ms">): { t?: number; tab?: "screen" | "details" } {
  if (hit.start_ms === null) return { tab: "details" };
  // A second that has begun before the slide came would show the one before.
  const isOnScreen = hit.source === "screen" || hit.source === "appearance";
  return isOnScreen ? { t: Math.ceil(hit.start_ms / 1000), tab: "screen" } : { t: Math.floor(hit.start_ms / 1000) };
}
