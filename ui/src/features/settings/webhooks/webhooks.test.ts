import { describe, expect, it } from "vitest";
import { WEBHOOK_EVENTS, type WebhookDelivery } from "../../../api/types";
import { strings } from "../../../strings";
import { facts, statusName } from "./Deliveries";

function delivery(changes: Partial<WebhookDelivery>): WebhookDelivery {
  return {
    id: "d1",
    endpoint_id: "e1",
    event: "video.completed",
    video_id: "v1",
    status: "delivered",
    attempts: 1,
    next_attempt_at: null,
    last_attempt_at: "2026-11-26T12:00:01Z",
    response_status: 204,
    error_code: null,
    duration_ms: 12,
    created_at: "2026-11-26T12:00:00Z",
    ...changes,
  };
}

describe("what became of a delivery", () => {
  it("says how it was answered, how often it was sent and how long that took", () => {
    expect(facts(delivery({}))).toBe("answered 204 · 1 try · 12 ms");
    const failed = delivery({ status: "failed", attempts: 8, response_status: null, error_code: "timed_out", duration_ms: 30_000 });
    expect(facts(failed)).toBe("no answer in time · 8 tries · 30000 ms");
  });

  it("tells what waits for its first try from what was not taken", () => {
    expect(statusName({ status: "pending", attempts: 0 })).toBe("Waiting");
    expect(statusName({ status: "pending", attempts: 2 })).toBe("Retrying");
    expect(statusName({ status: "failed", attempts: 8 })).toBe("Failed");
  });

  it("says when it is sent next, and when it is being sent", () => {
    const waiting = { status: "pending", attempts: 0, response_status: null, duration_ms: null } as const;
    expect(facts(delivery(waiting))).toBe("being sent");
    expect(facts(delivery({ ...waiting, next_attempt_at: "2026-11-26T12:00:05Z" }))).toMatch(/^next try /u);
    const off = delivery({ ...waiting, status: "failed", error_code: "endpoint_inactive" });
    expect(facts(off)).toBe("switched off before it was sent");
  });
});

describe("events", () => {
  it("have words of their own", () => {
    const words = WEBHOOK_EVENTS.map((event) => strings.webhooks.description_of[event]);
    expect(new Set(words).size).toBe(WEBHOOK_EVENTS.length);
    expect(words).not.toContain(undefined);
  });
});
