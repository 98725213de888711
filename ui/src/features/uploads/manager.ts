import type { Upload as TusUpload } from "tus-js-client";
import { apiHeaders, API_PREFIX, chosenOrganization, isApiError, isAway, parseProblem } from "../../api/client";
import type { NewFile, Problem } from "../../api/types";
import { Store } from "../../lib/store";
import { dismissToast, showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { forgetReceived, keepReceived, receivedOf } from "./received";
import { forget, readRecords, remember, type UploadKind, type UploadRecord } from "./records";
import { announceTab, isOpenElsewhere, newKey, TAB } from "./tabs";
import { isTranscript, removeVideo, sendTranscript } from "./transcripts";

export type UploadState = "queued" | "uploading" | "paused" | "offline" | "needs-file" | "failed" | "received";

/** One file on its way to the server. Sizes in bytes, speed in bytes per second. */
export interface UploadEntry {
  key: string;
  filename: string;
  size_bytes: number;
  sent_bytes: number;
  speed: number;
  state: UploadState;
  kind: UploadKind;
  video_id: string | null;
  asset_id: string | null;
  /** Whether it is another file of what is there. */
  replaces: boolean;
  organization_id: string | null;
  problem: Problem | null;
}

export const uploads = new Store<UploadEntry[]>([]);

/** The folder that is open, into which everything chosen meanwhile goes. */
export const openFolder = new Store<string | null>(null);

/** Two at a time keep a slow line busy without starving either. */
const CONCURRENT_MAX = 2;
/** Each piece is a point the server has confirmed, from which a broken upload continues. */
const CHUNK_BYTES = 16 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000];
const OFFLINE_RETRY_MS = 4000;
const MEDIA_NAME =
  /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|m2ts|mts|3gp|wmv|flv|ogv|mxf|mp3|m4a|m4b|aac|wav|flac|ogg|oga|opus|wma|aiff?|amr|caf)$/iu;

const IMAGE_NAME = /\.(jpe?g|png|gif|webp|avif|hei[cf])$/iu;
const DOCUMENT_NAME = /\.(pdf|docx|pptx|od[tp]|txt|md|markdown|html?)$/iu;

interface Running {
  file: File;
  record: UploadRecord;
  upload: TusUpload | null;
  speed: Speed;
  /** The folder that it was for, which seems to be gone. */
  lostFolder?: string;
}

const running = new Map<string, Running>();

let uploaderId: string | null = null;
let leaveTabs: (() => void) | null = null;

/** Makes this the person whose uploads are shown and sent; `null` is nobody. Those of whoever it was before stop, and wait in storage for them. */
export function setUploader(userId: string | null): void {
  if (userId !== uploaderId) {
    void settleCancelled();
    for (const key of [...running.keys()]) letGo(key);
    uploads.set(userId === null ? [] : receivedOf(userId));
    uploaderId = userId;
  }
  if (userId === null) {
    leaveTabs?.();
    leaveTabs = null;
  } else if (leaveTabs) {
    syncUploads();
  } else {
    leaveTabs = announceTab(syncUploads);
  }
}

/**
 * Brings the list in step with what is stored, which other tabs change too: interrupted uploads of earlier visits are shown
 * so that they can be continued, and what another tab sends is its own affair.
 */
export function syncUploads(): void {
  if (uploaderId === null) return;
  const records = new Map(readRecords().map((record) => [record.key, record]));
  for (const { key, state } of uploads.get()) {
    const record = records.get(key);
    const elsewhere = record !== undefined && isOpenElsewhere(record.tab);
    if (running.has(key) ? elsewhere : state === "needs-file" && (elsewhere || !record)) takeOff(key);
  }
  const known = new Set([...uploads.get().map((entry) => entry.key), ...cancelled.keys()]);
  const restored = [...records.values()]
    .filter((record) => record.user_id === uploaderId && !known.has(record.key) && !isOpenElsewhere(record.tab))
    .map((record) => entryOf(record, "needs-file"));
  if (restored.length > 0) uploads.set((list) => [...list, ...restored]);
}

/** Stops sending, and leaves what is stored to whoever continues. */
function letGo(key: string): void {
  const run = running.get(key);
  running.delete(key);
  void run?.upload?.abort();
  if (run) remember({ ...run.record, tab: null });
}

/** Another tab has it now. */
function takeOff(key: string): void {
  void running.get(key)?.upload?.abort();
  running.delete(key);
  uploads.set((list) => list.filter((entry) => entry.key !== key));
  startNext();
}

export interface Chosen {
  file: File;
  handle?: FileSystemFileHandle | undefined;
}

