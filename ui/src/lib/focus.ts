import { useRef } from "react";
import { mainElement } from "./hooks";

/** By when what a dialog deleted has left the page. */
const REMOVAL_MS = 3000;

/** What the dialog that is open came from, for the one that takes its place: by then nothing has the focus. */
let origin: HTMLElement | null = null;

/**
 * Gives the focus back to what had it when a dialog opened. Radix does so itself for its own triggers only, which dialogs
 * that are opened by the state of a page do not have.
 */
export function useReturnFocus(): { onOpenAutoFocus: () => void; onCloseAutoFocus: (event: Event) => void } {
  const opener = useRef<HTMLElement | null>(null);
  return {
    onOpenAutoFocus: () => {
      opener.current = focused() ?? origin;
      origin = opener.current;
    },
    onCloseAutoFocus: (event) => {
      event.preventDefault();
      if (origin === opener.current) origin = null;
      // Another dialog, or a field that the choice led to, has it by now.
      if (focused() === null) giveFocus(opener.current);
    },
  };
}

/** The element that has the focus; of a menu, which is about to go, the button that opened it. */
function focused(): HTMLElement | null {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || active === document.body) return null;
  const menu = active.closest('[role="menu"]');
  const trigger = menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : null;
  return trigger ?? active;
}

function giveFocus(opener: HTMLElement | null): void {
  opener?.focus({ preventScroll: true });
  if (opener !== null && document.activeElement === opener) watchOver(opener);
  else focusHeading();
}

/** Where the opener is gone, as the row of what was deleted is, the page begins again at its heading. */
function focusHeading(): void {
  const main = mainElement() ?? document.querySelector("main");
  const heading = main?.querySelector<HTMLElement>("h1") ?? main;
  if (!heading) return;
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** A row goes a moment after the dialog that deleted it, once the list was asked for anew; nothing says so but the document. */
function watchOver(opener: HTMLElement): void {
  const observer = new MutationObserver(() => {
    if (opener.isConnected) return;
    observer.disconnect();
    if (focused() === null) focusHeading();
  });
  setTimeout(() => observer.disconnect(), REMOVAL_MS);
  observer.observe(document.body, { childList: true, subtree: true });
}
