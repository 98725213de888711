import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = path.resolve(import.meta.dirname, "..");
const sheets = Object.fromEntries(
  readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".css"))
    .map((name) => [name, readFileSync(path.join(SOURCE, name), "utf8")]),
);

/** The classes that a sheet gives a look of their own, without regard to where they stand. */
const owned = (sheet: string): string[] => [...sheet.matchAll(/^\.([a-z][\w-]*) \{/gmu)].map((match) => match[1] ?? "");

describe("style sheets", () => {
  it("are there to be read", () => {
    expect(Object.keys(sheets).length).toBeGreaterThan(20);
    expect(owned(sheets["styles/frame.css"] ?? "")).toContain("frame");
  });

  // A sheet stays once its page was visited, so two with one name would change each other's pages.
  it("each have classes of their own", () => {
    const owners = new Map<string, Set<string>>();
    for (const [name, sheet] of Object.entries(sheets)) {
      for (const style of owned(sheet)) owners.set(style, (owners.get(style) ?? new Set()).add(name));
    }
    expect([...owners].filter(([, names]) => names.size > 1).map(([style]) => style)).toEqual([]);
  });
});
