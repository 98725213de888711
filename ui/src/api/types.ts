/**
 * Every shape the server speaks, under the names the app uses. They are aliases onto
 * `schema.gen.ts`, which is generated from the server's OpenAPI document; nothing else in the app
 * reads that file.
 */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

/** The document calls what may be null optional as well; the server always sends it. */
type Sent<T> = T extends (infer Item)[]
  ? Sent<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Sent<Exclude<T[Key], undefined>> }
    : T;

/** Where the document says only "string", the words that can stand there. */
type Narrow<T, Words> = Omit<T, keyof Words> & Words;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export type Problem = Schemas["Problem"];

export type Role = Schemas["Role"];
/** What a role may do, under the names of the server's table. */
export type Action = Schemas["Action"];

export type Me = Sent<Schemas["Me"]>;
export type Consents = Sent<Schemas["Consents"]>;
export type ConsentState = Consents["documents"][number];
export type Export = Sent<Schemas["Export"]>;
export type OrganizationExport = Sent<Schemas["OrganizationExport"]>;
export type ErasureState = Sent<Schemas["ErasureState"]>;
export type EmailChangeState = Sent<Schemas["EmailChangeState"]>;
export type MyOrganization = Sent<Schemas["MyOrganization"]>;
export type Organization = Sent<Schemas["Organization"]>;

export interface OrganizationChanges {
  name?: string;
  slug?: string;
  description?: string | null;
}

export type Member = Sent<Schemas["Member"]>;
export type Invitation = Sent<Schemas["Invitation"]>;
export type IssuedInvitation = Sent<Schemas["IssuedInvitation"]>;
/** What the holder of an invitation's link is told. */
export type InvitationOffer = Sent<Schemas["InvitationOffer"]>;

/** What becomes of a file that the server fetches. */
export type NewFile = Schemas["NewFile"];
export type ImportFile = Schemas["ImportFile"];

export type Passkey = Sent<Schemas["Passkey"]>;
export type TotpSecret = Sent<Schemas["TotpSecret"]>;
export type RecoveryCodes = Sent<Schemas["RecoveryCodes"]>;
export type Preferences = Sent<Schemas["Preferences"]>;
export type PreferenceChanges = Partial<Omit<Preferences, "tos_accepted_at">>;
export type EmailStatus = Sent<Schemas["EmailStatus"]>;
export type ProviderOffer = Sent<Schemas["ProviderOffer"]>;
export type AskedDocument = Sent<Schemas["AskedDocument"]>;
export type ProviderList = Sent<Schemas["ProviderList"]>;
/** Where the browser is to go to sign in elsewhere. */
export type ProviderTrip = Sent<Schemas["ProviderTrip"]>;
export type ProviderSignedIn = Sent<Schemas["ProviderSignedIn"]>;
export type Identity = Sent<Schemas["Identity"]>;
export type JoinRole = Schemas["JoinRole"];
export type Domain = Sent<Schemas["Domain"]>;

export interface DomainChanges {
  join_role?: JoinRole;
  required_provider?: string | null;
}

/** To which web sites media are delivered. */
export type DeliveryPolicy = Sent<Schemas["DeliveryPolicy"]>;

/** Something that was made of an asset. */
export type Rendition = Sent<Schemas["Rendition"]>;
export type DocumentPage = Sent<Schemas["DocumentPage"]>;
export type SubtitlesTrack = Sent<Schemas["SubtitlesTrack"]>;

export type AskedRendition = Sent<Schemas["AskedRendition"]>;
export type WantedRendition = Schemas["CreateRendition"];

/** Which versions are made of the videos that come in. */
export type EncodingSettings = Sent<Schemas["EncodingSettings"]>;
export type EncodingChoice = Sent<Schemas["EncodingChoice"]>;
export type WantedEncoding = Pick<EncodingSettings, "codec" | "steps" | "loudness_lufs">;

/** How large the files are that an organization takes. */
export type UploadLimits = Sent<Schemas["UploadLimits"]>;
export type UploadSizes = Sent<Schemas["UploadSizes"]>;

/** Characters of a name of a person, an organization, a key or a passkey. */
export const NAME_MAX = 100;

export type WebhookEvent = Schemas["WebhookEvent"];
/** In the order in which they usually happen. */
export const WEBHOOK_EVENTS = [
  "video.added", "video.playable", "video.transcribed", "video.indexed", "video.summarised", "video.completed", "video.failed",
  "video.changed", "video.deleted", "video.restored", "asset.ready", "asset.failed", "asset.deleted", "asset.restored",
] as const satisfies readonly WebhookEvent[];
export type WebhookEndpoint = Sent<Schemas["WebhookEndpoint"]>;
export type IssuedWebhookSecret = Sent<Schemas["IssuedWebhookSecret"]>;
export type WebhookDeliveryStatus = Schemas["DeliveryStatus"];
export type WebhookDelivery = Sent<Schemas["WebhookDelivery"]>;
export type WebhookDeliveryDetails = WebhookDelivery & { payload: unknown; response_body: string | null };

