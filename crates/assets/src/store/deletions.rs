//! SQL of files that are to go.

use memoreel_db::SystemTx;
use memoreel_kernel::{OrganizationId, Timestamp};
use uuid::Uuid;

/// A file or a folder that is to be deleted.
#[derive(Debug)]
pub(crate) struct Deletion {
    pub(crate) organization_id: OrganizationId,
    id: Uuid,
    pub(crate) blob_key: String,
}

/// What is to be deleted by now, at most a thousand, of organizations that are not passed over.
pub(crate) async fn due_deletions(
    tx: &mut SystemTx,
    passed_over: &[Uuid],
    now: Timestamp,
) -> Result<Vec<Deletion>, sqlx::Error> {
    sqlx::query_as!(
        Deletion,
        r#"SELECT organization_id AS "organization_id: _", id, blob_key FROM blob_deletions
           WHERE not_before <= $1 AND organization_id <> ALL($2)
           ORDER BY not_before, organization_id, id LIMIT 1000"#,
        now,
        passed_over,
    )
    .fetch_all(&mut **tx)
    .await
}

/// What is to be deleted by now of one organization, at most a thousand. It is named as the beginning of a range, in the order of the only index
/// that begins with it: a plan made once for all would take one without it for as good where there are few organizations.
pub(crate) async fn due_deletions_of(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    now: Timestamp,
) -> Result<Vec<Deletion>, sqlx::Error> {
    sqlx::query_as!(
        Deletion,
        r#"SELECT organization_id AS "organization_id: _", id, blob_key FROM blob_deletions
           WHERE (organization_id, not_before) >= ($1, '-infinity') AND (organization_id, not_before) <= ($1, $2)
           ORDER BY organization_id, not_before LIMIT 1000"#,
        organization_id.uuid(),
        now,
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn forget_deletions(tx: &mut SystemTx, done: &[Deletion]) -> Result<(), sqlx::Error> {
    let (organization_ids, ids): (Vec<Uuid>, Vec<Uuid>) =
        done.iter().map(|deletion| (deletion.organization_id.uuid(), deletion.id)).unzip();
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
