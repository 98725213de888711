import { describe, expect, it } from "vitest";
import { bitRateOf, draftsOf, megabits, stepsOf } from "./rates";

const CHOICES = [
  { height: 360, bit_rate: 800_000, bit_rate_min: 200_000, bit_rate_max: 3_200_000 },
  { height: 720, bit_rate: 2_800_000, bit_rate_min: 700_000, bit_rate_max: 11_200_000 },
];

describe("sizes and their rates", () => {
  it("are typed in megabits, with a point or a comma, within what can be chosen", () => {
    const choice = { height: 360, bit_rate: 800_000, bit_rate_min: 200_000, bit_rate_max: 3_200_000 };
    expect(bitRateOf("0.8", choice)).toBe(800_000);
    expect(bitRateOf(" 1,25 ", choice)).toBe(1_250_000);
    expect(bitRateOf("0.2", choice)).toBe(200_000);
    for (const typed of ["", "0.19", "3.201", "1e0", "-1", "fast", "1.2345", "0x1"]) expect(bitRateOf(typed, choice), typed).toBeNull();
    expect(megabits(2_800_000)).toBe("2.8");
    expect(megabits(1_000_000)).toBe("1");
  });

  it("become what the server is told, or nothing while one is wrong", () => {
    const drafts = draftsOf({ steps: [{ height: 720, bit_rate: 2_000_000 }], choices: CHOICES });
    expect(drafts).toEqual([
      { chosen: false, rate: "0.8" },
      { chosen: true, rate: "2" },
    ]);
    expect(stepsOf(drafts, CHOICES)).toEqual([{ height: 720, bit_rate: 2_000_000 }]);
    // What is not chosen may hold anything.
    expect(stepsOf([{ chosen: false, rate: "x" }, { chosen: true, rate: "2" }], CHOICES)).toHaveLength(1);
    expect(stepsOf([{ chosen: true, rate: "x" }, { chosen: true, rate: "2" }], CHOICES)).toBeNull();
    expect(stepsOf([{ chosen: false, rate: "0.8" }, { chosen: false, rate: "2" }], CHOICES)).toBeNull();
  });
});
