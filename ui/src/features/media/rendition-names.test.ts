import { describe, expect, it } from "vitest";
import type { Rendition } from "../../api/types";
import { inOrder, pictureUrl, renditionFacts, renditionName } from "./rendition-names";

const ONE: Rendition = {
  kind: "poster", name: "poster", content_type: "image/jpeg", size_bytes: 2_500_000, width: null, height: null, duration_ms: null,
  bit_rate: null, codecs: null, language: null, title: null, loudness_lufs: null, url: null, download_url: null, created_at: "2026-01-01T00:00:00Z",
};

describe("what was made of a file", () => {
  it("is called by what it is", () => {
    expect(renditionName({ ...ONE, kind: "hls_sound", language: "de" })).toBe("More sound: German");
    expect(renditionName({ ...ONE, kind: "subtitles", language: "fr", title: "Malentendants" })).toBe("Subtitles: Malentendants");
    const version = { ...ONE, kind: "hls_variant", name: "hls-720p-av1", width: 1280, height: 720, codecs: "av01.0.05M.08,mp4a.40.2" };
    expect(renditionName(version)).toBe("720p, AV1");
    expect(renditionName({ ...version, name: "hls-source", codecs: "avc1.64001f" })).toBe("720p, H.264, as uploaded");
    expect(renditionName({ ...ONE, kind: "hls_variant", name: "hls-audio", codecs: "mp4a.40.2" })).toBe("Sound, in pieces");
    const sound = { ...ONE, kind: "sound", name: "sound-mp3-16lufs", content_type: "audio/mpeg", loudness_lufs: -16 };
    expect(renditionName(sound)).toBe("Sound as MP3, at −16 LUFS");
    expect(renditionName({ ...sound, content_type: "audio/ogg", loudness_lufs: null })).toBe("Sound as Opus");
    expect(renditionName({ ...ONE, kind: "image", name: "image:w=640,format=avif" })).toBe("Image: w=640,format=avif");
    expect(renditionName({ ...ONE, kind: "of-tomorrow" })).toBe("of-tomorrow");
  });

  it("stands in an order in which it is found, with its facts", () => {
    const of = (kind: string, height: number | null = null): Rendition => ({ ...ONE, kind, width: height, height });
    const ordered = inOrder([of("waveform"), of("of-tomorrow"), of("hls_variant", 360), of("sound"), of("hls_variant", 720)]);
    expect(ordered.map((one) => [one.kind, one.height])).toEqual([
      ["sound", null], ["hls_variant", 720], ["hls_variant", 360], ["waveform", null], ["of-tomorrow", null],
    ]);
    expect(renditionFacts({ ...ONE, width: 640, height: 360, bit_rate: 812_000 })).toEqual(["640 × 360", "812 kbit/s", "2.5 MB"]);
  });

  it("is looked at where it is a picture, or can be drawn as one", () => {
    expect(pictureUrl({ ...ONE, url: "/media/t/poster.jpg" })).toBe("/media/t/poster.jpg");
    expect(pictureUrl({ ...ONE, kind: "waveform", url: "/media/t/waveform.json" })).toBe("/media/t/waveform.png");
    expect(pictureUrl({ ...ONE, kind: "waveform" })).toBeNull();
    expect(pictureUrl({ ...ONE, kind: "hls_master", url: "/media/t/master.m3u8" })).toBeNull();
  });
});
