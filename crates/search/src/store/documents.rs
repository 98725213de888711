//! SQL of the passages of documents.

use super::insert_vectors;
use crate::model::NewChunk;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, ChunkId, EmbeddingModelId, Timestamp};
use memoreel_tasks::lock_subject;
use uuid::Uuid;

/// A passage about to be indexed, and the page it is on.
pub(crate) struct NewPassage {
    pub(crate) page_number: i32,
    pub(crate) chunk: NewChunk,
}

/// Removes a document's passages and holds the document until the end of the transaction. Returns false if there is no such document.
pub(crate) async fn clear_passages(tx: &mut TenantTx, asset_id: AssetId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    lock_subject(tx, asset_id.uuid()).await?;
    let document = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!" FROM assets WHERE organization_id = $1 AND id = $2 AND kind = 'document' AND status = 'ready'
           FOR SHARE"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM chunks WHERE organization_id = $1 AND asset_id = $2 AND entity_type = 'document'",
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(document.is_some())
}

/// A document whose passages are written.
pub(crate) struct Whose<'a> {
    pub(crate) asset_id: AssetId,
    /// What lies around every passage.
    pub(crate) title: &'a str,
    pub(crate) language: Option<&'a str>,
    pub(crate) created_at: Timestamp,
}

/// Writes the passages of a document with their vectors. They are as old as the document, by which searches are narrowed.
pub(crate) async fn insert_passages(
    tx: &mut TenantTx,
    whose: &Whose<'_>,
    model_id: EmbeddingModelId,
    passages: Vec<NewPassage>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let ids: Vec<Uuid> = passages.iter().map(|_| ChunkId::new(now).uuid()).collect();
    let numbers: Vec<i32> = passages.iter().map(|passage| passage.page_number).collect();
    let chunks: Vec<NewChunk> = passages.into_iter().map(|passage| passage.chunk).collect();
    let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    let words: Vec<i32> =
        chunks.iter().map(|chunk| i32::try_from(chunk.word_count).unwrap_or(i32::MAX)).collect();
    let spans: Vec<serde_json::Value> =
        chunks.iter().map(|chunk| serde_json::to_value(&chunk.spans).unwrap_or_default()).collect();
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, asset_id, page_number, chunk_index, text, language,
             token_count, spans, context, visibility, created_at)
         SELECT $1, new.id, 'document', $2, $2, new.page_number, new.position - 1, new.text, $3, new.words, new.spans, $4,
             'organization', $5
         FROM UNNEST($6::uuid[], $7::int[], $8::text[], $9::int[], $10::jsonb[])
             WITH ORDINALITY AS new(id, page_number, text, words, spans, position)",
        organization_id.uuid(),
        whose.asset_id.uuid(),
        whose.language,
        whose.title,
        whose.created_at,
        &ids,
        &numbers,
        &texts as &[&str],
        &words,
        &spans,
    )
    .execute(&mut **tx)
    .await?;
    for (ids, chunks) in
        ids.chunks(super::VECTORS_PER_STATEMENT).zip(chunks.chunks(super::VECTORS_PER_STATEMENT))
    {
        insert_vectors(tx, model_id, ids, chunks).await?;
    }
    Ok(())
}