/** Takes files from a chooser or a drop; a file whose upload was interrupted continues where it stopped. */
export function addFiles(chosen: readonly Chosen[], channelId?: string): void {
  const fits = ({ file }: Chosen): boolean => kindOfFile(file) !== null || isTranscript(file.name);
  const refused = chosen.filter((one) => !fits(one)).map(({ file }) => file.name);
  if (refused.length > 0) showToast(`${strings.upload.notMedia(refused)} ${strings.upload.notMediaHint}`);
  for (const { file, handle } of chosen.filter(fits)) {
    const waiting = uploads
      .get()
      .find((entry) => entry.state === "needs-file" && entry.organization_id === chosenOrganization() && sameFile(entry, file));
    const record = waiting ? readRecords().find((candidate) => candidate.key === waiting.key) : undefined;
    if (waiting && record && !isOpenElsewhere(record.tab)) {
      record.tab = TAB;
      remember(record);
      running.set(record.key, { file, record, upload: null, speed: new Speed() });
      change(record.key, { state: "queued" });
      continue;
    }
    const fresh: UploadRecord = {
      key: newKey(),
      filename: file.name,
      size_bytes: file.size,
      sent_bytes: 0,
      modified_ms: file.lastModified,
      address: null,
      video_id: null,
      channel_id: channelId ?? null,
      kind: kindOfFile(file) ?? "video",
      asset_id: null,
      folder_id: openFolder.get(),
      organization_id: chosenOrganization(),
      user_id: uploaderId,
      tab: TAB,
    };
    running.set(fresh.key, { file, record: fresh, upload: null, speed: new Speed() });
    uploads.set((list) => [...list, entryOf(fresh, "queued")]);
    remember(fresh, handle);
  }
  startNext();
}

/** Sends a file that is to replace that of an asset. */
export function replaceFile(file: File, asset: { id: string; kind: UploadKind }): void {
  const record: UploadRecord = {
    key: newKey(),
    filename: file.name,
    size_bytes: file.size,
    sent_bytes: 0,
    modified_ms: file.lastModified,
    address: null,
    video_id: null,
    channel_id: null,
    kind: asset.kind,
    asset_id: asset.id,
    folder_id: null,
    replaces: asset.id,
    organization_id: chosenOrganization(),
    user_id: uploaderId,
    tab: TAB,
  };
  running.set(record.key, { file, record, upload: null, speed: new Speed() });
  uploads.set((list) => [...list, entryOf(record, "queued")]);
  remember(record);
  startNext();
}

/** Shows what becomes of a file that the server fetches, as of one that was sent. */
export function followImport(file: NewFile, filename: string, kind: UploadKind): void {
  const entry: UploadEntry = {
    key: file.upload_id,
    filename,
    size_bytes: 0,
    sent_bytes: 0,
    speed: 0,
    state: "received",
    kind,
    video_id: file.video_id ?? null,
    asset_id: file.asset_id ?? null,
    replaces: false,
    organization_id: chosenOrganization(),
    problem: null,
  };
  uploads.set((list) => [...list, entry]);
  keep(entry.key);
}

/** Continues one interrupted upload; refuses a file that is not the same. */
export function continueWith(key: string, file: File): boolean {
  const entry = uploads.get().find((candidate) => candidate.key === key);
  if (!entry || !sameFile(entry, file)) {
    if (entry) showToast(strings.upload.wrongFile(entry.filename));
    return false;
  }
  addFiles([{ file }]);
  return true;
}

export function pauseUpload(key: string): void {
  const run = running.get(key);
  void run?.upload?.abort();
  run?.speed.reset();
  change(key, { state: "paused", speed: 0 });
  startNext();
}

export function resumeUpload(key: string): void {
  if (!running.has(key)) return;
  change(key, { state: "queued", problem: null });
  startNext();
}

/** What was cancelled and can still be taken back, with the toast that offers it. */
const cancelled = new Map<string, { entry: UploadEntry; toast: number }>();

/** Stops the upload; the server drops what it received once nobody can take that back any more. */
export function cancelUpload(key: string): void {
  const entry = uploads.get().find((candidate) => candidate.key === key);
  if (!entry) return;
  if (isTranscript(entry.filename) && entry.state === "uploading") {
    drop(key);
    showToast(strings.upload.cancelled(entry.filename));
    startNext();
    return;
  }
  const run = running.get(key);
  void run?.upload?.abort();
  run?.speed.reset();
  // Until then no other tab takes it for interrupted.
  const record = run?.record ?? readRecords().find((candidate) => candidate.key === key);
  if (record) remember({ ...record, tab: TAB });
  uploads.set((list) => list.filter((candidate) => candidate.key !== key));
  const toast = showToast(strings.upload.cancelled(entry.filename), {
    label: strings.common.undo,
    run: () => takeBack(key),
    lapse: () => void settle(key),
  });
  cancelled.set(key, { entry, toast });
  startNext();
}

