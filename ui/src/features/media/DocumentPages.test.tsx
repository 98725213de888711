import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { Asset } from "../../api/types";
import { DocumentPages } from "./DocumentPages";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(items: object[]): void {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ items, next_cursor: null })));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <DocumentPages asset={{ id: "a1", version: "1" } as unknown as Asset} none={<p>nothing</p>} />
    </QueryClientProvider>,
  );
}

it("shows what a page looks like, reads it out, and shows its words where the picture does not come", async () => {
  show([{ page_number: 1, image_url: "https://media.example.org/media/p/1.webp", width: 1236, height: 1600, text: "The budget" }]);
  const words = await screen.findByText("The budget");
  expect(words.className).toBe("visually-hidden");
  const picture = document.querySelector("img");
  expect(picture?.getAttribute("src")).toBe("/media/p/1.webp");
  if (picture) fireEvent.error(picture);
  expect(screen.getByText("The budget").className).toContain("pages__text");
});

it("shows the words of a document that has no pictures", async () => {
  show([{ page_number: 1, image_url: null, width: null, height: null, text: "We freeze it." }]);
  expect((await screen.findByText("We freeze it.")).className).toContain("pages__text");
});

it("says so where there are no pages", async () => {
  show([]);
  expect(await screen.findByText("nothing")).toBeDefined();
});

it("goes on to the page that was found, however far behind it is", async () => {
  const shown = vi.fn();
  Element.prototype.scrollIntoView = shown;
  const page = (page_number: number) => ({ page_number, image_url: null, width: null, height: null, text: `Words of ${String(page_number)}` });
  vi.stubGlobal("fetch", (url: string) => {
    const from = Number(/cursor=(\d+)/u.exec(url)?.[1] ?? 1);
    return Promise.resolve(Response.json({ items: [page(from), page(from + 1)], next_cursor: from < 5 ? String(from + 2) : null }));
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <DocumentPages asset={{ id: "a1", version: "1" } as unknown as Asset} page={4} none={<p>nothing</p>} />
    </QueryClientProvider>,
  );
  const found = (await screen.findByText("Words of 4")).closest("li");
  expect(found?.getAttribute("aria-current")).toBe("location");
  await vi.waitFor(() => expect(shown.mock.instances).toEqual([found]));
  expect(screen.queryByText("Words of 5")).toBeNull();
});
