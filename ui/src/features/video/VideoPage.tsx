import "./video.css";
import "./transcript.css";
import "./screen.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { FileText, Film, Hourglass } from "lucide-react";
import { Tabs } from "radix-ui";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { isGone } from "../../api/client";
import { useMay } from "../../api/me";
import { isBusy, summaryQuery, transcriptQuery, videoQuery } from "../../api/queries";
import type { Chapter, VideoDetail } from "../../api/types";
import { InlineEdit } from "../../components/InlineEdit";
import { Problem } from "../../components/Problem";
import { Progress } from "../../components/Progress";
import { formatAge } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { useVideoActions } from "../library/actions";
import { stageName } from "../library/stage";
import { NotHere } from "../organization/NotHere";
import { useVideo, VideoContext, type VideoContextValue } from "./context";
import { DetailsPanel, StageList } from "./Details";
import { FailedNotice } from "./FailedNotice";
import { Player, useFullscreen } from "./Player";
import { PlayerStore } from "./player-store";
import { ScreenPanel } from "./Screen";
import { ShortcutsDialog, usePlayerKeys } from "./shortcuts";
import { hasAddress } from "./stream";
import { SummaryPanel } from "./Summary";
import { ChapterStrip, SpeakerLanes } from "./Timeline";
import { TranscriptPanel } from "./Transcript";
import { VideoToolbar } from "./VideoToolbar";

const NO_CHAPTERS: Chapter[] = [];

export function VideoPage() {
  const { videoId } = useParams({ from: "/app/videos/$videoId" });
  const video = useQuery(videoQuery(videoId));
  useTitle(video.data?.title);
  // Another file begins at its beginning, as another video does.
  if (video.data) return <LoadedPage key={`${videoId} ${video.data.file_version ?? 0}`} video={video.data} />;
  if (video.isPending) return <PageSkeleton />;
  if (isGone(video.error)) {
    return (
      <div className="page page--narrow">
        <NotHere
          path={`/videos/${encodeURIComponent(videoId)}`}
          icon={Film}
          title={strings.video.notFoundTitle}
          text={strings.video.notFoundText}
        >
          <Link to="/library" className="button">
            {strings.video.backToLibrary}
          </Link>
        </NotHere>
      </div>
    );
  }
  return (
    <div className="page page--narrow">
      <Problem error={video.error} onRetry={() => void video.refetch()} />
    </div>
  );
}

function LoadedPage({ video }: { video: VideoDetail }) {
  const transcript = useQuery(transcriptQuery(video.id));
  const summary = useQuery(summaryQuery(video.id));
  const [player] = useState(() => new PlayerStore(video.duration_ms ?? 0));
  const [helpOpen, setHelpOpen] = useState(false);
  const fullscreen = useFullscreen();
  const chapters = summary.data?.chapters ?? NO_CHAPTERS;
  const speakerList = transcript.data?.speakers ?? video.speakers;

  useEffect(() => {
    if (video.duration_ms !== null) player.setKnownDuration(video.duration_ms);
  }, [player, video.duration_ms]);
  useSecondInAddress(player);
  const openHelp = useCallback(() => setHelpOpen(true), []);
  usePlayerKeys(player, chapters, fullscreen.toggle, openHelp);

  const context = useMemo<VideoContextValue>(
    () => ({
      video,
      player,
      chapters,
      transcript: transcript.data,
      speakers: new Map(speakerList.map((speaker) => [speaker.id, speaker])),
    }),
    [video, player, chapters, transcript.data, speakerList],
  );
  const failed = video.status === "failed";
  const playable = hasAddress(video.playback);
  const page = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);

  // On a narrow screen the tabs stick below the player, whose height depends on the recording.
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const sticky = getComputedStyle(element).position === "sticky";
      page.current?.style.setProperty("--stage-height", `${sticky ? element.offsetHeight : 0}px`);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <VideoContext value={context}>
      <div className="video" ref={page}>
        <div className="video__stage" ref={stage} data-playable={playable}>
          {playable ? <Player onHelp={openHelp} fullscreen={fullscreen} /> : <NotPlayable video={video} />}
        </div>
        <div className="video__about">
          <Heading video={video} />
          {failed && playable ? <FailedNotice video={video} /> : null}
          {isBusy(video) && playable ? <StillWorking video={video} /> : null}
        </div>
        <div className="video__more">
          <ChapterStrip />
          <SpeakerLanes />
        </div>
        <SidePanel transcriptError={transcript.error} onRetryTranscript={() => void transcript.refetch()} />
      </div>
      <ShortcutsDialog open={helpOpen} onClose={() => setHelpOpen(false)} />
    </VideoContext>
  );
}

function Heading({ video }: { video: VideoDetail }) {
  const actions = useVideoActions();
  const mayEdit = useMay("edit_content");
  return (
    <header className="video__head">
      <div className="video__titles">
        <h1 className="video__title">
          {mayEdit ? (
            <InlineEdit
              value={video.title}
              label={strings.library.rename}
              maxLength={200}
              onSave={(title) => actions.rename(video, title)}
            />
          ) : (
            video.title
          )}
        </h1>
        <p className="faint small">
          <time dateTime={video.created_at}>{formatAge(video.created_at)}</time>
          {video.author?.name ? ` ${strings.video.uploadedBy(video.author.name)}` : null}
        </p>
      </div>
      <VideoToolbar />
    </header>
  );
}

type Tab = "transcript" | "screen" | "summary" | "details";

const isOtherTab = (value: string): value is Exclude<Tab, "transcript"> =>
  value === "screen" || value === "summary" || value === "details";

