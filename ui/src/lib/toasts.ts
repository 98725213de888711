import { Store } from "./store";

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void } | undefined;
}

/** Long enough to read and to undo. */
const LIFE_MS = 10_000;
const LIFE_PLAIN_MS = 4000;

export const toasts = new Store<Toast[]>([]);
let nextId = 1;

export function showToast(text: string, action?: Toast["action"]): number {
  const id = nextId++;
  toasts.set((list) => [...list.slice(-2), { id, text, action }]);
  setTimeout(() => dismissToast(id), action ? LIFE_MS : LIFE_PLAIN_MS);
  return id;
}

export function dismissToast(id: number): void {
  toasts.set((list) => list.filter((toast) => toast.id !== id));
}
