import { useQuery } from "@tanstack/react-query";
import { LoaderCircle, Quote } from "lucide-react";
import { summaryQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Initials, speakerName } from "../../components/Initials";
import { Problem } from "../../components/Problem";
import { formatClock, speakClock } from "../../lib/format";
import { strings } from "../../strings";
import { useVideo } from "./context";
import { TranscriptSkeleton } from "./Transcript";

/** The engine that quotes sentences instead of writing new ones. */
const EXTRACTIVE = "extractive";

export function SummaryPanel() {
  const { video, player, speakers } = useVideo();
  const summary = useQuery(summaryQuery(video.id));
  if (summary.data === undefined) {
    if (summary.isPending) return <TranscriptSkeleton />;
    return <Problem error={summary.error} onRetry={() => void summary.refetch()} />;
  }
  const { status, sentences, key_points, engine, model } = summary.data;
  if (status === "pending") {
    return <Empty icon={LoaderCircle} title={strings.summary.pendingTitle} text={strings.summary.pendingText} />;
  }
  if (status === "none" || (sentences.length === 0 && key_points.length === 0)) {
    return <Empty icon={Quote} title={strings.summary.noneTitle} text={strings.summary.noneText} />;
  }
  return (
    <div className="summary">
      {sentences.length > 0 ? (
        <section aria-label={strings.summary.inShort}>
          <h2 className="panel__heading">{strings.summary.inShort}</h2>
          <p className="summary__text" dir="auto">
            {sentences.map((sentence) => (
              <span key={sentence.start_ms}>
                <a
                  className="summary__sentence"
                  href={`?t=${Math.floor(sentence.start_ms / 1000)}`}
                  title={strings.transcript.seekTo(speakClock(sentence.start_ms))}
                  onClick={(event) => {
                    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                    event.preventDefault();
                    player.seek(sentence.start_ms);
                  }}
                >
                  {sentence.text} <span className="summary__at time">{formatClock(sentence.start_ms)}</span>
                </a>{" "}
              </span>
            ))}
          </p>
        </section>
      ) : null}
      {key_points.length > 0 ? (
        <section aria-label={strings.summary.keyPoints}>
          <h2 className="panel__heading">{strings.summary.keyPoints}</h2>
          <ul className="summary__points">
            {key_points.map((point) => {
              const speaker = point.speaker_id === null ? undefined : speakers.get(point.speaker_id);
              return (
                <li key={`${point.start_ms}-${point.text}`}>
                  <button type="button" className="summary__point" onClick={() => player.seek(point.start_ms)}>
                    <span className="segment__time time">{formatClock(point.start_ms)}</span>
                    <span dir="auto">{point.text}</span>
                    {speaker ? (
                      <span title={speakerName(speaker)}>
                        <Initials speaker={speaker} />
                        <span className="visually-hidden">{speakerName(speaker)}</span>
                      </span>
                    ) : null}
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      ) : null}
      {engine === null ? null : (
        <p className="faint small">
          {engine === EXTRACTIVE ? strings.summary.extracted : strings.summary.written(model ?? engine)}
        </p>
      )}
    </div>
  );
}
