import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { request, requestJson } from "./client";
import { keys } from "./queries";
import type {
  IssuedWebhookSecret,
  Page,
  WebhookDelivery,
  WebhookDeliveryDetails,
  WebhookDeliveryStatus,
  WebhookEndpoint,
  WebhookEndpointChanges,
  WebhookEvent,
} from "./types";

/** Fifty at most, so always one page. */
export const webhooksQuery = queryOptions({
  queryKey: keys.webhooks,
  queryFn: ({ signal }) => requestJson<Page<WebhookEndpoint>>("GET", "/webhook-endpoints", { query: { limit: 100 }, signal }),
});

export function webhookQuery(id: string) {
  return queryOptions({
    queryKey: keys.webhook(id),
    queryFn: ({ signal }) => requestJson<WebhookEndpoint>("GET", `/webhook-endpoints/${encodeURIComponent(id)}`, { signal }),
  });
}

/** What an endpoint was told, newest first; looked at again as long as something waits. */
export function deliveriesQuery(endpointId: string, status: WebhookDeliveryStatus | undefined) {
  return infiniteQueryOptions({
    queryKey: [...keys.webhookDeliveries(endpointId), status ?? null],
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<WebhookDelivery>>("GET", "/webhook-deliveries", {
        query: { endpoint_id: endpointId, status, limit: 20, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => {
      const waits = query.state.data?.pages.some((page) => page.items.some((one) => one.status === "pending")) ?? false;
      return waits ? 2000 : false;
    },
  });
}

/** One of them with what was sent and answered. */
export function deliveryQuery(delivery: WebhookDelivery) {
  return queryOptions({
    // Another try is another answer.
    queryKey: [...keys.webhookDelivery(delivery.id), delivery.status, delivery.attempts, delivery.last_attempt_at],
    queryFn: ({ signal }) => requestJson<WebhookDeliveryDetails>("GET", `/webhook-deliveries/${delivery.id}`, { signal }),
  });
}

export const webhookCommands = {
  add: (json: { url: string; description?: string; events: WebhookEvent[] }) =>
    requestJson<IssuedWebhookSecret>("POST", "/webhook-endpoints", { json }),
  change: (id: string, json: WebhookEndpointChanges) =>
    requestJson<WebhookEndpoint>("PATCH", `/webhook-endpoints/${id}`, { json }),
  remove: (id: string) => request("DELETE", `/webhook-endpoints/${id}`),
  rotate: (id: string) => requestJson<IssuedWebhookSecret>("POST", `/webhook-endpoints/${id}/secrets`, { json: {} }),
  test: (id: string) => requestJson<WebhookDelivery>("POST", `/webhook-endpoints/${id}/test`),
  replay: (id: string) => requestJson<WebhookDelivery>("POST", `/webhook-deliveries/${id}/replay`),
  /** Everything that failed since then. */
  replayFailed: (id: string, from: string) =>
    requestJson<{ count: number }>("POST", `/webhook-endpoints/${id}/replay`, { json: { from, status: "failed" } }),
};
