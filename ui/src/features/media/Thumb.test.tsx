import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Asset } from "../../api/types";
import { Thumb } from "./Thumb";

const asked = vi.fn();
let address: string | null;
/** What the server says of a recording. */
let video: object;

beforeEach(() => {
  asked.mockReset();
  address = "https://media.example.org/media/p/1.webp";
  vi.stubGlobal("fetch", (url: string) => {
    asked(url);
    if (url.includes("/videos/")) return Promise.resolve(Response.json(video));
    const page = { page_number: 1, image_url: address, width: 1131, height: 1600, text: "" };
    return Promise.resolve(Response.json({ items: [page], next_cursor: null }));
  });
  // Everything is near the window.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(private readonly seen: (entries: { isIntersecting: boolean }[]) => void) {}
      observe() {
        this.seen([{ isIntersecting: true }]);
      }
      disconnect() {
        return undefined;
      }
    },
  );
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const FILE = { id: "a1", version: "1", status: "ready", deleted_at: null, duration_seconds: null, video_id: null, document: null };

function show(changes: object): void {
  const asset = { ...FILE, ...changes };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Thumb asset={asset as unknown as Asset} />
    </QueryClientProvider>,
  );
}

it.each(["pdf", "docx", "odt", "pptx", "odp", "html", "markdown", "text"])("shows the first page of a document in %s", async (format) => {
  show({ kind: "document", document: { format } });
  await vi.waitFor(() => expect(document.querySelector("img")?.getAttribute("src")).toBe("/media/p/1.webp"));
});

it("shows none where the page has no picture", async () => {
  address = null;
  show({ kind: "document", document: { format: "markdown" } });
  await vi.waitFor(() => expect(asked).toHaveBeenCalled());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(document.querySelector("img")).toBeNull();
});

it("asks for no picture of what is still read", async () => {
  show({ kind: "document", status: "pending", document: { format: "markdown" } });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).not.toHaveBeenCalled();
});

it.each([
  ["failed", "Failed"],
  ["processing", "Processing"],
])("says of a recording that it is %s, although its file is kept", async (status, words) => {
  video = { id: "v1", status, poster_url: null };
  show({ kind: "audio", video_id: "v1" });
  await vi.waitFor(() => expect(document.body.textContent).toBe(words));
});

it("asks nothing more about sound that was read", async () => {
  show({ kind: "audio", video_id: "v1", duration_seconds: 53 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).not.toHaveBeenCalled();
  expect(document.body.textContent).toBe("0:53");
});
