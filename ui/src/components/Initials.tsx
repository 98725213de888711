import type { CSSProperties } from "react";
import type { Speaker } from "../api/types";
import { initials } from "../lib/format";

export function speakerName(speaker: Pick<Speaker, "name" | "label">): string {
  return speaker.name ?? speaker.label;
}

export function speakerHue(hue: number): CSSProperties {
  return { "--speaker-hue": `var(--hue-${((hue % 8) + 8) % 8})` } as CSSProperties;
}

/** A speaker is never told by colour alone. */
export function Initials({ speaker }: { speaker: Pick<Speaker, "name" | "label" | "hue"> }) {
  return (
    <span className="initials" style={speakerHue(speaker.hue)} aria-hidden>
      {initials(speakerName(speaker))}
    </span>
  );
}
