import { strings } from "../strings";

/** How the person wants dates and numbers to be written; undefined where they leave it to the device. */
let formats: { locale: string | undefined; timeZone: string | undefined } = { locale: undefined, timeZone: undefined };

/** Takes a choice over; one that this browser does not know, as another device may, is as good as none. */
export function setFormats({ locale, timeZone }: { locale: string | null; timeZone: string | null }): void {
  formats = {
    locale: known(locale, (tag) => new Intl.NumberFormat(tag)),
    timeZone: known(timeZone, (zone) => new Intl.DateTimeFormat(undefined, { timeZone: zone })),
  };
}

function known(choice: string | null, attempt: (choice: string) => unknown): string | undefined {
  if (choice === null) return undefined;
  try {
    attempt(choice);
    return choice;
  } catch {
    return undefined;
  }
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** `1:02`, `12:34` or `1:02:03`; whole seconds, rounded down as players do. */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = total % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

/** Spans, ages and languages are words of sentences, and those are of this language; dates and numbers are as the person writes them. */
const LANGUAGE = "en";

const unit = (value: number, name: string): string =>
  new Intl.NumberFormat(LANGUAGE, { style: "unit", unit: name, unitDisplay: "long" }).format(value);

/** The same time for a screen reader: "1 minute 2 seconds". */
export function speakClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (hours > 0) parts.push(unit(hours, "hour"));
  if (minutes > 0) parts.push(unit(minutes, "minute"));
  if (parts.length === 0 || total % 60 > 0) parts.push(unit(total % 60, "second"));
  return parts.join(" ");
}

const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** What a language is called (BCP 47), in the language of the sentences around it; its tag where nobody has named it. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(LANGUAGE, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export function formatBytes(bytes: number): string {
  let value = bytes;
  let index = 0;
  // As it will be written: a byte less than a gigabyte is no thousand megabytes.
  while (Math.round(value) >= 1000 && index < BYTE_UNITS.length - 1) {
    value /= 1000;
    index += 1;
  }
  return new Intl.NumberFormat(formats.locale, {
    style: "unit",
    unit: BYTE_UNITS[index] ?? "byte",
    unitDisplay: index === 0 ? "long" : "short",
    maximumFractionDigits: index >= 2 && value < 100 ? 1 : 0,
  }).format(value);
}

/** A rough remaining time that does not flicker: seconds below a minute in steps of five, then minutes. */
export function formatRemaining(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) {
    const stepped = Math.max(1, seconds < 10 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5);
    return shortUnit(stepped, "second");
  }
  if (seconds < 3600) return shortUnit(Math.ceil(seconds / 60), "minute");
  return `${shortUnit(Math.floor(seconds / 3600), "hour")} ${shortUnit(Math.ceil((seconds % 3600) / 60), "minute")}`;
}

function shortUnit(value: number, name: string): string {
  return new Intl.NumberFormat(LANGUAGE, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(formats.locale).format(value);
}

/** How long something took, to two units: `250 ms`, `1 min 30 sec`. */
export function formatDuration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < 1000) return shortUnit(rounded, "millisecond");
  const seconds = Math.round(rounded / 1000);
  const units: [number, string][] = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor((seconds % 3600) / 60), "minute"],
    [seconds % 60, "second"],
  ];
  const first = units.findIndex(([value]) => value > 0);
  return units.slice(first, first + 2).filter(([value]) => value > 0).map(([value, name]) => shortUnit(value, name)).join(" ");
}

export function formatDate(iso: string): string {
  return new Intl.DateTimeFormat(formats.locale, { dateStyle: "medium", timeZone: formats.timeZone }).format(new Date(iso));
}

export function formatDateTime(iso: string): string {
  return new Intl.DateTimeFormat(formats.locale, { dateStyle: "medium", timeStyle: "short", timeZone: formats.timeZone }).format(new Date(iso));
}

/** "just now", "5 minutes ago", "yesterday", then the date. */
export function formatAge(iso: string, now: number = Date.now()): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
  const age = Math.abs(seconds);
  if (age < 60) return strings.common.justNow;
  if (age < 3600) return relative.format(Math.trunc(seconds / 60), "minute");
  if (age < 86_400) return relative.format(Math.trunc(seconds / 3600), "hour");
  if (age < 7 * 86_400) return relative.format(Math.trunc(seconds / 86_400), "day");
  return formatDate(iso);
}

/** Up to two letters: "Ana Lima" is AL, "Speaker 2" is S2. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = Array.from(words[0] ?? "?")[0] ?? "?";
  const last = words.length > 1 ? (Array.from(words[words.length - 1] ?? "")[0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}
