import type { ApiKey } from "../../api/types";

/** How long a new key may work: days, until a day of one's own, or without an end. */
export const LIFETIMES = ["30", "90", "365", "date", "never"] as const;
export type Lifetime = (typeof LIFETIMES)[number];

/** Long enough that nobody is tempted to have none, short enough that a forgotten key ends. */
export const USUAL_LIFETIME: Lifetime = "90";

const DAY_MS = 86_400_000;

/** When such a key ends: null is never, undefined where its day is yet to be named. */
export function expiryOf(lifetime: Lifetime, day: string, now: number): string | null | undefined {
  if (lifetime === "never") return null;
  if (lifetime !== "date") return new Date(now + Number(lifetime) * DAY_MS).toISOString();
  const end = new Date(`${day}T23:59:59`);
  return Number.isNaN(end.getTime()) ? undefined : end.toISOString();
}

/** This day as date fields write it. */
export function dayOf(now: number): string {
  const date = new Date(now);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function hasExpired({ expires_at }: Pick<ApiKey, "expires_at">, now: number = Date.now()): boolean {
  return expires_at !== null && Date.parse(expires_at) <= now;
}
