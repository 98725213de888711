import { Store } from "./store";

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void } | undefined;
}

/** Long enough to undo, and to read: two hundred words a minute, after a moment to notice. */
const LIFE_MS = 10_000;
const LIFE_PLAIN_MS = 3000;
const READ_MS_PER_CHARACTER = 60;

export const toasts = new Store<Toast[]>([]);
let nextId = 1;

export function showToast(text: string, action?: Toast["action"]): number {
  const id = nextId++;
  toasts.set((list) => [...list.slice(-2), { id, text, action }]);
  setTimeout(() => dismissToast(id), Math.max(action ? LIFE_MS : LIFE_PLAIN_MS, LIFE_PLAIN_MS + text.length * READ_MS_PER_CHARACTER));
  return id;
}

export function dismissToast(id: number): void {
  toasts.set((list) => list.filter((toast) => toast.id !== id));
}
