import type { Rendition } from "../../api/types";
import { formatBytes, formatClock, languageName } from "../../lib/format";
import { strings } from "../../strings";

/** In the order in which people look for them. */
const ORDER = ["sound", "hls_variant", "hls_master", "hls_sound", "subtitles", "file", "image", "poster", "thumbnail", "storyboard", "waveform", "speech_audio"];

/** What the name of an image that was asked for begins with, before its options. */
const IMAGE_PREFIX = "image:";

/** By kind, the larger ones first. */
export function inOrder(items: readonly Rendition[]): Rendition[] {
  const place = (one: Rendition): number => {
    const at = ORDER.indexOf(one.kind);
    return at < 0 ? ORDER.length : at;
  };
  const side = (one: Rendition): number => Math.min(one.width ?? 0, one.height ?? 0);
  return [...items].sort((a, b) => place(a) - place(b) || side(b) - side(a) || a.name.localeCompare(b.name));
}

/** What people call it. */
export function renditionName(one: Rendition): string {
  const names = strings.renditions;
  if (one.kind === "hls_variant") {
    const codec = one.codecs?.includes("av01") === true ? names.av1 : names.h264;
    if (one.width === null || one.height === null) return names.soundVersion;
    const size = names.version(Math.min(one.width, one.height), codec);
    return one.name === "hls-source" ? names.asUploaded(size) : size;
  }
  if (one.kind === "sound") {
    const format = one.content_type === "audio/mpeg" ? names.mp3 : names.opus;
    return one.loudness_lufs === null ? names.soundFile(format) : names.soundFileAt(format, one.loudness_lufs);
  }
  const name = names.kinds[one.kind] ?? one.kind;
  // An image is one of many, which differ in what was asked for.
  if (one.kind === "image" && one.name.startsWith(IMAGE_PREFIX)) return names.called(name, one.name.slice(IMAGE_PREFIX.length));
  const told = one.title ?? (one.language === null ? null : languageName(one.language));
  return told === null ? name : names.called(name, told);
}

/** Where it can be looked at by itself. */
export function pictureUrl(one: Rendition): string | null {
  if (one.kind === "poster" || one.kind === "thumbnail") return one.url;
  // Beside the numbers lies the picture that is drawn of them.
  return one.kind === "waveform" && one.url !== null ? one.url.replace(/\.json$/, ".png") : null;
}

/** Its size on screen and on disk, and what else is known. */
export function renditionFacts(one: Rendition): string[] {
  const facts: string[] = [];
  if (one.width !== null && one.height !== null) facts.push(`${one.width} × ${one.height}`);
  if (one.kind === "sound" && one.duration_ms !== null) facts.push(formatClock(one.duration_ms));
  if (one.bit_rate !== null) facts.push(strings.renditions.rate(Math.max(1, Math.round(one.bit_rate / 1000))));
  facts.push(formatBytes(one.size_bytes));
  return facts;
}
