//! What passages of recordings and of files have in common when they are written.

use crate::model::NewChunk;
use crate::vectors::to_text;
use memoreel_db::TenantTx;
use memoreel_kernel::{ChunkId, EmbeddingModelId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

/// Vectors sent in one statement; each takes about 5 KiB as text.
const VECTORS_PER_STATEMENT: usize = 500;

/// Passages with ids of their own, column by column, as a statement takes them.
pub(super) struct Columns<'a> {
    pub(super) ids: Vec<Uuid>,
    pub(super) texts: Vec<&'a str>,
    pub(super) words: Vec<i32>,
    /// Seconds, as are the ends.
    pub(super) starts: Vec<f64>,
    pub(super) ends: Vec<f64>,
    pub(super) speakers: Vec<serde_json::Value>,
    pub(super) spans: Vec<serde_json::Value>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(chunks: &'a [NewChunk], now: Timestamp) -> Self {
        Self {
            ids: chunks.iter().map(|_| ChunkId::new(now).uuid()).collect(),
            texts: chunks.iter().map(|chunk| chunk.text.as_str()).collect(),
            words: chunks.iter().map(|chunk| i32::try_from(chunk.word_count).unwrap_or(i32::MAX)).collect(),
            starts: chunks.iter().map(|chunk| chunk.start_ms as f64 / 1_000.0).collect(),
            ends: chunks.iter().map(|chunk| chunk.end_ms as f64 / 1_000.0).collect(),
            speakers: chunks.iter().map(|chunk| json(&chunk.speakers)).collect(),
            spans: chunks.iter().map(|chunk| json(&chunk.spans)).collect(),
        }
    }
}

fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Writes the vectors of passages that have these ids.
pub(super) async fn insert_vectors(
    tx: &mut TenantTx,
    model_id: EmbeddingModelId,
    ids: &[Uuid],
    chunks: &[NewChunk],
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    for (ids, chunks) in ids.chunks(VECTORS_PER_STATEMENT).zip(chunks.chunks(VECTORS_PER_STATEMENT)) {
        let vectors: Vec<String> = chunks.iter().map(|chunk| to_text(&chunk.embedding)).collect();
        let spans: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.span_vectors.as_slice()).collect();
        sqlx::query!(
            "INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding, span_vectors)
             SELECT $1, new.chunk_id, $2, new.embedding::vector, new.span_vectors
             FROM UNNEST($3::uuid[], $4::text[], $5::bytea[]) AS new(chunk_id, embedding, span_vectors)",
            organization_id.uuid(),
            model_id.uuid(),
            ids,
            &vectors,
            &spans as &[&[u8]],
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
