//! SQL of the contents that assets wait for.

use crate::keys::Recording;
use memoreel_db::TenantTx;
use memoreel_kernel::AssetId;
use uuid::Uuid;

/// Whether the asset is there. Its row is held until the transaction ends: before those of its uploads and its content, in whatever is done
/// to them, or two would wait for each other.
pub(crate) async fn lock_asset(tx: &mut TenantTx, id: AssetId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let asset = sqlx::query!(
        "SELECT id FROM assets WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(asset.is_some())
}

/// Keeps assets, and before them the videos of those that are recordings, from being changed by others until the transaction ends: each in the
/// order of their ids. Whoever changes a video changes its asset after it.
pub(crate) async fn lock_assets(tx: &mut TenantTx, ids: &[AssetId]) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "SELECT id FROM videos WHERE organization_id = $1 AND asset_id = ANY($2) ORDER BY id FOR NO KEY UPDATE",
        organization_id.uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query!(
        "SELECT id FROM assets WHERE organization_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE",
        organization_id.uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// Which of its files a recording has now, and which packaging of it, if it is there.
pub(crate) async fn recording_of(tx: &mut TenantTx, id: AssetId) -> Result<Option<Recording>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT version, packaging, visibility = 'private' AS "is_private!" FROM assets WHERE organization_id = $1 AND id = $2"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Recording {
        organization_id,
        asset_id: id,
        version: row.version,
        packaging: row.packaging,
        is_private: row.is_private,
    }))
}

/// Whether this waits for a content that is its own to wait for: another one, or its first, for which a recording's video waits. Its row is held until the transaction ends.
pub(crate) async fn lock_waiting(tx: &mut TenantTx, id: AssetId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let waiting = sqlx::query!(
        "SELECT id FROM assets WHERE organization_id = $1 AND id = $2
             AND (kind IN ('image', 'document') AND status = 'pending'
                 OR replacement_id IS NOT NULL AND NOT metadata ? 'replacement_error')
         FOR NO KEY UPDATE",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(waiting.is_some())
}

/// A content that was given up.
pub(crate) struct FailedContent {
    /// That of the asset.
    pub(crate) kind: String,
    /// Whether the asset has none at all.
    pub(crate) is_first: bool,
}

/// Says of an asset why it did not get the content it waits for. The bytes stay where they are for another try.
pub(crate) async fn mark_content_failed(
    tx: &mut TenantTx,
    id: AssetId,
    code: &str,
    message: &str,
) -> Result<Option<FailedContent>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        FailedContent,
        r#"UPDATE assets SET status = CASE WHEN status = 'pending' THEN 'failed' ELSE status END,
               metadata = metadata || jsonb_build_object(CASE WHEN status = 'pending' THEN 'error' ELSE 'replacement_error' END,
                   jsonb_build_object('code', $3::text, 'message', $4::text))
           WHERE organization_id = $1 AND id = $2
           RETURNING kind AS "kind!", replacement_id IS NULL AS "is_first!""#,
        organization_id.uuid(),
        id.uuid(),
        code,
        message,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Takes back that an asset did not get the content it waited for, if one of these steps is about to bring it.
pub(crate) async fn mark_content_awaited(
    tx: &mut TenantTx,
    id: AssetId,
    steps: &[&str],
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE assets SET status = CASE WHEN replacement_id IS NULL THEN 'pending' ELSE status END,
             metadata = metadata - CASE WHEN replacement_id IS NULL THEN 'error' ELSE 'replacement_error' END
         WHERE organization_id = $1 AND id = $2
             AND CASE WHEN replacement_id IS NULL THEN kind IN ('image', 'document') AND status = 'failed'
                 ELSE metadata ? 'replacement_error' END
             AND EXISTS (SELECT FROM tasks t WHERE t.organization_id = $1 AND t.subject_id = $2 AND t.kind = ANY($3)
                 AND t.status IN ('pending', 'held'))",
        organization_id.uuid(),
        id.uuid(),
        steps as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
