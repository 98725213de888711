import { afterEach, describe, expect, it, vi } from "vitest";
import type { VideoDetail } from "../../api/types";
import { setPreferences } from "../../lib/preferences";
import { PlayerStore } from "./player-store";
import { languageHint, subtitleTracks, textShown, textsOf, type SubtitleTrack } from "./tracks";

afterEach(() => setPreferences({ soundLanguage: null }));

const track = (name: string, language: string | null) => ({ id: name, name, language });
const subtitles: SubtitleTrack[] = [
  { id: "subtitles-3.vtt", name: "Deutsch", language: "de", forced: true },
  { id: "subtitles-4.vtt", name: "Deutsch (2)", language: "de", forced: false },
  { id: "subtitles-5.vtt", name: "Português", language: "pt-BR", forced: false },
];
const playback = {
  hls_url: "/media/token/master.m3u8",
  captions: [{ language: "en", label: "English", url: "/api/captions.vtt" }],
} as VideoDetail["playback"];

describe("a track", () => {
  it("is told by the language of the page where its name does not say it", () => {
    expect(languageHint(track("Deutsch", "de"))).toBe("German");
    expect(languageHint(track("Director's comments", "en"))).toBe("English");
    expect(languageHint(track("English (UK)", "en"))).toBeNull();
    expect(languageHint(track("Sound 2", null))).toBeNull();
    expect(languageHint(track("Sound 2", "qaa"))).toBeNull();
  });

  it("of subtitles is told by its file, wherever that lies now", () => {
    const listed = (url: string) => ({ url, name: "Deutsch", language: "de", is_forced: true, source: "file" as const });
    const urls = ["https://example.org/media/token/subtitles-3.vtt", "/media/renewed/subtitles-3.vtt?cookie=1"];
    const track: SubtitleTrack = { id: "subtitles-3.vtt", name: "Deutsch", language: "de", forced: true };
    expect(subtitleTracks(urls.map(listed))).toEqual([track, track]);
  });
});

describe("text over the picture", () => {
  const shown = (of: readonly SubtitleTrack[], chosen: string | null, language: string | null, from = playback) =>
    textShown(textsOf(from, of), chosen, language)?.id;

  it("lists captions first, and subtitles where the stream lies now", () => {
    expect(textsOf(playback, []).map(({ id, hint }) => [id, hint])).toEqual([["en", null]]);
    const texts = textsOf({ ...playback, hls_url: "/media/renewed/master.m3u8" }, subtitles);
    expect(texts.map(({ name, hint }) => [name, hint])).toEqual([
      ["English", "What is said"],
      ["Deutsch", "German · Signs and foreign speech only"],
      ["Deutsch (2)", "German"],
      ["Português", "Brazilian Portuguese"],
    ]);
    expect(texts[1]?.url).toBe(`${location.origin}/media/renewed/subtitles-3.vtt`);
  });

  it("is what was chosen here, else what fits what was chosen last, else captions", () => {
    expect(shown(subtitles, null, null)).toBe("en");
    expect(shown(subtitles, null, "fr")).toBe("en");
    expect(shown(subtitles, null, "de")).toBe("subtitles-4.vtt");
    expect(shown(subtitles, null, "pt-PT")).toBe("subtitles-5.vtt");
    expect(shown(subtitles, "en", "de")).toBe("en");
    expect(shown(subtitles, "subtitles-3.vtt", null)).toBe("subtitles-3.vtt");
    expect(shown(subtitles, "subtitles-99.vtt", null)).toBe("en");
  });

  it("is subtitles of everything where nothing was heard", () => {
    const silent = { ...playback, captions: [] };
    expect(shown(subtitles, null, null, silent)).toBe("subtitles-4.vtt");
    expect(shown(subtitles.slice(0, 1), null, null, silent)).toBe("subtitles-3.vtt");
    expect(shown([], null, null, silent)).toBeUndefined();
  });
});

describe("the sound of a recording", () => {
  const sounds = [track("English", "en"), track("Comments", "en"), track("Deutsch", "de")];

  it("is the stream's own until one was chosen, and then in that language in other recordings, too", () => {
    const ask = vi.fn();
    const first = new PlayerStore(8000);
    first.offerSounds(sounds, ask);
    first.hear("English");
    expect(ask).not.toHaveBeenCalled();
    first.setSound("Deutsch");
    first.setSound("Nothing");
    expect(ask.mock.calls).toEqual([["Deutsch"]]);
    expect(first.state().sound, "the stream says what plays").toBe("English");

    const other = new PlayerStore(8000);
    other.offerSounds([track("Français", "fr"), track("Deutsch (Österreich)", "de-AT")], ask);
    expect(ask).toHaveBeenLastCalledWith("Deutsch (Österreich)");
    other.offerSounds([track("Français", "fr")], ask);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it("stays when the stream is connected anew, also beside another in its language", () => {
    const ask = vi.fn();
    const player = new PlayerStore(8000);
    player.offerSounds(sounds, ask);
    player.setSound("Comments");
    player.withdrawTracks();
    expect(player.state()).toMatchObject({ sounds: [], sound: null });
    player.setSound("Comments");
    expect(ask).toHaveBeenCalledTimes(1);
    player.offerSounds(sounds, ask);
    expect(ask).toHaveBeenLastCalledWith("Comments");
  });
});
