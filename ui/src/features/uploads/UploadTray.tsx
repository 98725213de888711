import "./uploads.css";
import { useQueries, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronUp, CircleCheck, FileText, ImageIcon, Pause, Play, RotateCw, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { assetQuery, renewMedia } from "../../api/media";
import { useMe } from "../../api/me";
import { isBusy, keys, videoQuery } from "../../api/queries";
import type { Asset, Video, VideoDetail } from "../../api/types";
import { Problem as ProblemNotice } from "../../components/Problem";
import { Progress } from "../../components/Progress";
import { ApiError, chosenOrganization, isGone } from "../../api/client";
import { kindIcons } from "../../components/kind";
import { Tip } from "../../components/Tip";
import { formatBytes, formatRemaining } from "../../lib/format";
import { NARROW, useMedia } from "../../lib/hooks";
import { useStore } from "../../lib/store";
import { strings } from "../../strings";
import { stageName } from "../library/stage";
import { pickFiles } from "./choose";
import {
  cancelUpload,
  continueWith,
  dismissUpload,
  pauseUpload,
  resumeUpload,
  setUploader,
  uploads,
  type UploadEntry,
} from "./manager";
import { forgetReceived } from "./received";
import { storedFile } from "./records";
import { isTranscript } from "./transcripts";

/** What does not go on, or not without somebody. */
const STUCK: ReadonlySet<UploadEntry["state"]> = new Set(["failed", "needs-file", "offline"]);

const TRAY_GAP_PX = 8;

/** Stays in the corner over every page of its organization until everything in it is done. */
export function UploadTray() {
  const entries = useStore(uploads).filter((entry) => entry.organization_id === chosenOrganization());
  const narrow = useMedia(NARROW);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const ids = entries.flatMap((entry) => (entry.state === "received" && entry.video_id !== null ? [entry.video_id] : []));
  const videos = useQueries({
    queries: ids.map((id) => videoQuery(id)),
    combine: (results) => byId(ids, results),
  });
  const videoOf = (entry: UploadEntry): Made<VideoDetail> => videos.get(entry.video_id ?? "");
  const assetIds = entries.flatMap((entry) => (entry.state === "received" && entry.asset_id !== null ? [entry.asset_id] : []));
  const assets = useQueries({
    queries: assetIds.map((id) => assetQuery(id)),
    combine: (results) => byId(assetIds, results),
  });
  const assetOf = (entry: UploadEntry): Made<Asset> => assets.get(entry.asset_id ?? "");
  // A video goes on as it is until the file that replaces its recording was looked at.
  const isAsset = (entry: UploadEntry): boolean =>
    entry.kind !== "video" || (entry.replaces && assetOf(entry)?.replacement !== null);
  const works = (entry: UploadEntry): boolean => (isAsset(entry) ? isLookedAt(assetOf(entry)) : isWorking(videoOf(entry)));
  const wentWrong = (entry: UploadEntry): boolean =>
    isAsset(entry) ? isFailed(assetOf(entry)) : videoOf(entry)?.status === "failed";

  const userId = useMe()?.user.id;
  useEffect(() => (userId === undefined ? undefined : setUploader(userId)), [userId]);

  useArrivals(entries);

  const isKnown = (entry: UploadEntry): boolean => (isAsset(entry) ? assetOf(entry) : videoOf(entry)) !== undefined;
  const settled = entries
    .filter((entry) => entry.state === "received" && isKnown(entry) && !works(entry))
    .map(({ key }) => key)
    .join(" ");
  // It stays in the list until somebody takes it off or the page is left, and does not come back after that.
  useEffect(() => {
    for (const key of settled.split(" ")) forgetReceived(key);
  }, [settled]);

  if (entries.length === 0) return null;

  // What failed is not finished: trying again continues it.
  const finished = entries.filter((entry) => entry.state === "received" && !works(entry));
  const clearFinished = (): void => {
    for (const { key } of finished) dismissUpload(key);
  };
  // On a phone it would cover half of the page, which only what did not go well may.
  const open = chosen ?? (!narrow || entries.some((entry) => STUCK.has(entry.state) || wentWrong(entry)));
  const { title, percent, moves } = summaryOf(entries, { works, wentWrong, videoOf });
  const Toggle = open ? ChevronDown : ChevronUp;
  return (
    <section className="tray" ref={giveRoom} aria-label={strings.upload.title} data-open={open}>
      <header className="tray__head">
        <h2 className="tray__title">
          <span role="status">{title}</span>
        </h2>
        {open || percent === null ? null : (
          <span className="tray__share faint small number">
            <Progress label={title} value={percent} tone={moves ? "live" : "still"} />
            {strings.upload.percent(percent)}
          </span>
        )}
        <button
          type="button"
          className="tray__toggle icon-button icon-button--small"
          aria-expanded={open}
          aria-label={open ? strings.upload.minimise : strings.upload.expand}
          onClick={() => setChosen(!open)}
        >
          <Toggle size={16} aria-hidden />
        </button>
        {finished.length > 0 ? <IconAction label={strings.upload.clear} onClick={clearFinished} icon={X} /> : null}
      </header>
      {open ? (
        <ul className="tray__list">
          {entries.map((entry) =>
            entry.state === "received" && isAsset(entry) ? (
              <AssetRow key={entry.key} entry={entry} asset={assetOf(entry)} />
            ) : (
              <TrayRow key={entry.key} entry={entry} video={videoOf(entry)} />
            ),
          )}
        </ul>
      ) : null}
    </section>
  );
}

/** Says how much room it takes, so that messages keep clear of it. */
function giveRoom(tray: HTMLElement): () => void {
  const { style } = document.documentElement;
  const observer = new ResizeObserver(() => style.setProperty("--tray-height", `${tray.offsetHeight + TRAY_GAP_PX}px`));
  observer.observe(tray);
  return () => {
    observer.disconnect();
    style.removeProperty("--tray-height");
  };
}

/** What has arrived is missing from the lists that were read before, or is another file of an asset that was known. */
function useArrivals(entries: readonly UploadEntry[]): void {
  const client = useQueryClient();
  const seen = useRef(new Set<string>());
  useEffect(() => {
    const fresh = entries.filter(({ key, state }) => state === "received" && !seen.current.has(key));
    if (fresh.length === 0) return;
    for (const { key, asset_id } of fresh) {
      seen.current.add(key);
      if (asset_id !== null) void client.invalidateQueries({ queryKey: keys.asset(asset_id) });
    }
    renewMedia(client);
    void client.invalidateQueries({ queryKey: keys.videos });
  }, [client, entries]);
}

/** What became of a file: `undefined` until it is known, `null` once it was deleted. */
type Made<T> = T | null | undefined;

function byId<T extends { id: string }>(ids: readonly string[], results: readonly UseQueryResult<T>[]): Map<string, Made<T>> {
  return new Map(ids.map((id, index) => [id, isGone(results[index]?.error) ? null : results[index]?.data]));
}

function isWorking(video: Made<VideoDetail>): boolean {
  return video === undefined || (video !== null && isBusy(video));
}

function isLookedAt(asset: Made<Asset>): boolean {
  return asset?.status === "pending" || asset?.replacement?.status === "pending";
}

function isFailed(asset: Made<Asset>): boolean {
  return asset?.status === "failed" || asset?.replacement?.status === "failed";
}

/** What becomes of the files that were received. */
interface Outcome {
  works: (entry: UploadEntry) => boolean;
  wentWrong: (entry: UploadEntry) => boolean;
  videoOf: (entry: UploadEntry) => Made<VideoDetail>;
}

interface Summary {
  title: string;
  /** How far those are that the title counts; none where they are not on their way. */
  percent: number | null;
  moves: boolean;
}

/** What the uploads do as a whole, and how far they are with it. */
function summaryOf(entries: readonly UploadEntry[], { works, wentWrong, videoOf }: Outcome): Summary {
  const active = entries.filter((entry) => ["queued", "uploading", "offline"].includes(entry.state));
  if (active.length > 0) {
    const percent = part(sum(active, (entry) => entry.sent_bytes), sum(active, (entry) => entry.size_bytes));
    return { title: strings.upload.summaryActive(active.length), percent, moves: active.some(({ state }) => state === "uploading") };
  }
  const still = (title: string): Summary => ({ title, percent: null, moves: false });
  const waiting = entries.filter((entry) => ["paused", "needs-file", "failed"].includes(entry.state)).length;
  if (waiting > 0) return still(strings.upload.summaryWaiting(waiting));
  const processing = entries.filter(works);
  if (processing.length > 0) {
    const percent = part(sum(processing, (entry) => videoOf(entry)?.progress ?? 0), 100 * processing.length);
    const { summaryProcessing, summaryProcessingFiles } = strings.upload;
    const titleOf = processing.every(({ kind }) => kind === "video") ? summaryProcessing : summaryProcessingFiles;
    return { title: titleOf(processing.length), percent, moves: true };
  }
  const failed = entries.filter(wentWrong).length;
  return still(failed > 0 ? strings.upload.summaryFailed(failed) : strings.upload.summaryDone);
}

function sum(entries: readonly UploadEntry[], of: (entry: UploadEntry) => number): number {
  return entries.reduce((before, entry) => before + of(entry), 0);
}

const part = (done: number, all: number): number => (all > 0 ? Math.round((100 * done) / all) : 0);

/** Of its bytes, how many the server has. */
function sentPercent(entry: UploadEntry): number {
  if (entry.state === "received") return 100;
  return entry.size_bytes > 0 ? (entry.sent_bytes / entry.size_bytes) * 100 : 0;
}

function TrayRow({ entry, video }: { entry: UploadEntry; video: Made<VideoDetail> }) {
  const received = entry.state === "received" && entry.video_id !== null;
  const processing = received && isWorking(video);
  const failed = entry.state === "failed" || video?.status === "failed";
  const percent = processing ? (video?.progress ?? 0) : sentPercent(entry);

  return (
    <li className="tray__row" data-state={entry.state}>
      <KindIcon entry={entry} />
      <div className="tray__body">
        <p className="tray__name truncate" title={entry.filename}>
          {entry.filename}
        </p>
        {received && (video === null || video?.status === "completed") ? null : (
          <Progress
            label={entry.filename}
            value={percent}
            tone={failed ? "bad" : entry.state === "uploading" || processing ? "live" : "still"}
          />
        )}
        <p className="tray__line faint small number">
          <Line entry={entry} video={video} />
        </p>
        {entry.problem ? <ProblemNotice error={new ApiError(entry.problem)} /> : null}
        {video?.error ? <p className="small tray__error">{video.error.message}</p> : null}
      </div>
      <div className="tray__actions">
        <RowActions entry={entry} video={video} />
      </div>
    </li>
  );
}

/** What has arrived and becomes no video of its own: it is looked at in a moment. */
function AssetRow({ entry, asset }: { entry: UploadEntry; asset: Made<Asset> }) {
  const done = asset && !isLookedAt(asset);
  const ready = done && !isFailed(asset);
  const error = asset?.error ?? asset?.replacement?.error;
  return (
    <li className="tray__row" data-state={entry.state}>
      <KindIcon entry={entry} />
      <div className="tray__body">
        <p className="tray__name truncate" title={entry.filename}>
          {entry.filename}
        </p>
        <p className="tray__line faint small number">
          {ready ? (
            <span className="tray__done">
              <CircleCheck size={16} aria-hidden />
              {strings.status.completed}
            </span>
          ) : done ? (
            strings.status.failed
          ) : asset === null ? (
            strings.upload.gone
          ) : (
            strings.upload.received
          )}
        </p>
        {error ? <p className="small tray__error">{error.message}</p> : null}
      </div>
      <div className="tray__actions">
        {done ? (
          <Link to="/files/$assetId" params={{ assetId: asset.id }} className="button button--small">
            {strings.upload.open}
          </Link>
        ) : null}
        <Dismiss entry={entry} />
      </div>
    </li>
  );
}

function KindIcon({ entry }: { entry: UploadEntry }) {
  const look = { size: 20, strokeWidth: 1.75, "aria-hidden": true, className: "tray__kind" } as const;
  if (entry.kind === "image") return <ImageIcon {...look} />;
  if (entry.kind === "document") return <FileText {...look} />;
  const Kind = kindIcons[kindOf(entry.filename)];
  return <Kind {...look} />;
}

function kindOf(filename: string): Video["kind"] {
  if (isTranscript(filename)) return "text";
  return /\.(mp3|wav|m4a|flac|ogg|opus|aac)$/iu.test(filename) ? "audio" : "video";
}

function Line({ entry, video }: { entry: UploadEntry; video: Made<VideoDetail> }) {
  switch (entry.state) {
    case "queued":
      return <>{strings.upload.queued}</>;
    case "paused":
      return <>{`${strings.upload.paused} · ${sentOf(entry)}`}</>;
    case "offline":
      return <>{strings.upload.offline}</>;
    case "needs-file":
      return <>{strings.upload.needsFile}</>;
    case "failed":
      return <>{strings.upload.failedTitle}</>;
    case "received": {
      if (video === null) return <>{strings.upload.gone}</>;
      if (!video) return <>{strings.upload.received}</>;
      if (video.status === "completed") {
        return (
          <span className="tray__done">
            <CircleCheck size={16} aria-hidden />
            {strings.status.completed}
          </span>
        );
      }
      if (video.status === "failed") return <>{strings.status.failed}</>;
      return <>{`${stageName(video)} · ${strings.upload.percent(Math.round(video.progress))}`}</>;
    }
    case "uploading": {
      const left = entry.speed > 0 ? (entry.size_bytes - entry.sent_bytes) / entry.speed : Number.NaN;
      const parts = [sentOf(entry)];
      if (entry.speed > 0) parts.push(strings.upload.speed(formatBytes(entry.speed)));
      if (Number.isFinite(left) && left > 0) parts.push(strings.upload.remaining(formatRemaining(left)));
      return <>{parts.join(" · ")}</>;
    }
  }
}

const sentOf = (entry: UploadEntry): string =>
  strings.upload.progress(formatBytes(entry.sent_bytes), formatBytes(entry.size_bytes));

function RowActions({ entry, video }: { entry: UploadEntry; video: Made<VideoDetail> }) {
  if (entry.state === "received") {
    return (
      <>
        {entry.video_id !== null && (video?.playable || video?.kind === "text" || video?.status === "failed") ? (
          <Link to="/videos/$videoId" params={{ videoId: entry.video_id }} className="button button--small">
            {strings.upload.open}
          </Link>
        ) : null}
        <Dismiss entry={entry} />
      </>
    );
  }
  return (
    <>
      {entry.state === "uploading" || entry.state === "queued" || entry.state === "offline" ? (
        <IconAction label={strings.upload.pause} onClick={() => pauseUpload(entry.key)} icon={Pause} />
      ) : null}
      {entry.state === "paused" ? (
        <IconAction label={strings.upload.resume} onClick={() => resumeUpload(entry.key)} icon={Play} />
      ) : null}
      {entry.state === "failed" ? (
        <IconAction label={strings.common.retry} onClick={() => resumeUpload(entry.key)} icon={RotateCw} />
      ) : null}
      {entry.state === "needs-file" ? (
        <button type="button" className="button button--small" onClick={() => void continueUpload(entry)}>
          {strings.upload.chooseAgain}
        </button>
      ) : null}
      <IconAction label={strings.upload.cancel} onClick={() => cancelUpload(entry.key)} icon={X} />
    </>
  );
}

async function continueUpload(entry: UploadEntry): Promise<void> {
  const kept = await storedFile(entry.key);
  if (kept && kept.size === entry.size_bytes) {
    continueWith(entry.key, kept);
    return;
  }
  const [file] = await pickFiles(false);
  if (file) continueWith(entry.key, file);
}

function Dismiss({ entry }: { entry: UploadEntry }) {
  return <IconAction label={strings.common.dismiss} onClick={() => dismissUpload(entry.key)} icon={X} />;
}

function IconAction({ label, onClick, icon: Icon }: { label: string; onClick: () => void; icon: typeof X }) {
  return (
    <Tip text={label} side="top">
      <button type="button" className="icon-button icon-button--small" aria-label={label} onClick={onClick}>
        <Icon size={16} aria-hidden />
      </button>
    </Tip>
  );
}
