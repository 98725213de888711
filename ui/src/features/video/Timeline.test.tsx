import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import type { VideoDetail } from "../../api/types";
import { VideoContext } from "./context";
import { PlayerStore } from "./player-store";
import { ChapterStrip } from "./Timeline";

const chapters = [0, 30_000].map((start_ms) => ({ title: `From ${start_ms}`, start_ms, end_ms: start_ms + 30_000 }));

function show(hls_url: string | null): PlayerStore {
  const player = new PlayerStore(60_000);
  const video = { playback: { hls_url, file_url: null } } as VideoDetail;
  render(
    <VideoContext value={{ video, player, transcript: undefined, speakers: new Map(), chapters }}>
      <ChapterStrip />
    </VideoContext>,
  );
  return player;
}

const marked = (): (string | null)[] => screen.queryAllByRole("button", { current: true }).map((one) => one.textContent);

afterEach(cleanup);

describe("the chapter that is reached", () => {
  it("is marked from the beginning of a recording on", () => {
    show("/stream.m3u8");
    expect(marked()).toEqual(["0:00From 0"]);
  });

  it("is marked without a recording once it was pressed, the first one too, or led to by an address", () => {
    const player = show(null);
    expect(marked()).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: /From 0/u }));
    expect(marked()).toEqual(["0:00From 0"]);
    act(() => player.seek(41_000));
    expect(marked()).toEqual(["0:30From 30000"]);
  });
});