function SidePanel({
  transcriptError,
  onRetryTranscript,
}: {
  transcriptError: Error | null;
  onRetryTranscript: () => void;
}) {
  const { tab: wanted = "transcript" } = useSearch({ from: "/app/videos/$videoId" });
  const { video, transcript } = useVideo();
  const hasPicture = video.kind === "video";
  const tab = wanted === "screen" && !hasPicture ? "transcript" : wanted;
  const [opened, setOpened] = useState(tab === "details");
  if (tab === "details" && !opened) setOpened(true);
  const navigate = useNavigate({ from: "/videos/$videoId" });
  const choose = (value: string): void => {
    void navigate({
      search: ({ tab: _before, ...rest }) => (isOtherTab(value) ? { ...rest, tab: value } : rest),
      replace: true,
      resetScroll: false,
    });
  };
  const tabs: [Tab, string][] = [
    ["transcript", strings.video.transcript],
    ...(hasPicture ? ([["screen", strings.video.screen]] satisfies [Tab, string][]) : []),
    ["summary", strings.video.summary],
    ["details", strings.video.details],
  ];
  return (
    <Tabs.Root className="panel" value={tab} onValueChange={choose}>
      <Tabs.List className="tabs__list" aria-label={strings.video.tabs}>
        {tabs.map(([value, label]) => (
          <Tabs.Trigger key={value} value={value} className="tabs__tab">
            {label}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="transcript" className="panel__body panel__body--transcript" tabIndex={-1}>
        {transcriptError && transcript === undefined ? (
          <Problem error={transcriptError} onRetry={onRetryTranscript} />
        ) : (
          <TranscriptPanel />
        )}
      </Tabs.Content>
      {hasPicture ? (
        <Tabs.Content value="screen" className="panel__body" tabIndex={-1}>
          <ScreenPanel />
        </Tabs.Content>
      ) : null}
      <Tabs.Content value="summary" className="panel__body" tabIndex={-1}>
        <SummaryPanel />
      </Tabs.Content>
      {/* Once it was opened it stays, and with it what is being typed there. */}
      <Tabs.Content
        value="details"
        className="panel__body"
        tabIndex={-1}
        hidden={tab !== "details"}
        {...(opened ? { forceMount: true } : {})}
      >
        <DetailsPanel />
      </Tabs.Content>
    </Tabs.Root>
  );
}

function NotPlayable({ video }: { video: VideoDetail }) {
  if (video.kind === "text" && video.status === "completed") {
    return (
      <div className="video__waiting" data-kind={video.kind}>
        <FileText size={28} strokeWidth={1.5} aria-hidden />
        <p className="video__waiting-title">{strings.video.textOnly}</p>
        <p>{strings.video.textOnlyText}</p>
      </div>
    );
  }
  return (
    <div className="video__waiting" data-kind={video.kind}>
      {video.status === "failed" ? null : <Hourglass size={28} strokeWidth={1.5} aria-hidden />}
      {video.status === "failed" ? (
        <FailedNotice video={video} />
      ) : (
        <p className="video__waiting-title">
          {video.kind === "text" ? strings.video.textWaiting : strings.video.notPlayable}
        </p>
      )}
      {isBusy(video) ? (
        <>
          <p>{video.kind === "text" ? strings.video.textWaitingText : strings.video.notPlayableText}</p>
          <StageList stages={video.stages.filter((stage) => stage.status !== "skipped")} />
        </>
      ) : null}
    </div>
  );
}

function StillWorking({ video }: { video: VideoDetail }) {
  const stage = stageName(video);
  return (
    <div className="video__working">
      <p className="small soft">
        {stage} · <span className="number">{Math.round(video.progress)} %</span>
      </p>
      <Progress label={stage} value={video.progress} />
    </div>
  );
}

/** Starts at `?t=`, follows it when it changes, and writes the second back when playback stops or jumps. */
function useSecondInAddress(player: PlayerStore): void {
  const { t } = useSearch({ from: "/app/videos/$videoId" });
  const navigate = useNavigate({ from: "/videos/$videoId" });
  const written = useRef<number | null>(null);

  useEffect(() => {
    if (t === undefined || t === written.current) return;
    written.current = t;
    player.seek(t * 1000);
  }, [t, player]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const write = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const second = Math.floor(player.time_ms() / 1000);
        if (second === written.current) return;
        written.current = second;
        void navigate({
          search: ({ t: _before, ...rest }) => (second > 0 ? { ...rest, t: second } : rest),
          replace: true,
          resetScroll: false,
        });
      }, 400);
    };
    let playing = false;
    const stopState = player.subscribeState(() => {
      if (playing && !player.state().playing) write();
      playing = player.state().playing;
    });
    const stopSeek = player.onSeek(write);
    return () => {
      clearTimeout(timer);
      stopState();
      stopSeek();
    };
  }, [player, navigate]);
}

function PageSkeleton() {
  return (
    <div className="video" aria-busy>
      <span className="visually-hidden" role="status">
        {strings.common.loading}
      </span>
      <div className="video__stage">
        <div className="skeleton" style={{ aspectRatio: "16 / 9", maxHeight: "min(72dvh, 900px)", width: "100%", borderRadius: 12 }} />
      </div>
      <div className="video__about">
        <div className="skeleton" style={{ width: "56%", height: 28 }} />
        <div className="skeleton" style={{ width: "24%", height: 14, marginBlockStart: 8 }} />
      </div>
      <div className="panel">
        <div className="tabs__list" />
        <div className="panel__body transcript__skeleton">
          {[92, 84, 97, 60, 88, 94, 72, 90].map((width, index) => (
            <div key={index} className="skeleton" style={{ width: `${width}%`, height: 14 }} />
          ))}
        </div>
      </div>
    </div>
  );
}
