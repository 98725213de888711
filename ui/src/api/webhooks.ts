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

const REPLAY_WAIT_MS = 1000;
/** A receiver has thirty seconds to answer. */
const REPLAY_WAITS_MAX = 35;

/** Whether it is sent now, with all its tries. */
export function isDue({ status, attempts, next_attempt_at }: WebhookDelivery): boolean {
  return status === "pending" && attempts === 0 && next_attempt_at !== null;
}

export const webhookCommands = {
  add: (json: { url: string; description?: string; events: WebhookEvent[] }) =>
    requestJson<IssuedWebhookSecret>("POST", "/webhook-endpoints", { json }),
  change: (id: string, json: WebhookEndpointChanges) =>
    requestJson<WebhookEndpoint>("PATCH", `/webhook-endpoints/${id}`, { json }),
  remove: (id: string) => request("DELETE", `/webhook-endpoints/${id}`),
  rotate: (id: string) => requestJson<IssuedWebhookSecret>("POST", `/webhook-endpoints/${id}/secrets`, { json: {} }),
  test: (id: string) => requestJson<WebhookDelivery>("POST", `/webhook-endpoints/${id}/test`),
  /**
   * The server leaves alone what is being sent at this moment, and what fails then is tried again minutes later: so it is asked until that
   * is over.
   */
  replay: async (id: string): Promise<WebhookDelivery> => {
    for (let waits = 0; ; waits += 1) {
      const delivery = await requestJson<WebhookDelivery>("POST", `/webhook-deliveries/${id}/replay`);
      if (isDue(delivery) || waits === REPLAY_WAITS_MAX) return delivery;
      await new Promise((resolve) => setTimeout(resolve, REPLAY_WAIT_MS));
    }
  },
  /** Everything that failed since then. */
  replayFailed: (id: string, from: string) =>
    requestJson<{ count: number }>("POST", `/webhook-endpoints/${id}/replay`, { json: { from, status: "failed" } }),
};
