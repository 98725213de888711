import { useEffect, useMemo, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { indexAt, parseVtt, plainCue } from "../../lib/vtt";
import { useVideo } from "./context";
import { usePlayerTime } from "./player-store";

/** Captions drawn by the page rather than the browser, so that they stand above the controls and keep one look everywhere. */
export function Captions({ url, language }: { url: string; language: string }) {
  const { video, player } = useVideo();
  const file = useQuery({
    queryKey: ["captions", video.id, language, video.updated_at],
    queryFn: async ({ signal }) => {
      const response = await fetch(url, { signal });
      if (!response.ok) throw new Error(`captions answered ${response.status}`);
      return parseVtt(await response.text());
    },
    staleTime: 10 * 60_000,
    retry: 1,
  });
  const cues = useMemo(() => file.data ?? [], [file.data]);
  const index = usePlayerTime(player, (ms) => {
    const at = indexAt(cues, ms);
    return at >= 0 && (cues[at]?.end_ms ?? 0) > ms ? at : -1;
  });
  const cue = index < 0 ? undefined : cues[index];
  if (!cue) return null;
  return (
    <div className="captions" lang={language} dir="auto" data-testid="captions">
      {plainCue(cue.text)
        .split("\n")
        .map((line, row) => (
          <span key={row}>{line}</span>
        ))}
    </div>
  );
}

/** True for a moment after the pointer moved, and always while `pinned`. */
export function useRecentlyMoved(element: HTMLElement | null, pinned: boolean): boolean {
  const [recent, setRecent] = useState(true);
  useEffect(() => {
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moved = (): void => {
      setRecent(true);
      clearTimeout(timer);
      timer = setTimeout(() => setRecent(false), 2500);
    };
    const left = (): void => {
      clearTimeout(timer);
      setRecent(false);
    };
    moved();
    element.addEventListener("pointermove", moved);
    element.addEventListener("pointerdown", moved);
    element.addEventListener("keydown", moved);
    element.addEventListener("focusin", moved);
    element.addEventListener("pointerleave", left);
    return () => {
      clearTimeout(timer);
      element.removeEventListener("pointermove", moved);
      element.removeEventListener("pointerdown", moved);
      element.removeEventListener("keydown", moved);
      element.removeEventListener("focusin", moved);
      element.removeEventListener("pointerleave", left);
    };
  }, [element]);
  return recent || pinned;
}
