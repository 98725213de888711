import type { UploadLimits, UploadSizes } from "../../../api/types";

const MIB = 1024 ** 2;
const BYTES = { MiB: MIB, GiB: 1024 ** 3 } as const;

export type Unit = keyof typeof BYTES;
export const UNITS: readonly Unit[] = ["MiB", "GiB"];

/** No limit is lower. */
export const LEAST_BYTES = MIB;

/** A size as the form holds it: what is typed, and in which unit. */
export interface SizeDraft {
  amount: string;
  unit: Unit;
}

/** What files are told apart by where their sizes are limited. */
export const LIMITED = ["video", "audio", "image", "document"] as const;
export type Limited = (typeof LIMITED)[number];
export type Drafts = Record<Limited, SizeDraft>;

export const fieldOf = <Kind extends Limited>(kind: Kind): `${Kind}_bytes_max` => `${kind}_bytes_max`;

/** As people type it: in GiB where it is a whole number of them. */
export function sizeDraft(bytes: number): SizeDraft {
  const unit: Unit = bytes >= BYTES.GiB && bytes % BYTES.GiB === 0 ? "GiB" : "MiB";
  return { amount: String(Number((bytes / BYTES[unit]).toFixed(3))), unit };
}

export function sizeText(bytes: number): string {
  const { amount, unit } = sizeDraft(bytes);
  return `${amount} ${unit}`;
}

export function draftsOf(sizes: UploadSizes): Drafts {
  return {
    video: sizeDraft(sizes.video_bytes_max),
    audio: sizeDraft(sizes.audio_bytes_max),
    image: sizeDraft(sizes.image_bytes_max),
    document: sizeDraft(sizes.document_bytes_max),
  };
}

/** The size that was typed; null where it is no number, or outside of what can be set. */
export function bytesOf({ amount, unit }: SizeDraft, most: number): number | null {
  if (!/^\d{1,6}(?:[.,]\d{1,3})?$/u.test(amount.trim())) return null;
  const bytes = Math.round(Number(amount.trim().replace(",", ".")) * BYTES[unit]);
  return bytes >= LEAST_BYTES && bytes <= most ? bytes : null;
}

/** What the drafts ask for; null while one of them is not right. What nobody touched stays as it is to the byte. */
export function sizesOf(drafts: Drafts, limits: UploadLimits): UploadSizes | null {
  const saved = draftsOf(limits);
  const wanted: UploadSizes = {
    video_bytes_max: limits.video_bytes_max,
    audio_bytes_max: limits.audio_bytes_max,
    image_bytes_max: limits.image_bytes_max,
    document_bytes_max: limits.document_bytes_max,
  };
  for (const kind of LIMITED) {
    const [draft, before] = [drafts[kind], saved[kind]];
    if (draft.amount === before.amount && draft.unit === before.unit) continue;
    const bytes = bytesOf(draft, limits.ceilings[fieldOf(kind)]);
    if (bytes === null) return null;
    wanted[fieldOf(kind)] = bytes;
  }
  return wanted;
}
