import { queryOptions } from "@tanstack/react-query";
import { request, requestJson } from "./client";
import { keys } from "./queries";
import type { Consents, ErasureState, Export, OrganizationExport, Page } from "./types";

export const consentsQuery = queryOptions({
  queryKey: keys.consents,
  queryFn: ({ signal }) => requestJson<Consents>("GET", "/me/consents", { signal }),
});

/** Whatever is taken along, whosever it is. */
export type AnyExport = Export & Partial<Pick<OrganizationExport, "requested_by">>;

/** Where exports are asked for, and listed. */
export interface Exporter {
  key: readonly string[];
  list: (signal: AbortSignal) => Promise<Page<AnyExport>>;
  ask: () => Promise<AnyExport>;
  /** Its address ends soon, so it is asked for when it is needed. */
  find: (id: string) => Promise<AnyExport>;
  remove: (id: string) => Promise<unknown>;
}

function exporter(key: readonly string[], path: string): Exporter {
  return {
    key,
    list: (signal) => requestJson<Page<AnyExport>>("GET", path, { signal }),
    ask: () => requestJson<AnyExport>("POST", path),
    find: (id) => requestJson<AnyExport>("GET", `${path}/${id}`),
    remove: (id) => request("DELETE", `${path}/${id}`),
  };
}

export const ownExports = exporter(keys.exports, "/me/exports");
export const organizationExports = exporter(keys.organizationExports, "/organization/exports");

export function isBeingMade(one: AnyExport): boolean {
  return one.status === "waiting" || one.status === "running";
}

export const erasureQuery = queryOptions({
  queryKey: keys.erasure,
  queryFn: ({ signal }) => requestJson<ErasureState>("GET", "/me/erasure", { signal }),
});

export const privacyCommands = {
  consent: (json: { document: string; version?: string; is_given: boolean }) =>
    requestJson<Consents>("POST", "/me/consents", { json }),
  close: (json: { email: string; password?: string }) => requestJson<ErasureState>("POST", "/me/erasure", { json }),
  reopen: () => request("DELETE", "/me/erasure"),
};
