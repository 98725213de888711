import { Store } from "./store";

export interface Toast {
  id: number;
  text: string;
  /** `lapse` is called once `run` was not chosen in time. */
  action?: { label: string; run: () => void; lapse?: () => void } | undefined;
}

/** Long enough to undo, and to read: two hundred words a minute, after a moment to notice. */
const LIFE_MS = 10_000;
const LIFE_PLAIN_MS = 3000;
const READ_MS_PER_CHARACTER = 60;

export const toasts = new Store<Toast[]>([]);
let nextId = 1;

export function showToast(text: string, action?: Toast["action"]): number {
  const id = nextId++;
  for (const pushed of toasts.get().slice(0, -2)) dismissToast(pushed.id);
  toasts.set((list) => [...list, { id, text, action }]);
  setTimeout(() => dismissToast(id), Math.max(action ? LIFE_MS : LIFE_PLAIN_MS, LIFE_PLAIN_MS + text.length * READ_MS_PER_CHARACTER));
  return id;
}

export function dismissToast(id: number): void {
  take(id)?.action?.lapse?.();
}

/** Does what a toast offers, if it still does. */
export function chooseAction(id: number): void {
  take(id)?.action?.run();
}

function take(id: number): Toast | undefined {
  const found = toasts.get().find((toast) => toast.id === id);
  toasts.set((list) => list.filter((toast) => toast.id !== id));
  return found;
}
