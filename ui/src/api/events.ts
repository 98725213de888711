import type { QueryClient } from "@tanstack/react-query";
import { apiHeaders, API_PREFIX } from "./client";
import { connection } from "./connection";
import { isBusy, keys, patchVideo } from "./queries";
import type { VideoDetail, VideoEvent } from "./types";

const RETRY_MS = [500, 1000, 2000, 5000, 10_000];
/** The server sends a comment every 15 s; silence for longer means a dead connection. */
const SILENCE_MS = 40_000;
/** A short gap is not worth a word to the reader. */
const QUIET_GAP_MS = 3000;

/**
 * Keeps the cache in step with the server until `stop` is called. The stream is read with `fetch`
 * rather than `EventSource`, which cannot send the organization header.
 */
export function listen(client: QueryClient): () => void {
  const stopped = new AbortController();
  void run(client, stopped.signal);
  return () => {
    stopped.abort();
    connection.set({ live: false, lost: false });
  };
}

async function run(client: QueryClient, stopped: AbortSignal): Promise<void> {
  let failures = 0;
  let connectedBefore = false;
  while (!stopped.aborted) {
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    stopped.addEventListener("abort", abort);
    window.addEventListener("offline", abort);
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENCE_MS);
    };
    try {
      heard();
      const response = await fetch(`${API_PREFIX}/events`, {
        headers: { ...apiHeaders(), Accept: "text/event-stream" },
        credentials: "same-origin",
        signal: attempt.signal,
      });
      if (response.status === 401) return;
      // Somebody was removed from the organization, or it is gone: who asks finds out where they are now.
      if (response.status === 404) void client.invalidateQueries({ queryKey: keys.me });
      if (!response.ok || !response.body) throw new Error(`events answered ${response.status}`);
      failures = 0;
      connection.set({ live: true, lost: false });
      if (connectedBefore) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "search" });
      connectedBefore = true;
      await readEvents(response.body, heard, (name, data) => apply(client, name, data));
    } catch {
      // Whatever broke the stream, the answer is the same: connect again below.
    } finally {
      clearTimeout(silence);
      stopped.removeEventListener("abort", abort);
      window.removeEventListener("offline", abort);
    }
    if (aborted(stopped)) return;
    connection.set((previous) => ({ live: false, lost: previous.lost }));
    const gap = setTimeout(() => connection.set((now) => (now.live ? now : { live: false, lost: true })), QUIET_GAP_MS);
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 1000, stopped);
    if (aborted(stopped)) clearTimeout(gap);
    failures += 1;
  }
}

// Reading through a function keeps the compiler from assuming the flag cannot change across an await.
const aborted = (signal: AbortSignal): boolean => signal.aborted;

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      stopped.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    stopped.addEventListener("abort", done);
  });
}

/** Reads an event stream (HTML Living Standard, server-sent events) and calls back once per event. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
  onEvent: (name: string, data: string) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let name = "message";
  let data: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    rest += decoder.decode(value, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const ended of lines) {
      const line = ended.replace(/\r$/u, "");
      if (line === "") {
        if (data.length > 0) onEvent(name, data.join("\n"));
        name = "message";
        data = [];
      } else if (line.startsWith("event:")) {
        name = line.slice(6).trim();
      } else if (line.startsWith("data:")) {
        data.push(line.slice(5).replace(/^ /u, ""));
      }
    }
  }
}

function apply(client: QueryClient, name: string, data: string): void {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return;
  }
  if (name === "videos") {
    void client.invalidateQueries({ queryKey: keys.videos });
    void client.invalidateQueries({ queryKey: keys.tasks });
    return;
  }
  const { video_id } = value as { video_id: string };
  if (name === "transcript") {
    void client.invalidateQueries({ queryKey: keys.transcript(video_id) });
    void client.invalidateQueries({ queryKey: keys.video(video_id) });
  } else if (name === "summary") {
    void client.invalidateQueries({ queryKey: keys.summary(video_id) });
  } else if (name === "video") {
    applyVideo(client, value as VideoEvent);
  }
}

function applyVideo(client: QueryClient, event: VideoEvent): void {
  const before = client.getQueryData<VideoDetail>(keys.video(event.video_id));
  const { status, stage, progress, playable } = event;
  patchVideo(client, event.video_id, { status, stage, progress, playable });
  // Everything that moves a video is a task.
  void client.invalidateQueries({ queryKey: keys.tasks });
  const turned = before?.status !== status || before.stage !== stage || before.playable !== playable;
  if (turned) {
    void client.invalidateQueries({ queryKey: keys.video(event.video_id) });
    void client.invalidateQueries({ queryKey: keys.keyFrames(event.video_id) });
    void client.invalidateQueries({ queryKey: keys.allRenditions });
  }
  if (turned || !isBusy({ status })) {
    // They come with the versions, and whoever adds or removes some changes nothing else of the video.
    void client.invalidateQueries({ queryKey: keys.allSubtitles });
    void client.invalidateQueries({ queryKey: keys.captions(event.video_id) });
  }
  if (!isBusy({ status })) {
    void client.invalidateQueries({ queryKey: keys.transcript(event.video_id) });
    void client.invalidateQueries({ queryKey: keys.summary(event.video_id) });
    void client.invalidateQueries({ queryKey: keys.videos });
    void client.invalidateQueries({ queryKey: keys.channels });
  }
}
