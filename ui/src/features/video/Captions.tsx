import { useEffect, useMemo, useState } from "react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { keys } from "../../api/queries";
import { parseVtt, plainCue, runningCues } from "../../lib/vtt";
import { strings } from "../../strings";
import { useVideo } from "./context";
import { usePlayerTime } from "./player-store";
import type { ShownText } from "./tracks";

/** How long it is said that subtitles could not be loaded: the picture below is what is watched. */
const FAILURE_SHOWN_MS = 8000;

/**
 * Captions and subtitles drawn by the page rather than the browser, so that they stand above the controls and keep one look
 * everywhere.
 */
export function Captions({ text: { id, kind, url, language } }: { text: ShownText }) {
  const { video, player } = useVideo();
  const file = useQuery({
    // Subtitles are of the file, and those that were added are read anew when they are changed; addresses change with every answer.
    queryKey: [...keys.captions(video.id), id, kind === "captions" ? video.updated_at : video.file_version],
    queryFn: async ({ signal }) => {
      const response = await fetch(url, { signal });
      if (!response.ok) throw new Error(`captions answered ${response.status}`);
      return parseVtt(await response.text());
    },
    staleTime: 10 * 60_000,
    retry: 1,
  });
  const cues = useMemo(() => file.data ?? [], [file.data]);
  const running = useMemo(() => runningCues(cues), [cues]);
  // Below a waveform there is room for what began last alone.
  const first = video.kind === "audio" ? -1 : 0;
  const shown = usePlayerTime(player, (ms) => running(ms).slice(first).join(" "));
  if (file.isError && file.data === undefined && kind === "subtitles") return <Failure />;
  const lines = (shown === "" ? [] : shown.split(" "))
    .flatMap((at) => plainCue(cues[Number(at)]?.text ?? "").split("\n"))
    .filter((line) => line !== "");
  if (lines.length === 0) return null;
  return (
    <div className="captions" lang={language ?? undefined} dir="auto" data-testid="captions">
      {lines.map((line, row) => (
        <span key={row}>{line}</span>
      ))}
    </div>
  );
}

function Failure() {
  const { video } = useVideo();
  const client = useQueryClient();
  const [shown, setShown] = useState(true);
  useEffect(() => {
    // Its address may have expired: the next try is by a new one.
    void client.invalidateQueries({ queryKey: keys.video(video.id), exact: true });
    const timer = setTimeout(() => setShown(false), FAILURE_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [client, video.id]);
  return (
    <div className="captions" role="status">
      {shown ? <span>{strings.player.textFailed}</span> : null}
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