export interface WebhookEndpointChanges {
  url?: string;
  description?: string | null;
  events?: WebhookEvent[];
  active?: boolean;
}

export type TaskStatus = Schemas["TaskStatus"];
export type Task = Sent<Schemas["Task"]>;
export type TaskTry = Sent<Schemas["TaskTry"]>;
export type TaskDetails = Task & { tries: TaskTry[]; payload: unknown };
export type TaskStats = Sent<Schemas["TaskStats"]>;

export type Traffic = Sent<Schemas["Traffic"]>;
export type RouteTraffic = Sent<Schemas["RouteTraffic"]>;
export type Storage = Sent<Schemas["Storage"]>;

export type Session = Sent<Schemas["Session"]>;
export type AuditEntry = Omit<Sent<Schemas["AuditEntry"]>, "old" | "new"> & Record<"old" | "new", Record<string, unknown> | null>;
export type ApiKey = Sent<Schemas["ApiKey"]>;
export type ApiKeyCreated = Sent<Schemas["IssuedApiKey"]>;
export type NewApiKey = Schemas["NewApiKey"];
export type Channel = Sent<Schemas["Channel"]>;
export type Speaker = Sent<Schemas["Speaker"]>;

export type VideoStatus = "pending" | "processing" | "completed" | "failed";
export type VideoVisibility = Schemas["Visibility"];

interface VideoWords {
  status: VideoStatus;
  kind: "video" | "audio" | "text";
  source: "upload" | "import" | "recording" | "demo";
}

export type Video = Narrow<Sent<Schemas["Video"]>, VideoWords>;
export type Stage = Sent<Schemas["Stage"]>;
export type VideoDetail = Video & Pick<Sent<Schemas["VideoDetail"]>, "asset_id" | "file_version"> & { stages: Stage[]; playback: Sent<Schemas["Playback"]> };

export interface VideoPatch {
  title?: string;
  description?: string | null;
  channel_id?: string | null;
  visibility?: VideoVisibility;
}

export type Word = Sent<Schemas["Word"]>;
export type Segment = Sent<Schemas["Segment"]>;
export type Transcript = Sent<Schemas["Transcript"]>;
export type Chapter = Sent<Schemas["Chapter"]>;
export type Summary = Sent<Schemas["Summary"]>;
export type CaptionsAccepted = Sent<Schemas["AcceptedCaptions"]>;

export type AssetKind = "image" | "video" | "audio" | "document";
export type AssetStatus = "pending" | "ready" | "failed";
export type RecordingPicture = Sent<Schemas["RecordingPicture"]>;
export type RecordingSound = Sent<Schemas["RecordingSound"]>;
export interface Recording {
  picture: RecordingPicture | null;
  sound: RecordingSound | null;
}
export type Asset = Narrow<
  Sent<Schemas["Asset"]>,
  {
    kind: AssetKind | null;
    status: AssetStatus;
    replacement: Sent<Schemas["AssetReplacement"]> | null;
    metadata: Record<string, unknown>;
    image: Sent<Schemas["ImageDetail"]> | null;
    recording: Recording | null;
  }
>;

export interface AssetChanges {
  description?: string | null;
  filename?: string;
  folder_id?: string | null;
  is_temporary?: boolean;
  metadata?: Record<string, unknown>;
  tags?: string[];
}

export type BatchAction = "delete" | "restore" | "move" | "copy";
export type BatchItem = Sent<Schemas["BatchItem"]>;
export type Folder = Sent<Schemas["Folder"]>;
export type ImageAddresses = Sent<Schemas["ImageAddresses"]>;
export type ImagePreset = Sent<Schemas["ImagePreset"]>;

export type KeyFrame = Sent<Schemas["KeyFrame"]>;

export type SearchMode = Schemas["Mode"];
export type HitKind = Schemas["SearchHitKind"];
export type Hit = Sent<Schemas["SearchHit"]>;
export type SearchResult = Sent<Schemas["SearchResults"]>;

/** What `waveform_url` leads to; a media file, so not part of the document. */
export interface Waveform {
  duration_ms: number;
  peaks_per_second: number;
  /** 0 to 1 */
  peaks: number[];
}

/** The data of `event: video` in the event stream. */
export interface VideoEvent {
  video_id: string;
  status: VideoStatus;
  stage: string | null;
  progress: number;
  playable: boolean;
}
