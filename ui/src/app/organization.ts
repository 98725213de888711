import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";
import { requestJson } from "../api/client";
import { adoptOrganization } from "../api/me";
import { keys } from "../api/queries";
import type { Me, MyOrganization } from "../api/types";
import { tell } from "../features/library/actions";

export interface Place {
  to: string;
  search: Record<string, unknown>;
}

/** Where pages of one thing are, and the list of all such things. */
const LISTS = [
  ["/videos/", "/library"],
  ["/files/", "/media"],
  ["/settings/webhooks/", "/settings/webhooks"],
] as const;

/** The same kind of page in another organization: what belongs to one of them, a file or a channel, stays behind. */
export function samePlace(pathname: string, search: Record<string, unknown>): Place {
  const list = LISTS.find(([thing]) => pathname.startsWith(thing))?.[1];
  if (list !== undefined) return { to: list, search: {} };
  const { channel: _channel, speaker: _speaker, folder: _folder, ...kept } = search;
  return { to: pathname, search: kept };
}

const placeOf = (to: string | Place | undefined): Place | undefined => (typeof to === "string" ? { to, search: {} } : to);

/** Moves this page into another organization, to the address given or to the same kind of page. */
export function useEnterOrganization(): (organization: Pick<MyOrganization, "id" | "is_personal">, to?: string | Place) => Promise<void> {
  const client = useQueryClient();
  const router = useRouter();
  return useCallback(
    async (organization, to) => {
      try {
        const me = await requestJson<Me>("GET", "/me", { organization: organization.id });
        const { pathname, search } = router.latestLocation;
        // The page goes first, so that nothing of the organization that is left is asked for in the other.
        await router.navigate(placeOf(to) ?? samePlace(pathname, search));
        adoptOrganization(client, organization.is_personal ? null : organization.id);
        client.setQueryData(keys.me, me);
      } catch (error) {
        tell(error);
      }
    },
    [client, router],
  );
}
