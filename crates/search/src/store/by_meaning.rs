//! Searching by meaning alone, which needs nothing of what ranks words.

use crate::model::{Filters, Found, Span};
use crate::query::Query;
use crate::store::Meaning;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, ChannelId, ChunkId, VideoId};
use sqlx::types::Json;
use std::collections::HashMap;

/// Passages the caller may see, nearest first.
pub(super) async fn search(
    tx: &mut TenantTx,
    query: &Query,
    Meaning { model_id, vector, nearby }: Meaning<'_>,
    filters: &Filters,
    limit: u32,
) -> Result<Vec<Found>, sqlx::Error> {
    let caller = *tx.caller();
    let rows = sqlx::query!(
        r#"SELECT chunk_id AS "chunk_id!: ChunkId", video_id AS "video_id: VideoId", video_title,
               channel_id AS "channel_id: ChannelId", coalesce(video_created_at, document.created_at) AS "created_at!",
               document.id AS "document_id: AssetId", document.title AS document_title, document.page_number,
               document.is_pictured, document.blob_key, document.filename,
               text AS "text!", start_seconds, end_seconds,
               spans AS "spans!: Json<Vec<Span>>", speaker_names AS "speaker_names: Json<HashMap<String, String>>",
               span_vectors, meaning_rank, similarity AS "similarity!",
               (SELECT r.asset_id FROM renditions r WHERE r.organization_id = $1 AND r.asset_id = found.asset_id
                   AND r.kind = 'thumbnail' LIMIT 1) AS "pictured_asset_id: AssetId",
               (SELECT c.entity_id FROM chunks c WHERE c.organization_id = $1 AND c.id = found.chunk_id
                   AND c.entity_type = 'key_frame') AS "seen_in: AssetId"
           FROM search_chunks_by_meaning($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::real[]::vector, $12, $13,
               $14::bigint::text::xid8, $15) AS found
           -- A passage of a document names nothing of a video.
           LEFT JOIN LATERAL (
               SELECT a.id, coalesce(a.metadata -> 'document' ->> 'title', a.filename) AS title, c.page_number, a.created_at,
                   a.blob_key, a.filename,
                   EXISTS (SELECT FROM document_pages p WHERE p.organization_id = $1 AND p.asset_id = a.id
                       AND p.page_number = c.page_number AND p.image_key IS NOT NULL) AS is_pictured
               FROM chunks c JOIN assets a ON a.organization_id = $1 AND a.id = c.asset_id AND a.status = 'ready'
               WHERE c.organization_id = $1 AND c.id = found.chunk_id AND found.video_id IS NULL) AS document ON true
           WHERE found.video_id IS NOT NULL OR document.id IS NOT NULL"#,
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
        of: found_in!(row),
        created_at: row.created_at,
        configuration: String::new(),
        lexemes: Vec::new(),
        matches: Vec::new(),
        text: row.text,
        start_seconds: row.start_seconds,
        end_seconds: row.end_seconds,
        spans: row.spans.0,
        speaker_names: row.speaker_names.map(|names| names.0).unwrap_or_default(),
        span_vectors: row.span_vectors,
        words_rank: None,
        meaning_rank: row.meaning_rank,
        similarity: Some(row.similarity),
        score: row.similarity,
    });
    Ok(found.collect())
}
