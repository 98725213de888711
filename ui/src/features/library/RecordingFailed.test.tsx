import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { VideoDetail } from "../../api/types";
import { strings } from "../../strings";
import { RecordingFailed } from "./RecordingFailed";

const TORN = { id: "v1", playable: false, error: { code: "media_damaged", message: "The file is damaged." } } as VideoDetail;
const OVERLOADED = { ...TORN, playable: true, error: { code: "engine_away", message: "The engine did not answer." } } as VideoDetail;

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** Shows the notice, and what it sends. */
function show(video: VideoDetail, editable: boolean, more?: string): string[] {
  const sent: string[] = [];
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => {
    sent.push(`${init.method ?? ""} ${address}`);
    return Promise.resolve(new Response(JSON.stringify(video)));
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RecordingFailed video={video} editable={editable}>
        {more === undefined ? undefined : <button type="button">{more}</button>}
      </RecordingFailed>
    </QueryClientProvider>,
  );
  return sent;
}

it("says why, and tries again when asked where that may help", async () => {
  const sent = show(OVERLOADED, true);
  expect(screen.getByRole("alert").textContent).toContain(`The engine did not answer. ${strings.video.failedPlayable}`);
  fireEvent.click(screen.getByRole("button", { name: strings.video.retry }));
  await waitFor(() => expect(sent).toContain("POST /api/v1/videos/v1/retry"));
});

it("offers what else there is alone where another try changes nothing", () => {
  show(TORN, true, "Replace");
  expect(screen.getByRole("alert").textContent).not.toContain(strings.video.failedPlayable);
  expect(screen.getAllByRole("button").map((button) => button.textContent)).toEqual(["Replace"]);
});

it("offers nothing to whoever may only look", () => {
  show(OVERLOADED, false, "Replace");
  expect(screen.queryAllByRole("button")).toEqual([]);
});
