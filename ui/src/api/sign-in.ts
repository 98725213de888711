import { queryOptions, useQuery } from "@tanstack/react-query";
import { request, requestJson } from "./client";
import { keys } from "./queries";
import type { Domain, DomainChanges, Identity, Page, ProviderList, ProviderSignedIn, ProviderTrip } from "./types";

/** The providers people can sign in through; they change with the server's settings alone. */
export const providersQuery = queryOptions({
  queryKey: keys.providers,
  queryFn: ({ signal }) => requestJson<ProviderList>("GET", "/auth/providers", { signal }),
  staleTime: 5 * 60_000,
  retry: false,
});

/** Whether mails reach people; until it is known, they do. */
export function useSendsMail(): boolean {
  return useQuery(providersQuery).data?.sends_mail ?? true;
}

/** What providers know one as; always one page. */
export const identitiesQuery = queryOptions({
  queryKey: keys.identities,
  queryFn: ({ signal }) => requestJson<Page<Identity>>("GET", "/identities", { signal }),
});

/** Twenty at most, so always one page. */
export const domainsQuery = queryOptions({
  queryKey: keys.domains,
  queryFn: ({ signal }) => requestJson<Page<Domain>>("GET", "/domains", { signal }),
});

export const signInCommands = {
  /** Begins a trip to a provider; the page at `url` is to be opened. */
  start: (provider: string, json: { return_to: string; link?: boolean; password?: string; agreed?: Record<string, string> }) =>
    requestJson<ProviderTrip>("POST", `/auth/providers/${encodeURIComponent(provider)}/start`, { json }),
  confirm: (code: string) => requestJson<ProviderSignedIn>("POST", "/auth/code", { json: { code } }),
  unlink: (id: string) => request("DELETE", `/identities/${id}`),
  addDomain: (domain: string) => requestJson<Domain>("POST", "/domains", { json: { domain } }),
  checkDomain: (id: string) => requestJson<Domain>("POST", `/domains/${id}/verify`),
  changeDomain: (id: string, json: DomainChanges) => requestJson<Domain>("PATCH", `/domains/${id}`, { json }),
  removeDomain: (id: string) => request("DELETE", `/domains/${id}`),
};
