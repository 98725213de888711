//! What is erased. Rows are found and removed by functions of the database, which only act on what is closed or deleted.

use crate::{
    PrivacyError,
    erase::Plan,
    model::{ErasureReport, Holdings, KnownErasure, Rows},
    organization_export::EXPORT_ORGANIZATION,
};
use memoreel_blob::BlobKey;
use memoreel_db::SystemTx;
use memoreel_kernel::{ErasureId, OrganizationId, Timestamp, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;
use uuid::Uuid;

/// An erasure that was begun and not finished.
#[derive(Debug)]
pub(crate) struct OpenErasure {
    pub(crate) id: ErasureId,
    pub(crate) plan: Plan,
    /// There once the rows are gone.
    pub(crate) report: Option<ErasureReport>,
}

pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, PrivacyError> {
    serde_json::from_value(value).map_err(|error| PrivacyError::File(io::Error::other(error)))
}

fn write<T: serde::Serialize>(value: &T) -> Result<Value, PrivacyError> {
    serde_json::to_value(value).map_err(|error| PrivacyError::File(io::Error::other(error)))
}

/// Leaves to their organizations what a person uploaded there and nobody stored yet, where all of it arrived and it is not for them alone:
/// it becomes what others see already.
pub(crate) async fn leave_uploads(tx: &mut SystemTx, user_id: UserId) -> Result<(), PrivacyError> {
    sqlx::query!(
        "UPDATE uploads u SET user_id = NULL
         WHERE u.user_id = $1 AND u.status = 'received' AND u.asset_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = u.organization_id AND o.personal_owner_id = $1)
             AND NOT EXISTS (SELECT FROM videos v WHERE v.organization_id = u.organization_id AND v.id = u.video_id
                 AND v.visibility = 'private' AND v.author_id = $1)",
        user_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What of a person lies elsewhere than in rows.
pub(crate) async fn holdings(tx: &mut SystemTx, user_id: UserId) -> Result<Holdings, PrivacyError> {
    let found = sqlx::query_scalar!(r#"SELECT holdings_of_person($1) AS "found!""#, user_id.uuid())
        .fetch_one(&mut **tx)
        .await?;
    read(found)
}

/// Folders of contents that no assets have but these.
pub(crate) async fn contents_of_these_alone(
    tx: &mut SystemTx,
    asset_ids: &[Uuid],
) -> Result<Vec<BlobKey>, PrivacyError> {
    let keys = sqlx::query_scalar!(
        "SELECT b.blob_key FROM blobs b JOIN (
             SELECT organization_id, blob_id, count(*) AS number FROM assets WHERE id = ANY($1) GROUP BY organization_id, blob_id
         ) AS mine ON mine.organization_id = b.organization_id AND mine.blob_id = b.id WHERE b.reference_count = mine.number",
        asset_ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let folders = keys.iter().filter_map(|key| key.rsplit_once('/')?.0.parse().ok());
    Ok(folders.collect())
}

/// The uploads of an organization.
pub(crate) async fn uploads_of_organization(
    tx: &mut SystemTx,
    id: OrganizationId,
) -> Result<Vec<Uuid>, PrivacyError> {
    let found = sqlx::query_scalar!(r#"SELECT organization_uploads($1) AS "found!""#, id.uuid())
        .fetch_one(&mut **tx)
        .await?;
    read(found)
}

/// When the account is erased, if it is closed.
pub(crate) async fn erased_after(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Option<Timestamp>, PrivacyError> {
    let at = sqlx::query_scalar!("SELECT erased_after FROM users WHERE id = $1", user_id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(at.flatten())
}

/// Whether the account is closed and its time over, which stays so until the end of the transaction. Nothing when there is none.
pub(crate) async fn hold_person(
    tx: &mut SystemTx,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<bool>, PrivacyError> {
    let due = sqlx::query_scalar!(
        r#"SELECT coalesce(erased_after <= $2, false) AS "due!" FROM users WHERE id = $1 FOR NO KEY UPDATE"#,
        id,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(due)
}

/// Whether the organization is deleted and its time over, which stays so until the end of the transaction. Nothing when there is none.
pub(crate) async fn hold_organization(
    tx: &mut SystemTx,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<bool>, PrivacyError> {
    let due = sqlx::query_scalar!(
        r#"SELECT coalesce(status = 'deleted' AND erased_after <= $2, false) AS "due!" FROM organizations WHERE id = $1
           FOR NO KEY UPDATE"#,
        id,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(due)
}

/// Deletes an organization whose time is over at once, for what was erased before. Doing so twice is no mistake.
pub(crate) async fn delete_organization_now(
    tx: &mut SystemTx,
    id: Uuid,
    now: Timestamp,
) -> Result<(), PrivacyError> {
    sqlx::query!("UPDATE organizations SET status = 'deleted', erased_after = $2 WHERE id = $1", id, now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The erasure of this subject, if it was begun and not finished: as it stands once every transaction that changes it is over, and
/// locked until the end of this one.
pub(crate) async fn find_open_erasure(
    tx: &mut SystemTx,
    kind: &str,
    subject_id: Uuid,
) -> Result<Option<OpenErasure>, PrivacyError> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: ErasureId", plan, report FROM erasures
           WHERE kind = $1 AND subject_id = $2 AND finished_at IS NULL AND plan IS NOT NULL FOR UPDATE"#,
        kind,
        subject_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(plan) = row.plan else { return Ok(None) };
    Ok(Some(OpenErasure { id: row.id, plan: read(plan)?, report: row.report.map(read).transpose()? }))
}

/// Begins an erasure, or begins it again for a subject that came back with a restore. One that is open is gone on with, as it is: another
/// process begins it at the same time. After one that was withdrawn it is another erasure, with an id of its own: a backup from between
/// the two says that the first is not to be repeated, and nothing of the second. The subject is held since before.
pub(crate) async fn begin_erasure(
    tx: &mut SystemTx,
    id: ErasureId,
    kind: &str,
    subject_id: Uuid,
    asked_by: &str,
    plan: Plan,
    now: Timestamp,
) -> Result<OpenErasure, PrivacyError> {
    let begun = sqlx::query_scalar!(
        r#"INSERT INTO erasures (id, kind, subject_id, asked_by, started_at, plan) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (kind, subject_id) DO UPDATE SET started_at = $5, finished_at = NULL, plan = $6, report = NULL,
               id = CASE WHEN erasures.report IS NULL THEN excluded.id ELSE erasures.id END
               WHERE erasures.finished_at IS NOT NULL
           RETURNING id AS "id: ErasureId""#,
        id.uuid(),
        kind,
        subject_id,
        asked_by,
        now,
        write(&plan)?,
    )
    .fetch_optional(&mut **tx)
    .await?;
    match begun {
        Some(id) => Ok(OpenErasure { id, plan, report: None }),
        None => find_open_erasure(tx, kind, subject_id).await?.ok_or(PrivacyError::NotDue),
    }
}

/// Keeps what was removed and where files are still to be looked for, in the transaction that removes the rows.
pub(crate) async fn keep_report(
    tx: &mut SystemTx,
    id: ErasureId,
    report: &ErasureReport,
    plan: &Plan,
) -> Result<(), PrivacyError> {
    sqlx::query!(
        "UPDATE erasures SET report = $2, plan = $3 WHERE id = $1",
        id.uuid(),
        write(report)?,
        write(plan)?,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether the erasure ended with nothing removed, because its subject had been taken back.
pub(crate) async fn is_withdrawn(tx: &mut SystemTx, id: ErasureId) -> Result<bool, PrivacyError> {
    let withdrawn = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM erasures WHERE id = $1 AND finished_at IS NOT NULL AND report IS NULL) AS "withdrawn!""#,
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(withdrawn)
}

/// Notes that nothing is left, or that nothing is to go, and forgets where it lay.
pub(crate) async fn finish_erasure(
    tx: &mut SystemTx,
    id: ErasureId,
    now: Timestamp,
) -> Result<(), PrivacyError> {
    sqlx::query!("UPDATE erasures SET finished_at = $2, plan = NULL WHERE id = $1", id.uuid(), now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What was begun and not finished: kind and subject.
pub(crate) async fn open_erasures(tx: &mut SystemTx) -> Result<Vec<(String, Uuid)>, PrivacyError> {
    let rows = sqlx::query!(
        "SELECT kind, subject_id FROM erasures WHERE finished_at IS NULL ORDER BY started_at, id"
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.subject_id)).collect())
}

/// Every erasure, the newest first.
pub(crate) async fn erasures(tx: &mut SystemTx) -> Result<Vec<KnownErasure>, PrivacyError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ErasureId", kind, subject_id, asked_by, started_at, finished_at, report FROM erasures
           ORDER BY started_at DESC, id DESC"#,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(KnownErasure {
                id: row.id,
                kind: row.kind,
                subject_id: row.subject_id,
                asked_by: row.asked_by,
                started_at: row.started_at,
                finished_at: row.finished_at,
                report: row.report.map(read).transpose()?,
            })
        })
        .collect()
}

/// What tasks in other organizations are about.
fn subjects(plan: &Plan) -> Vec<Uuid> {
    [&plan.videos[..], &plan.assets[..]].concat()
}

/// Asks every task of what is erased to stop, and every export in which the person may be named; those that wait do not begin.
pub(crate) async fn stop_tasks(tx: &mut SystemTx, plan: &Plan, now: Timestamp) -> Result<(), PrivacyError> {
    sqlx::query!(
        "UPDATE tasks SET
             status = CASE status WHEN 'running' THEN 'running' ELSE 'cancelled' END,
             cancel_requested = true,
             finished_at = CASE status WHEN 'running' THEN finished_at ELSE $3 END
         WHERE (organization_id = ANY($1) OR subject_id = ANY($2) OR (kind = $4 AND organization_id = ANY($5)))
             AND status IN ('pending', 'held', 'running')",
        &plan.organizations,
        &subjects(plan),
        now,
        EXPORT_ORGANIZATION,
        &plan.named_in,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many of them have not stopped, of workers that live.
pub(crate) async fn running_tasks(
    tx: &mut SystemTx,
    plan: &Plan,
    now: Timestamp,
) -> Result<i64, PrivacyError> {
    let running = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM tasks
           WHERE (organization_id = ANY($1) OR subject_id = ANY($2) OR (kind = $4 AND organization_id = ANY($5)))
               AND status = 'running' AND leased_until > $3"#,
        &plan.organizations,
        &subjects(plan),
        now,
        EXPORT_ORGANIZATION,
        &plan.named_in,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(running)
}

/// However much there is.
async fn without_time_limit(tx: &mut SystemTx) -> Result<(), PrivacyError> {
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut **tx).await?;
    Ok(())
}

/// Removes every row about a person whose account is closed and whose time is over. Nothing when there is nobody.
pub(crate) async fn erase_person_rows(
    tx: &mut SystemTx,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<Rows>, PrivacyError> {
    without_time_limit(tx).await?;
    let rows =
        sqlx::query_scalar!("SELECT erase_person($1, $2) AS rows", id, now).fetch_one(&mut **tx).await?;
    rows.map(read).transpose()
}

/// Removes every row of a deleted organization whose time is over. Nothing when there is none.
pub(crate) async fn erase_organization_rows(
    tx: &mut SystemTx,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<Rows>, PrivacyError> {
    without_time_limit(tx).await?;
    let rows = sqlx::query_scalar!("SELECT erase_organization($1, $2) AS rows", id, now)
        .fetch_one(&mut **tx)
        .await?;
    rows.map(read).transpose()
}
