import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { formatClock, speakClock } from "../../lib/format";
import { indexAt } from "../../lib/vtt";
import { strings } from "../../strings";
import { storyboardQuery, StoryboardPicture } from "../library/storyboard";
import { useVideo } from "./context";
import { usePlayerState } from "./player-store";

const PREVIEW_WIDTH_PX = 176;

/** The time line: chapters as gaps, what is played in the accent, and a picture of the second under the pointer. */
export function SeekBar() {
  const { video, player, chapters } = useVideo();
  const { duration_ms } = usePlayerState(player);
  const bar = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<{ ms: number; x: number; width: number } | null>(null);
  const [dragging, setDragging] = useState(false);
  const frames = useQuery(storyboardQuery(video.id, video.playback.storyboard_url));

  // The position is written straight to the element: sixty renders a second would starve the transcript.
  const paint = useCallback((): void => {
    const element = bar.current;
    if (!element || duration_ms <= 0) return;
    const ms = player.time_ms();
    element.style.setProperty("--played", String(Math.min(1, ms / duration_ms)));
    element.setAttribute("aria-valuenow", String(Math.round(ms / 1000)));
    element.setAttribute("aria-valuetext", strings.player.position(speakClock(ms), speakClock(duration_ms)));
  }, [player, duration_ms]);

  useLayoutEffect(paint);
  useEffect(() => player.subscribeTime(paint), [player, paint]);

  const at = (event: PointerEvent): { ms: number; x: number; width: number } | null => {
    const bounds = bar.current?.getBoundingClientRect();
    if (!bounds || bounds.width === 0) return null;
    const x = Math.max(0, Math.min(bounds.width, event.clientX - bounds.left));
    return { ms: (x / bounds.width) * duration_ms, x, width: bounds.width };
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -5000, ArrowDown: -5000, ArrowRight: 5000, ArrowUp: 5000, PageDown: -60_000, PageUp: 60_000 }[event.key];
    if (step !== undefined) player.seekBy(step);
    else if (event.key === "Home") player.seek(0);
    else if (event.key === "End") player.seek(duration_ms);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const list = frames.data ?? [];
  const frame = hover ? list[Math.max(0, indexAt(list, hover.ms))] : undefined;
  const chapter = hover ? chapters[indexAt(chapters, hover.ms)] : undefined;
  const parts = chapters.length > 1 ? chapters : [{ title: "", start_ms: 0, end_ms: duration_ms }];

  return (
    <div
      ref={bar}
      className="seek"
      role="slider"
      tabIndex={0}
      aria-label={strings.player.seek}
      aria-valuemin={0}
      aria-valuemax={Math.round(duration_ms / 1000)}
      aria-valuenow={0}
      data-dragging={dragging}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        const point = at(event);
        if (!point || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragging(true);
        setHover(point);
        player.seek(point.ms);
      }}
      onPointerMove={(event) => {
        const point = at(event);
        setHover(point);
        if (dragging && point) player.seek(point.ms);
      }}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
      onPointerLeave={() => setHover(null)}
    >
      <div className="seek__track" aria-hidden>
        {parts.map((part, index) => {
          const next = parts[index + 1]?.start_ms ?? duration_ms;
          const from = duration_ms > 0 ? (index === 0 ? 0 : part.start_ms) / duration_ms : 0;
          const to = duration_ms > 0 ? next / duration_ms : 1;
          return (
            <span
              key={part.start_ms}
              className="seek__part"
              style={{ left: `${from * 100}%`, right: `${(1 - to) * 100}%` }}
            >
              <span
                className="seek__fill"
                style={{
                  width: `clamp(0%, calc((var(--played, 0) - ${from}) / ${Math.max(0.000001, to - from)} * 100%), 100%)`,
                }}
              />
            </span>
          );
        })}
        <span className="seek__thumb" />
      </div>
      {hover ? (
        <div
          className="seek__preview"
          aria-hidden
          style={{
            left: Math.max(PREVIEW_WIDTH_PX / 2, Math.min(hover.width - PREVIEW_WIDTH_PX / 2, hover.x)),
            width: PREVIEW_WIDTH_PX,
          }}
        >
          {frame ? (
            <div className="seek__picture">
              <StoryboardPicture frame={frame} width={PREVIEW_WIDTH_PX} />
            </div>
          ) : null}
          <p className="seek__caption">
            {chapter && chapters.length > 1 ? <span className="truncate">{chapter.title}</span> : null}
            <span className="time">{formatClock(hover.ms)}</span>
          </p>
        </div>
      ) : null}
    </div>
  );
}
