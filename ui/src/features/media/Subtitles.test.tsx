import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { Asset, SubtitlesTrack } from "../../api/types";
import { chooseAction, toasts } from "../../lib/toasts";
import { Subtitles } from "./Subtitles";

vi.mock("../uploads/choose", () => ({ pickFiles: () => Promise.resolve([new File(["WEBVTT"], "new.vtt")]) }));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  toasts.set(() => []);
});

const track = (language: string): SubtitlesTrack => ({
  language,
  name: language,
  is_forced: false,
  source: "added",
  url: `https://media.example.org/subtitles-${language}.vtt`,
});

/**
 * Shows a recording with these subtitles, adds a file in what is typed as a language, which the server takes as `taken`, with what `more` says of it,
 * and returns what is asked.
 */
async function add(shown: string[], typed: string, taken: string, isNew: boolean, more = (): void => undefined): Promise<string[]> {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (url: string, { method = "GET", body }: RequestInit = {}) => {
    if (url.endsWith(".vtt")) return Promise.resolve(new Response("WEBVTT old"));
    if (method === "GET") return Promise.resolve(Response.json({ items: shown.map(track) }));
    asked.push(`${method} ${url.replace(/^.*subtitles\//u, "")}${typeof body === "string" ? ` ${body}` : ""}`);
    if (method === "DELETE") return Promise.resolve(new Response(null, { status: 204 }));
    return Promise.resolve(Response.json({ ...track(taken), warnings: [] }, { status: isNew ? 201 : 200 }));
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Subtitles asset={{ id: "a1", version: 1, video_id: null } as unknown as Asset} editable />
    </QueryClientProvider>,
  );
  if (shown.length > 0) await screen.findAllByRole("listitem");
  fireEvent.change(screen.getByRole("combobox"), { target: { value: typed } });
  more();
  fireEvent.click(screen.getByRole("button", { name: /Add a file/u }));
  await vi.waitFor(() => expect(toasts.get()).toHaveLength(1));
  return asked;
}

function undo(): void {
  const [told] = toasts.get();
  if (told !== undefined) chooseAction(told.id);
}

it.each([
  ["deu", "de"],
  ["ger", "de"],
  ["DE", "de"],
  ["pt_br", "pt-BR"],
])("puts back what was replaced, where the language is typed as %s", async (typed, taken) => {
  const asked = await add(["fr", taken], typed, taken, false);
  expect(asked).toEqual([`PUT ${typed}`]);
  undo();
  await vi.waitFor(() => expect(asked).toEqual([`PUT ${typed}`, `PUT ${taken}?name=${taken} WEBVTT old`]));
});

it("removes again what was added", async () => {
  const asked = await add(["fr"], "deu", "de", true);
  undo();
  await vi.waitFor(() => expect(asked).toEqual(["PUT deu", "DELETE de"]));
});

it("offers no undoing where it does not know what was replaced", async () => {
  await add(["fr"], "de", "de", false);
  expect(toasts.get()[0]?.text).toContain("replaced");
  expect(toasts.get()[0]?.action).toBeUndefined();
});

it("sends the name and what they are for, and asks for both anew", async () => {
  const name = (): HTMLInputElement => screen.getByLabelText(/^Name/u);
  const forced = (): HTMLInputElement => screen.getByLabelText("Signs and foreign speech only");
  const asked = await add(["fr"], "de", "de", true, () => {
    fireEvent.change(name(), { target: { value: " Schilder " } });
    fireEvent.click(forced());
  });
  expect(asked).toEqual(["PUT de?name=Schilder&is_forced=true"]);
  await vi.waitFor(() => expect([name().value, forced().checked]).toEqual(["", false]));
});
