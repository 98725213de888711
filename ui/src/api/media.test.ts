import { afterEach, describe, expect, it, vi } from "vitest";
import { mediaCommands } from "./media";

/** Answers one after the other. */
function stubFetch(...answers: Response[]) {
  const stub = vi.fn<typeof fetch>(() => Promise.resolve(answers.shift() ?? new Response(null, { status: 500 })));
  vi.stubGlobal("fetch", stub);
  return stub;
}

const gone = (): Response => new Response(null, { status: 204 });
const refused = (status: number, headers = {}): Response => new Response("", { status, headers });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("deleting many for good", () => {
  it("takes what is gone already for done, and says what went before something is refused", async () => {
    stubFetch(gone(), refused(404), refused(503));
    const seen: number[] = [];
    const { done, error } = await mediaCommands.deleteForGood(["a", "b", "c", "d"], { onProgress: (count) => seen.push(count) });
    expect(done).toEqual(["a", "b"]);
    expect(error).toMatchObject({ status: 503 });
    expect(seen).toEqual([1, 2]);
  });

  it("ends with the one that is on its way when it is told to stop", async () => {
    const stub = stubFetch(gone(), gone(), gone());
    const stop = new AbortController();
    const onProgress = (count: number): void => {
      if (count === 2) stop.abort();
    };
    const outcome = await mediaCommands.deleteForGood(["a", "b", "c"], { onProgress, stop: stop.signal });
    expect(outcome).toEqual({ done: ["a", "b"], error: null });
    expect(stub).toHaveBeenCalledTimes(2);
  });

  it("waits as long as the server asks for", async () => {
    vi.useFakeTimers();
    const stub = stubFetch(refused(429, { "Retry-After": "3" }), gone());
    const outcome = mediaCommands.deleteForGood(["a"]);
    await vi.advanceTimersByTimeAsync(2900);
    expect(stub).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await outcome).toEqual({ done: ["a"], error: null });
  });
});

it("what was done to the first fifty is told when the next are refused", async () => {
  const ids = Array.from({ length: 60 }, (_, index) => `f${index}`);
  const items = ids.slice(0, 50).map((id) => ({ id, status: 204 }));
  stubFetch(Response.json({ items }), refused(503));
  const { done, error } = await mediaCommands.batch("delete", ids);
  expect(done).toHaveLength(50);
  expect(error).toMatchObject({ status: 503 });
});
