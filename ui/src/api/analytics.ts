import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { requestJson } from "./client";
import { keys } from "./queries";
import type { RouteTraffic, Storage, Traffic } from "./types";

/** How far back one looks, with the width of a bar. */
export const TRAFFIC_RANGES = {
  day: { hours: 24, step: "hour" },
  week: { hours: 7 * 24, step: "hour" },
  month: { hours: 30 * 24, step: "day" },
} as const;
export type TrafficRange = keyof typeof TRAFFIC_RANGES;
export const ROUTE_ORDERS = ["slowest", "errors", "requests"] as const;
export type RouteOrder = (typeof ROUTE_ORDERS)[number];

const REFRESH_MS = 30_000;

function since(range: TrafficRange): string {
  return new Date(Date.now() - TRAFFIC_RANGES[range].hours * 3_600_000).toISOString();
}

export function trafficQuery(range: TrafficRange) {
  return queryOptions({
    queryKey: [...keys.analytics, "traffic", range],
    queryFn: ({ signal }) =>
      requestJson<Traffic>("GET", "/analytics/traffic", {
        query: { from: since(range), step: TRAFFIC_RANGES[range].step },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function routesQuery(range: TrafficRange, sort: RouteOrder) {
  return queryOptions({
    queryKey: [...keys.analytics, "routes", range, sort],
    queryFn: ({ signal }) =>
      requestJson<{ items: RouteTraffic[] }>("GET", "/analytics/routes", { query: { from: since(range), sort }, signal }),
    placeholderData: keepPreviousData,
  });
}

export const storageQuery = queryOptions({
  queryKey: ["analytics", "storage"],
  queryFn: ({ signal }) => requestJson<Storage>("GET", "/analytics/storage", { signal }),
});

/** The query of an export of the same span. */
export function exportQuery(range: TrafficRange, format: string): { from: string; format: string } {
  return { from: since(range), format };
}
