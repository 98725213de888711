import { Store } from "../lib/store";

/** Whether changes arrive by themselves; `lost` only after a gap long enough to be worth a word. */
export const connection = new Store<{ live: boolean; lost: boolean }>({ live: false, lost: false });
