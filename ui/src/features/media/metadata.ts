import { strings } from "../../strings";

export type ReadMetadata = { value: Record<string, unknown> } | { problem: string };

/** Reads what was typed as the metadata of a file, or says what is wrong with it. */
export function readMetadata(text: string): ReadMetadata {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === "" ? "{}" : text);
  } catch (error) {
    return { problem: strings.asset.metadataNotJson(error instanceof Error ? error.message : "") };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { problem: strings.asset.metadataNotObject };
  return { value: value as Record<string, unknown> };
}
