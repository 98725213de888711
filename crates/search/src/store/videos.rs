//! SQL of the passages of what is on screen.

use super::insert_vectors;
use crate::model::NewChunk;
use memoreel_db::TenantTx;
use memoreel_kernel::{ChunkId, EmbeddingModelId, Timestamp, VideoId};
use memoreel_tasks::lock_subject;
use uuid::Uuid;

/// Removes the passages of what is on screen in a video and holds the video, so that its visibility stays as it is until the end of the
/// transaction. Returns false if the video does not exist or is deleted.
pub(crate) async fn clear_slides(tx: &mut TenantTx, video_id: VideoId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    lock_subject(tx, video_id.uuid()).await?;
    let video = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!" FROM videos WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE"#,
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM chunks WHERE organization_id = $1 AND video_id = $2 AND entity_type = 'key_frame'",
        organization_id.uuid(),
        video_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(video.is_some())
}

/// Writes the passages of what is on screen in a video with their vectors. They are the video's file's.
pub(crate) async fn insert_slides(
    tx: &mut TenantTx,
    video_id: VideoId,
    language: Option<&str>,
    model_id: EmbeddingModelId,
    chunks: &[NewChunk],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let ids: Vec<Uuid> = chunks.iter().map(|_| ChunkId::new(now).uuid()).collect();
    let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    let words: Vec<i32> =
        chunks.iter().map(|chunk| i32::try_from(chunk.word_count).unwrap_or(i32::MAX)).collect();
    let starts: Vec<f64> = chunks.iter().map(|chunk| chunk.start_ms as f64 / 1_000.0).collect();
    let ends: Vec<f64> = chunks.iter().map(|chunk| chunk.end_ms as f64 / 1_000.0).collect();
    let spans: Vec<serde_json::Value> =
        chunks.iter().map(|chunk| serde_json::to_value(&chunk.spans).unwrap_or_default()).collect();
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
             start_seconds, end_seconds, spans, context, owner_id, visibility, created_at)
         SELECT $1, new.id, 'key_frame', v.asset_id, $2, new.position - 1, new.text,
             -- A few words do not tell their language; it is mostly the one that is spoken.
             coalesce($10, (SELECT t.language FROM transcripts t WHERE t.organization_id = $1 AND t.video_id = $2)), new.words,
             new.start_seconds, new.end_seconds, new.spans, chunk_context($1, $2, '{}'), v.author_id, v.visibility, $9
         FROM UNNEST($3::uuid[], $4::text[], $5::int[], $6::float8[], $7::float8[], $8::jsonb[])
             WITH ORDINALITY AS new(id, text, words, start_seconds, end_seconds, spans, position)
         JOIN videos v ON v.organization_id = $1 AND v.id = $2 AND v.asset_id IS NOT NULL",
        organization_id.uuid(),
        video_id.uuid(),
        &ids,
        &texts as &[&str],
        &words,
        &starts,
        &ends,
        &spans,
        now,
        language,
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
