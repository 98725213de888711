import { describe, expect, it } from "vitest";
import type { RecordingPicture, RecordingSound } from "../../api/types";
import { recordingFacts } from "./recording-facts";

const PICTURE: RecordingPicture = {
  codec: "hevc", profile: "Main 10", bit_rate: 8_000_400, frame_rate: 29.97, is_variable_rate: false, is_interlaced: false,
  rotation_degrees: 90, colour_space: "bt2020nc", colour_transfer: "arib-std-b67", is_hdr: true, bit_depth: 10,
};
const SOUND: RecordingSound = { codec: "aac", profile: "LC", bit_rate: 142_812, language: null };

describe("what is known of a recording", () => {
  it("is told of picture and sound", () => {
    expect(recordingFacts({ recording: { picture: PICTURE, sound: SOUND }, sample_rate: 44_100, channels: 2 })).toEqual([
      ["Picture", "hevc · Main 10 · 29.97 pictures a second · 8000 kbit/s"],
      ["Colours", "HDR · bt2020nc · 10 bits"],
      ["Turned", "90° clockwise"],
      ["Sound", "aac · LC · 44.1 kHz · stereo · 143 kbit/s"],
    ]);
  });

  it("leaves out what is not known", () => {
    const bare: RecordingPicture = {
      ...PICTURE, profile: null, bit_rate: null, frame_rate: null, rotation_degrees: 0, colour_space: null, is_hdr: false, bit_depth: null,
    };
    expect(recordingFacts({ recording: { picture: bare, sound: null }, sample_rate: null, channels: null })).toEqual([["Picture", "hevc"]]);
    const uneven = { ...bare, frame_rate: 12.5, is_variable_rate: true, is_interlaced: true };
    expect(recordingFacts({ recording: { picture: uneven, sound: null }, sample_rate: null, channels: null })).toEqual([
      ["Picture", "hevc · 12.5 pictures a second on average · interlaced"],
    ]);
    expect(recordingFacts({ recording: null, sample_rate: null, channels: null })).toEqual([]);
  });
});
