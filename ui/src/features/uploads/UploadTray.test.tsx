import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { meQuery } from "../../api/me";
import type { Me } from "../../api/types";
import { queryClient } from "../../app/query-client";
import { strings } from "../../strings";
import { followImport, setUploader } from "./manager";
import { UploadTray } from "./UploadTray";

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

beforeEach(() => {
  localStorage.clear();
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
