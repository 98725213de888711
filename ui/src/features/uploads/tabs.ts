//! Which tabs of this browser are open. Web Locks would tell, but not on pages without TLS, as on a local network.

const PREFIX = "memoreel.tab.";
const BEAT_MS = 5000;
/** Browsers let the timers of a hidden tab run once a minute; a tab that was silent for two has ended without a word. */
const SILENCE_MS = 150_000;

/** `crypto.randomUUID` exists only on pages served over TLS, which a server on a local network may not be. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}

/** The tab this is; another after a reload. */
export const TAB = newKey();

/** Whether this is another tab than this one, and open. */
export function isOpenElsewhere(tab: string | null, now: number = Date.now()): boolean {
  if (tab === null || tab === TAB) return false;
  try {
    const heard = Number(localStorage.getItem(PREFIX + tab) ?? Number.NaN);
    return Math.abs(now - heard) < SILENCE_MS;
  } catch {
    return false;
  }
}

/** Says that this tab is open until the returned function is called or the tab goes, and calls back whenever something may have changed. */
export function announceTab(onChange: () => void): () => void {
  const beat = (): void => {
    say(() => localStorage.setItem(PREFIX + TAB, String(Date.now())));
    onChange();
  };
  const leave = (): void => say(() => localStorage.removeItem(PREFIX + TAB));
  const onStorage = (event: StorageEvent): void => {
    // What other tabs say every few seconds changes nothing; that one has gone does.
    if (event.key?.startsWith(PREFIX) !== true || event.newValue === null) onChange();
  };
  sweep();
  beat();
  const timer = setInterval(beat, BEAT_MS);
  window.addEventListener("storage", onStorage);
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", beat);
  return () => {
    clearInterval(timer);
    window.removeEventListener("storage", onStorage);
    window.removeEventListener("pagehide", leave);
    window.removeEventListener("pageshow", beat);
    leave();
  };
}

/** Clears away what tabs left that ended without a word. */
function sweep(): void {
  say(() => {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && name !== PREFIX + TAB && !isOpenElsewhere(name.slice(PREFIX.length))) localStorage.removeItem(name);
    }
  });
}

/** Without storage nothing outlives the tab, so nobody needs to know of it. */
function say(act: () => void): void {
  try {
    act();
  } catch {
    // As above.
  }
}
