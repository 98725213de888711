import { describe, expect, it } from "vitest";
import { readDevice } from "./device";
import { formatAge, formatBytes, formatClock, formatRemaining, initials, languageName, setFormats, speakClock } from "./format";
import { cutByHighlights, findAll } from "./marks";
import { indexAt, parseStoryboard, parseVtt, plainCue, runningCues } from "./vtt";

describe("ages, spans and languages", () => {
  it("are in the language of the sentences around them, whatever dates are written like", () => {
    setFormats({ locale: "de-DE", timeZone: null });
    const now = Date.parse("2026-03-01T12:00:00Z");
    expect(formatAge("2026-03-01T11:59:40Z", now)).toBe("just now");
    expect(formatAge("2026-03-01T11:55:00Z", now)).toBe("5 minutes ago");
    expect(speakClock(62_000)).toBe("1 minute 2 seconds");
    expect(languageName("pt-BR")).toBe("Brazilian Portuguese");
    expect(["qaa", "no language"].map(languageName)).toEqual(["qaa", "no language"]);
    setFormats({ locale: null, timeZone: null });
  });
});

describe("times", () => {
  it("are written as players write them", () => {
    expect(formatClock(0)).toBe("0:00");
    expect(formatClock(62_999)).toBe("1:02");
    expect(formatClock(3_723_000)).toBe("1:02:03");
  });

  it("are read out in words, without a zero that says nothing", () => {
    expect(speakClock(62_000)).toBe("1 minute 2 seconds");
    expect(speakClock(60_000)).toBe("1 minute");
    expect(speakClock(0)).toBe("0 seconds");
  });

  it("that remain move in steps that do not flicker", () => {
    expect(formatRemaining(31)).toBe(formatRemaining(34));
    expect(formatRemaining(Number.POSITIVE_INFINITY)).toBe("");
  });
});

describe("sizes and names", () => {
  it("choose a unit that keeps the figure short", () => {
    expect(formatBytes(999)).toBe("999 bytes");
    expect(formatBytes(1_834_123_456)).toBe("1.8 GB");
    expect(formatBytes(999_999_999)).toBe("1 GB");
    expect(formatBytes(999_499_999)).toBe("999 MB");
  });

  it("shorten a name to its first and last letter", () => {
    expect(initials("Ana Maria Lima")).toBe("AL");
    expect(initials("Speaker 2")).toBe("S2");
    expect(initials("øyvind")).toBe("Ø");
    expect(initials("")).toBe("?");
  });
});

describe("highlights", () => {
  it("are counted in code points, so that an emoji before the match does not move it", () => {
    const pieces = cutByHighlights("👍🏽 ask not", [{ start: 3, end: 6 }]);
    expect(pieces.filter((piece) => piece.marked).map((piece) => piece.text)).toEqual(["ask"]);
  });

  it("that overlap or run past the end mark each letter once", () => {
    const pieces = cutByHighlights("country", [
      { start: 0, end: 4 },
      { start: 2, end: 99 },
    ]);
    expect(pieces.map((piece) => piece.text).join("")).toBe("country");
    expect(pieces.every((piece) => piece.marked)).toBe(true);
  });

  it("ignore case and accents without losing their place", () => {
    expect(findAll("Tomás asked Tomas", "TOMAS")).toEqual([
      { start: 0, end: 5 },
      { start: 12, end: 17 },
    ]);
    expect(findAll("anything", "  ")).toEqual([]);
  });
});

describe("WebVTT", () => {
  const source = "WEBVTT\r\n\r\n1\r\n00:01.000 --> 00:02.500\r\n<v Ana>Hello &amp; <b>welcome</b>\r\n\r\n01:00:00.000 --> 01:00:01.000\r\nEnd";

  it("is read with and without hours, identifiers and carriage returns", () => {
    const cues = parseVtt(source);
    expect(cues.map((cue) => [cue.start_ms, cue.end_ms])).toEqual([
      [1000, 2500],
      [3_600_000, 3_601_000],
    ]);
    expect(plainCue(cues[0]?.text ?? "")).toBe("Hello & welcome");
  });

  it("keeps what only looks like a tag", () => {
    expect(plainCue('<i>if</i> a < b</b> or <3 &lt;i> <00:01.000><font color="red">red</font>')).toBe("if a < b or <3 <i> red");
  });

  it("shows all that has begun and not ended, however short what began since was", () => {
    const at = runningCues(parseVtt("WEBVTT\n\n00:01.000 --> 00:09.000\na sign\n\n00:02.000 --> 00:03.000\none\n\n00:03.000 --> 00:04.000\ntwo"));
    expect([0, 1000, 2500, 3000, 5000, 9000].map(at)).toEqual([[], [0], [0, 1], [0, 2], [0], []]);
    expect(runningCues([])(0)).toEqual([]);
  });

  it("of a storyboard resolves sprites against its own address", () => {
    const frames = parseStoryboard("WEBVTT\n\n00:00.000 --> 00:02.000\nsprite.jpg#xywh=160,90,160,90", "/media/token/storyboard.vtt");
    expect(frames).toHaveLength(1);
    expect(frames[0]?.url.endsWith("/media/token/sprite.jpg")).toBe(true);
    expect(frames[0]).toMatchObject({ x: 160, y: 90, width: 160, height: 90 });
  });
});

describe("the item playing at a second", () => {
  const items = [{ start_ms: 100 }, { start_ms: 200 }, { start_ms: 300 }];

  it("is the last that has started", () => {
    expect([99, 100, 299, 300, 9999].map((ms) => indexAt(items, ms))).toEqual([-1, 0, 1, 2, 2]);
    expect(indexAt([], 5)).toBe(-1);
  });
});

describe("a device", () => {
  const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

  it.each([
    [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`, "Chrome", "Linux", false],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, "Edge", "Windows", false],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox", "macOS", false],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari", "macOS", false],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari", "iPhone", true],
    [`Mozilla/5.0 (Linux; Android 15; Pixel 9) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`, "Samsung Internet", "Android", true],
    ["curl/8.5.0", "curl", null, false],
  ])("is told from %s", (userAgent, browser, system, handheld) => {
    expect(readDevice(userAgent)).toEqual({ browser, system, handheld });
  });

  it("that says nothing stays unknown", () => {
    expect(readDevice(null)).toEqual({ browser: null, system: null, handheld: false });
    expect(readDevice("Mozilla/5.0 (compatible)")).toEqual({ browser: null, system: null, handheld: false });
  });
});
