import type { SubtitlesTrack, VideoDetail } from "../../api/types";
import { languageName } from "../../lib/format";
import { strings } from "../../strings";

/** One of several things that a stream lets people choose of. */
export interface Track {
  /** Tells it from the others of its kind in the same stream, also when that is connected anew. */
  id: string;
  /** As the file calls it, or its language as those call it who speak it. */
  name: string;
  /** BCP 47, where it is known. */
  language: string | null;
}

/** Subtitles that came in the file or were added to it; their id is the name of the WebVTT file beside the master playlist. */
export interface SubtitleTrack extends Track {
  /** Whether only signs, or what is said in another language, are in them. */
  forced: boolean;
}

/** What can be written over the picture: captions of what is said, or subtitles. */
export interface ShownText extends SubtitleTrack {
  kind: "captions" | "subtitles";
  url: string;
  /** What a menu says of it below its name. */
  hint: string | null;
}

/** What the server lists as subtitles of a recording. */
export function subtitleTracks(listed: readonly SubtitlesTrack[]): SubtitleTrack[] {
  return listed.map(({ url, name, language, is_forced: forced }) => {
    const file = new URL(url, location.href).pathname.split("/").at(-1) ?? "";
    return { id: file, name, language, forced };
  });
}

/** The language of a track in the language of the page, where the name does not say it already. */
export function languageHint({ name, language }: Track): string | null {
  if (language === null) return null;
  const told = languageName(language);
  return told === language || name.toLowerCase().includes(told.toLowerCase()) ? null : told;
}

/** The first in a language; one of another country if there is none of the same. */
export function inLanguage<T extends Track>(tracks: readonly T[], language: string | null): T | undefined {
  if (language === null) return undefined;
  const main = (tag: string | null): string | undefined => tag?.toLowerCase().split("-")[0];
  return (
    tracks.find((track) => track.language?.toLowerCase() === language.toLowerCase()) ??
    tracks.find((track) => main(track.language) === main(language))
  );
}

/** All that can be written over the picture, captions first. Addresses of subtitles are those of the stream as it is signed now. */
export function textsOf({ captions, hls_url }: VideoDetail["playback"], subtitles: readonly SubtitleTrack[]): ShownText[] {
  const said = captions.map(({ language, label, url }): ShownText => ({
    kind: "captions",
    id: language,
    name: label,
    language,
    url,
    forced: false,
    hint: subtitles.length > 0 ? strings.player.said : null,
  }));
  if (hls_url === null) return said;
  const folder = new URL(hls_url, location.href);
  return [
    ...said,
    ...subtitles.map((track): ShownText => ({
      ...track,
      kind: "subtitles",
      url: new URL(track.id, folder).href,
      hint: [languageHint(track), track.forced ? strings.player.forced : null].filter((part) => part !== null).join(" · ") || null,
    })),
  ];
}

/**
 * Which of them is shown to somebody who wants to read: what was chosen here, subtitles in the language that was chosen last, or
 * the first there is.
 */
export function textShown(texts: readonly ShownText[], chosen: string | null, subtitleLanguage: string | null): ShownText | undefined {
  const whole = texts.filter((text) => !text.forced);
  return (
    texts.find((text) => text.id === chosen) ??
    inLanguage(whole.filter((text) => text.kind === "subtitles"), subtitleLanguage) ??
    whole[0] ??
    texts[0]
  );
}
