//! Which files this tab sent that the server still works on, so that a reload does not forget them. What becomes of them is asked anew.

import type { UploadEntry } from "./manager";

/** Of a tab and not of a browser: each shows what was sent from it. */
const STORAGE_KEY = "memoreel.received";

interface Received {
  /** Whose it is: others who use this tab see nothing of it. */
  user_id: string;
  entry: UploadEntry;
}

function read(): Received[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(value) ? (value as Received[]) : [];
  } catch {
    return [];
  }
}

function write(received: Received[]): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(received));
  } catch {
    // Without storage a reload forgets it, and the library shows it all the same.
  }
}

export function keepReceived(userId: string, entry: UploadEntry): void {
  write([...read().filter((one) => one.entry.key !== entry.key), { user_id: userId, entry }]);
}

export function forgetReceived(key: string): void {
  const kept = read();
  const rest = kept.filter((one) => one.entry.key !== key);
  if (rest.length < kept.length) write(rest);
}

export function receivedOf(userId: string): UploadEntry[] {
  return read().flatMap((one) => (one.user_id === userId ? [one.entry] : []));
}
