import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { meQuery } from "../../api/me";
import type { Me } from "../../api/types";
import { queryClient } from "../../app/query-client";
import { strings } from "../../strings";
import { followImport, setUploader, uploads, type UploadEntry } from "./manager";
import { UploadTray } from "./UploadTray";

/** These tests have no pages to lead to. */
vi.mock("@tanstack/react-router", async (importOriginal) => ({
  ...(await importOriginal<typeof import("@tanstack/react-router")>()),
  Link: ({ to, children }: { to: string; children: ReactNode }) => <a href={to}>{children}</a>,
}));

const answer = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });
const row = (): HTMLElement => screen.getByRole("listitem");

const answerTo = (width: number) => (query: string) => ({
  matches: width <= Number(/max-width: (\d+)px/u.exec(query)?.[1]),
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
});

function show(width = 1440): void {
  vi.stubGlobal("matchMedia", answerTo(width));
  const client = new QueryClient({ defaultOptions: queryClient.getDefaultOptions() });
  client.setQueryData(meQuery.queryKey, { user: { id: "u1" } } as Me);
  client.setQueryDefaults(meQuery.queryKey, { staleTime: Infinity });
  render(
    <QueryClientProvider client={client}>
      <Tooltip.Provider>
        <UploadTray />
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

const entry = (part: Partial<UploadEntry> & { key: string }): UploadEntry => ({
  filename: `${part.key}.mp4`,
  size_bytes: 100,
  sent_bytes: 0,
  speed: 0,
  state: "uploading",
  kind: "video",
  video_id: null,
  asset_id: null,
  replaces: false,
  organization_id: null,
  problem: null,
  ...part,
});
const received = (part: Partial<UploadEntry> & { key: string }): UploadEntry => entry({ sent_bytes: 100, state: "received", ...part });

/** Shows these on a phone, where the server answers with what is made of them. */
async function showOnPhone(entries: UploadEntry[], made: Record<string, unknown> = {}): Promise<void> {
  vi.stubGlobal("fetch", (address: string) => Promise.resolve(answer(200, made[address.split("/").at(-1) ?? ""])));
  show(375);
  act(() => uploads.set(entries));
  await act(() => vi.advanceTimersByTimeAsync(100));
}

/** jsdom lays nothing out. */
const NoResizes = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};

beforeEach(() => {
  vi.stubGlobal("ResizeObserver", NoResizes);
  localStorage.clear();
  sessionStorage.clear();
  vi.useFakeTimers();
  setUploader("u1");
});

afterEach(() => {
  cleanup();
  setUploader(null);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("what was received", () => {
  it("is over once it is deleted while it is processed: it is asked for no more, and can be dismissed", async () => {
    let deleted = false;
    const fetched = vi.fn((_address: string) =>
      Promise.resolve(
        deleted
          ? answer(404, { title: "Not found", code: "not_found", detail: "There is no such video." })
          : answer(200, { id: "v1", status: "processing", stage: null, progress: 40, error: null, playable: false }),
      ),
    );
    vi.stubGlobal("fetch", fetched);
    followImport({ upload_id: "u1", video_id: "v1" }, "call.mp4", "video");
    show();
    await act(() => vi.advanceTimersByTimeAsync(100));
    expect(row().textContent).toContain("40 %");
    expect(screen.getByRole("button", { name: strings.common.dismiss })).toBeDefined();

    deleted = true;
    await act(() => vi.advanceTimersByTimeAsync(5000));
    expect(row().textContent).toContain(strings.upload.gone);
    const asked = fetched.mock.calls.length;
    await act(() => vi.advanceTimersByTimeAsync(60_000));
    expect(fetched.mock.calls.length).toBe(asked);

    fireEvent.click(screen.getByRole("button", { name: strings.common.dismiss }));
    expect(screen.queryByRole("listitem")).toBeNull();
  });

  it("is still shown after a reload while it is processed, and no more once that is over", async () => {
    const video = { id: "v1", status: "processing", stage: null, progress: 40, error: null, playable: false };
    vi.stubGlobal("fetch", () => Promise.resolve(answer(200, video)));
    followImport({ upload_id: "u1", video_id: "v1" }, "call.mp4", "video");
    const reload = async (): Promise<void> => {
      cleanup();
      setUploader(null);
      show();
      await act(() => vi.advanceTimersByTimeAsync(100));
    };
    await reload();
    expect(row().textContent).toContain("40 %");
    video.status = "completed";
    await reload();
    expect(row().textContent).toContain(strings.status.completed);
    await reload();
    expect(screen.queryByRole("listitem")).toBeNull();

    followImport({ upload_id: "u1", video_id: "v1" }, "call.mp4", "video");
    setUploader("u2");
    expect(uploads.get()).toEqual([]);
  });

  it("is one line on a phone, which says how far it is and opens", async () => {
    const video = { id: "v1", status: "processing", stage: null, progress: 40, error: null, playable: false };
    vi.stubGlobal("fetch", () => Promise.resolve(answer(200, video)));
    followImport({ upload_id: "u1", video_id: "v1" }, "call.mp4", "video");
    show(375);
    await act(() => vi.advanceTimersByTimeAsync(100));
    const title = strings.upload.summaryProcessing(1);
    expect(screen.queryByRole("listitem")).toBeNull();
    expect(screen.getByRole("progressbar", { name: title }).getAttribute("aria-valuenow")).toBe("40");

    fireEvent.click(screen.getByRole("button", { name: strings.upload.expand }));
    expect(row().textContent).toContain("call.mp4");
    expect(screen.queryByRole("progressbar", { name: title })).toBeNull();
  });
});

describe("the line of several files", () => {
  const share = (title: string): HTMLElement => screen.getByRole("progressbar", { name: title });

  it("weighs by their size those that are on their way, and no others", async () => {
    await showOnPhone(
      [
        entry({ key: "large", size_bytes: 900, sent_bytes: 90 }),
        entry({ key: "small", sent_bytes: 60 }),
        entry({ key: "paused", sent_bytes: 90, state: "paused" }),
        received({ key: "over", video_id: "v1" }),
      ],
      { v1: { id: "v1", status: "completed", progress: 100 } },
    );
    const line = share(strings.upload.summaryActive(2));
    expect(line.getAttribute("aria-valuenow")).toBe("15");
    expect(line.className).toContain("progress--live");
  });

  it("stands still while none of them is sent", async () => {
    await showOnPhone([entry({ key: "one", sent_bytes: 50, state: "queued" })]);
    expect(share(strings.upload.summaryActive(1)).className).toContain("progress--still");
  });

  it("is the mean of those that are processed, and calls no image a recording", async () => {
    const recordings = [received({ key: "call", video_id: "v1" }), received({ key: "talk", video_id: "v2" })];
    const image = received({ key: "sign", kind: "image", asset_id: "a1" });
    const made = {
      v1: { id: "v1", status: "processing", progress: 40 },
      v2: { id: "v2", status: "completed", progress: 100 },
      a1: { id: "a1", status: "pending" },
    };
    await showOnPhone(recordings, made);
    expect(share(strings.upload.summaryProcessing(1)).getAttribute("aria-valuenow")).toBe("40");
    cleanup();
    await showOnPhone([...recordings, image], made);
    expect(share(strings.upload.summaryProcessingFiles(2)).getAttribute("aria-valuenow")).toBe("20");
  });
});

describe("what does not go well", () => {
  const opened: [string, UploadEntry, string][] = [
    ["an upload that failed", entry({ key: "one", state: "failed" }), strings.upload.summaryWaiting(1)],
    ["one whose file is needed", entry({ key: "one", state: "needs-file" }), strings.upload.summaryWaiting(1)],
    ["one without a connection", entry({ key: "one", state: "offline" }), strings.upload.summaryActive(1)],
    ["a recording that failed", received({ key: "one", video_id: "failed" }), strings.upload.summaryFailed(1)],
    ["an image that failed", received({ key: "one", kind: "image", asset_id: "failed" }), strings.upload.summaryFailed(1)],
    ["a file that did not replace another", received({ key: "one", kind: "document", asset_id: "kept" }), strings.upload.summaryFailed(1)],
    [
      "a recording that did not replace that of a video, which goes on",
      received({ key: "one", replaces: true, video_id: "done", asset_id: "kept" }),
      strings.upload.summaryFailed(1),
    ],
  ];

  it.each(opened)("is told on a phone without being asked for, and what was received of it can be opened: %s", async (_what, one, title) => {
    await showOnPhone([one], {
      failed: { id: "failed", status: "failed", error: { message: "It is broken." } },
      done: { id: "done", status: "completed" },
      kept: { id: "kept", status: "ready", replacement: { status: "failed", error: { message: "It is broken." } } },
    });
    expect(screen.getByRole("status").textContent).toBe(title);
    expect(screen.getAllByRole("listitem").length).toBe(1);
    if (one.state === "received") {
      expect(row().textContent).toContain("It is broken.");
      expect(screen.getByRole("link", { name: strings.upload.open })).toBeDefined();
    }

    fireEvent.click(screen.getByRole("button", { name: strings.upload.minimise }));
    expect(screen.queryByRole("listitem"), "whoever closed it keeps it closed").toBeNull();
  });
});
