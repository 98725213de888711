import type { EncodingChoice, EncodingSettings, WantedEncoding } from "../../../api/types";

/** A size as the form holds it: whether it is made, and what is typed as its rate in megabits a second. */
export interface SizeDraft {
  chosen: boolean;
  rate: string;
}

const MEGABIT = 1_000_000;

/** Megabits a second as people type them. */
export const megabits = (bitRate: number): string => String(Number((bitRate / MEGABIT).toFixed(3)));

/** The rate that was typed, in bits a second; null where it is no number or outside of what can be chosen. */
export function bitRateOf(typed: string, choice: EncodingChoice): number | null {
  if (!/^\d{1,4}(?:[.,]\d{1,3})?$/u.test(typed.trim())) return null;
  const rate = Math.round(Number(typed.trim().replace(",", ".")) * MEGABIT);
  return rate >= choice.bit_rate_min && rate <= choice.bit_rate_max ? rate : null;
}

/** One draft for each size that can be made. */
export function draftsOf(settings: Pick<EncodingSettings, "steps" | "choices">): SizeDraft[] {
  return settings.choices.map((choice) => {
    const step = settings.steps.find(({ height }) => height === choice.height);
    return { chosen: step !== undefined, rate: megabits((step ?? choice).bit_rate) };
  });
}

/** What the drafts ask for; null while one of them is not right, or nothing is chosen. */
export function stepsOf(drafts: readonly SizeDraft[], choices: readonly EncodingChoice[]): WantedEncoding["steps"] | null {
  const steps: WantedEncoding["steps"] = [];
  for (const [index, choice] of choices.entries()) {
    const draft = drafts[index];
    if (draft?.chosen !== true) continue;
    const bitRate = bitRateOf(draft.rate, choice);
    if (bitRate === null) return null;
    steps.push({ height: choice.height, bit_rate: bitRate });
  }
  return steps.length === 0 ? null : steps;
}
