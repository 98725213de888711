import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

/** What one person chose on this device. */
export interface Preferences {
  theme: Theme;
  railCollapsed: boolean;
  captions: boolean;
  /** The language of the subtitles that were chosen last (BCP 47); null where captions of what is said were. */
  subtitleLanguage: string | null;
  /** The language of the sound that was chosen last (BCP 47), if one was. */
  soundLanguage: string | null;
  rate: number;
  /** 0 to 1 */
  volume: number;
  muted: boolean;
  organizationId: string | null;
  mediaView: "grid" | "list";
}

const DARK = "(prefers-color-scheme: dark)";
const STORAGE_KEY = "memoreel.preferences";

const DEFAULTS: Preferences = {
  theme: "system",
  railCollapsed: false,
  captions: true,
  subtitleLanguage: null,
  soundLanguage: null,
  rate: 1,
  volume: 1,
  muted: false,
  organizationId: null,
  mediaView: "grid",
};

function read(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}") as Partial<Preferences>;
    return { ...DEFAULTS, ...stored };
  } catch {
    return DEFAULTS;
  }
}

let current = read();
const listeners = new Set<() => void>();

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(current));
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
  if (change.theme) applyTheme(change.theme);
  for (const listener of listeners) listener();
}

export function applyTheme(theme: Theme): void {
  const dark = theme === "dark" || (theme === "system" && window.matchMedia(DARK).matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

/** Follows the system while no theme was chosen. */
export function followSystemTheme(): void {
  window.matchMedia(DARK).addEventListener("change", () => applyTheme(current.theme));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}
