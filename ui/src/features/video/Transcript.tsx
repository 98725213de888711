import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Captions, FileWarning, LoaderCircle, Locate, Search } from "lucide-react";
import { memo, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useMay } from "../../api/me";
import type { Segment, Speaker, Transcript as TranscriptData } from "../../api/types";
import { Empty } from "../../components/Empty";
import { formatClock, speakClock } from "../../lib/format";
import { mainElement, useMedia, useScrollMargin } from "../../lib/hooks";
import { findAll } from "../../lib/marks";
import { indexAt } from "../../lib/vtt";
import { strings } from "../../strings";
import { mayEndOtherwise } from "../library/stage";
import { useMarksReached, useVideo } from "./context";
import { usePlayerTime, type PlayerStore } from "./player-store";
import { SpeakerChip } from "./SpeakerChip";
import { hasAddress } from "./stream";
import { markPieces, placeWords } from "./words";

/** Below this width the page itself scrolls and the transcript has no scroller of its own. */
export const ONE_COLUMN = "(max-width: 1100px)";

const SCROLL_KEYS = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"]);
const ROW_ESTIMATE_PX = 64;

interface Match {
  segment: number;
  start: number;
  end: number;
}

export function TranscriptPanel() {
  const { video, transcript } = useVideo();
  const mayEdit = useMay("edit_content");
  const remedy = mayEndOtherwise(video) ? strings.transcript.failedText : strings.transcript.failedFileText;
  if (!transcript) return <TranscriptSkeleton />;
  if (transcript.status === "pending") {
    return (
      <Empty icon={LoaderCircle} title={strings.transcript.pendingTitle} text={strings.transcript.pendingText} />
    );
  }
  if (transcript.status === "failed") {
    const text = transcript.notice ?? (mayEdit ? remedy : "");
    return <Empty icon={FileWarning} title={strings.transcript.failedTitle} text={text} />;
  }
  if (transcript.segments.length === 0) {
    const text = transcript.notice ?? (mayEdit ? strings.transcript.noneText : "");
    return <Empty icon={Captions} title={strings.transcript.noneTitle} text={text} />;
  }
  return <TranscriptList transcript={transcript} />;
}