function takeBack(key: string): void {
  const found = cancelled.get(key);
  if (!found) return;
  cancelled.delete(key);
  const { entry } = found;
  const ran = entry.state === "uploading" || entry.state === "offline";
  uploads.set((list) => [...list, { ...entry, speed: 0, state: ran ? "queued" : entry.state }]);
  startNext();
}

async function settle(key: string): Promise<void> {
  const found = cancelled.get(key);
  if (!found) return;
  cancelled.delete(key);
  dismissToast(found.toast);
  const address = running.get(key)?.record.address ?? readRecords().find((record) => record.key === key)?.address ?? null;
  drop(key);
  if (address === null) return;
  const headers = { "Tus-Resumable": "1.0.0", ...apiHeaders(found.entry.organization_id) };
  // Kept alive, as it may be the last thing the page does.
  await fetch(address, { method: "DELETE", headers, keepalive: true }).catch(() => undefined);
}

/** Nothing that was cancelled can be taken back from here on: the session or the page ends. */
export async function settleCancelled(): Promise<void> {
  await Promise.all([...cancelled.keys()].map(settle));
}

window.addEventListener("pagehide", () => void settleCancelled());

/** Takes a finished entry off the tray. */
export function dismissUpload(key: string): void {
  drop(key);
}

function drop(key: string): void {
  running.delete(key);
  forget(key);
  forgetReceived(key);
  uploads.set((list) => list.filter((entry) => entry.key !== key));
}

/** A reload, too, goes on showing what was received. */
function keep(key: string): void {
  const entry = uploads.get().find((candidate) => candidate.key === key);
  if (entry && uploaderId !== null) keepReceived(uploaderId, entry);
}

function startNext(): void {
  const list = uploads.get();
  let free = CONCURRENT_MAX - list.filter((entry) => entry.state === "uploading").length;
  for (const entry of list) {
    if (free <= 0) return;
    if (entry.state !== "queued") continue;
    free -= 1;
    change(entry.key, { state: "uploading" });
    void (isTranscript(entry.filename) ? sendText(entry.key) : send(entry.key));
  }
}

async function send(key: string): Promise<void> {
  const run = running.get(key);
  if (!run) return;
  const part = await import("tus-js-client").catch(() => null);
  if (uploads.get().find((entry) => entry.key === key)?.state !== "uploading") return;
  if (!part) {
    notLoaded(key);
    return;
  }
  const { Upload, DetailedError } = part;
  const { file, record } = run;
  const metadata: Record<string, string> = { filename: file.name, filetype: file.type };
  if (record.kind !== undefined && record.kind !== "video") metadata["kind"] = record.kind;
  if (record.channel_id !== null) metadata["channel_id"] = record.channel_id;
  if (record.folder_id) metadata["folder_id"] = record.folder_id;
  if (record.replaces) metadata["replaces"] = record.replaces;

  const upload = new Upload(file, {
    endpoint: `${API_PREFIX}/uploads`,
    uploadUrl: record.address,
    chunkSize: CHUNK_BYTES,
    metadata,
    headers: apiHeaders(record.organization_id),
    retryDelays: RETRY_DELAYS_MS,
    storeFingerprintForResuming: false,
    onUploadUrlAvailable: () => {
      if (run.lostFolder !== undefined) showToast(strings.upload.folderGone(record.filename));
      delete run.lostFolder;
      record.address = upload.url;
      remember(record);
    },
    onAfterResponse: (_request, response) => {
      const videoId = response.getHeader("Memoreel-Video-Id") ?? record.video_id;
      const assetId = response.getHeader("Memoreel-Asset-Id") ?? record.asset_id ?? null;
      if (videoId === record.video_id && assetId === (record.asset_id ?? null)) return;
      record.video_id = videoId;
      record.asset_id = assetId;
      change(key, { video_id: videoId, asset_id: assetId });
      remember(record);
    },
    onProgress: (sent) => {
      change(key, { sent_bytes: sent, speed: run.speed.measure(sent) });
    },
    onChunkComplete: (_size, accepted) => {
      record.sent_bytes = accepted;
      remember(record);
    },
    onShouldRetry: (error) => {
      const status = error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0;
      return navigator.onLine && (status === 0 || status >= 500 || [408, 409, 423, 429].includes(status));
    },
    onSuccess: () => {
      forget(key);
      running.delete(key);
      change(key, { state: "received", sent_bytes: file.size, speed: 0 });
      keep(key);
      startNext();
    },
    onError: (error) => {
      run.speed.reset();
      const response = error instanceof DetailedError ? error.originalResponse : null;
      const problem = response ? uploadProblem(response.getBody(), response.getStatus()) : null;
      if (problem === null || isAway(problem)) {
        change(key, { state: "offline", speed: 0 });
        waitForConnection(key);
      } else if (problem.status === 404 && upload.url === null && record.folder_id) {
        // Somebody may have deleted its folder while it waited: if so, it is taken without one.
        run.lostFolder = record.folder_id;
        record.folder_id = null;
        change(key, { state: "queued" });
      } else {
        if (run.lostFolder !== undefined) record.folder_id = run.lostFolder;
        delete run.lostFolder;
        change(key, { state: "failed", speed: 0, problem });
      }
      startNext();
    },
  });
  run.upload = upload;
  upload.start();
}

