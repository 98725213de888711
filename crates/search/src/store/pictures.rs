//! SQL of pictures: passages without text, after those of what is written in or on the same.

use super::columns::{Columns, insert_vectors};
use super::files::Whose;
use crate::pictures::Looks;
use memoreel_db::TenantTx;
use memoreel_kernel::{Timestamp, VideoId};

/// Writes what an image, or pages of a document look like. Whoever calls this holds it.
pub(crate) async fn insert_looks(
    tx: &mut TenantTx,
    whose: &Whose<'_>,
    looks: &Looks,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = Columns::of(&looks.chunks, now);
    sqlx::query!(
        "INSERT INTO chunks (organization_id, id, entity_type, entity_id, asset_id, page_number, chunk_index, text, token_count, spans,
             is_picture, visibility, created_at)
         SELECT $1, new.id, $2, $3, $3, new.page_number, new.position - 1 + (SELECT coalesce(max(c.chunk_index) + 1, 0) FROM chunks c
                 WHERE c.organization_id = $1 AND c.entity_type = $2 AND c.entity_id = $3),
             '', 0, new.spans, true, 'organization', $4
         FROM UNNEST($5::uuid[], $6::int[], $7::jsonb[]) WITH ORDINALITY AS new(id, page_number, spans, position)",
        organization_id.uuid(),
        whose.kind.as_str(),
        whose.asset_id.uuid(),
        whose.created_at,
        &columns.ids,
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
         SELECT $1, new.id, 'key_frame', v.asset_id, $2, new.position - 1 + (SELECT coalesce(max(c.chunk_index) + 1, 0) FROM chunks c
                 WHERE c.organization_id = $1 AND c.entity_type = 'key_frame' AND c.entity_id = v.asset_id),
             '', 0, new.start_seconds, new.end_seconds, new.spans, true, v.author_id, v.visibility, $3
         FROM UNNEST($4::uuid[], $5::float8[], $6::float8[], $7::jsonb[])
             WITH ORDINALITY AS new(id, start_seconds, end_seconds, spans, position)
         JOIN videos v ON v.organization_id = $1 AND v.id = $2 AND v.asset_id IS NOT NULL",
        organization_id.uuid(),
        video_id.uuid(),
        now,
        &columns.ids,
        &columns.starts,
        &columns.ends,
        &columns.spans,
    )
    .execute(&mut **tx)
    .await?;
    insert_vectors(tx, looks.model_id, &columns.ids, &looks.chunks).await
}
