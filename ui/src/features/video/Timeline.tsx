import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, type PointerEvent } from "react";
import type { Segment, Speaker } from "../../api/types";
import { speakerHue, speakerName } from "../../components/Initials";
import { formatClock } from "../../lib/format";
import { indexAt } from "../../lib/vtt";
import { strings } from "../../strings";
import { useMarksReached, useVideo } from "./context";
import { usePlayerState, usePlayerTime } from "./player-store";
import { SpeakerChip } from "./SpeakerChip";

/** Pauses shorter than this part of the whole are too thin to see and only cost drawing. */
const MERGE_PART = 1 / 600;

/** Chapters as a strip; the one that is reached carries the accent. */
export function ChapterStrip() {
  const { player, chapters } = useVideo();
  const reached = usePlayerTime(player, (ms) => indexAt(chapters, ms));
  const active = useMarksReached() ? reached : -1;
  const strip = useRef<HTMLOListElement>(null);

  useEffect(() => {
    const element = strip.current;
    const current = element?.children[reached];
    if (!element || !(current instanceof HTMLElement)) return;
    const left = current.offsetLeft - element.offsetLeft;
    if (left < element.scrollLeft || left + current.offsetWidth > element.scrollLeft + element.clientWidth) {
      element.scrollTo({ left: left - 24 });
    }
  }, [reached]);

  if (chapters.length < 2) return null;
  return (
    <section aria-label={strings.video.chapters}>
      <h2 className="panel__heading">{strings.video.chapters}</h2>
      <ol className="chapters" ref={strip}>
        {chapters.map((chapter, index) => (
          <li key={chapter.start_ms}>
            <button
              type="button"
              className="chapter"
              aria-current={index === active ? "true" : undefined}
              onClick={() => player.seek(chapter.start_ms)}
            >
              <span className="time faint small">{formatClock(chapter.start_ms)}</span>
              <span className="chapter__title" dir="auto">
                {chapter.title}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** One lane per speaker over the whole recording. */
export function SpeakerLanes() {
  const { player, transcript, speakers } = useVideo();
  const marksReached = useMarksReached();
  const { duration_ms } = usePlayerState(player);
  const box = useRef<HTMLDivElement>(null);
  const lanes = useMemo(
    () => buildLanes(transcript?.segments ?? [], speakers, duration_ms),
    [transcript, speakers, duration_ms],
  );

  const paint = useCallback((): void => {
    const part = duration_ms > 0 ? Math.min(1, player.time_ms() / duration_ms) : 0;
    box.current?.style.setProperty("--played", String(part));
  }, [player, duration_ms]);
  useLayoutEffect(paint);
  useEffect(() => player.subscribeTime(paint), [player, paint]);

  if (lanes.length === 0 || duration_ms <= 0) return null;

  const seek = (event: PointerEvent): void => {
    const bounds = event.currentTarget.getBoundingClientRect();
    if (bounds.width > 0) player.seek(((event.clientX - bounds.left) / bounds.width) * duration_ms);
  };

  return (
    <section aria-label={strings.video.speakers}>
      <h2 className="panel__heading">{strings.video.speakers}</h2>
      <div className="lanes" ref={box}>
        {lanes.map((lane) => (
          <div key={lane.speaker.id} className="lane" style={speakerHue(lane.speaker.hue)}>
            <div className="lane__name">
              <SpeakerChip speaker={lane.speaker} />
            </div>
            <div className="lane__track" onPointerUp={seek} title={speakerName(lane.speaker)}>
              <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden>
                <path d={lane.sure} className="lane__sure" />
                <path d={lane.unsure} className="lane__unsure" />
              </svg>
              {marksReached ? <span className="lane__head" aria-hidden /> : null}
            </div>
            <span className="lane__share number faint small">{lane.percent} %</span>
          </div>
        ))}
      </div>
    </section>
  );
}

interface Lane {
  speaker: Speaker;
  sure: string;
  unsure: string;
  percent: number;
}

/** One path per speaker and certainty: a two-hour meeting is a handful of elements. */
export function buildLanes(
  segments: readonly Segment[],
  speakers: ReadonlyMap<string, Speaker>,
  duration_ms: number,
): Lane[] {
  if (duration_ms <= 0) return [];
  const spans = new Map<string, { from: number; to: number; unsure: boolean }[]>();
  const spoken = new Map<string, number>();
  let total = 0;
  for (const { speaker_id, start_ms, end_ms, speaker_uncertain } of segments) {
    if (speaker_id === null) continue;
    const list = spans.get(speaker_id) ?? [];
    const last = list[list.length - 1];
    if (last && last.unsure === speaker_uncertain && start_ms - last.to < duration_ms * MERGE_PART) last.to = end_ms;
    else list.push({ from: start_ms, to: end_ms, unsure: speaker_uncertain });
    spans.set(speaker_id, list);
    spoken.set(speaker_id, (spoken.get(speaker_id) ?? 0) + (end_ms - start_ms));
    total += end_ms - start_ms;
  }
  return [...speakers.values()]
    .filter((speaker) => spans.has(speaker.id))
    .map((speaker) => {
      const path = (unsure: boolean): string =>
        (spans.get(speaker.id) ?? [])
          .filter((span) => span.unsure === unsure)
          .map(({ from, to }) => {
            const x = (from / duration_ms) * 1000;
            const width = Math.max(1.2, ((to - from) / duration_ms) * 1000);
            return `M${x.toFixed(2)} 0h${width.toFixed(2)}v10h-${width.toFixed(2)}z`;
          })
          .join("");
      const percent = total > 0 ? Math.round(((spoken.get(speaker.id) ?? 0) / total) * 100) : 0;
      return { speaker, sure: path(false), unsure: path(true), percent };
    });
}
