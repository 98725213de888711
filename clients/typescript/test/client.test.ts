import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoreelClient, ProblemError, ProcessingError, WaitTimeoutError } from "@memoreel/client";

type Answer = Response | Error;

/** A client that is answered in this order, and what it asked for. */
function answered(...answers: Answer[]): { client: MemoreelClient; asked: Request[] } {
  const asked: Request[] = [];
  const client = new MemoreelClient({
    url: "https://memoreel.example/",
    apiKey: "mrl_x",
    fetch: (request) => {
      asked.push(request);
      const answer = answers.shift();
      assert.ok(answer, `nothing is answered to ${request.url}`);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  return { client, asked };
}

const problem = (status: number, code: string): Response =>
  Response.json({ type: "/x", title: "T", status, code, detail: "It is so.", hint: "Do that." }, { status });

test("a request carries the key and what is asked for", async () => {
  const { client, asked } = answered(Response.json({ items: [], took_ms: 1, mode: "hybrid" }));
  await client.search('50 % & "more"', { limit: 3 });
  assert.equal(asked[0]?.headers.get("authorization"), "Bearer mrl_x");
  const url = new URL(asked[0]?.url ?? "");
  assert.equal(url.pathname, "/api/v1/search");
  assert.deepEqual([...url.searchParams].sort(), [["limit", "3"], ["q", '50 % & "more"']]);
});

test("a link is sent with what is said of its file", async () => {
  const made = { upload_id: "u", video_id: "v", asset_id: "a" };
  const { client, asked } = answered(Response.json(made, { status: 202 }));
  assert.deepEqual(await client.importFrom("https://bucket.example/talk.mp4?Signature=x", { title: "Talk" }), made);
  assert.equal(asked[0]?.method, "POST");
  assert.deepEqual(await asked[0].json(), { title: "Talk", url: "https://bucket.example/talk.mp4?Signature=x" });
});

test("a refusal has a code for programs and a sentence for people", async () => {
  const { client } = answered(problem(403, "forbidden"));
  const error = await client.me().catch((caught: unknown) => caught);
  assert.ok(error instanceof ProblemError);
  assert.deepEqual([error.status, error.code, error.message, error.isTransient], [403, "forbidden", "It is so. Do that.", false]);
});

test("what is at odds with how things stand is not sent again blindly", async () => {
  const { client } = answered(problem(409, "changed_meanwhile"), problem(409, "idempotency_key_in_use"), problem(423, "upload_locked"));
  const transient: boolean[] = [];
  for (let asked = 0; asked < 3; asked += 1) {
    const error = await client.me().catch((caught: unknown) => caught);
    assert.ok(error instanceof ProblemError);
    transient.push(error.isTransient);
  }
  assert.deepEqual(transient, [false, true, true]);
});

test("a proxy's page and a broken connection are problems, too", async () => {
  const page = new Response("<html>", { status: 502, headers: { "retry-after": "7" } });
  const { client } = answered(page, new TypeError("fetch failed"));
  const first = await client.me().catch((caught: unknown) => caught);
  assert.ok(first instanceof ProblemError);
  assert.deepEqual([first.code, first.retryAfterSeconds, first.isTransient], ["unexpected_answer", 7, true]);
  const second = await client.me().catch((caught: unknown) => caught);
  assert.ok(second instanceof ProblemError);
  assert.deepEqual([second.code, second.status], ["unreachable", 0]);
});

test("a server says in seconds or by a time how long it wants to be left alone", async () => {
  const date = "Sun, 01 Mar 2026 12:00:00 GMT";
  const waits: [string, number | null][] = [
    ["7", 7],
    ["0", 0],
    ["Sun, 01 Mar 2026 12:00:09 GMT", 9],
    ["Sun, 01 Mar 2026 11:59:00 GMT", 0],
    ["86400", 300],
    ["Sun, 01 Mar 2099 12:00:00 GMT", 300],
    ["-5", null],
    ["soon", null],
    ["soon GMT", null],
  ];
  for (const [askedFor, seconds] of waits) {
    const { client } = answered(new Response("", { status: 503, headers: { date, "retry-after": askedFor } }));
    const error = await client.me().catch((caught: unknown) => caught);
    assert.ok(error instanceof ProblemError);
    assert.equal(error.retryAfterSeconds, seconds, askedFor);
  }
  const later = new Date(Date.now() + 150_000).toUTCString();
  const { client } = answered(new Response("", { status: 503, headers: { "retry-after": later } }));
  const error = await client.me().catch((caught: unknown) => caught);
  assert.ok(error instanceof ProblemError && (error.retryAfterSeconds ?? 0) > 100 && (error.retryAfterSeconds ?? 0) <= 150);
});

test("all videos are read, page by page", async () => {
  const { client, asked } = answered(
    Response.json({ items: [{ id: "1" }, { id: "2" }], next_cursor: "c" }),
    Response.json({ items: [{ id: "3" }], next_cursor: null }),
  );
  const ids: string[] = [];
  for await (const video of client.videos({ title: "sync" })) ids.push(video.id);
  assert.deepEqual(ids, ["1", "2", "3"]);
  assert.equal(new URL(asked[1]?.url ?? "").search, "?title=sync&cursor=c");
});

test("waiting outlasts a server that is away, and ends with the video", async () => {
  const { client } = answered(
    Response.json({ status: "processing" }),
    new TypeError("fetch failed"),
    problem(503, "database_unavailable"),
    Response.json({ status: "completed", title: "Talk" }),
  );
  const seen: string[] = [];
  const video = await client.waitUntilReady("1", { pollMs: 1, onProgress: ({ status }) => seen.push(status) });
  assert.equal(video.title, "Talk");
  assert.deepEqual(seen, ["processing", "completed"]);
});

test("waiting leaves a server alone for as long as it asks for", async () => {
  const busy = new Response("", { status: 429, headers: { "retry-after": "1" } });
  const { client } = answered(busy, Response.json({ status: "completed" }));
  const begun = Date.now();
  await client.waitUntilReady("1", { pollMs: 1 });
  assert.ok(Date.now() - begun >= 900);
});

test("waiting ends with what failed, what is refused, and in time", async () => {
  const failed = answered(Response.json({ status: "failed", error: { code: "file_unreadable", message: "It is no recording." } }));
  await assert.rejects(failed.client.waitUntilReady("1"), (error) => error instanceof ProcessingError && error.code === "file_unreadable");
  await assert.rejects(answered(problem(404, "not_found")).client.waitUntilReady("1"), ProblemError);
  const slow = answered(Response.json({ status: "pending" }));
  await assert.rejects(slow.client.waitUntilReady("1", { timeoutMs: 5, pollMs: 50 }), WaitTimeoutError);
});

test("images and documents are waited for, too", async () => {
  const { client, asked } = answered(
    Response.json({ status: "pending" }),
    problem(503, "database_unavailable"),
    Response.json({ status: "ready", filename: "photo.jpg" }),
  );
  assert.equal((await client.waitUntilAssetReady("1", { pollMs: 1 })).filename, "photo.jpg");
  assert.deepEqual(asked.map(({ url }) => new URL(url).pathname), Array(3).fill("/api/v1/assets/1"));
  const broken = answered(Response.json({ status: "failed", error: { code: "image_unreadable", message: "It is no image." } }));
  await assert.rejects(broken.client.waitUntilAssetReady("1"), (error) => error instanceof ProcessingError && error.code === "image_unreadable");
  const slow = answered(Response.json({ status: "pending" }));
  await assert.rejects(slow.client.waitUntilAssetReady("1", { timeoutMs: 5, pollMs: 50 }), WaitTimeoutError);
});

test("a link opens the player at a second", () => {
  const { client } = answered();
  assert.equal(client.videoLink("1", 83.9), "https://memoreel.example/videos/1?t=83");
  assert.equal(client.videoLink("1"), "https://memoreel.example/videos/1");
});
