import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isDue, webhookCommands } from "./webhooks";

const failing = { id: "d1", status: "pending", attempts: 1, next_attempt_at: null };
const due = { ...failing, attempts: 0, next_attempt_at: "2026-11-30T12:00:00Z" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function stubAnswers(answer: (time: number) => object) {
  let time = 0;
  const stub = vi.fn(() => Promise.resolve(Response.json(answer((time += 1)))));
  vi.stubGlobal("fetch", stub);
  return stub;
}

it("what is on its way is sent again once that is over", async () => {
  // At first a try is on its way, then it has failed and the next is minutes away.
  const stub = stubAnswers((time) => [failing, { ...due, attempts: 2 }, due][time - 1] ?? {});
  const replayed = webhookCommands.replay("d1");
  await vi.advanceTimersByTimeAsync(900);
  expect(stub).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1200);
  expect(isDue(await replayed)).toBe(true);
  expect(stub).toHaveBeenCalledTimes(3);
});

it("what never ends is not asked about for ever", async () => {
  const stub = stubAnswers(() => failing);
  const replayed = webhookCommands.replay("d1");
  await vi.advanceTimersByTimeAsync(120_000);
  expect(isDue(await replayed)).toBe(false);
  expect(stub).toHaveBeenCalledTimes(36);
});
