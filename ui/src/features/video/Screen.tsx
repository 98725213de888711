import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleAlert, LoaderCircle, MonitorOff } from "lucide-react";
import { useMemo, useState } from "react";
import { keyFramesQuery } from "../../api/queries";
import type { KeyFrame } from "../../api/types";
import { Empty } from "../../components/Empty";
import { LoadMore } from "../../components/LoadMore";
import { Problem } from "../../components/Problem";
import { formatClock, speakClock } from "../../lib/format";
import { strings } from "../../strings";
import { useVideo } from "./context";
import { usePlayerTime } from "./player-store";
import { frameAt } from "./frames";

const NO_FRAMES: KeyFrame[] = [];

/** What is on screen: slides and shots with the text on them. Each plays from where it is shown. */
export function ScreenPanel() {
  const { video, player } = useVideo();
  const list = useInfiniteQuery(keyFramesQuery(video));
  const frames = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? NO_FRAMES, [list.data]);
  const shown = usePlayerTime(player, (ms) => frameAt(frames, ms));
  if (list.isPending) return <ScreenSkeleton />;
  if (list.isError && frames.length === 0) return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  if (frames.length === 0) {
    const status = video.stages.find((stage) => stage.stage === "key_frames")?.status;
    if (status === "waiting" || status === "running") {
      return <Empty icon={LoaderCircle} title={strings.screen.pendingTitle} text={strings.screen.pendingText} />;
    }
    if (status === "failed") {
      return <Empty icon={CircleAlert} title={strings.screen.failedTitle} text={strings.screen.failedText} />;
    }
    return <Empty icon={MonitorOff} title={strings.screen.noneTitle} text={strings.screen.noneText} />;
  }
  return (
    <>
      <ol className="key-frames" aria-label={strings.screen.list}>
        {frames.map((frame, index) => (
          <Frame key={frame.start_ms} frame={frame} isShown={index === shown} onSeek={(ms) => player.seek(ms)} />
        ))}
      </ol>
      <LoadMore list={list} className="key-frames__more" />
    </>
  );
}

function Frame({ frame, isShown, onSeek }: { frame: KeyFrame; isShown: boolean; onSeek: (ms: number) => void }) {
  const [broken, setBroken] = useState(false);
  const text = frame.text.split("\n").map(withoutBullet).join(" · ");
  return (
    <li className="key-frame" data-shown={isShown}>
      <button
        type="button"
        className="key-frame__play"
        aria-current={isShown ? "true" : undefined}
        aria-label={strings.screen.playFrom(speakClock(frame.start_ms), text)}
        onClick={() => onSeek(frame.start_ms)}
      >
        <span className="key-frame__picture" style={{ aspectRatio: `${frame.width} / ${frame.height}` }}>
          {broken ? null : (
            <img src={frame.thumbnail_url} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
          )}
          <span className="key-frame__time time">{formatClock(frame.start_ms)}</span>
        </span>
        {text === "" ? null : (
          <span className="key-frame__text" dir="auto">
            {text}
          </span>
        )}
      </button>
      {frame.shown.length > 1 ? (
        <p className="key-frame__again faint small">
          {strings.screen.again}
          {frame.shown.slice(1).map(({ start_ms }) => (
            <button
              key={start_ms}
              type="button"
              className="key-frame__at time"
              aria-label={strings.transcript.seekTo(speakClock(start_ms))}
              onClick={() => onSeek(start_ms)}
            >
              {formatClock(start_ms)}
            </button>
          ))}
        </p>
      ) : null}
    </li>
  );
}

/** A line of a slide; its bullet is no letter, and read as one that looks like it. */
function withoutBullet(line: string): string {
  return line.replace(/^[=•▪■*·–-]+\s+/u, "");
}

function ScreenSkeleton() {
  return (
    <div className="key-frames" aria-busy>
      <span className="visually-hidden" role="status">
        {strings.common.loading}
      </span>
      {Array.from({ length: 3 }, (_, index) => (
        <div key={index} className="skeleton key-frame__skeleton" aria-hidden />
      ))}
    </div>
  );
}
