import type { Asset } from "../../api/types";
import { formatNumber } from "../../lib/format";
import { strings } from "../../strings";

const kilobits = (rate: number | null): string[] =>
  rate === null ? [] : [strings.renditions.rate(Math.max(1, Math.round(rate / 1000)))];

/** What is known of the picture and the sound of a recording: the names of the facts, and what they are. */
export function recordingFacts({ recording, sample_rate, channels }: Pick<Asset, "recording" | "sample_rate" | "channels">): [string, string][] {
  const words = strings.asset;
  const facts: [string, string[]][] = [];
  if (recording?.picture) {
    const { codec, profile, bit_rate, frame_rate, bit_depth, colour_space, rotation_degrees, ...is } = recording.picture;
    const rate = frame_rate === null ? [] : [words.frameRate(formatNumber(frame_rate), is.is_variable_rate)];
    facts.push([words.picture, [codec, ...(profile === null ? [] : [profile]), ...rate, ...kilobits(bit_rate)]]);
    if (is.is_interlaced) facts[0]?.[1].push(words.interlaced);
    facts.push([
      words.colours,
      [
        ...(is.is_hdr ? [words.hdr] : []),
        ...(colour_space === null ? [] : [colour_space]),
        ...(bit_depth === null ? [] : [words.bits(bit_depth)]),
      ],
    ]);
    if (rotation_degrees !== 0) facts.push([words.turned, [words.degrees(rotation_degrees)]]);
  }
  if (recording?.sound) {
    const { codec, profile, bit_rate } = recording.sound;
    facts.push([
      words.sound,
      [
        codec,
        ...(profile === null ? [] : [profile]),
        ...(sample_rate === null ? [] : [words.kilohertz(formatNumber(sample_rate / 1000))]),
        ...(channels === null ? [] : [words.channels(channels)]),
        ...kilobits(bit_rate),
      ],
    ]);
  }
  return facts.filter(([, parts]) => parts.length > 0).map(([name, parts]) => [name, parts.join(" · ")]);
}
