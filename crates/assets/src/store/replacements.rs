//! SQL of files that replace others.

use super::lock_asset;
use crate::model::{LATE_WRITES, Upload};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Timestamp, UploadId};

/// Notes that an upload brings, or is about to bring, another content for an asset; what did so before is given up, with what
/// was stored of it. Returns whether there is such an asset outside the bin that has a content to replace, or did not get one.
pub(crate) async fn begin_replacement(
    tx: &mut TenantTx,
    upload: &Upload,
    asset_id: AssetId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if !lock_asset(tx, asset_id).await? {
        return Ok(false);
    }
    let organization_id = tx.organization_id();
    sqlx::query!(
        "WITH ended AS (
             UPDATE uploads SET status = 'terminated', source = NULL
             WHERE organization_id = $1 AND (replaces_id = $2 OR id = $2) AND id <> $3 AND status IN ('importing', 'received') RETURNING id
         )
         INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
         SELECT $1, 'organizations/' || $1 || folder, $4, 'not replaced' FROM ended,
             LATERAL (VALUES ('/contents/' || ended.id), ('/assets/' || $2 || '/pages-' || ended.id)) AS folders (folder)",
        organization_id.uuid(),
        asset_id.uuid(),
        upload.id.uuid(),
        now + LATE_WRITES,
    )
    .execute(&mut **tx)
    .await?;
    let begun = sqlx::query!(
        "UPDATE assets SET replacement_id = $3, metadata = metadata - 'replacement_error'
         WHERE organization_id = $1 AND id = $2 AND kind = $4 AND status IN ('ready', 'failed') AND deleted_at IS NULL",
        organization_id.uuid(),
        asset_id.uuid(),
        upload.id.uuid(),
        upload.becomes.kind().as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(begun.rows_affected() == 1)
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
