/** Uploads by tus 1.0, with the ids of what they become. */

import { DetailedError, type HttpResponse, Upload } from "tus-js-client";
import { parseProblem, ProblemError, retryAfter, unreachable } from "./problem.js";

/** A `File` or `Blob` in a browser; a `Buffer` or the stream of `fs.createReadStream` in Node.js. */
export type UploadSource = ConstructorParameters<typeof Upload>[0];

export interface NewUpload {
  /** Its name, with its extension. */
  filename: string;
  /** What it becomes; a video, also of a recording without a picture, if nothing is said. */
  kind?: "video" | "image" | "document";
  /** Of a video. */
  title?: string;
  /** Of a video. */
  channelId?: string;
  /** The folder it is put into. */
  folderId?: string;
  /** The asset of the same kind whose file it replaces. */
  replaces?: string;
  /** `temporary` is removed after a day. */
  store?: "temporary" | "permanent";
  /** Of a stream whose length cannot be known from itself. */
  sizeBytes?: number;
  /** The address of an upload that was interrupted. */
  resume?: string;
  /** How long to wait after each failure in a row, or for as long as the server asks for; then it is given up. */
  retryDelaysMs?: number[];
  onProgress?: (sentBytes: number, sizeBytes: number) => void;
  /** Is told the address, to go on later with `resume`. */
  onAddress?: (address: string) => void;
  signal?: AbortSignal;
}

export interface UploadedVideo {
  videoId: string;
  /** Where the bytes went. */
  address: string;
}

export interface UploadedFile {
  assetId: string;
  /** Where the bytes went. */
  address: string;
}

/** Each part is a point the server has confirmed; a file is read again from there. */
const PART_BYTES = 16 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 1_000, 3_000, 5_000, 10_000];

export function sendUpload(
  url: string,
  headers: Record<string, string>,
  file: UploadSource,
  options: NewUpload,
): Promise<UploadedVideo | UploadedFile> {
  const retryDelaysMs = options.retryDelaysMs ?? RETRY_DELAYS_MS;
  return new Promise((resolve, reject) => {
    let videoId: string | null = null;
    let assetId: string | null = null;
    const upload = new Upload(file, {
      endpoint: `${url}/api/v1/uploads`,
      uploadUrl: options.resume ?? null,
      headers,
      metadata: metadataOf(options),
      chunkSize: PART_BYTES,
      uploadSize: options.sizeBytes ?? null,
      retryDelays: retryDelaysMs,
      storeFingerprintForResuming: false,
      onShouldRetry: (error, _attempt, tus) => {
        const response = error.originalResponse;
        const askedForMs = response === null ? 0 : (askedFor(response) ?? 0) * 1_000;
        // The pause before this attempt is read after this.
        tus.retryDelays = retryDelaysMs.map((own) => Math.max(own, askedForMs));
        const status = response?.getStatus() ?? 0;
        return status === 0 || [408, 409, 423, 429].includes(status) || status >= 500;
      },
      onAfterResponse: (_request, response) => {
        videoId = response.getHeader("Memoreel-Video-Id") ?? videoId;
        assetId = response.getHeader("Memoreel-Asset-Id") ?? assetId;
      },
      onUploadUrlAvailable: () => {
        if (upload.url !== null) options.onAddress?.(upload.url);
      },
      onProgress: options.onProgress ?? null,
      onError: (error) => {
        finished();
        reject(errorOf(error));
      },
      onSuccess: () => {
        finished();
        const address = upload.url ?? "";
        if (videoId !== null) resolve({ videoId, address });
        else if (assetId !== null) resolve({ assetId, address });
        else reject(new TypeError("The server did not say what the upload becomes."));
      },
    });
    const calledOff = (): void => {
      void upload.abort().finally(() => {
        reject(options.signal?.reason as Error);
      });
    };
    const finished = (): void => options.signal?.removeEventListener("abort", calledOff);
    if (options.signal?.aborted) {
      reject(options.signal.reason as Error);
      return;
    }
    options.signal?.addEventListener("abort", calledOff, { once: true });
    upload.start();
  });
}

function metadataOf(options: NewUpload): Record<string, string> {
  const metadata: Record<string, string> = { filename: options.filename, kind: options.kind ?? "video" };
  if (options.title !== undefined) metadata["title"] = options.title;
  if (options.channelId !== undefined) metadata["channel_id"] = options.channelId;
  if (options.folderId !== undefined) metadata["folder_id"] = options.folderId;
  if (options.replaces !== undefined) metadata["replaces"] = options.replaces;
  if (options.store !== undefined) metadata["store"] = options.store;
  return metadata;
}

function errorOf(error: Error | DetailedError): Error {
  if (!(error instanceof DetailedError)) return error;
  const response = error.originalResponse;
  if (response === null) return unreachable(error.causingError ?? error);
  return new ProblemError(parseProblem(response.getBody(), response.getStatus()), askedFor(response), error);
}

function askedFor(response: HttpResponse): number | null {
  return retryAfter(response.getHeader("Retry-After"), response.getHeader("Date"));
}
