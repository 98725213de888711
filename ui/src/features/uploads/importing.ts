import { Store } from "../../lib/store";

/** Whether the dialog that asks for a link is open. */
export const importing = new Store(false);
