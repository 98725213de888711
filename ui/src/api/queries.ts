import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";
import { connection } from "./connection";
import { isGone, request, requestJson } from "./client";
import type {
  ApiKey,
  ApiKeyCreated,
  AuditEntry,
  CaptionsAccepted,
  Channel,
  KeyFrame,
  Me,
  NewApiKey,
  Page,
  HitKind,
  SearchMode,
  SearchResult,
  Session,
  Speaker,
  Summary,
  Transcript,
  Video,
  VideoDetail,
  VideoPatch,
  VideoStatus,
} from "./types";

export type VideoSort = "newest" | "oldest" | "title";

export interface VideoFilter {
  channel_id?: string | undefined;
  status?: VideoStatus | undefined;
  title?: string | undefined;
  sort?: VideoSort | undefined;
}

export const keys = {
  me: ["me"] as const,
  videos: ["videos"] as const,
  video: (id: string) => ["video", id] as const,
  transcript: (id: string) => ["transcript", id] as const,
  /** Files of captions and subtitles, as players have them. */
  captions: (id: string) => ["captions", id] as const,
  keyFrames: (id: string) => ["key-frames", id] as const,
  storyboard: (id: string) => ["storyboard", id] as const,
  summary: (id: string) => ["summary", id] as const,
  channels: ["channels"] as const,
  apiKeys: ["api-keys"] as const,
  passkeys: ["passkeys"] as const,
  preferences: ["preferences"] as const,
  email: ["email"] as const,
  sessions: ["sessions"] as const,
  providers: ["providers"] as const,
  identities: ["identities"] as const,
  domains: ["domains"] as const,
  organization: ["organization"] as const,
  members: ["members"] as const,
  elsewhere: (path: string) => ["elsewhere", path] as const,
  invitations: ["invitations"] as const,
  invitation: (token: string) => ["invitation", token] as const,
  emailConfirmation: (token: string) => ["email-confirmation", token] as const,
  auditLog: ["audit-log"] as const,
  delivery: ["delivery"] as const,
  encoding: ["encoding"] as const,
  uploadLimits: ["upload-limits"] as const,
  webhooks: ["webhooks"] as const,
  webhook: (id: string) => ["webhooks", id] as const,
  webhookDeliveries: (endpointId: string) => ["webhooks", endpointId, "deliveries"] as const,
  webhookDelivery: (id: string) => ["webhook-delivery", id] as const,
  tasks: ["tasks"] as const,
  analytics: ["analytics"] as const,
  consents: ["consents"] as const,
  exports: ["exports"] as const,
  organizationExports: ["organization-exports"] as const,
  erasure: ["erasure"] as const,
  search: ["search"] as const,
  assets: ["assets"] as const,
  asset: (id: string) => ["asset", id] as const,
  documentPages: (assetId: string) => ["document-pages", assetId] as const,
  allRenditions: ["renditions"] as const,
  renditions: (assetId: string) => ["renditions", assetId] as const,
  allSubtitles: ["subtitles"] as const,
  subtitles: (assetId: string) => ["subtitles", assetId] as const,
  soundTask: (assetId: string) => ["sound-task", assetId] as const,
  encodeTask: (assetId: string) => ["encode-task", assetId] as const,
  rereadTask: (assetId: string) => ["reread-task", assetId] as const,
  imageAddresses: (id: string) => ["image-addresses", id] as const,
  imagePresets: ["image-presets"] as const,
  folders: ["folders"] as const,
};

const PAGE_SIZE = 48;

