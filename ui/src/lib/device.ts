import { strings } from "../strings";

/** What a browser said about itself at sign-in, as far as a person can make use of it. */
export interface Device {
  browser: string | null;
  system: string | null;
  handheld: boolean;
}

// Browsers name those they descend from as well, so the most particular name stands first.
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//u, "Edge"],
  [/\bOPR\//u, "Opera"],
  [/\bSamsungBrowser\//u, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//u, "Firefox"],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//u, "Chrome"],
  [/\bVersion\/\S+ (?:Mobile\/\S+ )?Safari\//u, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/u, "iPhone"],
  [/\biPad\b/u, "iPad"],
  [/\bAndroid\b/u, "Android"],
  [/\bWindows\b/u, "Windows"],
  [/\bCrOS\b/u, "ChromeOS"],
  [/\bMac OS X\b|\bMacintosh\b/u, "macOS"],
  [/\bLinux\b/u, "Linux"],
];

const HANDHELD: readonly (string | null)[] = ["iPhone", "iPad", "Android"];

export function readDevice(userAgent: string | null): Device {
  const said = userAgent ?? "";
  const find = (names: typeof BROWSERS): string | null => names.find(([pattern]) => pattern.test(said))?.[1] ?? null;
  const system = find(SYSTEMS);
  // A program that is no browser names itself first: `curl/8.5.0`.
  const program = /^(?!Mozilla\b)([\w.-]+)\//u.exec(said)?.[1] ?? null;
  return { browser: find(BROWSERS) ?? program, system, handheld: HANDHELD.includes(system) };
}

/** What a person calls it: "Firefox on Windows". */
export function deviceName({ browser, system }: Device): string {
  if (browser !== null && system !== null) return strings.sessions.device(browser, system);
  return browser ?? system ?? strings.sessions.unknownDevice;
}
