import { describe, expect, it } from "vitest";
import { isShort } from "./password";

describe("the length of a password", () => {
  it("is ten at least", () => {
    expect(isShort("nine char")).toBe(true);
    expect(isShort("ten chars!")).toBe(false);
  });

  it("is counted in characters, not in the halves of pairs", () => {
    expect(isShort("🦉".repeat(9))).toBe(true);
    expect(isShort("🦉".repeat(10))).toBe(false);
  });
});
