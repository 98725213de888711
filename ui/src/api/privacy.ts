import { queryOptions } from "@tanstack/react-query";
import { request, requestJson } from "./client";
import { keys } from "./queries";
import type { Consents, ErasureState, Export, Page } from "./types";

export const consentsQuery = queryOptions({
  queryKey: keys.consents,
  queryFn: ({ signal }) => requestJson<Consents>("GET", "/me/consents", { signal }),
});

/** Asked again and again while one is being made. */
export const exportsQuery = queryOptions({
  queryKey: keys.exports,
  queryFn: ({ signal }) => requestJson<Page<Export>>("GET", "/me/exports", { signal }),
  refetchInterval: (query) => (query.state.data?.items.some(isBeingMade) ? 1500 : false),
});

export function isBeingMade(one: Export): boolean {
  return one.status === "waiting" || one.status === "running";
}

export const erasureQuery = queryOptions({
  queryKey: keys.erasure,
  queryFn: ({ signal }) => requestJson<ErasureState>("GET", "/me/erasure", { signal }),
});

export const privacyCommands = {
  consent: (json: { document: string; version?: string; is_given: boolean }) =>
    requestJson<Consents>("POST", "/me/consents", { json }),
  export: () => requestJson<Export>("POST", "/me/exports"),
  /** Its address ends soon, so it is asked for when it is needed. */
  findExport: (id: string) => requestJson<Export>("GET", `/me/exports/${id}`),
  deleteExport: (id: string) => request("DELETE", `/me/exports/${id}`),
  close: (json: { email: string; password?: string }) => requestJson<ErasureState>("POST", "/me/erasure", { json }),
  reopen: () => request("DELETE", "/me/erasure"),
};