function TranscriptList({ transcript }: { transcript: TranscriptData }) {
  const { video, player, speakers } = useVideo();
  const { segments } = transcript;
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const oneColumn = useMedia(ONE_COLUMN);
  const [following, setFollowing] = useState(true);
  const reached = usePlayerTime(player, (ms) => indexAt(segments, ms));
  const active = useMarksReached() ? reached : -1;

  const [query, setQuery] = useState("");
  const needle = useDeferredValue(query);
  const matches = useMemo(() => findMatches(segments, needle), [segments, needle]);
  const [chosen, setChosen] = useState(0);
  const match = matches[Math.min(chosen, matches.length - 1)];

  const scroller = useCallback(() => (oneColumn ? mainElement() : box.current), [oneColumn]);
  const margin = useScrollMargin(list, scroller);
  const rows = useVirtualizer({
    count: segments.length,
    getScrollElement: scroller,
    estimateSize: () => ROW_ESTIMATE_PX,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => segments[index]?.id ?? index,
  });

  const bringIntoView = useCallback(
    (index: number): void => {
      const scrolled = scroller();
      if (!scrolled) return;
      const covered = coveredHeight(oneColumn);
      const height = scrolled.clientHeight - covered;
      const row = rows.getVirtualItems().find((item) => item.index === index);
      const top = row ? row.start - scrolled.scrollTop - covered : -1;
      if (row && top >= height * 0.08 && top + row.size <= height * 0.72) return;
      const offset = rows.getOffsetForIndex(index, "start")?.[0];
      if (offset !== undefined) rows.scrollToOffset(Math.max(0, offset - covered - height * 0.24));
    },
    [scroller, oneColumn, rows],
  );

  // Lines above it that are seen for the first time turn out higher or lower than was thought, and move it.
  const place = rows.measurementsCache[reached]?.start;
  useEffect(() => {
    if (following && reached >= 0) bringIntoView(reached);
  }, [reached, place, following, bringIntoView]);

  // What is looked for is shown as it is typed; once per word, so that news of the transcript moves nothing.
  const sought = useRef("");
  useEffect(() => {
    if (needle === sought.current) return;
    sought.current = needle;
    if (matches[0]) bringIntoView(matches[0].segment);
  }, [needle, matches, bringIntoView]);

  useEffect(() => player.onSeek(() => setFollowing(true)), [player]);

  useEffect(() => {
    const scrolled = scroller();
    if (!scrolled) return;
    const stop = (): void => setFollowing(false);
    const onKey = (event: KeyboardEvent): void => {
      const inside = scrolled === event.target || (event.target instanceof Node && box.current?.contains(event.target));
      if (inside && SCROLL_KEYS.has(event.key)) stop();
    };
    const onPointer = (event: PointerEvent): void => {
      if (event.target === scrolled) stop();
    };
    scrolled.addEventListener("wheel", stop, { passive: true });
    scrolled.addEventListener("touchmove", stop, { passive: true });
    scrolled.addEventListener("keydown", onKey);
    scrolled.addEventListener("pointerdown", onPointer);
    return () => {
      scrolled.removeEventListener("wheel", stop);
      scrolled.removeEventListener("touchmove", stop);
      scrolled.removeEventListener("keydown", onKey);
      scrolled.removeEventListener("pointerdown", onPointer);
    };
  }, [scroller]);

  // Clicking a word seeks to it. Keyboards and screen readers use the time button of each line.
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const onClick = (event: MouseEvent): void => {
      if (!(event.target instanceof Element) || (window.getSelection()?.toString() ?? "") !== "") return;
      const at = event.target.closest<HTMLElement>("[data-ms]")?.dataset["ms"];
      if (at !== undefined) player.seek(Number(at));
    };
    element.addEventListener("click", onClick);
    return () => element.removeEventListener("click", onClick);
  }, [player]);

  const step = (by: 1 | -1): void => {
    if (matches.length === 0) return;
    const next = (Math.min(chosen, matches.length - 1) + by + matches.length) % matches.length;
    setChosen(next);
    setFollowing(false);
    const target = matches[next];
    if (target) bringIntoView(target.segment);
  };

  return (
    <div className="transcript" ref={box}>
      <div className="transcript__search" role="search">
        <Search size={16} aria-hidden />
        <input
          className="input input--quiet"
          type="search"
          aria-label={strings.transcript.search}
          placeholder={strings.transcript.search}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setChosen(0);
            setFollowing(false);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") {
              event.preventDefault();
              step(event.shiftKey ? -1 : 1);
            }
            if (event.key === "Escape") setQuery("");
          }}
        />
        {query.trim() === "" ? null : (
          <>
            <span className="faint small number" role="status">
              {matches.length === 0
                ? strings.transcript.noMatches
                : strings.transcript.matches(Math.min(chosen, matches.length - 1) + 1, matches.length)}
            </span>
            <button
              type="button"
              className="icon-button icon-button--small"
              aria-label={strings.transcript.previous}
              disabled={matches.length === 0}
              onClick={() => step(-1)}
            >
              <ArrowUp size={16} aria-hidden />
            </button>
            <button
              type="button"
              className="icon-button icon-button--small"
              aria-label={strings.transcript.next}
              disabled={matches.length === 0}
              onClick={() => step(1)}
            >
              <ArrowDown size={16} aria-hidden />
            </button>
          </>
        )}
      </div>
      <ol
        ref={list}
        className="transcript__list"
        aria-label={strings.transcript.list}
        lang={transcript.language ?? undefined}
        style={{ height: rows.getTotalSize() }}
      >
        {rows.getVirtualItems().map((row) => {
          const segment = segments[row.index];
          if (!segment) return null;
          const previous = segments[row.index - 1];
          const turn = segment.speaker_id !== null && previous?.speaker_id !== segment.speaker_id;
          return (
            <li
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              className="segment"
              data-active={row.index === active}
              data-first={row.index === 0}
              aria-current={row.index === active ? "true" : undefined}
              aria-setsize={segments.length}
              aria-posinset={row.index + 1}
              style={{ transform: `translateY(${row.start - margin}px)` }}
            >
              {turn ? <Turn segment={segment} speaker={speakers.get(segment.speaker_id ?? "")} /> : null}
              <SegmentLine
                segment={segment}
                active={row.index === active}
                needle={needle}
                chosenStart={match?.segment === row.index ? match.start : -1}
                player={player}
              />
            </li>
          );
        })}
      </ol>
      {!following && active >= 0 && hasAddress(video.playback) ? (
        <div className="transcript__resume">
          <button type="button" className="button button--small" onClick={() => setFollowing(true)}>
            <Locate size={16} aria-hidden />
            {strings.transcript.resume}
          </button>
        </div>
      ) : null}
    </div>
  );
}

