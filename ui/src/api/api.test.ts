import { afterEach, describe, expect, it, vi } from "vitest";
import { apiAddress, ApiError, fieldErrors, isAway, parseProblem, requestJson, setOrganization } from "./client";
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

  it("can be about another organization than the chosen one, also about the personal one", async () => {
    const stub = stubFetch(Response.json({}));
    setOrganization("7f0c");
    await requestJson("GET", "/me", { organization: "91aa" });
    stub.mockResolvedValue(Response.json({}));
    await requestJson("GET", "/me", { organization: null });
    const sent = stub.mock.calls.map(([, init]) => new Headers(init?.headers).get("Memoreel-Organization"));
    expect(sent).toEqual(["91aa", null]);
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
    expect(parseProblem("", 500, "abc").hint).toContain("request id");
    expect(parseProblem("", 500).hint).not.toContain("request id");
  });

  it("answered by a proxy alone is as good as none, and one that the server refuses is not", () => {
    expect(isAway(parseProblem("<html>502 Bad Gateway</html>", 502))).toBe(true);
    expect(isAway(parseProblem("", 500))).toBe(false);
    expect(isAway(parseProblem(JSON.stringify({ title: "Too busy", status: 503, code: "overloaded" }), 503))).toBe(false);
  });
});

describe("a refusal", () => {
  const refusal = (part: object) =>
    new ApiError({ ...parseProblem("", 422), detail: "It is taken.", ...part });
  const FIELDS = { slug_taken: "slug", name_invalid: "name" } as const;

  it("is told at the field that its code is about", () => {
    expect(fieldErrors(refusal({ code: "slug_taken" }), FIELDS)).toEqual({ slug: "It is taken." });
  });

  it("that names its fields is told at those it shares with the form", () => {
    const errors = [
      { field: "name", detail: "Too long." },
      { field: "color", detail: "Unknown." },
    ];
    expect(fieldErrors(refusal({ code: "body_invalid", errors }), FIELDS)).toEqual({ name: "Too long." });
  });

  it("of another kind belongs to no field", () => {
    expect(fieldErrors(refusal({ code: "forbidden" }), FIELDS)).toEqual({});
    expect(fieldErrors(new Error("bug"), FIELDS)).toEqual({});
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
