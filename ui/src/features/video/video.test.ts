import { beforeEach, describe, expect, it } from "vitest";
import type { KeyFrame, Segment, Speaker } from "../../api/types";
import { frameAt } from "./frames";
import { PlayerStore } from "./player-store";
import { toChapter } from "./shortcuts";
import { buildLanes } from "./Timeline";
import { resample } from "./Waveform";
import { markPieces, placeWords } from "./words";

function segment(part: Partial<Segment>): Segment {
  return {
    id: "s",
    index: 0,
    start_ms: 0,
    end_ms: 1000,
    speaker_id: "a",
    speaker_uncertain: false,
    text: "",
    confidence: null,
    words: [],
    cue_identifier: null,
    cue_settings: null,
    ...part,
  };
}

const word = (text: string, start_ms: number) => ({ text, start_ms, end_ms: start_ms + 100, interpolated: false });
const shown = (text: string, pieces: readonly { start: number; end: number }[]) =>
  pieces.map((piece) => text.slice(piece.start, piece.end)).join("");

describe("words in a segment's text", () => {
  it("are found in order, also when one occurs twice", () => {
    const text = "ask not, ask what";
    const pieces = placeWords(segment({ text, words: [word("ask", 0), word("not,", 100), word("ask", 200), word("what", 300)] }));
    expect(pieces.filter((piece) => piece.word >= 0).map((piece) => piece.start)).toEqual([0, 4, 9, 13]);
    expect(shown(text, pieces)).toBe(text);
  });

  it("that were corrected away lose their time but no text is lost", () => {
    const text = "a corrected line";
    const pieces = placeWords(segment({ text, words: [word("a", 0), word("wrong", 100), word("line", 200)] }));
    expect(pieces.filter((piece) => piece.word >= 0).map((piece) => piece.word)).toEqual([0, 2]);
    expect(shown(text, pieces)).toBe(text);
  });

  it("are cut where a match begins and ends, even across words", () => {
    const text = "remote control";
    const marked = markPieces(placeWords(segment({ text, words: [word("remote", 0), word("control", 100)] })), [{ start: 3, end: 10 }]);
    expect(shown(text, marked)).toBe(text);
    expect(shown(text, marked.filter((piece) => piece.match === 0))).toBe("ote con");
  });
});

describe("speaker lanes", () => {
  const speakers = new Map<string, Speaker>([
    ["a", { id: "a", label: "Speaker 1", name: null, hue: 0 }],
    ["b", { id: "b", label: "Speaker 2", name: "Bo", hue: 1 }],
    ["silent", { id: "silent", label: "Speaker 3", name: null, hue: 2 }],
  ]);

  it("show only who speaks, with their share of what is said", () => {
    const lanes = buildLanes(
      [
        segment({ start_ms: 0, end_ms: 3000 }),
        segment({ start_ms: 5000, end_ms: 6000, speaker_id: "b" }),
        segment({ start_ms: 6000, end_ms: 7000, speaker_id: null }),
      ],
      speakers,
      10_000,
    );
    expect(lanes.map((lane) => [lane.speaker.id, lane.percent])).toEqual([
      ["a", 75],
      ["b", 25],
    ]);
  });

  it("keep uncertain stretches apart from certain ones", () => {
    const [lane] = buildLanes(
      [segment({ start_ms: 0, end_ms: 1000 }), segment({ start_ms: 1000, end_ms: 2000, speaker_uncertain: true })],
      speakers,
      10_000,
    );
    expect(lane?.sure).toMatch(/^M0\.00 0h100\.00/u);
    expect(lane?.unsure).toMatch(/^M100\.00 0h100\.00/u);
  });

  it("draw a long meeting with one path per speaker", () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      segment({ start_ms: index * 1000, end_ms: index * 1000 + 990, speaker_id: index % 40 < 20 ? "a" : "b" }),
    );
    const lanes = buildLanes(many, speakers, 5_000_000);
    expect(lanes).toHaveLength(2);
    expect(lanes[0]?.sure.split("M")).toHaveLength(126);
  });
});

describe("a waveform", () => {
  it("keeps the loudest peak of each span and fills the height", () => {
    expect(resample([0, 0.1, 0.5, 0.2], 2)).toEqual([0.2, 1]);
  });

  it("of silence stays low instead of filling the height with noise", () => {
    expect(Math.max(...resample([0.001, 0.002, 0.001], 3))).toBeLessThan(0.1);
  });
});

describe("the player", () => {
  beforeEach(() => localStorage.clear());

  it("never seeks outside the recording", () => {
    const player = new PlayerStore(10_000);
    player.seek(99_000);
    expect(player.time_ms()).toBe(10_000);
    player.seekBy(-60_000);
    expect(player.time_ms()).toBe(0);
  });

  it("goes to the start of a chapter first and to the one before on a second press", () => {
    const player = new PlayerStore(100_000);
    const chapters = [0, 30_000, 60_000].map((start_ms) => ({ title: "", start_ms, end_ms: start_ms + 30_000 }));
    player.seek(50_000);
    toChapter(player, chapters, -1);
    expect(player.time_ms()).toBe(30_000);
    toChapter(player, chapters, -1);
    expect(player.time_ms()).toBe(0);
    toChapter(player, chapters, 1);
    expect(player.time_ms()).toBe(30_000);
  });

  it("steps through speeds and stops at the ends", () => {
    const player = new PlayerStore(1000);
    for (let press = 0; press < 20; press += 1) player.stepRate(1);
    expect(player.state().rate).toBe(2);
    for (let press = 0; press < 20; press += 1) player.stepRate(-1);
    expect(player.state().rate).toBe(0.5);
  });
});

describe("what is on screen", () => {
  const frame = (...shown: [number, number][]): KeyFrame => ({
    start_ms: shown[0]?.[0] ?? 0,
    shown: shown.map(([start_ms, end_ms]) => ({ start_ms, end_ms })),
    text: "",
    confidence: null,
    image_url: "",
    thumbnail_url: "",
    width: 16,
    height: 9,
  });
  const frames = [frame([0, 2000], [9000, 9500]), frame([2000, 4000])];

  it("is the key frame that is shown, whether for the first time or again", () => {
    expect([0, 1999, 2000, 9100].map((ms) => frameAt(frames, ms))).toEqual([0, 0, 1, 0]);
  });

  it("is none of them between two, and after all", () => {
    expect([4000, 9500].map((ms) => frameAt(frames, ms))).toEqual([-1, -1]);
  });
});
