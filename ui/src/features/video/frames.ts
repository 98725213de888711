import type { KeyFrame } from "../../api/types";

/** Which key frame is on screen at a moment, as a place in the list; -1 for none of them. */
export function frameAt(frames: readonly KeyFrame[], ms: number): number {
  return frames.findIndex((frame) => frame.shown.some(({ start_ms, end_ms }) => start_ms <= ms && ms < end_ms));
}
