//! SQL of files that replace others.

use super::lock_asset;
use crate::model::Upload;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, UploadId};

/// Notes that an upload brings, or is about to bring, another content for an asset; what did so before is given up, with what
/// was stored of it. Returns whether there is such an asset outside the bin that has a content to replace, or did not get one.
pub(crate) async fn begin_replacement(
    tx: &mut TenantTx,
    upload: &Upload,
    asset_id: AssetId,
) -> Result<bool, sqlx::Error> {
    if !lock_asset(tx, asset_id).await? {
        return Ok(false);
    }
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE uploads SET status = 'terminated', source = NULL
         WHERE organization_id = $1 AND (replaces_id = $2 OR id = $2) AND id <> $3 AND status IN ('importing', 'received')",
        organization_id.uuid(),
        asset_id.uuid(),
        upload.id.uuid(),
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
