//! SQL of files that replace others.

use crate::model::Upload;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Timestamp, UploadId};
use uuid::Uuid;

/// Notes that an upload brings, or is about to bring, another content for an asset; what did so before is given up. Returns whether there
/// is such an asset outside the bin that has a content to replace.
pub(crate) async fn begin_replacement(
    tx: &mut TenantTx,
    upload: &Upload,
    asset_id: AssetId,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE uploads SET status = 'terminated', source = NULL
         WHERE organization_id = $1 AND replaces_id = $2 AND id <> $3 AND status IN ('importing', 'received')",
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
        r#"SELECT id AS "id: UploadId" FROM uploads WHERE organization_id = $1 AND replaces_id = $2 AND status = 'received'
           ORDER BY created_at DESC, id DESC LIMIT 1"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Gives up what was to replace the content of an asset, and says why; the asset keeps what it has. What was stored of it goes.
pub(crate) async fn mark_replacement_failed(
    tx: &mut TenantTx,
    id: Uuid,
    code: &str,
    message: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "WITH ended AS (
             UPDATE uploads SET status = 'terminated', source = NULL
             WHERE organization_id = $1 AND replaces_id = $2 AND status IN ('importing', 'received') RETURNING id
         ), told AS (
             UPDATE assets SET metadata = metadata || jsonb_build_object('replacement_error', jsonb_build_object('code', $3::text,
                 'message', $4::text))
             FROM ended WHERE assets.organization_id = $1 AND assets.id = $2 AND assets.replacement_id = ended.id
         )
         INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
         SELECT $1, 'organizations/' || $1 || folder, $5, 'not replaced' FROM ended,
             LATERAL (VALUES ('/contents/' || ended.id), ('/assets/' || $2 || '/pages-' || ended.id)) AS folders (folder)",
        organization_id.uuid(),
        id,
        code,
        message,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
