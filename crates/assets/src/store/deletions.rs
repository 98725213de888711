//! SQL of files that are to go.

use memoreel_db::SystemTx;
use memoreel_kernel::{OrganizationId, Timestamp};
use uuid::Uuid;

/// A file or a folder that is to be deleted.
#[derive(Debug)]
pub(crate) struct Deletion {
    organization_id: Uuid,
    id: Uuid,
    pub(crate) blob_key: String,
}

/// What is to be deleted by now, at most a thousand.
pub(crate) async fn due_deletions(
    tx: &mut SystemTx,
    organization_id: Option<OrganizationId>,
    now: Timestamp,
) -> Result<Vec<Deletion>, sqlx::Error> {
    sqlx::query_as!(
        Deletion,
        "SELECT organization_id, id, blob_key FROM blob_deletions
         WHERE not_before <= $1 AND ($2::uuid IS NULL OR organization_id = $2) ORDER BY not_before LIMIT 1000",
        now,
        organization_id.map(|id| id.uuid()),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn forget_deletions(tx: &mut SystemTx, done: &[Deletion]) -> Result<(), sqlx::Error> {
    let (organization_ids, ids): (Vec<Uuid>, Vec<Uuid>) =
        done.iter().map(|deletion| (deletion.organization_id, deletion.id)).unzip();
    sqlx::query!(
        "DELETE FROM blob_deletions d USING unnest($1::uuid[], $2::uuid[]) AS done (organization_id, id)
         WHERE d.organization_id = done.organization_id AND d.id = done.id",
        &organization_ids,
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
