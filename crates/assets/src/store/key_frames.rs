//! SQL of the key frames of videos.

use crate::{key_frames::TextOnScreen, keys::Recording};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, VideoId};
use memoreel_media::Showing;
use sqlx::types::Json;

/// A key frame that was found.
#[derive(Debug)]
pub(crate) struct NewKeyFrame {
    pub(crate) start_ms: u64,
    pub(crate) shown: Vec<Showing>,
    pub(crate) hash: u64,
    pub(crate) text: String,
    /// Absent without text.
    pub(crate) confidence: Option<f32>,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Writes the key frames of a file, whose pictures have so many bytes, in place of those that it had. Returns false where there is no such
/// file any more. The file and its video are held already ([`super::lock_assets`]).
pub(crate) async fn replace_key_frames(
    tx: &mut TenantTx,
    id: AssetId,
    frames: &[NewKeyFrame],
    picture_bytes: u64,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let asset = sqlx::query_scalar!(
        r#"UPDATE assets SET picture_bytes = $3 WHERE organization_id = $1 AND id = $2 RETURNING 1 AS "one!""#,
        organization_id.uuid(),
        id.uuid(),
        picture_bytes.cast_signed(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    if asset.is_none() {
        return Ok(false);
    }
    sqlx::query!(
        "DELETE FROM key_frames WHERE organization_id = $1 AND asset_id = $2",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    let starts: Vec<i64> = frames.iter().map(|frame| frame.start_ms.cast_signed()).collect();
    let shown: Vec<serde_json::Value> =
        frames.iter().map(|frame| serde_json::to_value(&frame.shown).unwrap_or_default()).collect();
    let hashes: Vec<i64> = frames.iter().map(|frame| frame.hash.cast_signed()).collect();
    let texts: Vec<&str> = frames.iter().map(|frame| frame.text.as_str()).collect();
    let confidences: Vec<Option<f32>> = frames.iter().map(|frame| frame.confidence).collect();
    let widths: Vec<i32> = frames.iter().map(|frame| frame.width.cast_signed()).collect();
    let heights: Vec<i32> = frames.iter().map(|frame| frame.height.cast_signed()).collect();
    sqlx::query!(
        "INSERT INTO key_frames (organization_id, asset_id, start_ms, shown, hash, text, confidence, width, height)
         SELECT $1, $2, new.* FROM UNNEST($3::bigint[], $4::jsonb[], $5::bigint[], $6::text[], $7::real[], $8::int[], $9::int[])
             AS new(start_ms, shown, hash, text, confidence, width, height)",
        organization_id.uuid(),
        id.uuid(),
        &starts,
        &shown,
        &hashes,
        &texts as &[&str],
        &confidences as &[Option<f32>],
        &widths,
        &heights,
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// The recording of a video that is not in the bin; of one that has only text there is none.
pub(crate) async fn find_recording(
    tx: &mut TenantTx,
    id: VideoId,
) -> Result<Option<Option<Recording>>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT a.id AS "asset_id?: AssetId", a.version AS "version?", a.packaging AS "packaging?",
               v.visibility = 'private' AS "is_private!" FROM videos v
           LEFT JOIN assets a ON a.organization_id = $1 AND a.id = v.asset_id
           WHERE v.organization_id = $1 AND v.id = $2 AND v.deleted_at IS NULL"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let recording = row.map(|row| {
        let (asset_id, version, packaging) = (row.asset_id?, row.version?, row.packaging?);
        Some(Recording { organization_id, asset_id, version, packaging, is_private: row.is_private })
    });
    Ok(recording)
}

/// A key frame's row.
#[derive(Debug)]
pub(crate) struct KeyFrameRow {
    pub(crate) start_ms: i64,
    pub(crate) shown: Json<Vec<Showing>>,
    pub(crate) text: String,
    pub(crate) confidence: Option<f32>,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// The key frames that are shown first after this moment, in order.
pub(crate) async fn list_key_frames(
    tx: &mut TenantTx,
    id: AssetId,
    after_ms: i64,
    limit: i64,
) -> Result<Vec<KeyFrameRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        KeyFrameRow,
        r#"SELECT start_ms, shown AS "shown: Json<Vec<Showing>>", text, confidence, width, height FROM key_frames
           WHERE organization_id = $1 AND asset_id = $2 AND start_ms > $3 ORDER BY start_ms LIMIT $4"#,
        organization_id.uuid(),
        id.uuid(),
        after_ms,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// What is written on the key frames of a video that is not in the bin, in the order in which they are shown first.
pub(crate) async fn texts_on_screen(
    tx: &mut TenantTx,
    id: VideoId,
) -> Result<Vec<TextOnScreen>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"SELECT k.start_ms, k.shown AS "shown: Json<Vec<Showing>>", k.text FROM videos v
           JOIN key_frames k ON k.organization_id = $1 AND k.asset_id = v.asset_id
           WHERE v.organization_id = $1 AND v.id = $2 AND v.deleted_at IS NULL AND k.text <> '' ORDER BY k.start_ms"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let text = |start_ms: i64, shown: &[Showing], text: String| TextOnScreen {
        start_ms,
        end_ms: shown.first().map_or(start_ms, |first| first.end_ms.cast_signed()).max(start_ms),
        text,
    };
    Ok(rows.into_iter().map(|row| text(row.start_ms, &row.shown.0, row.text)).collect())
}
