// The product's endpoints of `bench http` as a plain web application would have them: Fastify, Drizzle and postgres.js, a
// session looked up in the database for every request, and the organization named in every statement.
//
// server.mjs <database address> <port> <workers> <connections of each>

import cluster from "node:cluster";
import { createHash, createHmac } from "node:crypto";
import { drizzle } from "drizzle-orm/postgres-js";
import Fastify from "fastify";
import postgres from "postgres";
import { prepare } from "./queries.mjs";

const [address, port, workers, connections] = process.argv.slice(2);
const SIGNING_KEY = "bench";
const ADDRESS_LIFETIME_SECONDS = 3600;
const PAGE = 20;

if (cluster.isPrimary) {
  for (let number = 0; number < Number(workers); number += 1) cluster.fork();
  cluster.on("exit", () => process.exit(1));
  process.on("SIGTERM", () => process.exit(0));
} else {
  await serve();
}

async function serve() {
  const { hostname, port: databasePort, pathname, username, password } = new URL(address);
  const client = postgres({
    host: decodeURIComponent(hostname),
    port: Number(databasePort),
    path: `${decodeURIComponent(hostname)}/.s.PGSQL.${databasePort}`,
    database: pathname.slice(1),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    max: Number(connections),
  });
  // Drizzle hands its statements over as text, which postgres.js would have parsed and planned anew each time.
  const { unsafe } = client;
  client.unsafe = (query, parameters, options) => unsafe(query, parameters, { prepare: true, ...options });
  const statements = prepare(drizzle(client));
  const app = Fastify();

  app.decorateRequest("caller", null);
  app.addHook("onRequest", async (request, reply) => {
    const token = /(?:^|;\s*)memoreel_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    if (token !== undefined) {
      const tokenHash = createHash("sha256").update(token).digest();
      [request.caller] = await statements.session.execute({ tokenHash });
    }
    if (!request.caller) return reply.code(401).send({ code: "unauthenticated" });
  });

  app.get("/api/v1/me", async ({ caller }, reply) => {
    const rows = await statements.me.execute(caller);
    const places = rows.map(({ organizationId, organizationName, slug, role, isPersonal }) => ({
      id: organizationId,
      name: organizationName,
      slug,
      role,
      personal: isPersonal,
    }));
    const [{ id, email, name, avatarUrl, emailVerifiedAt, createdAt }] = rows;
    reply.header("cache-control", "no-store");
    return {
      user: {
        id,
        email,
        name,
        avatar_url: avatarUrl,
        email_verified: emailVerifiedAt !== null,
        created_at: createdAt,
      },
      organization: places.find((place) => place.id === caller.organizationId),
      organizations: places,
    };
  });

  app.get("/api/v1/videos", async ({ caller, query }) => {
    const limit = Number(query.limit ?? PAGE);
    const rows = await statements.videos.execute({ ...caller, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const { organizationId } = caller;
    const [speakers, renditions] = await Promise.all([
      statements.speakers.execute({ organizationId, videoIds: page.map((row) => row.id) }),
      statements.renditions.execute({ organizationId, assetIds: page.flatMap((row) => row.assetId ?? []) }),
    ]);
    const speakersOf = groupBy(speakers, "videoId");
    const renditionsOf = groupBy(renditions, "assetId");
    const last = page.at(-1);
    return {
      items: page.map((row) => video(row, speakersOf.get(row.id) ?? [], renditionsOf.get(row.assetId) ?? [])),
      next_cursor:
        rows.length > limit ? Buffer.from(`${last.createdAt} ${last.id}`).toString("base64url") : null,
    };
  });

  app.get("/api/v1/videos/:id", async ({ caller, params }, reply) => {
    const { organizationId } = caller;
    const videoId = params.id;
    const [[row], speakers, stages, [transcript]] = await Promise.all([
      statements.video.execute({ ...caller, videoId }),
      statements.speakers.execute({ organizationId, videoIds: [videoId] }),
      statements.stages.execute({ organizationId, videoId }),
      statements.transcript.execute({ organizationId, videoId }),
    ]);
    if (row === undefined) return reply.code(404).send({ code: "video_not_found" });
    const renditions = await statements.renditions.execute({
      organizationId,
      assetIds: row.assetId === null ? [] : [row.assetId],
    });
    const address = (kind) => signedKind(renditions, kind);
    return {
      ...video(row, speakers, renditions),
      stages: stages.map((stage) => ({
        stage: stage.kind,
        status: stage.status,
        progress: Math.round(stage.progress * 100),
        message: stage.errorMessage,
        code: stage.errorCode,
      })),
      playback: {
        hls_url: address("hls_master"),
        file_url: address("file"),
        poster_url: address("poster"),
        storyboard_url: address("storyboard"),
        waveform_url: address("waveform"),
        download_url: row.blobKey === null ? null : signed(row.blobKey),
        captions:
          transcript === undefined
            ? []
            : [
                {
                  language: transcript.language,
                  label: "English",
                  url: `/api/v1/videos/${videoId}/captions.vtt`,
                },
              ],
        playable_after_ms: row.playableAt === null ? null : new Date(row.playableAt) - new Date(row.createdAt),
      },
    };
  });

  app.get("/api/v1/search", async ({ caller, query }) => {
    const started = performance.now();
    const rows = await statements.search.execute({
      ...caller,
      query: query.q,
      limit: Number(query.limit ?? PAGE),
    });
    return {
      items: rows.map((row) => ({
        chunk_id: row.chunkId,
        video_id: row.videoId,
        video_title: row.videoTitle,
        poster_url: row.picture === null ? null : signed(row.picture),
        start_ms: Math.trunc(row.startSeconds * 1000),
        end_ms: Math.trunc(row.endSeconds * 1000),
        speakers: row.speakers,
        text: row.text,
        highlights: [],
        matched_by: ["words"],
        score: row.score,
        channel_id: row.channelId,
        created_at: row.createdAt,
      })),
      took_ms: Math.round(performance.now() - started),
      mode: "keyword",
    };
  });

  await app.listen({ host: "127.0.0.1", port: Number(port) });
}

function video(row, speakers, renditions) {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    channel_id: row.channelId,
    author: row.authorId === null ? null : { id: row.authorId, name: row.authorName },
    visibility: row.visibility,
    source: row.source,
    status: row.status,
    stage: null,
    progress: row.status === "completed" ? 100 : 0,
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage },
    playable: row.playableAt !== null,
    kind: row.kind ?? "text",
    duration_ms: row.durationSeconds === null ? null : Math.round(row.durationSeconds * 1000),
    width: row.width,
    height: row.height,
    size_bytes: row.byteSize,
    poster_url: signedKind(renditions, "thumbnail"),
    storyboard_url: signedKind(renditions, "storyboard"),
    speakers: speakers.map(({ id, label, name, hue }) => ({ id, label, name, hue })),
    filename: row.originalFilename ?? "",
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  };
}

function signedKind(renditions, kind) {
  const found = renditions.find((rendition) => rendition.kind === kind);
  return found === undefined ? null : signed(found.blobKey);
}

function signed(key) {
  const expires = Math.floor(Date.now() / 1000) + ADDRESS_LIFETIME_SECONDS;
  const signature = createHmac("sha256", SIGNING_KEY).update(`${key}\n${expires}`).digest("base64url");
  return `/media/${key}?expires=${expires}&signature=${signature}`;
}

function groupBy(rows, column) {
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(row[column]);
    if (group === undefined) groups.set(row[column], [row]);
    else group.push(row);
  }
  return groups;
}