/** Transcripts are small: they go in one piece, and cannot be stopped half way. */
async function sendText(key: string): Promise<void> {
  const run = running.get(key);
  if (!run) return;
  try {
    const videoId = await sendTranscript(run.file, run.record);
    if (running.get(key) !== run) {
      // What is still remembered was not cancelled: whoever sent it signed out meanwhile.
      if (readRecords().some((record) => record.key === key)) forget(key);
      else await removeVideo(videoId, run.record);
      return;
    }
    forget(key);
    running.delete(key);
    change(key, { state: "received", sent_bytes: run.file.size, video_id: videoId });
    keep(key);
  } catch (error) {
    if (running.get(key) !== run) return;
    if (!isApiError(error) || isAway(error.problem)) {
      change(key, { state: "offline" });
      waitForConnection(key);
    } else {
      change(key, { state: "failed", problem: error.problem });
    }
  }
  startNext();
}

/** The part of the app that sends did not come: either there is no connection, or another version of the app took its place. */
function notLoaded(key: string): void {
  if (navigator.onLine) {
    change(key, {
      state: "failed",
      problem: { ...parseProblem("", 0), title: strings.upload.failedTitle, detail: strings.upload.notLoaded, hint: strings.upload.notLoadedHint },
    });
  } else {
    change(key, { state: "offline" });
    waitForConnection(key);
  }
  startNext();
}

function waitForConnection(key: string): void {
  const again = (): void => {
    clearTimeout(timer);
    window.removeEventListener("online", again);
    const entry = uploads.get().find((candidate) => candidate.key === key);
    if (entry?.state === "offline") resumeUpload(key);
  };
  const timer = setTimeout(again, OFFLINE_RETRY_MS);
  window.addEventListener("online", again);
}

function uploadProblem(body: string, status: number): Problem {
  const problem = parseProblem(body, status);
  if (status !== 413) return { ...problem, title: problem.title || strings.upload.failedTitle };
  return { ...problem, type: "about:blank", title: strings.upload.tooLarge, hint: problem.hint ?? strings.upload.tooLargeHint };
}

function entryOf(record: UploadRecord, state: UploadState): UploadEntry {
  return {
    key: record.key,
    filename: record.filename,
    size_bytes: record.size_bytes,
    sent_bytes: record.sent_bytes,
    speed: 0,
    state,
    kind: record.kind ?? "video",
    video_id: record.video_id,
    asset_id: record.asset_id ?? null,
    replaces: record.replaces !== undefined,
    organization_id: record.organization_id,
    problem: null,
  };
}

function change(key: string, part: Partial<UploadEntry>): void {
  uploads.set((list) => list.map((entry) => (entry.key === key ? { ...entry, ...part } : entry)));
}

function sameFile(entry: UploadEntry, file: File): boolean {
  return entry.filename === file.name && entry.size_bytes === file.size;
}

/** What the server is told that a file becomes; null for what it would not keep. Its content decides there. */
export function kindOfFile(file: File): UploadKind | null {
  if (isImage(file)) return "image";
  return kindOfName(file.name) ?? (isMedia(file) ? "video" : null);
}

/** The same by its name alone. */
export function kindOfName(name: string): UploadKind | null {
  if (IMAGE_NAME.test(name)) return "image";
  if (DOCUMENT_NAME.test(name)) return "document";
  return MEDIA_NAME.test(name) ? "video" : null;
}

function isMedia(file: File): boolean {
  return /^(video|audio)\//u.test(file.type) || MEDIA_NAME.test(file.name);
}

/** SVG is none: it is a program as much as a picture. */
function isImage(file: File): boolean {
  return IMAGE_NAME.test(file.name) || /^image\/(jpeg|png|gif|webp|avif|heic|heif)$/u.test(file.type);
}

/** Bytes per second over the last few seconds, so that the figure neither jumps nor lags. */
export class Speed {
  private samples: { at: number; bytes: number }[] = [];

  measure(bytes: number, now: number = performance.now()): number {
    this.samples.push({ at: now, bytes });
    while (this.samples.length > 2 && now - (this.samples[0]?.at ?? now) > 5000) this.samples.shift();
    const first = this.samples[0];
    if (!first || now - first.at < 250) return 0;
    return Math.max(0, ((bytes - first.bytes) / (now - first.at)) * 1000);
  }

  reset(): void {
    this.samples = [];
  }
}
