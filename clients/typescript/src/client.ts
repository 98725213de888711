/** A typed client: the operations most programs need by name, and all others through {@link MemoreelClient.api}. */

import createClient, { type Client, type Middleware } from "openapi-fetch";
import { problemOf, ProblemError, unreachable } from "./problem.js";
import type { components, operations, paths } from "./schema.gen.js";
import { sendUpload, type NewUpload, type UploadedFile, type UploadedVideo, type UploadSource } from "./uploads.js";
import { pause } from "./pause.js";

type Schemas = components["schemas"];
export type Me = Schemas["Me"];
export type Video = Schemas["Video"];
export type VideoDetail = Schemas["VideoDetail"];
export type Asset = Schemas["Asset"];
export type Transcript = Schemas["Transcript"];
export type Summary = Schemas["Summary"];
export type SearchResults = Schemas["SearchResults"];
export type SearchHit = Schemas["SearchHit"];

type QueryOf<Operation extends keyof operations> = NonNullable<operations[Operation]["parameters"]["query"]>;
export type SearchOptions = Omit<QueryOf<"search">, "q">;
export type VideoFilter = Omit<NonNullable<QueryOf<"list_videos">>, "cursor">;
export type AssetFilter = Omit<NonNullable<QueryOf<"list_assets">>, "cursor">;

export type ImportOptions = Omit<Schemas["ImportFile"], "url">;
export type ImportedFile = Schemas["NewFile"];

export interface ClientOptions {
  /** Where people reach the server, such as `https://memoreel.example.com`. */
  url: string;
  /** Of the form `mrl_…`, from the settings. In the web app of the server itself the session is enough. */
  apiKey?: string;
  /** In place of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

export interface AssetWaitOptions {
  /** An hour if not given. */
  timeoutMs?: number;
  /** How often to ask; every second if not given. */
  pollMs?: number;
  signal?: AbortSignal;
}

export interface WaitOptions extends AssetWaitOptions {
  /** Is told of each state in which the video is seen. */
  onProgress?: (video: VideoDetail) => void;
}

/** A video or file could not be processed. */
export class ProcessingError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "ProcessingError";
    this.code = code;
  }
}

/** It was not done in time. It goes on without anybody waiting. */
export class WaitTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`It was not done within ${timeoutMs / 1000} seconds.`);
    this.name = "WaitTimeoutError";
  }
}

const WAIT_MS = 3_600_000;
const POLL_MS = 1_000;

export class MemoreelClient {
  /** Every operation of the API, typed by its description. A refusal is thrown as a {@link ProblemError}. */
  readonly api: Client<paths>;
  readonly url: string;
  readonly #apiKey: string | null;

