import { describe, expect, it } from "vitest";
import { dayOf, expiryOf, hasExpired } from "./keys";

const NOON = new Date(2026, 10, 27, 12).getTime();

describe("a key", () => {
  it("ends after the days that were chosen, or never", () => {
    expect(expiryOf("90", "", NOON)).toBe(new Date(NOON + 90 * 86_400_000).toISOString());
    expect(expiryOf("never", "2027-01-31", NOON)).toBeNull();
  });

  it("works to the end of the day that was named, which has to be named", () => {
    expect(expiryOf("date", "2027-01-31", NOON)).toBe(new Date(2027, 0, 31, 23, 59, 59).toISOString());
    expect(expiryOf("date", dayOf(NOON), NOON)).toBe(new Date(2026, 10, 27, 23, 59, 59).toISOString());
    expect(expiryOf("date", "", NOON)).toBeUndefined();
  });

  it("has expired from its last moment on", () => {
    expect(hasExpired({ expires_at: new Date(NOON).toISOString() }, NOON)).toBe(true);
    expect(hasExpired({ expires_at: new Date(NOON + 1).toISOString() }, NOON)).toBe(false);
    expect(hasExpired({ expires_at: null }, NOON)).toBe(false);
  });
});
