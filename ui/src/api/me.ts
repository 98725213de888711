import { queryOptions, useQuery, type QueryClient } from "@tanstack/react-query";
import { preferences, setPreferences } from "../lib/preferences";
import { showToast } from "../lib/toasts";
import { strings } from "../strings";
import { isApiError, requestJson, setOrganization } from "./client";
import { keys } from "./queries";
import type { Action, Me } from "./types";

/** Who is signed in, and the organization of this page. One that was left, or that is gone, gives way to the personal one. */
export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: async ({ client, signal }) => {
    const ask = (): Promise<Me> => requestJson<Me>("GET", "/me", { signal });
    try {
      return await ask();
    } catch (error) {
      const closed = isApiError(error) && (error.status === 403 || error.status === 404);
      if (!closed || preferences().organizationId === null) throw error;
      const left = client.getQueryData<Me>(keys.me)?.organization.name;
      adoptOrganization(client, null);
      // Now: whoever asks anew before the answer would not hear of it.
      if (left !== undefined) showToast(strings.organizations.noLonger(left));
      return await ask();
    }
  },
  staleTime: 5 * 60_000,
  retry: false,
});

/** Makes every later request one of this organization, and forgets what was known of the one before. */
export function adoptOrganization(client: QueryClient, id: string | null): void {
  setOrganization(id);
  setPreferences({ organizationId: id });
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.me[0] });
}

export function useMe(): Me | undefined {
  return useQuery(meQuery).data;
}

/** Whether this person may do this in this organization; what they may not is not shown. */
export function useMay(action: Action): boolean {
  return useQuery({ ...meQuery, select: (me) => me.may.includes(action) }).data ?? false;
}
