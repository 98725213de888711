import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Asset } from "../../api/types";
import { Thumb } from "./Thumb";

const asked = vi.fn();
let address: string | null;

beforeEach(() => {
  asked.mockReset();
  address = "https://media.example.org/media/p/1.webp";
  vi.stubGlobal("fetch", (url: string) => {
    asked(url);
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

function show(format: string, status = "ready"): void {
  const asset = { id: "a1", version: "1", kind: "document", status, deleted_at: null, duration_seconds: null, document: { format } };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Thumb asset={asset as unknown as Asset} />
    </QueryClientProvider>,
  );
}

it.each(["pdf", "docx", "odt", "pptx", "odp", "html", "markdown", "text"])("shows the first page of a document in %s", async (format) => {
  show(format);
  await vi.waitFor(() => expect(document.querySelector("img")?.getAttribute("src")).toBe("/media/p/1.webp"));
});

it("shows none where the page has no picture", async () => {
  address = null;
  show("markdown");
  await vi.waitFor(() => expect(asked).toHaveBeenCalled());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(document.querySelector("img")).toBeNull();
});

it("asks for no picture of what is still read", async () => {
  show("markdown", "pending");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).not.toHaveBeenCalled();
});
