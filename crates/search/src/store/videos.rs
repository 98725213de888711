//! SQL of the passages of videos: of what is said in them, of what is on screen, and of how people describe them.

use super::columns::{Columns, insert_vectors};
use crate::model::NewChunk;
use memoreel_db::TenantTx;
use memoreel_kernel::{EmbeddingModelId, Timestamp, TranscriptId, VideoId};
use memoreel_tasks::lock_subject;

/// What passages of a video are of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    Spoken,
    OnScreen,
    Described,
}

impl Told {
    /// As it is in `chunks.entity_type`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Spoken => "transcript",
            Self::OnScreen => "key_frame",
            Self::Described => "video",
        }
    }
}

/// Removes a video's passages of one kind that are text and holds the video, so that its visibility stays as it is until the end of the
/// transaction. Returns false if the video does not exist or is deleted.
pub(crate) async fn clear_chunks(
    tx: &mut TenantTx,
    video_id: VideoId,
    told: Told,
) -> Result<bool, sqlx::Error> {
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
        "DELETE FROM chunks WHERE organization_id = $1 AND video_id = $2 AND entity_type = $3 AND NOT is_picture",
        organization_id.uuid(),
        video_id.uuid(),
        told.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(video.is_some())
}

/// Writes the passages of a transcript with their vectors.
pub(crate) async fn insert_spoken(
    tx: &mut TenantTx,
    video_id: VideoId,
    transcript_id: TranscriptId,
    language: Option<&str>,
    model_id: EmbeddingModelId,
    chunks: &[NewChunk],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = Columns::of(chunks, now);
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
             start_seconds, end_seconds, speakers, spans, context, owner_id, visibility, created_at)
         SELECT $1, new.id, 'transcript', $3, $2, new.position - 1, new.text, $4, new.words, new.start_seconds,
             new.end_seconds, ARRAY(SELECT jsonb_array_elements_text(new.speakers)), new.spans,
             chunk_context($1, $2, ARRAY(SELECT jsonb_array_elements_text(new.speakers))), v.author_id, v.visibility, $12
         FROM UNNEST($5::uuid[], $6::text[], $7::int[], $8::float8[], $9::float8[], $10::jsonb[], $11::jsonb[])
             WITH ORDINALITY AS new(id, text, words, start_seconds, end_seconds, speakers, spans, position)
         JOIN videos v ON v.organization_id = $1 AND v.id = $2",
        organization_id.uuid(),
        video_id.uuid(),
        transcript_id.uuid(),
        language,
        &columns.ids,
        &columns.texts as &[&str],
        &columns.words,
        &columns.starts,
        &columns.ends,
        &columns.speakers,
        &columns.spans,
        now,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, model_id, &columns.ids, chunks).await
}

/// Writes the passages of what is on screen in a video with their vectors. They are the video's file's.
pub(crate) async fn insert_on_screen(
    tx: &mut TenantTx,
    video_id: VideoId,
    language: Option<&str>,
    model_id: EmbeddingModelId,
    chunks: &[NewChunk],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = Columns::of(chunks, now);
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
        &columns.ids,
        &columns.texts as &[&str],
        &columns.words,
        &columns.starts,
        &columns.ends,
        &columns.spans,
        now,
        language,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, model_id, &columns.ids, chunks).await
}

/// How people describe a video that is not in the bin.
pub(crate) async fn description_of(
    tx: &mut TenantTx,
    video_id: VideoId,
) -> Result<Option<String>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let description = sqlx::query_scalar!(
        "SELECT description FROM videos WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(description.flatten())
}

/// Writes the passages of the description of a video with their vectors. They are of no second of it.
pub(crate) async fn insert_described(
    tx: &mut TenantTx,
    video_id: VideoId,
    language: Option<&str>,
    model_id: EmbeddingModelId,
    chunks: &[NewChunk],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = Columns::of(chunks, now);
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, video_id, chunk_index, text, language, token_count,
             spans, context, is_description, owner_id, visibility, created_at)
         SELECT $1, new.id, 'video', $2, $2, new.position - 1, new.text,
             -- Of a few words the language cannot be told; it is mostly the one that is spoken.
             coalesce($3, (SELECT t.language FROM transcripts t WHERE t.organization_id = $1 AND t.video_id = $2)), new.words,
             new.spans, chunk_context($1, $2, '{}'), true, v.author_id, v.visibility, $8
         FROM UNNEST($4::uuid[], $5::text[], $6::int[], $7::jsonb[]) WITH ORDINALITY AS new(id, text, words, spans, position)
         JOIN videos v ON v.organization_id = $1 AND v.id = $2",
        organization_id.uuid(),
        video_id.uuid(),
        language,
        &columns.ids,
        &columns.texts as &[&str],
        &columns.words,
        &columns.spans,
        now,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, model_id, &columns.ids, chunks).await
}

/// Gives passages that are too short to tell their language the one that is spoken.
pub(crate) async fn speak_as(
    tx: &mut TenantTx,
    video_id: VideoId,
    language: &str,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE chunks SET language = $3
         WHERE organization_id = $1 AND video_id = $2 AND entity_type IN ('key_frame', 'video') AND language IS NULL",
        organization_id.uuid(),
        video_id.uuid(),
        language,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