  constructor(options: ClientOptions) {
    this.url = new URL(options.url).href.replace(/\/+$/u, "");
    this.#apiKey = options.apiKey ?? null;
    this.api = createClient<paths>({
      baseUrl: this.url,
      headers: this.#headers(),
      ...(options.fetch ? { fetch: options.fetch } : {}),
    });
    this.api.use(REFUSALS);
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = { "X-Memoreel-Request": "1" };
    if (this.#apiKey !== null) headers["Authorization"] = `Bearer ${this.#apiKey}`;
    return headers;
  }

  /** Whose key it is, and what it may do. */
  async me(): Promise<Me> {
    return told(await this.api.GET("/api/v1/me"));
  }

  /** Finds what was said and written. */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResults> {
    return told(await this.api.GET("/api/v1/search", { params: { query: { ...options, q: query } } }));
  }

  /** All videos, page by page as they are read. */
  async *videos(filter: VideoFilter = {}): AsyncGenerator<Video, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const query = { ...filter, ...(cursor ? { cursor } : {}) };
      const page = told(await this.api.GET("/api/v1/videos", { params: { query } }));
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor);
  }

  async video(id: string): Promise<VideoDetail> {
    return told(await this.api.GET("/api/v1/videos/{id}", { params: { path: { id } } }));
  }

  /** The transcript of a video, or how far it is. */
  async transcript(videoId: string): Promise<Transcript> {
    return told(await this.api.GET("/api/v1/videos/{id}/transcript", { params: { path: { id: videoId } } }));
  }

  /** The summary of a video, or how far it is. */
  async summary(videoId: string): Promise<Summary> {
    return told(await this.api.GET("/api/v1/videos/{id}/summary", { params: { path: { id: videoId } } }));
  }

  /** All files, page by page as they are read. */
  async *assets(filter: AssetFilter = {}): AsyncGenerator<Asset, void, undefined> {
    let cursor: string | null | undefined;
    do {
      const query = { ...filter, ...(cursor ? { cursor } : {}) };
      const page = told(await this.api.GET("/api/v1/assets", { params: { query } }));
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor);
  }

  async asset(id: string): Promise<Asset> {
    return told(await this.api.GET("/api/v1/assets/{id}", { params: { path: { id } } }));
  }

  /**
   * Uploads a file by tus. Where a connection breaks, it goes on from what has arrived; after a restart of the program it does so with
   * `resume`, the address that `onAddress` told.
   */
  upload(file: UploadSource, upload: NewUpload & { kind?: "video" }): Promise<UploadedVideo>;
  upload(file: UploadSource, upload: NewUpload & { kind: "image" | "document" }): Promise<UploadedFile>;
  upload(file: UploadSource, upload: NewUpload): Promise<UploadedVideo | UploadedFile> {
    return sendUpload(this.url, this.#headers(), file, upload);
  }

  /**
   * Has the server fetch a file from where a link leads, such as one that is signed for a while. What it becomes exists at once; whether it
   * arrives is told as of any step of the processing.
   */
  async importFrom(link: string, options: ImportOptions = {}): Promise<ImportedFile> {
    return told(await this.api.POST("/api/v1/imports", { body: { ...options, url: link } }));
  }

  /** Waits until a video is completed. A server that is away for a while is asked again. */
  async waitUntilReady(videoId: string, options: WaitOptions = {}): Promise<VideoDetail> {
    const isDone = (video: VideoDetail): boolean => {
      options.onProgress?.(video);
      if (video.status === "failed") throw failed(video.error);
      return video.status === "completed";
    };
    return waitFor(() => this.video(videoId), isDone, options);
  }

  /** Waits until an image or a document is ready. A server that is away for a while is asked again. */
  async waitUntilAssetReady(assetId: string, options: AssetWaitOptions = {}): Promise<Asset> {
    const isDone = (asset: Asset): boolean => {
      if (asset.status === "failed") throw failed(asset.error);
      return asset.status === "ready";
    };
    return waitFor(() => this.asset(assetId), isDone, options);
  }

  /** Where people watch a video, from a second on. */
  videoLink(videoId: string, second?: number): string {
    return `${this.url}/videos/${videoId}${second === undefined ? "" : `?t=${Math.floor(second)}`}`;
  }
}

const REFUSALS: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
  onError({ error }) {
    if (error instanceof ProblemError) return error;
    return error instanceof DOMException && error.name === "AbortError" ? error : unreachable(error);
  },
};

/** Asks until it is done, or `isDone` throws. */
async function waitFor<T>(ask: () => Promise<T>, isDone: (seen: T) => boolean, options: AssetWaitOptions): Promise<T> {
  const timeoutMs = options.timeoutMs ?? WAIT_MS;
  const pollMs = options.pollMs ?? POLL_MS;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    let pauseMs = pollMs;
    const seen = await ask().catch((error: unknown) => {
      if (!(error instanceof ProblemError && error.isTransient)) throw error;
      // Asked sooner, a server that is busy would be the busier, and one that counts requests would count on.
      pauseMs = Math.max(pollMs, (error.retryAfterSeconds ?? 0) * 1_000);
      return null;
    });
    if (seen !== null && isDone(seen)) return seen;
    if (Date.now() + pauseMs > deadline) throw new WaitTimeoutError(timeoutMs);
    await pause(pauseMs, options.signal);
  }
}

function failed(error: { code: string; message: string } | null | undefined): ProcessingError {
  return new ProcessingError(error?.code ?? "failed", error?.message ?? "It could not be processed.");
}

/** What an answer holds; a refusal was thrown before. */
function told<T>(answer: { data?: T; response: Response }): NonNullable<T> {
  if (answer.data === undefined || answer.data === null) {
    throw new TypeError(`The answer of ${answer.response.url} holds nothing.`);
  }
  return answer.data;
}
