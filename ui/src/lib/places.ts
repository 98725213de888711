/** Where the focus was in a list. */
export interface Kept {
  id: string;
  index: number;
}

/** More steps back than anybody takes. */
const STEPS_MAX = 50;

const places = new Map<string, Kept>();

/** Of a list on the page that is shown now, as this step of the browser's history. */
function step(list: string): string | undefined {
  const state: unknown = window.history.state;
  const key = typeof state === "object" && state !== null && "__TSR_key" in state ? state.__TSR_key : undefined;
  return typeof key === "string" ? `${key} ${list}` : undefined;
}

/** Remembers where the focus is in a list, for whoever comes back to this step. */
export function keepPlace(list: string, kept: Kept): void {
  const key = step(list);
  if (key === undefined) return;
  places.delete(key);
  places.set(key, kept);
  const [oldest] = places.keys();
  if (places.size > STEPS_MAX && oldest !== undefined) places.delete(oldest);
}

/** Where the focus was in a list when this step was left. */
export function keptPlace(list: string): Kept | null {
  return places.get(step(list) ?? "") ?? null;
}
