/** A client of Memoreel's API. */

export {
  MemoreelClient,
  ProcessingError,
  WaitTimeoutError,
  type Asset,
  type AssetFilter,
  type AssetWaitOptions,
  type ClientOptions,
  type ImportedFile,
  type ImportOptions,
  type Me,
  type SearchHit,
  type SearchOptions,
  type SearchResults,
  type Summary,
  type Transcript,
  type Video,
  type VideoDetail,
  type VideoFilter,
  type WaitOptions,
} from "./client.js";
export { ProblemError, type Problem } from "./problem.js";
export type { NewUpload, UploadedFile, UploadedVideo, UploadSource } from "./uploads.js";
export {
  verifyWebhook,
  WebhookVerificationError,
  type AssetMessage,
  type TestMessage,
  type VideoMessage,
  type WebhookHeaders,
  type WebhookMessage,
} from "./webhooks.js";
export type { components, operations, paths } from "./schema.gen.js";
