import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type RefObject } from "react";
import { strings } from "../strings";

export function useDebounced<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

/**
 * The text of a field that follows the address, and that the address follows once typing pauses. Going back or clearing
 * what is looked for changes the address first; the field follows, unless it is ahead.
 */
export function useAddressText(
  value: string | undefined,
  pauseMs: number,
  onSettled: (text: string | undefined) => void,
): { text: string; settled: string; onText: (text: string) => void } {
  const [text, setText] = useState(value ?? "");
  const settled = useDebounced(text.trim(), pauseMs);
  const latest = useRef({ value, onSettled });
  useEffect(() => {
    latest.current = { value, onSettled };
  });
  useEffect(() => {
    // An address that says so already stays as it is, and the page where it was scrolled to.
    if (settled !== (latest.current.value ?? "")) latest.current.onSettled(settled === "" ? undefined : settled);
  }, [settled]);
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    setShown(value);
    if ((value ?? "") !== text.trim() && (value ?? "") !== settled) setText(value ?? "");
  }
  return { text, settled, onText: setText };
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => window.matchMedia(query).matches,
  );
}

/** Below this width the rail is a bottom bar and the video page is one column. */
export const NARROW = "(max-width: 720px)";

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · ${strings.product}` : strings.product;
  }, [title]);
}

/** True while typing goes into a field, where single-letter shortcuts must not act. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !/^(range|checkbox|radio)$/u.test(target.type);
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/u.test(target.tagName);
}

/** The element that scrolls every page. */
export const MAIN_ID = "main";

export function mainElement(): HTMLElement | null {
  return document.getElementById(MAIN_ID);
}

/** How far below the beginning of what scrolls an element begins; follows when something above it changes. */
export function useScrollMargin(element: RefObject<HTMLElement | null>, scroller: () => HTMLElement | null): number {
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const scrolled = scroller();
    const measured = element.current;
    if (!scrolled || !measured) return;
    const measure = (): void =>
      setMargin(Math.round(measured.getBoundingClientRect().top - scrolled.getBoundingClientRect().top + scrolled.scrollTop));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(scrolled);
    for (const child of scrolled.children) observer.observe(child);
    return () => observer.disconnect();
  }, [element, scroller]);
  return margin;
}
