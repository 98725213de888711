// Every statement of the server, prepared once for each connection. Each names the organization; there is no row-level security.

import { and, desc, eq, gt, isNull, ne, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import {
  assets,
  chunks,
  memberships,
  organizations,
  renditions,
  sessions,
  speakers,
  tasks,
  transcripts,
  users,
  videos,
} from "./schema.mjs";

const param = sql.placeholder;

export function prepare(db) {
  const picture = alias(renditions, "picture");
  const isPersonal = sql`${organizations.personalOwnerId} IS NOT DISTINCT FROM ${memberships.userId}`;
  const video = {
    id: videos.id,
    assetId: videos.assetId,
    channelId: videos.channelId,
    authorId: videos.authorId,
    authorName: users.name,
    title: videos.title,
    description: videos.description,
    visibility: videos.visibility,
    source: videos.source,
    status: videos.status,
    errorCode: videos.errorCode,
    errorMessage: videos.errorMessage,
    playableAt: videos.playableAt,
    createdAt: videos.createdAt,
    updatedAt: videos.updatedAt,
    kind: assets.kind,
    durationSeconds: assets.durationSeconds,
    width: assets.width,
    height: assets.height,
    byteSize: assets.byteSize,
    originalFilename: assets.originalFilename,
    blobKey: assets.blobKey,
  };
  const selectVideos = () =>
    db
      .select(video)
      .from(videos)
      .leftJoin(assets, and(eq(assets.organizationId, videos.organizationId), eq(assets.id, videos.assetId)))
      .leftJoin(users, eq(users.id, videos.authorId));
  const isVisible = and(
    eq(videos.organizationId, param("organizationId")),
    isNull(videos.deletedAt),
    or(ne(videos.visibility, "private"), eq(videos.authorId, param("userId"))),
  );
  // Passages with any of the words, as the product finds them.
  const query = sql`replace(plainto_tsquery('english', ${param("query")})::text, ' & ', ' | ')::tsquery`;
  const rank = sql`ts_rank(${chunks.searchVector}, ${query})`;

  return {
    // Who is behind a session, and in which organization: the personal one first.
    session: db
      .select({
        sessionId: sessions.id,
        userId: sessions.userId,
        organizationId: memberships.organizationId,
        role: memberships.role,
      })
      .from(sessions)
      .innerJoin(users, and(eq(users.id, sessions.userId), eq(users.isActive, true)))
      .innerJoin(memberships, eq(memberships.userId, sessions.userId))
      .innerJoin(
        organizations,
        and(eq(organizations.id, memberships.organizationId), eq(organizations.status, "active")),
      )
      .where(and(eq(sessions.tokenHash, param("tokenHash")), gt(sessions.expiresAt, sql`now()`)))
      .orderBy(desc(isPersonal), memberships.createdAt)
      .limit(1)
      .prepare("session"),

    // The person, once for each organization.
    me: db
      .select({
        id: users.id,
        email: users.email,
        name: users.name,
        avatarUrl: users.avatarUrl,
        emailVerifiedAt: users.emailVerifiedAt,
        createdAt: users.createdAt,
        organizationId: organizations.id,
        organizationName: organizations.name,
        slug: organizations.slug,
        role: memberships.role,
        isPersonal,
      })
      .from(users)
      .innerJoin(memberships, eq(memberships.userId, users.id))
      .innerJoin(
        organizations,
        and(eq(organizations.id, memberships.organizationId), eq(organizations.status, "active")),
      )
      .where(eq(users.id, param("userId")))
      .orderBy(desc(isPersonal), memberships.createdAt)
      .prepare("me"),

    videos: selectVideos()
      .where(isVisible)
      .orderBy(desc(videos.createdAt), desc(videos.id))
      .limit(param("limit"))
      .prepare("videos"),

    video: selectVideos()
      .where(and(isVisible, eq(videos.id, param("videoId"))))
      .prepare("video"),

    speakers: db
      .select({
        videoId: speakers.videoId,
        id: speakers.id,
        label: speakers.label,
        name: speakers.name,
        hue: speakers.hue,
      })
      .from(speakers)
      .where(
        and(
          eq(speakers.organizationId, param("organizationId")),
          sql`${speakers.videoId} = ANY(${param("videoIds")}::uuid[])`,
        ),
      )
      .orderBy(speakers.hue, speakers.label)
      .prepare("speakers"),

    renditions: db
      .select({ assetId: renditions.assetId, kind: renditions.kind, blobKey: renditions.blobKey })
      .from(renditions)
      .where(
        and(
          eq(renditions.organizationId, param("organizationId")),
          sql`${renditions.assetId} = ANY(${param("assetIds")}::uuid[])`,
        ),
      )
      .prepare("renditions"),

    stages: db
      .select({
        kind: tasks.kind,
        status: tasks.status,
        progress: tasks.progress,
        errorCode: tasks.errorCode,
        errorMessage: tasks.errorMessage,
      })
      .from(tasks)
      .where(and(eq(tasks.organizationId, param("organizationId")), eq(tasks.subjectId, param("videoId"))))
      .orderBy(tasks.createdAt, tasks.id)
      .prepare("stages"),

    transcript: db
      .select({ language: transcripts.language })
      .from(transcripts)
      .where(
        and(eq(transcripts.organizationId, param("organizationId")), eq(transcripts.videoId, param("videoId"))),
      )
      .prepare("transcript"),

    search: db
      .select({
        chunkId: chunks.id,
        videoId: chunks.videoId,
        videoTitle: videos.title,
        channelId: videos.channelId,
        createdAt: videos.createdAt,
        text: chunks.text,
        startSeconds: chunks.startSeconds,
        endSeconds: chunks.endSeconds,
        speakers: chunks.speakers,
        picture: picture.blobKey,
        score: rank,
      })
      .from(chunks)
      .innerJoin(videos, and(eq(videos.organizationId, chunks.organizationId), eq(videos.id, chunks.videoId)))
      .leftJoin(
        picture,
        and(
          eq(picture.organizationId, videos.organizationId),
          eq(picture.assetId, videos.assetId),
          eq(picture.kind, "thumbnail"),
        ),
      )
      .where(
        and(
          eq(chunks.organizationId, param("organizationId")),
          isNull(videos.deletedAt),
          or(ne(chunks.visibility, "private"), eq(chunks.ownerId, param("userId"))),
          sql`${chunks.searchVector} @@ ${query}`,
        ),
      )
      .orderBy(desc(rank))
      .limit(param("limit"))
      .prepare("search"),
  };
}
