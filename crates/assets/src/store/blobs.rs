//! SQL of contents, each stored once.

use super::lock_asset;
use crate::model::LATE_WRITES;
use memoreel_blob::{BlobFacts, BlobKey};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, BlobId, Timestamp};
use uuid::Uuid;

/// A content that is held until the transaction ends.
#[derive(Debug)]
pub(crate) struct HeldBlob {
    pub(crate) id: BlobId,
    pub(crate) blob_key: String,
}

/// The content of these facts for the asset, unless that is gone: the one that is there, or this one. Both rows are held, so that the content
/// does not go before the asset has it.
/// A file that is one too many is to be deleted: by whoever holds it after the commit, and later once more, for who stores the same
/// content at this moment.
pub(crate) async fn hold_content(
    tx: &mut TenantTx,
    asset_id: AssetId,
    key: &BlobKey,
    facts: &BlobFacts,
    now: Timestamp,
) -> Result<Option<HeldBlob>, sqlx::Error> {
    if !lock_asset(tx, asset_id).await? {
        return Ok(None);
    }
    let organization_id = tx.organization_id();
    // The one that the asset has is given up for this one: two who exchange their contents would hold one each, and wait for the other.
    sqlx::query!(
        "SELECT b.id FROM blobs b WHERE b.organization_id = $1 AND (b.sha256 = $3
             OR b.id = (SELECT a.blob_id FROM assets a WHERE a.organization_id = $1 AND a.id = $2))
         ORDER BY b.id FOR NO KEY UPDATE OF b",
        organization_id.uuid(),
        asset_id.uuid(),
        &facts.sha256[..],
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query_as!(
        HeldBlob,
        r#"WITH held AS (
               INSERT INTO blobs (organization_id, id, sha256, byte_size, blob_key, created_at) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (organization_id, sha256) DO UPDATE SET byte_size = excluded.byte_size
               RETURNING id, blob_key
           ), too_many AS (
               INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
               SELECT $1, $5, $7, 'written late' FROM held WHERE held.blob_key <> $5
           )
           SELECT id AS "id!: _", blob_key AS "blob_key!" FROM held"#,
        organization_id.uuid(),
        BlobId::new(now).uuid(),
        &facts.sha256[..],
        facts.size_bytes.cast_signed(),
        key.to_string(),
        now,
        now + LATE_WRITES,
    )
    .fetch_one(&mut **tx)
    .await
    .map(Some)
}

/// Holds the contents of assets until the transaction ends, in the order of their ids. The assets are held already.
pub(crate) async fn lock_contents(tx: &mut TenantTx, asset_ids: &[AssetId]) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let asset_ids: Vec<Uuid> = asset_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "SELECT b.id FROM blobs b WHERE b.organization_id = $1 AND b.id IN (
             SELECT a.blob_id FROM assets a WHERE a.organization_id = $1 AND a.id = ANY($2))
         ORDER BY b.id FOR NO KEY UPDATE OF b",
        organization_id.uuid(),
        &asset_ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}