/** What sticks to the top of the scroller and hides lines: the search field, and in one column the player and the tabs. */
function coveredHeight(oneColumn: boolean): number {
  const heightOf = (selector: string): number => document.querySelector<HTMLElement>(selector)?.offsetHeight ?? 0;
  const search = heightOf(".transcript__search");
  if (!oneColumn) return search;
  const stage = document.querySelector(".video__stage");
  const sticky = stage !== null && getComputedStyle(stage).position === "sticky";
  return search + heightOf(".tabs__list") + (sticky ? heightOf(".video__stage") : 0);
}

function findMatches(segments: readonly Segment[], needle: string): Match[] {
  if (needle.trim() === "") return [];
  return segments.flatMap((segment, index) =>
    findAll(segment.text, needle).map(({ start, end }) => ({ segment: index, start, end })),
  );
}

function Turn({ segment, speaker }: { segment: Segment; speaker: Speaker | undefined }) {
  return (
    <div className="segment__turn">
      {speaker ? (
        <SpeakerChip speaker={speaker} uncertain={segment.speaker_uncertain} />
      ) : (
        <span className="faint">{strings.transcript.unknownSpeaker}</span>
      )}
    </div>
  );
}

const UNSURE_BELOW = 0.55;

const SegmentLine = memo(function SegmentLine({
  segment,
  active,
  needle,
  chosenStart,
  player,
}: {
  segment: Segment;
  active: boolean;
  needle: string;
  chosenStart: number;
  player: PlayerStore;
}) {
  const matches = useMemo(() => findAll(segment.text, needle), [segment.text, needle]);
  const pieces = useMemo(() => markPieces(placeWords(segment), matches), [segment, matches]);
  const unsure = segment.confidence !== null && segment.confidence < UNSURE_BELOW;
  return (
    <div className="segment__line">
      <button
        type="button"
        className="segment__time time"
        aria-label={strings.transcript.seekTo(speakClock(segment.start_ms))}
        onClick={() => player.seek(segment.start_ms)}
      >
        {formatClock(segment.start_ms)}
      </button>
      <p className="segment__text" dir="auto" data-unsure={unsure} data-uncertain={segment.speaker_uncertain} data-ms={segment.start_ms}>
        {active ? (
          <ActiveWords segment={segment} pieces={pieces} matches={matches} chosenStart={chosenStart} player={player} />
        ) : (
          <Words segment={segment} pieces={pieces} matches={matches} chosenStart={chosenStart} current={-1} />
        )}
      </p>
    </div>
  );
});

interface WordsProps {
  segment: Segment;
  pieces: ReturnType<typeof markPieces>;
  matches: { start: number; end: number }[];
  chosenStart: number;
}

function ActiveWords({ player, ...props }: WordsProps & { player: PlayerStore }) {
  const current = usePlayerTime(player, (ms) => indexAt(props.segment.words, ms));
  return <Words {...props} current={current} />;
}

function Words({ segment, pieces, matches, chosenStart, current }: WordsProps & { current: number }) {
  return pieces.map((piece) => {
    const text = segment.text.slice(piece.start, piece.end);
    const chosen = piece.match >= 0 && matches[piece.match]?.start === chosenStart;
    const content = piece.match >= 0 ? <mark data-chosen={chosen}>{text}</mark> : text;
    const word = piece.word >= 0 ? segment.words[piece.word] : undefined;
    if (!word) return <span key={piece.start}>{content}</span>;
    return (
      <span key={piece.start} className="word" data-ms={word.start_ms} data-current={piece.word === current}>
        {content}
      </span>
    );
  });
}

export function TranscriptSkeleton() {
  return (
    <div className="transcript" aria-busy>
      <span className="visually-hidden" role="status">
        {strings.common.loading}
      </span>
      <div className="transcript__skeleton">
        {[92, 84, 97, 60, 88, 94, 72, 90].map((width, index) => (
          <div key={index} className="skeleton" style={{ width: `${width}%`, height: 14 }} />
        ))}
      </div>
    </div>
  );
}
