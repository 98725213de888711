import { eachOf } from "./addresses";

/** What is asked of an image, as it is typed and chosen; empty where nothing is. */
export interface Transform {
  p: string;
  w: string;
  h: string;
  fit: string;
  focus: string;
  enlarge: boolean;
  dpr: string;
  flip: string;
  rotate: string;
  blur: string;
  sharpen: string;
  format: string;
  q: string;
  /** Whether what the camera wrote is kept. */
  keep: boolean;
}

export const AS_IT_IS: Transform = {
  p: "",
  w: "",
  h: "",
  fit: "",
  focus: "",
  enlarge: false,
  dpr: "",
  flip: "",
  rotate: "",
  blur: "",
  sharpen: "",
  format: "",
  q: "",
  keep: false,
};

/** What numbers can be: whole ones, and those of one decimal. */
export const NUMBERS = {
  w: { least: 1, most: 8192, whole: true },
  h: { least: 1, most: 8192, whole: true },
  dpr: { least: 1, most: 4, whole: false },
  blur: { least: 0.3, most: 50, whole: false },
  sharpen: { least: 0.3, most: 10, whole: false },
  q: { least: 1, most: 100, whole: true },
} as const;

export type NumberName = keyof typeof NUMBERS;

/** The number as options write it; null of what cannot be asked for. */
export function readNumber(name: NumberName, text: string): string | null {
  const { least, most, whole } = NUMBERS[name];
  const shape = whole ? /^\d{1,5}$/u : /^\d{1,5}(\.\d)?$/u;
  const typed = text.trim();
  const number = Number(typed);
  return shape.test(typed) && number >= least && number <= most ? String(number) : null;
}

/** The fields whose numbers cannot be. */
export function wrongNumbers(transform: Transform): NumberName[] {
  return (Object.keys(NUMBERS) as NumberName[]).filter((name) => transform[name] !== "" && readNumber(name, transform[name]) === null);
}

/** In the one spelling that addresses have; numbers that cannot be are left out. */
export function optionsOf(transform: Transform): string {
  const number = (name: NumberName): string => readNumber(name, transform[name]) ?? "";
  const said: [string, string][] = [
    ["p", transform.p],
    ["w", number("w")],
    ["h", number("h")],
    ["fit", transform.fit],
    ["focus", transform.focus],
    ["enlarge", transform.enlarge ? "yes" : ""],
    ["dpr", number("dpr")],
    ["flip", transform.flip],
    ["rotate", transform.rotate],
    ["blur", number("blur")],
    ["sharpen", number("sharpen")],
    ["format", transform.format],
    ["q", number("q")],
    ["strip", transform.keep ? "no" : ""],
  ];
  const options = said.filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`);
  return options.length === 0 ? "format=auto" : options.join(",");
}

const STEPS = [0.5, 1, 1.5, 2];
const SIDE_MAX = 8192;

/** Widths worth offering for something shown as wide as this. */
export function widthsFor(width: number): string {
  const widths = STEPS.map((step) => Math.round(width * step)).filter((one) => one >= 1 && one <= SIDE_MAX);
  return [...new Set(widths)].join(",");
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export interface Shown {
  src: string;
  srcset: string | null;
  sizes: string | null;
  width: number;
  height: number;
}

/** An element that shows the image, with addresses that work on pages of any origin. */
export function markupOf(shown: Shown, origin: string): string {
  const absolute = (address: string): string => new URL(address, origin).href;
  const set = shown.srcset === null ? undefined : eachOf(shown.srcset, absolute);
  const lines = [
    `<img src="${escaped(absolute(shown.src))}"`,
    ...(set ? [`  srcset="${escaped(set.join(",\n    "))}"`] : []),
    ...(set && shown.sizes !== null ? [`  sizes="${escaped(shown.sizes)}"`] : []),
    `  width="${shown.width}" height="${shown.height}" alt="" loading="lazy">`,
  ];
  return lines.join("\n");
}
