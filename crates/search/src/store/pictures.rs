//! SQL of pictures: passages without text, behind those of what is written in or on the same.

use super::columns::{Columns, insert_vectors};
use crate::looks::Looks;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, EmbeddingModelId, Pictured, Timestamp, VideoId};
use memoreel_tasks::lock_subject;

/// As it is in `chunks.entity_type`.
fn entity_type(of: Pictured) -> &'static str {
    match of {
        Pictured::Image(_) => "image",
        Pictured::Document(_) => "document",
        Pictured::Video(_) => "key_frame",
    }
}

/// At which places there are pictures with vectors of this model.
pub(crate) async fn places_of(
    tx: &mut TenantTx,
    of: Pictured,
    model_id: EmbeddingModelId,
) -> Result<Vec<i32>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        "SELECT c.chunk_index FROM chunks c
         WHERE c.organization_id = $1 AND (c.video_id = $2 OR c.asset_id = $2) AND c.is_picture AND EXISTS (
             SELECT FROM chunk_embeddings e WHERE e.organization_id = $1 AND e.chunk_id = c.id AND e.model_id = $3)",
        organization_id.uuid(),
        of.subject_id(),
        model_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Holds what has the pictures until the end of the transaction, so that it stays visible to the same people. Returns false if it is gone, or has
/// another file by now.
pub(crate) async fn hold_pictured(
    tx: &mut TenantTx,
    of: Pictured,
    version: i32,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    lock_subject(tx, of.subject_id()).await?;
    let held = match of {
        Pictured::Video(id) => {
            sqlx::query_scalar!(
                r#"SELECT 1 AS "one!" FROM videos v
                   JOIN assets a ON a.organization_id = $1 AND a.id = v.asset_id AND a.version = $3
                   WHERE v.organization_id = $1 AND v.id = $2 AND v.deleted_at IS NULL FOR SHARE OF v"#,
                organization_id.uuid(),
                id.uuid(),
                version,
            )
            .fetch_optional(&mut **tx)
            .await?
        }
        Pictured::Image(id) | Pictured::Document(id) => {
            sqlx::query_scalar!(
                r#"SELECT 1 AS "one!" FROM assets WHERE organization_id = $1 AND id = $2 AND kind = $3 AND version = $4
                       AND status = 'ready' AND deleted_at IS NULL FOR SHARE"#,
                organization_id.uuid(),
                id.uuid(),
                entity_type(of),
                version,
            )
            .fetch_optional(&mut **tx)
            .await?
        }
    };
    Ok(held.is_some())
}

/// Removes the pictures but for those at these places. Whoever calls this holds what they are of.
pub(crate) async fn clear_looks(tx: &mut TenantTx, of: Pictured, kept: &[i32]) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "DELETE FROM chunks
         WHERE organization_id = $1 AND (video_id = $2 OR asset_id = $2) AND is_picture AND chunk_index <> ALL($3::int[])",
        organization_id.uuid(),
        of.subject_id(),
        kept,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Remembers by which model all pictures were looked at in vain, or that they were not, for as long as they are these. Whoever calls this holds what
/// they are of.
pub(crate) async fn note_unseen(
    tx: &mut TenantTx,
    of: Pictured,
    unseen_by: Option<EmbeddingModelId>,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE assets SET metadata = CASE WHEN $3::uuid IS NULL THEN metadata - 'unseen_by'
             ELSE metadata || jsonb_build_object('unseen_by', $3::uuid) END
         WHERE organization_id = $1
             AND id = coalesce((SELECT v.asset_id FROM videos v WHERE v.organization_id = $1 AND v.id = $2), $2)
             AND (metadata ->> 'unseen_by') IS DISTINCT FROM ($3::uuid)::text",
        organization_id.uuid(),
        of.subject_id(),
        unseen_by.map(|id| id.uuid()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes what an image, or pages of a document look like. They are as old as it, by which searches are narrowed. Whoever calls this holds it.
pub(crate) async fn insert_looks(
    tx: &mut TenantTx,
    of: Pictured,
    asset_id: AssetId,
    looks: &Looks,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = Columns::of(&looks.chunks, now);
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, asset_id, page_number, chunk_index, text, token_count, spans,
             is_picture, visibility, created_at)
         SELECT $1, new.id, $2, $3, $3, new.page_number, new.place, '', 0, new.spans, true, 'organization', a.created_at
         FROM UNNEST($4::uuid[], $5::int[], $6::int[], $7::jsonb[]) AS new(id, place, page_number, spans)
         JOIN assets a ON a.organization_id = $1 AND a.id = $3",
        organization_id.uuid(),
        entity_type(of),
        asset_id.uuid(),
        &columns.ids,
        &looks.places,
        &looks.page_numbers as &[Option<i32>],
        &columns.spans,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, looks.model_id, &columns.ids, &looks.chunks).await
}

/// Writes what is on screen in a video at its key frames. Whoever calls this holds it.
pub(crate) async fn insert_moments(
    tx: &mut TenantTx,
    video_id: VideoId,
    looks: &Looks,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = Columns::of(&looks.chunks, now);
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, video_id, chunk_index, text, token_count, start_seconds,
             end_seconds, spans, is_picture, owner_id, visibility, created_at)
         SELECT $1, new.id, 'key_frame', v.asset_id, $2, new.place, '', 0, new.start_seconds, new.end_seconds, new.spans, true, v.author_id,
             v.visibility, $3
         FROM UNNEST($4::uuid[], $5::int[], $6::float8[], $7::float8[], $8::jsonb[])
             AS new(id, place, start_seconds, end_seconds, spans)
         JOIN videos v ON v.organization_id = $1 AND v.id = $2 AND v.asset_id IS NOT NULL",
        organization_id.uuid(),
        video_id.uuid(),
        now,
        &columns.ids,
        &looks.places,
        &columns.starts,
        &columns.ends,
        &columns.spans,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, looks.model_id, &columns.ids, &looks.chunks).await
}
