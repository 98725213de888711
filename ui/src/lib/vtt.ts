/** One cue of a storyboard: a region of a sprite that stands for a span of time. */
export interface StoryboardFrame {
  start_ms: number;
  end_ms: number;
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Cue {
  start_ms: number;
  end_ms: number;
  text: string;
}

const TIMING = /^(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})\s+-->\s+(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})/u;

const toMs = (hours: string | undefined, minutes = "0", seconds = "0", ms = "0"): number =>
  ((Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(ms);

/** The cues of a WebVTT file (W3C WebVTT, section 4), without positions and styles. */
export function parseVtt(source: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of source.replace(/\r\n?/gu, "\n").split(/\n{2,}/u)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMING.test(line));
    if (at < 0) continue;
    const match = TIMING.exec(lines[at] ?? "");
    if (!match) continue;
    cues.push({
      start_ms: toMs(match[1], match[2], match[3], match[4]),
      end_ms: toMs(match[5], match[6], match[7], match[8]),
      text: lines.slice(at + 1).join("\n").trim(),
    });
  }
  return cues;
}

/** Storyboard cues; sprite addresses are resolved against the address of the file itself. */
export function parseStoryboard(source: string, base: string): StoryboardFrame[] {
  const frames: StoryboardFrame[] = [];
  for (const cue of parseVtt(source)) {
    const match = /^(\S+?)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/u.exec(cue.text);
    if (!match) continue;
    frames.push({
      start_ms: cue.start_ms,
      end_ms: cue.end_ms,
      url: new URL(match[1] ?? "", new URL(base, location.href)).href,
      x: Number(match[2]),
      y: Number(match[3]),
      width: Number(match[4]),
      height: Number(match[5]),
    });
  }
  return frames;
}

/** The last item that has started at `ms`, or -1; items are sorted by `start_ms`. */
export function indexAt(items: readonly { start_ms: number }[], ms: number): number {
  let low = 0;
  let high = items.length - 1;
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.start_ms ?? Infinity) <= ms) {
      found = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}

/** What is written at a second: the positions of the cues that have begun and not ended, which may be several. */
export function runningCues(cues: readonly Cue[]): (ms: number) => number[] {
  // How long something that began so early goes on, so that nobody looks further back than there is something to find.
  const latest_ms: number[] = [];
  for (const { end_ms } of cues) latest_ms.push(Math.max(end_ms, latest_ms.at(-1) ?? 0));
  return (ms) => {
    const running: number[] = [];
    for (let at = indexAt(cues, ms); at >= 0 && (latest_ms[at] ?? 0) > ms; at -= 1) {
      if ((cues[at]?.end_ms ?? 0) > ms) running.unshift(at);
    }
    return running;
  };
}

/** Text of a caption cue without its tags and entities. A `<` that opens no tag is text: not everybody escapes it. */
export function plainCue(text: string): string {
  return text
    .replace(/<(?:\/?[a-z][^<>]*|\/|\d+:[\d:.]*)>/giu, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&nbsp;", " ")
    .replaceAll("&amp;", "&");
}
