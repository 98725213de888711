import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast, toLinear, type Triple } from "./colour";

const tokens = readFileSync("src/styles/tokens.css", "utf8");
const darkAt = tokens.indexOf(':root[data-theme="dark"]');

function colours(sheet: string): (name: string) => Triple {
  const found = new Map(
    [...sheet.matchAll(/--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);/gu)].map(([, name = "", l, c, h]) => [
      name,
      toLinear(Number(l), Number(c), Number(h)),
    ]),
  );
  return (name) => found.get(name) ?? [Number.NaN, Number.NaN, Number.NaN];
}

const TEXTS = ["text", "text-soft", "text-faint", "accent-text", "bad", "good", "info"];
const GROUNDS = ["ground", "surface", "sunken", "hover", "pressed"];
const PAIRS = [
  ["accent-ink", "accent"],
  ["accent-text", "accent-wash"],
  ["bad", "bad-wash"],
  ["text-soft", "bad-wash"],
  ["text", "mark"],
] as const;

describe.each([
  ["light", colours(tokens.slice(0, darkAt))],
  ["dark", colours(tokens.slice(darkAt))],
])("in the %s theme", (_name, colour) => {
  it.each([...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)), ...PAIRS])("%s can be read on %s", (text, ground) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(["ground", "surface", "sunken", "hover"])("where a field begins and what has the focus is seen on %s", (ground) => {
    expect(contrast(colour("control-border"), colour(ground))).toBeGreaterThanOrEqual(3);
    expect(contrast(colour("focus"), colour(ground))).toBeGreaterThanOrEqual(3);
  });
});
