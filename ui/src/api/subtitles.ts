import { queryOptions } from "@tanstack/react-query";
import { request, requestJson } from "./client";
import { keys } from "./queries";
import type { Asset, SubtitlesTrack } from "./types";

/** All subtitles of a recording, those of its file first; another file of it has others. */
export function subtitlesQuery({ id, version }: Pick<Asset, "id" | "version">) {
  return queryOptions({
    queryKey: [...keys.subtitles(id), version],
    queryFn: async ({ signal }) => {
      const list = await requestJson<{ items: SubtitlesTrack[] }>("GET", `/assets/${encodeURIComponent(id)}/subtitles`, { signal });
      return list.items;
    },
  });
}

/** A file of subtitles, and what is said of it. */
export interface NewSubtitles {
  /** BCP 47. */
  language: string;
  text: Blob | string;
  /** What menus show; the language as those call it who speak it where it is not given. */
  name?: string | undefined;
  /** Whether only signs, or what is said in another language, are in them. */
  forced?: boolean;
}

const path = (assetId: string, language: string): string =>
  `/assets/${encodeURIComponent(assetId)}/subtitles/${encodeURIComponent(language)}`;

/** What became of a file of subtitles. */
export interface AcceptedSubtitles extends SubtitlesTrack {
  warnings: { line: number; reason: string }[];
}

export const subtitlesCommands = {
  /** Also tells whether there were none in the language, in whatever spelling of it. */
  put: async (assetId: string, { language, text, name, forced }: NewSubtitles) => {
    const response = await request("PUT", path(assetId, language), {
      body: text,
      headers: { "Content-Type": "text/vtt" },
      query: { name, is_forced: forced === true ? "true" : null },
    });
    return { accepted: (await response.json()) as AcceptedSubtitles, isNew: response.status === 201 };
  },
  remove: (assetId: string, language: string) => request("DELETE", path(assetId, language)),
};
