import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { addFiles, setUploader, uploads } from "./manager";

vi.mock("tus-js-client", () => {
  class DetailedError extends Error {
    originalResponse = { getStatus: () => 502, getBody: () => "<html>502 Bad Gateway</html>" };
  }
  class Upload {
    url = null;
    constructor(_file: File, private readonly options: { onError: (error: Error) => void }) {}
    start(): void {
      this.options.onError(new DetailedError("tus: unexpected response"));
    }
    abort(): Promise<void> {
      return Promise.resolve();
    }
  }
  return { Upload, DetailedError };
});

beforeEach(() => {
  localStorage.clear();
  setUploader("u1");
});

afterEach(() => {
  setUploader(null);
  vi.unstubAllGlobals();
});

it.each([
  ["a recording", new File(["1234"], "call.mp4", { type: "video/mp4" })],
  ["a transcript", new File(["WEBVTT"], "call.vtt")],
])("%s waits for a server that a proxy says is away, and does not fail", async (_kind, file) => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>502 Bad Gateway</html>", { status: 502 })));
  addFiles([{ file }]);
  await vi.waitFor(() => expect(uploads.get()).toMatchObject([{ state: "offline", problem: null }]));
});
