import { Store } from "./store";

export interface Toast {
  id: number;
  text: string;
  life_ms: number;
  /** `lapse` is called once `run` was not chosen in time. */
  action?: { label: string; run: () => void; lapse?: () => void } | undefined;
}

/** Long enough to undo, and to read: two hundred words a minute, after a moment to notice. */
const LIFE_MS = 10_000;
const LIFE_PLAIN_MS = 3000;
const READ_MS_PER_CHARACTER = 60;

export const toasts = new Store<Toast[]>([]);
let nextId = 1;

/** What is left of the life of each, and since when it runs. */
const lives = new Map<number, { left_ms: number; since: number; timer?: ReturnType<typeof setTimeout> }>();
let held = false;

export function showToast(text: string, action?: Toast["action"]): number {
  const id = nextId++;
  for (const pushed of toasts.get().slice(0, -2)) dismissToast(pushed.id);
  const life_ms = Math.max(action ? LIFE_MS : LIFE_PLAIN_MS, LIFE_PLAIN_MS + text.length * READ_MS_PER_CHARACTER);
  toasts.set((list) => [...list, { id, text, life_ms, action }]);
  lives.set(id, { left_ms: life_ms, since: Date.now() });
  if (!held) run(id);
  return id;
}

/** While somebody is at them, none goes; afterwards each has the time that it had left. */
export function holdToasts(wanted: boolean): void {
  if (wanted === held) return;
  held = wanted;
  for (const id of lives.keys()) (held ? stop : run)(id);
}

export function dismissToast(id: number): void {
  take(id)?.action?.lapse?.();
}

/** Does what a toast offers, if it still does. */
export function chooseAction(id: number): void {
  take(id)?.action?.run();
}

function take(id: number): Toast | undefined {
  stop(id);
  lives.delete(id);
  const found = toasts.get().find((toast) => toast.id === id);
  toasts.set((list) => list.filter((toast) => toast.id !== id));
  return found;
}

function run(id: number): void {
  const life = lives.get(id);
  if (!life) return;
  life.since = Date.now();
  life.timer = setTimeout(() => dismissToast(id), life.left_ms);
}

function stop(id: number): void {
  const life = lives.get(id);
  if (life?.timer === undefined) return;
  clearTimeout(life.timer);
  delete life.timer;
  life.left_ms -= Date.now() - life.since;
}