export function videosQuery(filter: VideoFilter, limit: number = PAGE_SIZE) {
  return infiniteQueryOptions({
    queryKey: [...keys.videos, filter, limit],
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<Video>>("GET", "/videos", { query: { ...filter, limit, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => {
      const busy = query.state.data?.pages.some((page) => page.items.some(isBusy)) ?? false;
      return busy && !connection.get().live ? 4000 : false;
    },
  });
}

export function isBusy(video: Pick<Video, "status">): boolean {
  return video.status === "pending" || video.status === "processing";
}

/** Drops what was heard and seen in a file that another one replaced. */
function forgetFile(client: QueryClient, id: string): void {
  for (const queryKey of [keys.transcript(id), keys.summary(id), keys.keyFrames(id)]) void client.resetQueries({ queryKey });
}

/** Asks anew for what has addresses of a recording: those from before it became private open nothing any more. */
export function renewAddresses(client: QueryClient, { id, asset_id }: Pick<VideoDetail, "id" | "asset_id">): void {
  const ofVideo = [keys.videos, keys.search, keys.assets, keys.keyFrames(id), keys.storyboard(id)];
  const ofFile = asset_id === null ? [] : [keys.asset(asset_id), keys.renditions(asset_id), keys.subtitles(asset_id)];
  for (const queryKey of [...ofVideo, ...ofFile]) void client.invalidateQueries({ queryKey });
}

export function videoQuery(id: string) {
  return queryOptions({
    queryKey: keys.video(id),
    queryFn: async ({ client, signal }) => {
      const before = client.getQueryData<VideoDetail>(keys.video(id));
      const video = await requestJson<VideoDetail>("GET", `/videos/${encodeURIComponent(id)}`, { signal });
      if (before && before.file_version !== video.file_version) forgetFile(client, id);
      return video;
    },
    refetchInterval: (query) => {
      const video = query.state.data;
      if (!video || !isBusy(video) || isGone(query.state.error)) return false;
      return connection.get().live ? 15_000 : 3000;
    },
  });
}

export function transcriptQuery(id: string) {
  return queryOptions({
    queryKey: keys.transcript(id),
    queryFn: ({ signal }) => requestJson<Transcript>("GET", `/videos/${encodeURIComponent(id)}/transcript`, { signal }),
    staleTime: 60_000,
    refetchInterval: (query) => pendingInterval(query.state.data?.status),
  });
}

export function summaryQuery(id: string) {
  return queryOptions({
    queryKey: keys.summary(id),
    queryFn: ({ signal }) => requestJson<Summary>("GET", `/videos/${encodeURIComponent(id)}/summary`, { signal }),
    staleTime: 60_000,
    refetchInterval: (query) => pendingInterval(query.state.data?.status),
  });
}

/** What is on screen, page by page; looked for again while it may still be found. */
export function keyFramesQuery(video: Pick<VideoDetail, "id" | "status">) {
  return infiniteQueryOptions({
    queryKey: keys.keyFrames(video.id),
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<KeyFrame>>("GET", `/videos/${encodeURIComponent(video.id)}/key-frames`, {
        query: { limit: 100, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 60_000,
    refetchInterval: () => (isBusy(video) ? (connection.get().live ? 15_000 : 4000) : false),
  });
}

function pendingInterval(status: string | undefined): number | false {
  if (status !== "pending") return false;
  return connection.get().live ? 15_000 : 4000;
}

export const channelsQuery = queryOptions({
  queryKey: keys.channels,
  queryFn: ({ signal }) => requestJson<Page<Channel>>("GET", "/channels", { query: { limit: 100 }, signal }),
  staleTime: 60_000,
});

export const apiKeysQuery = queryOptions({
  queryKey: keys.apiKeys,
  queryFn: ({ signal }) => requestJson<Page<ApiKey>>("GET", "/api-keys", { query: { limit: 100 }, signal }),
});

/** Five at most, so always one page. */
export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: ({ signal }) => requestJson<Page<Session>>("GET", "/sessions", { signal }),
});

/** Who changed what, narrowed to one kind of thing. */
export function auditLogQuery(action: string) {
  return infiniteQueryOptions({
    queryKey: [...keys.auditLog, action],
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<AuditEntry>>("GET", "/audit-log", { query: { action, limit: 50, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export interface SearchFilter {
  q: string;
  mode: SearchMode;
  kind?: HitKind | undefined;
  speaker?: string | undefined;
  channel_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export function searchQuery(filter: SearchFilter, limit = 30) {
  return queryOptions({
    queryKey: [...keys.search, filter, limit],
    queryFn: ({ signal }) => requestJson<SearchResult>("GET", "/search", { query: { ...filter, limit }, signal }),
    enabled: filter.q.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  });
}

export const commands = {
  signIn: (json: { email: string; password: string; code?: string }) => requestJson<Me>("POST", "/sessions", { json }),
  /** Null where a mailed link opens the session. */
  signUp: async (json: { email: string; name: string; password: string; agreed: Record<string, string> }): Promise<Me | null> => {
    const response = await request("POST", "/users", { json });
    return response.status === 202 ? null : ((await response.json()) as Me);
  },
  signOut: () => request("DELETE", "/sessions/current"),
  endSession: (id: string) => request("DELETE", `/sessions/${id}`),
  changeMe: (json: { name: string }) => requestJson<Me>("PATCH", "/me", { json }),
  changeVideo: (id: string, json: VideoPatch) => requestJson<VideoDetail>("PATCH", `/videos/${id}`, { json }),
  deleteVideo: (id: string) => request("DELETE", `/videos/${id}`),
  restoreVideo: (id: string) => requestJson<VideoDetail>("POST", `/videos/${id}/restore`),
  retryVideo: (id: string) => requestJson<VideoDetail>("POST", `/videos/${id}/retry`),
  renameSpeaker: (videoId: string, speakerId: string, name: string | null) =>
    requestJson<Speaker>("PATCH", `/videos/${videoId}/speakers/${speakerId}`, { json: { name } }),
  replaceCaptions: (id: string, file: File) =>
    requestJson<CaptionsAccepted>("PUT", `/videos/${id}/captions`, {
      body: file,
      headers: { "Content-Type": /\.srt$/iu.test(file.name) ? "application/x-subrip" : "text/vtt" },
    }),
  createChannel: (name: string) => requestJson<Channel>("POST", "/channels", { json: { name } }),
  createApiKey: (json: NewApiKey) => requestJson<ApiKeyCreated>("POST", "/api-keys", { json }),
  deleteApiKey: (id: string) => request("DELETE", `/api-keys/${id}`),
};

interface VideoPages {
  pages: Page<Video>[];
  pageParams: unknown[];
}

/** Changes one video in every cached list, and its own entry. */
export function patchVideo(client: QueryClient, id: string, change: Partial<Video>): void {
  client.setQueriesData<VideoPages>({ queryKey: keys.videos }, (lists) => {
    if (!lists?.pages.some((page) => page.items.some((video) => video.id === id))) return lists;
    return {
      ...lists,
      pages: lists.pages.map((page) => ({
        ...page,
        items: page.items.map((video) => (video.id === id ? { ...video, ...change } : video)),
      })),
    };
  });
  client.setQueryData<VideoDetail>(keys.video(id), (video) => (video ? { ...video, ...change } : video));
}

/** Takes one video out of every cached list, without waiting for the server. */
export function dropVideo(client: QueryClient, id: string): void {
  client.setQueriesData<VideoPages>({ queryKey: keys.videos }, (lists) =>
    lists
      ? { ...lists, pages: lists.pages.map((page) => ({ ...page, items: page.items.filter((video) => video.id !== id) })) }
      : lists,
  );
}
