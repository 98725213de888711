import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast, toLinear, type Triple } from "./colour";

/*
 * The eight speaker hues, read from the tokens and looked at through the three kinds of colour
 * blindness: OKLab after Ottosson (2020), simulation after Machado, Oliveira and Fernandes (2009),
 * severity 1.
 */

const tokens = readFileSync("src/styles/tokens.css", "utf8");
const hues = Array.from({ length: 8 }, (_, index) => Number(new RegExp(`--hue-${index}: (\\d+)`, "u").exec(tokens)?.[1]));

const THEMES = {
  light: { lightness: 0.48, chroma: 0.13, surface: 0.997, wash: 0.11 },
  dark: { lightness: 0.78, chroma: 0.125, surface: 0.212, wash: 0.15 },
};

const SIMULATIONS: Record<string, readonly Triple[]> = {
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function toLab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const apply = (matrix: readonly Triple[], [r, g, b]: Triple): Triple => {
  const row = (index: number): number => {
    const [x, y, z] = matrix[index] ?? [0, 0, 0];
    return Math.min(1, Math.max(0, x * r + y * g + z * b));
  };
  return [row(0), row(1), row(2)];
};

const distance = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

function closest(colours: readonly Triple[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [index, colour] of colours.entries()) {
    for (const other of colours.slice(index + 1)) least = Math.min(least, distance(colour, other));
  }
  return least;
}

describe.each(Object.entries(THEMES))("speaker colours in the %s theme", (_name, { lightness, chroma, surface, wash }) => {
  const linear = hues.map((hue) => toLinear(lightness, chroma, hue));

  it("are the ones the tokens name", () => {
    expect(tokens).toContain(`--speaker-lightness: ${lightness};`);
    expect(tokens).toContain(`--speaker-chroma: ${chroma};`);
    expect(new Set(hues).size).toBe(8);
  });

  it("are all distinct to full colour vision", () => {
    expect(closest(linear.map(toLab))).toBeGreaterThan(0.08);
  });

  it.each(Object.entries(SIMULATIONS))("keep the first four speakers apart with %s", (_kind, matrix) => {
    expect(closest(linear.slice(0, 4).map((colour) => toLab(apply(matrix, colour))))).toBeGreaterThan(0.05);
  });

  it("read as text on the wash behind initials", () => {
    for (const hue of hues) {
      // `color-mix(in oklab, …)` of the colour into the neutral surface mixes lightness and chroma alike.
      const mixed = toLinear(surface + (lightness - surface) * wash, chroma * wash, hue);
      expect(contrast(mixed, toLinear(lightness, chroma, hue))).toBeGreaterThan(4.6);
    }
  });
});
