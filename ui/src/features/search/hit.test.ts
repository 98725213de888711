import { expect, it } from "vitest";
import { placeOf } from "./hit";

it("a spoken moment is found at the second in which it begins", () => {
  expect(placeOf({ source: "speech", start_ms: 12_900 })).toEqual({ t: 12 });
});

it("what was on screen is found beside its slide, once that has come", () => {
  expect(placeOf({ source: "screen", start_ms: 12_100 })).toEqual({ t: 13, tab: "screen" });
});

it("what looks like the query is found beside its picture, once that is shown", () => {
  expect(placeOf({ source: "appearance", start_ms: 4_000 })).toEqual({ t: 4, tab: "screen" });
});

it("what a description says is found where that is shown, at no second", () => {
  expect(placeOf({ source: "description", start_ms: null })).toEqual({ tab: "details" });
});
