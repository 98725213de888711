// The columns that the server reads, of the product's tables.

import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  real,
  smallint,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";

const bytea = customType({ dataType: () => "bytea" });
const tsvector = customType({ dataType: () => "tsvector" });
const time = (name) => timestamp(name, { withTimezone: true, mode: "string" });

export const users = pgTable("users", {
  id: uuid("id").primaryKey(),
  email: text("email"),
  name: text("name"),
  avatarUrl: text("avatar_url"),
  isActive: boolean("is_active"),
  emailVerifiedAt: time("email_verified_at"),
  createdAt: time("created_at"),
});

export const organizations = pgTable("organizations", {
  id: uuid("id").primaryKey(),
  name: text("name"),
  slug: text("slug"),
  status: text("status"),
  personalOwnerId: uuid("personal_owner_id"),
});

export const memberships = pgTable("memberships", {
  id: uuid("id").primaryKey(),
  organizationId: uuid("organization_id"),
  userId: uuid("user_id"),
  role: text("role"),
  createdAt: time("created_at"),
});

export const sessions = pgTable("sessions", {
  id: uuid("id").primaryKey(),
  userId: uuid("user_id"),
  tokenHash: bytea("token_hash"),
  expiresAt: time("expires_at"),
});

export const videos = pgTable("videos", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  assetId: uuid("asset_id"),
  channelId: uuid("channel_id"),
  authorId: uuid("author_id"),
  title: text("title"),
  description: text("description"),
  visibility: text("visibility"),
  source: text("source"),
  status: text("status"),
  errorCode: text("error_code"),
  errorMessage: text("error_message"),
  playableAt: time("playable_at"),
  deletedAt: time("deleted_at"),
  createdAt: time("created_at"),
  updatedAt: time("updated_at"),
});

export const assets = pgTable("assets", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  kind: text("kind"),
  blobKey: text("blob_key"),
  originalFilename: text("original_filename"),
  byteSize: bigint("byte_size", { mode: "number" }),
  width: integer("width"),
  height: integer("height"),
  durationSeconds: doublePrecision("duration_seconds"),
});

export const renditions = pgTable("renditions", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  assetId: uuid("asset_id"),
  kind: text("kind"),
  blobKey: text("blob_key"),
});

export const speakers = pgTable("speakers", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  videoId: uuid("video_id"),
  label: text("label"),
  name: text("name"),
  hue: smallint("hue"),
});

export const transcripts = pgTable("transcripts", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  videoId: uuid("video_id"),
  language: text("language"),
});

export const tasks = pgTable("tasks", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  subjectId: uuid("subject_id"),
  kind: text("kind"),
  status: text("status"),
  progress: real("progress"),
  errorCode: text("error_code"),
  errorMessage: text("error_message"),
  createdAt: time("created_at"),
});

export const chunks = pgTable("chunks", {
  organizationId: uuid("organization_id"),
  id: uuid("id").primaryKey(),
  videoId: uuid("video_id"),
  text: text("text"),
  startSeconds: doublePrecision("start_seconds"),
  endSeconds: doublePrecision("end_seconds"),
  speakers: text("speakers").array(),
  spans: jsonb("spans"),
  ownerId: uuid("owner_id"),
  visibility: text("visibility"),
  searchVector: tsvector("search_vector"),
});
