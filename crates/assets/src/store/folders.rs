//! SQL of folders.

use memoreel_db::TenantTx;
use memoreel_kernel::{FolderId, Timestamp};

/// A folder's row.
#[derive(Debug, Clone)]
pub(crate) struct FolderRow {
    pub(crate) id: FolderId,
    pub(crate) parent_id: Option<FolderId>,
    pub(crate) name: String,
    pub(crate) asset_count: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

macro_rules! select_folders {
    ($from:tt, $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            FolderRow,
            r#"SELECT f.id AS "id!: _", f.parent_id AS "parent_id: _", f.name AS "name!",
                   (SELECT count(*) FROM assets a WHERE a.organization_id = $1 AND a.folder_id = f.id AND a.deleted_at IS NULL)
                       AS "asset_count!",
                   f.created_at AS "created_at!", f.updated_at AS "updated_at!"
               FROM "# + $from,
            $($parameter),+
        )
    };
}

/// All folders, which are few, by name.
pub(crate) async fn list_folders(tx: &mut TenantTx) -> Result<Vec<FolderRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    select_folders!(
        "folders f WHERE f.organization_id = $1 ORDER BY lower(f.name), f.id",
        organization_id.uuid()
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn find_folder(tx: &mut TenantTx, id: FolderId) -> Result<Option<FolderRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    select_folders!("folders f WHERE f.organization_id = $1 AND f.id = $2", organization_id.uuid(), id.uuid())
        .fetch_optional(&mut **tx)
        .await
}

/// Whether there is such a folder, which then stays until the transaction ends.
pub(crate) async fn hold_folder(tx: &mut TenantTx, id: FolderId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let held = sqlx::query_scalar!(
        "SELECT true FROM folders WHERE organization_id = $1 AND id = $2 FOR KEY SHARE",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(held.is_some())
}

/// Makes a folder; `false` where there are `folders_max` already.
pub(crate) async fn insert_folder(
    tx: &mut TenantTx,
    id: FolderId,
    name: &str,
    parent_id: Option<FolderId>,
    folders_max: i64,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    tx.hold_organization().await?;
    let organization_id = tx.organization_id();
    let inserted = sqlx::query!(
        "INSERT INTO folders (organization_id, id, parent_id, name, created_at, updated_at)
         SELECT $1, $2, $3, $4, $6, $6 WHERE (SELECT count(*) FROM folders WHERE organization_id = $1) < $5",
        organization_id.uuid(),
        id.uuid(),
        parent_id.map(|id| id.uuid()),
        name,
        folders_max,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// New values; `None` leaves the column as it is. Whether there is such a folder.
pub(crate) async fn update_folder(
    tx: &mut TenantTx,
    id: FolderId,
    name: Option<&str>,
    parent_id: Option<Option<FolderId>>,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let updated = sqlx::query!(
        "UPDATE folders SET name = coalesce($3, name), parent_id = CASE WHEN $4 THEN $5 ELSE parent_id END
         WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        name,
        parent_id.is_some(),
        parent_id.flatten().map(|id| id.uuid()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// What became of a folder that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FolderDeletion {
    Deleted,
    NotEmpty,
    NotFound,
}

/// Deletes a folder that holds nothing but what is in the bin.
pub(crate) async fn delete_folder(tx: &mut TenantTx, id: FolderId) -> Result<FolderDeletion, sqlx::Error> {
    let organization_id = tx.organization_id();
    // Once it is held, nobody puts anything into it any more, and what was put there is seen by the next statement.
    let held = sqlx::query_scalar!(
        "SELECT id FROM folders WHERE organization_id = $1 AND id = $2 FOR UPDATE",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    if held.is_none() {
        return Ok(FolderDeletion::NotFound);
    }
    let deleted = sqlx::query!(
        "DELETE FROM folders f WHERE f.organization_id = $1 AND f.id = $2
             AND NOT EXISTS (SELECT FROM folders below WHERE below.organization_id = $1 AND below.parent_id = $2)
             AND NOT EXISTS (SELECT FROM assets a WHERE a.organization_id = $1 AND a.folder_id = $2 AND a.deleted_at IS NULL)",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(if deleted.rows_affected() == 1 { FolderDeletion::Deleted } else { FolderDeletion::NotEmpty })
}
