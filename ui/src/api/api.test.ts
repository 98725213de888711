import { afterEach, describe, expect, it, vi } from "vitest";
import { apiAddress, ApiError, parseProblem, requestJson, setOrganization } from "./client";
import { readEvents } from "./events";

function stubFetch(answer: Response) {
  const stub = vi.fn<typeof fetch>(() => Promise.resolve(answer));
  vi.stubGlobal("fetch", stub);
  return stub;
}

afterEach(() => {
  vi.unstubAllGlobals();
  setOrganization(null);
});

describe("a request", () => {
  it("carries the header that proves it comes from the app, and the chosen organization", async () => {
    const stub = stubFetch(Response.json({}));
    setOrganization("7f0c");
    await requestJson("PATCH", "/videos/1", { json: { title: "x" } });
    const headers = new Headers(stub.mock.calls[0]?.[1]?.headers);
    expect(headers.get("X-Memoreel-Request")).toBe("1");
    expect(headers.get("Memoreel-Organization")).toBe("7f0c");
    expect(headers.get("Content-Type")).toBe("application/json");
  });

  it("leaves out what is not set", () => {
    expect(apiAddress("/videos", { cursor: null, title: "", limit: 20, sort: undefined })).toBe("/api/v1/videos?limit=20");
  });

  it("that is refused says why", async () => {
    stubFetch(
      new Response(JSON.stringify({ title: "Refused", status: 409, code: "email_taken", detail: "d", request_id: "r1" }), { status: 409 }),
    );
    const error = await requestJson("POST", "/users", { json: {} }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toBe("email_taken");
    expect((error as ApiError).problem.request_id).toBe("r1");
  });

  it("that never arrives is a problem with advice, not a crash", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    const error = await requestJson("GET", "/me").catch((caught: unknown) => caught);
    expect((error as ApiError).status).toBe(0);
    expect((error as ApiError).problem.hint).toBeTruthy();
  });

  it("answered by something that is not the server still has a request id to pass on", () => {
    const problem = parseProblem("<html>502 Bad Gateway</html>", 502, "abc");
    expect(problem).toMatchObject({ status: 502, request_id: "abc", code: "unexpected_answer" });
  });
});

describe("the event stream", () => {
  it("is understood however the network cuts it", async () => {
    const text = ': hi\n\nevent: video\ndata: {"video_id":"é"}\n\nevent: videos\r\ndata: {}\r\n\r\n';
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const events: [string, string][] = [];
    await readEvents(body, () => undefined, (name, data) => events.push([name, data]));
    expect(events).toEqual([
      ["video", '{"video_id":"é"}'],
      ["videos", "{}"],
    ]);
  });
});
