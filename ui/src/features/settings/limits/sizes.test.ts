import { describe, expect, it } from "vitest";
import { bytesOf, draftsOf, sizesOf, sizeText } from "./sizes";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const sizes = (video: number, audio: number, image: number, document: number) => ({
  video_bytes_max: video,
  audio_bytes_max: audio,
  image_bytes_max: image,
  document_bytes_max: document,
});
const LIMITS = {
  ...sizes(5 * GIB, MIB + 1, 50 * MIB, 1.5 * MIB),
  defaults: sizes(5 * GIB, GIB, 50 * MIB, 100 * MIB),
  ceilings: sizes(50 * GIB, 50 * GIB, 50 * MIB, 100 * MIB),
};

describe("the largest files", () => {
  it("are typed in MiB or GiB, with a point or a comma, within what the server bears", () => {
    expect(bytesOf({ amount: "5", unit: "GiB" }, 50 * GIB)).toBe(5 * GIB);
    expect(bytesOf({ amount: " 1,5 ", unit: "GiB" }, 50 * GIB)).toBe(1.5 * GIB);
    expect(bytesOf({ amount: "1", unit: "MiB" }, MIB)).toBe(MIB);
    for (const amount of ["", "0", "0.9", "51", "-2", "2e0", "0x2", "many", "1.2345"]) {
      expect(bytesOf({ amount, unit: "MiB" }, 50 * MIB), amount).toBeNull();
    }
    expect(bytesOf({ amount: "1", unit: "GiB" }, 50 * MIB)).toBeNull();
  });

  it("are written in the unit that suits them", () => {
    expect([5 * GIB, 1.5 * GIB, 50 * MIB, 1.5 * MIB].map(sizeText)).toEqual(["5 GiB", "1536 MiB", "50 MiB", "1.5 MiB"]);
  });

  it("become what the server is told, or nothing while one is wrong, and stay to the byte where nobody touched them", () => {
    const drafts = draftsOf(LIMITS);
    expect(sizesOf(drafts, LIMITS)).toEqual(sizes(5 * GIB, MIB + 1, 50 * MIB, 1.5 * MIB));
    expect(sizesOf({ ...drafts, video: { amount: "20", unit: "GiB" } }, LIMITS)).toEqual(
      sizes(20 * GIB, MIB + 1, 50 * MIB, 1.5 * MIB),
    );
    expect(sizesOf({ ...drafts, image: { amount: "51", unit: "MiB" } }, LIMITS)).toBeNull();
  });
});
