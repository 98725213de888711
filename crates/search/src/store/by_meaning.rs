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
        r#"SELECT chunk_id AS "chunk_id!: ChunkId", video_id AS "video_id!: VideoId", video_title AS "video_title!",
               channel_id AS "channel_id: ChannelId", video_created_at AS "video_created_at!",
               text AS "text!", start_seconds AS "start_seconds!", end_seconds AS "end_seconds!",
               spans AS "spans!: Json<Vec<Span>>", speaker_names AS "speaker_names: Json<HashMap<String, String>>",
               span_vectors, meaning_rank, similarity AS "similarity!",
               (SELECT r.asset_id FROM renditions r WHERE r.organization_id = $1 AND r.asset_id = found.asset_id
                   AND r.kind = 'thumbnail' LIMIT 1) AS "pictured_asset_id: AssetId"
           FROM search_chunks_by_meaning($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::real[]::vector, $12, $13,
               $14::bigint::text::xid8, $15) AS found"#,
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
        video_id: row.video_id,
        video_title: row.video_title,
        channel_id: row.channel_id,
        pictured_asset_id: row.pictured_asset_id,
        video_created_at: row.video_created_at,
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
