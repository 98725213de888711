import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Toasts } from "../components/Toasts";
import { addFiles, uploads } from "../features/uploads/manager";
import { PlayerStore } from "../features/video/player-store";
import { connectStream } from "../features/video/stream";
import { watchParts } from "../lib/outdated";
import { strings } from "../strings";

vi.mock("tus-js-client", () => {
  throw new Error("Failed to fetch dynamically imported module");
});
vi.mock("hls.js", () => {
  throw new Error("Failed to fetch dynamically imported module");
});

afterEach(() => {
  cleanup();
  localStorage.clear();
  uploads.set([]);
});

describe("a part of the app that does not come", () => {
  it("fails the upload that needs it, which can be tried again", async () => {
    addFiles([{ file: new File(["1234"], "call.mp4", { type: "video/mp4" }) }]);
    await vi.waitFor(() => expect(uploads.get()).toMatchObject([{ state: "failed" }]));
    expect(uploads.get()[0]?.problem?.detail).toBe(strings.upload.notLoaded);
  });

  it("without a connection is waited for", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    addFiles([{ file: new File(["1234"], "call.mp4", { type: "video/mp4" }) }]);
    await vi.waitFor(() => expect(uploads.get()).toMatchObject([{ state: "offline" }]));
  });

  it("stops the player with words", async () => {
    const player = new PlayerStore(1000);
    connectStream(document.createElement("video"), "/media/v1/master.m3u8", player);
    await vi.waitFor(() => expect(player.state().failed).toBe(true));
  });

  it("has a reload offered, once", () => {
    watchParts();
    render(<Toasts />);
    const fail = (): void => act(() => void window.dispatchEvent(new Event("vite:preloadError")));
    fail();
    expect(screen.getByRole("status").textContent).toContain(strings.errors.outdated);
    expect(screen.getByRole("button", { name: strings.errors.reload })).toBeDefined();
    fireEvent.click(screen.getByRole("button", { name: strings.common.dismiss }));
    fail();
    expect(screen.queryByRole("button", { name: strings.errors.reload })).toBeNull();
  });
});
