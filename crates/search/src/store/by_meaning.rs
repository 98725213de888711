//! Searching by meaning alone, which needs nothing of what ranks words.

use crate::model::{Filters, Found, Span};
use crate::query::Query;
use crate::store::Meaning;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, ChannelId, ChunkId, VideoId};
use sqlx::types::Json;
use std::collections::HashMap;

/// Passages of these types that the caller may see, of all if none is named, nearest first.
pub(super) async fn search(
    tx: &mut TenantTx,
    query: &Query,
    Meaning { model_id, vector, nearby }: Meaning<'_>,
    filters: &Filters,
    entity_types: Option<&[String]>,
    limit: u32,
) -> Result<Vec<Found>, sqlx::Error> {
    let caller = *tx.caller();
    let rows = sqlx::query!(
        r#"SELECT chunk_id AS "chunk_id!: ChunkId", video_id AS "video_id: VideoId", video_title,
               channel_id AS "channel_id: ChannelId", coalesce(video_created_at, file.created_at) AS "created_at!",
               file.id AS "file_id: AssetId", file.kind AS file_kind, file.title AS file_title, file.page_number,
               file.page_image_key, file.blob_key, file.filename, file.description, file.is_described, file.version, file.width,
               file.height,
               text AS "text!", start_seconds, end_seconds,
               spans AS "spans!: Json<Vec<Span>>", speaker_names AS "speaker_names: Json<HashMap<String, String>>",
               span_vectors, meaning_rank, similarity AS "similarity!",
               found.asset_id AS "asset_id: AssetId",
               (SELECT a.version FROM assets a WHERE a.organization_id = $1 AND a.id = found.asset_id) AS recording_version,
               (SELECT a.packaging FROM assets a WHERE a.organization_id = $1 AND a.id = found.asset_id) AS recording_packaging,
               (SELECT a.visibility = 'private' FROM assets a WHERE a.organization_id = $1 AND a.id = found.asset_id) AS recording_is_private,
               EXISTS (SELECT FROM renditions r WHERE r.organization_id = $1 AND r.asset_id = found.asset_id
                   AND r.kind = 'thumbnail') AS "is_pictured!",
               (SELECT c.entity_type FROM chunks c WHERE c.organization_id = $1 AND c.id = found.chunk_id) AS entity_type
           FROM search_chunks_by_meaning($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::real[]::vector, $13, $14,
               $15::bigint::text::xid8, $16) AS found
           -- A passage of a document or an image names nothing of a video. Without the limit, all files would be joined to their passages
           -- and then to what was found.
           LEFT JOIN LATERAL (
               SELECT a.id, coalesce(a.metadata -> 'document' ->> 'title', a.filename) AS title, c.page_number, a.created_at,
                   a.kind, a.blob_key, a.filename, a.description, a.version, a.width, a.height,
                   c.is_description AS is_described,
                   (SELECT p.image_key FROM document_pages p WHERE p.organization_id = $1 AND p.asset_id = a.id
                       AND p.page_number = c.page_number) AS page_image_key
               FROM chunks c JOIN assets a ON a.organization_id = $1 AND a.id = c.asset_id AND a.status = 'ready' AND a.deleted_at IS NULL
               WHERE c.organization_id = $1 AND c.id = found.chunk_id AND found.video_id IS NULL
               LIMIT 1) AS file ON true
           WHERE found.video_id IS NOT NULL OR file.id IS NOT NULL"#,
        caller.organization_id.uuid(),
        caller.user_id.map(|id| id.uuid()),
        caller.role.is_none(),
        filters.video_id.map(|id| id.uuid()),
        filters.channel_id.map(|id| id.uuid()),
        filters.from,
        filters.to,
        filters.speaker,
        &query.phrases,
        &query.excluded,
        entity_types,
        vector,
        model_id.uuid(),
        nearby.map(|nearby| nearby.chunk_ids.as_slice()),
        nearby.map(|nearby| nearby.written_before),
        i32::try_from(limit).unwrap_or(i32::MAX),
    )
    .fetch_all(&mut **tx)
    .await?;
    let found = rows.into_iter().map(|row| Found {
        chunk_id: row.chunk_id,
        of: found_in!(caller.organization_id, row),
        created_at: row.created_at,
        configuration: String::new(),
        lexemes: Vec::new(),
        matches: Vec::new(),
        text: row.text,
        is_picture: false,
        start_seconds: row.start_seconds,
        end_seconds: row.end_seconds,
        spans: row.spans.0,
        speaker_names: row.speaker_names.map(|names| names.0).unwrap_or_default(),
        span_vectors: row.span_vectors,
        words_rank: None,
        meaning_rank: row.meaning_rank,
        similarity: Some(row.similarity),
        likeness_floor: None,
        score: row.similarity,
    });
    Ok(found.collect())
}
