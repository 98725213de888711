//! SQL of files that are fetched from where somebody says they lie.

use super::{becomes, lock_asset};
use crate::model::{Upload, UploadMetadata};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, UploadId, UserId, VideoId};
use uuid::Uuid;

/// A file that is to be fetched.
pub(crate) struct FoundImport {
    pub(crate) upload: Upload,
    /// The address, sealed.
    pub(crate) source: Vec<u8>,
}

/// Turns an upload that was just written into one that is fetched.
pub(crate) async fn begin_import(
    tx: &mut TenantTx,
    id: UploadId,
    asset_id: AssetId,
    source: &[u8],
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE uploads SET status = 'importing', asset_id = $3, source = $4 WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        asset_id.uuid(),
        source,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is to be fetched for the asset, as long as it is.
pub(crate) async fn find_import(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<FoundImport>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT id AS "id: UploadId", user_id AS "user_id: UserId", video_id AS "video_id: VideoId", replaces_id AS "replaces_id: AssetId",
               kind, filename, metadata, size_bytes, offset_bytes, status, expires_at, source AS "source!"
           FROM uploads WHERE organization_id = $1 AND asset_id = $2 AND status = 'importing' AND source IS NOT NULL"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| FoundImport {
        upload: Upload {
            id: row.id,
            user_id: row.user_id,
            becomes: becomes(row.replaces_id.unwrap_or(AssetId(row.id.uuid())), row.video_id, &row.kind),
            replaces_id: row.replaces_id,
            filename: row.filename,
            metadata: serde_json::from_value::<UploadMetadata>(row.metadata).unwrap_or_default(),
            size_bytes: row.size_bytes.cast_unsigned(),
            offset_bytes: row.offset_bytes.cast_unsigned(),
            status: row.status,
            expires_at: row.expires_at,
        },
        source: row.source,
    }))
}

/// Whether what the asset waits for is not fetched any more, because it was given up long ago.
pub(crate) async fn is_import_expired(tx: &mut TenantTx, asset_id: AssetId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let expired = sqlx::query_scalar!(
        r#"SELECT status = 'expired' AS "expired!" FROM uploads WHERE organization_id = $1 AND asset_id = $2
           ORDER BY created_at DESC, id DESC LIMIT 1"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(expired.unwrap_or(false))
}

/// Forgets which version of the file the bytes in staging are of. `fetch_id` names the fetch that is to tell of the next one.
pub(crate) async fn forget_fetched_etag(
    tx: &mut TenantTx,
    id: UploadId,
    fetch_id: Uuid,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE uploads SET metadata = metadata - 'fetched_etag' || jsonb_build_object('fetch_id', $3::uuid)
         WHERE organization_id = $1 AND id = $2 AND status = 'importing'",
        organization_id.uuid(),
        id.uuid(),
        fetch_id,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps which version of the file the bytes in staging will be of. Returns whether that is still for this fetch to say.
pub(crate) async fn note_fetched_etag(
    tx: &mut TenantTx,
    id: UploadId,
    fetch_id: Uuid,
    etag: &str,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let noted = sqlx::query!(
        "UPDATE uploads SET metadata = metadata || jsonb_build_object('fetched_etag', $4::text)
         WHERE organization_id = $1 AND id = $2 AND status = 'importing' AND metadata->>'fetch_id' = ($3::uuid)::text",
        organization_id.uuid(),
        id.uuid(),
        fetch_id,
        etag,
    )
    .execute(&mut **tx)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Says that the whole file is staged, and forgets where it lay. Returns whether it was still waited for.
pub(crate) async fn receive_import(
    tx: &mut TenantTx,
    id: UploadId,
    asset_id: AssetId,
    size_bytes: u64,
) -> Result<bool, sqlx::Error> {
    if !lock_asset(tx, asset_id).await? {
        return Ok(false);
    }
    let organization_id = tx.organization_id();
    let received = sqlx::query!(
        "WITH received AS (
             UPDATE uploads SET status = 'received', size_bytes = $4, offset_bytes = $4, source = NULL
             WHERE organization_id = $1 AND id = $2 AND asset_id = $3 AND status = 'importing' RETURNING asset_id
         )
         -- What is replaced is as large as it is until then.
         UPDATE assets SET byte_size = CASE WHEN blob_id IS NULL THEN $4 ELSE byte_size END
         FROM received WHERE assets.organization_id = $1 AND assets.id = received.asset_id",
        organization_id.uuid(),
        id.uuid(),
        asset_id.uuid(),
        size_bytes.cast_signed(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(received.rows_affected() == 1)
}
