import { Store } from "./store";

/** Whether a part of the app could not be fetched, as after an update of the server; a reload is offered once. */
export const outdated = new Store(false);

let offered = false;

/** Vite says on the window when a part that was to be loaded later does not come. */
export function watchParts(): void {
  window.addEventListener("vite:preloadError", () => {
    // Without a connection nothing comes, and a reload would make it worse.
    if (offered || !navigator.onLine) return;
    offered = true;
    outdated.set(true);
  });
}
