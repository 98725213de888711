//! SQL of files that replace others.

use super::{HeldBlob, StoredFile, lock_asset};
use crate::model::{Upload, UploadKind};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, UploadId, VideoId};
use std::time::Duration;

/// Notes that an upload brings, or is about to bring, another content for an asset; what did so before is given up, with what
/// was stored of it. Returns whether there is such an asset outside the bin that has a content to replace, or did not get one;
/// if not, nothing is changed.
pub(crate) async fn begin_replacement(
    tx: &mut TenantTx,
    upload: &Upload,
    asset_id: AssetId,
) -> Result<bool, sqlx::Error> {
    if !lock_asset(tx, asset_id).await? {
        return Ok(false);
    }
    let organization_id = tx.organization_id();
    let kinds: &[&str] = match upload.becomes.kind() {
        // There may be nothing but sound to what was announced as a video.
        UploadKind::Video => &["video", "audio"],
        UploadKind::Image => &["image"],
        UploadKind::Document => &["document"],
    };
    let begun = sqlx::query!(
        "UPDATE assets SET replacement_id = $3, metadata = metadata - 'replacement_error'
         -- Of a recording that was not stored, it is not known of what kind it is.
         WHERE organization_id = $1 AND id = $2 AND coalesce(kind, 'video') = ANY($4) AND status IN ('ready', 'failed') AND deleted_at IS NULL",
        organization_id.uuid(),
        asset_id.uuid(),
        upload.id.uuid(),
        kinds as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    if begun.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE uploads SET status = 'terminated', source = NULL
         WHERE organization_id = $1 AND (replaces_id = $2 OR id = $2) AND id <> $3 AND status IN ('importing', 'received')",
        organization_id.uuid(),
        asset_id.uuid(),
        upload.id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// The upload whose bytes are to replace the content of an asset.
pub(crate) async fn replacement_of(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<UploadId>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT u.id AS "id: UploadId" FROM assets a JOIN uploads u ON u.organization_id = a.organization_id AND u.id = a.replacement_id
           WHERE a.organization_id = $1 AND a.id = $2 AND u.status = 'received'"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// From here to the end of the transaction, a statement that waits longer than `most` for what others hold fails
/// ([`memoreel_db::is_contention`]).
pub(crate) async fn limit_waiting(tx: &mut TenantTx, most: Duration) -> Result<(), sqlx::Error> {
    let most = format!("{}ms", most.as_millis());
    sqlx::query_scalar!("SELECT set_config('lock_timeout', $1, true)", most).fetch_one(&mut **tx).await?;
    Ok(())
}

/// Keeps the row of a video from being changed by others until the transaction ends. Whoever changes one that way changes its asset's after it.
pub(crate) async fn lock_video(tx: &mut TenantTx, id: VideoId) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "SELECT id FROM videos WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a recording the file that replaces its own, of which nothing else is known yet; what was made of the old one goes. Returns whether
/// sound files are wanted of it, and nothing where it was not waited for any more.
pub(crate) async fn replace_recording(
    tx: &mut TenantTx,
    id: AssetId,
    upload_id: UploadId,
    file: &StoredFile<'_>,
    blob: &HeldBlob,
) -> Result<Option<bool>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"WITH came AS (
               UPDATE uploads SET status = 'stored' WHERE organization_id = $1 AND id = $3 AND replaces_id = $2 AND status = 'received'
               RETURNING id
           )
           UPDATE assets SET kind = $4, content_type = $5, blob_key = $6, byte_size = $7, sha256 = $8, blob_id = $9, status = 'ready',
               metadata = metadata - '{error,replacement_error,probe,encoding,encoding_wanted,encoding_asked_at,unseen_by}'::text[], version = version + 1, packaging = 1, last_packaging = 1, replacement_id = NULL, picture_bytes = 0,
               filename = CASE WHEN content_type = $5 THEN filename ELSE renamed(filename, $10) END,
               original_filename = CASE WHEN content_type = $5 THEN original_filename ELSE renamed(original_filename, $10) END
           FROM came WHERE assets.organization_id = $1 AND assets.id = $2 AND coalesce(assets.kind, 'video') IN ('video', 'audio')
               AND assets.replacement_id = came.id
           RETURNING metadata ? 'sounds' AS "has_sounds!""#,
        organization_id.uuid(),
        id.uuid(),
        upload_id.uuid(),
        file.kind,
        file.content_type,
        blob.blob_key,
        file.facts.size_bytes.cast_signed(),
        &file.facts.sha256[..],
        blob.id.uuid(),
        file.extension,
    )
    .fetch_optional(&mut **tx)
    .await
}
