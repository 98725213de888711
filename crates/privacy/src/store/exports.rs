//! What people take along.

use crate::{
    PrivacyError,
    model::{Export, ExportStatus},
    packing::Wish,
};
use memoreel_db::SystemTx;
use memoreel_kernel::{ExportId, OrganizationId, TaskId, Timestamp, UserId};

/// How many exports are listed; there are as many as were asked for in a week.
const LISTED_MAX: i64 = 100;

/// Holds the person's row until the end of the transaction, so that exports asked for at once see each other.
pub(crate) async fn lock_person(tx: &mut SystemTx, user_id: UserId) -> Result<(), PrivacyError> {
    sqlx::query!("SELECT id FROM users WHERE id = $1 FOR UPDATE", user_id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(())
}

/// Whether one is being made.
pub(crate) async fn is_export_waiting(tx: &mut SystemTx, user_id: UserId) -> Result<bool, PrivacyError> {
    let waiting = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM export_requests e JOIN tasks t ON t.subject_id = e.id
               WHERE e.user_id = $1 AND e.finished_at IS NULL AND e.deleted_at IS NULL
                   AND t.status IN ('pending', 'held', 'running')) AS "waiting!""#,
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(waiting)
}

/// How many zips of the person's are kept.
pub(crate) async fn count_kept_exports(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<i64, PrivacyError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM export_requests
           WHERE user_id = $1 AND finished_at IS NOT NULL AND deleted_at IS NULL AND expires_at > $2"#,
        user_id.uuid(),
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// Keeps the wish and enqueues its task in the person's own organization. False when there is none.
pub(crate) async fn insert_export(
    tx: &mut SystemTx,
    user_id: UserId,
    id: ExportId,
    kind: &str,
    now: Timestamp,
) -> Result<bool, PrivacyError> {
    let enqueued = sqlx::query!(
        r#"WITH wanted AS (
               INSERT INTO export_requests (id, user_id, requested_at) VALUES ($2, $1, $5)
           ), enqueued AS (
               INSERT INTO tasks (organization_id, id, kind, subject_id, payload, scheduled_for, created_at)
               SELECT o.id, $3, $4, $2, jsonb_build_object('export_id', $2::uuid), $5, $5
               FROM organizations o WHERE o.personal_owner_id = $1
               RETURNING kind
           )
           SELECT pg_notify('memoreel_tasks', kind)::text AS "notified" FROM enqueued"#,
        user_id.uuid(),
        id.uuid(),
        TaskId::new(now).uuid(),
        kind,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(enqueued.len() == 1)
}

/// The person's exports, newest first, without addresses, and the organization their zips lie in.
pub(crate) async fn exports(
    tx: &mut SystemTx,
    user_id: UserId,
    only: Option<ExportId>,
    now: Timestamp,
) -> Result<Vec<(Export, Option<OrganizationId>)>, PrivacyError> {
    let rows = sqlx::query!(
        r#"SELECT e.id AS "id: ExportId", e.requested_at, e.finished_at, e.size_bytes, e.expires_at, t.status AS "status?",
               t.progress AS "progress?", t.error_message AS "error_message?",
               (SELECT o.id FROM organizations o WHERE o.personal_owner_id = e.user_id) AS "organization_id: OrganizationId"
           FROM export_requests e
           LEFT JOIN LATERAL (SELECT status, progress, error_message FROM tasks WHERE subject_id = e.id
               ORDER BY created_at DESC, id DESC LIMIT 1) t ON true
           WHERE e.user_id = $1 AND ($2::uuid IS NULL OR e.id = $2) AND e.deleted_at IS NULL
               AND (e.expires_at IS NULL OR e.expires_at > $3)
           ORDER BY e.requested_at DESC, e.id DESC LIMIT $4"#,
        user_id.uuid(),
        only.map(ExportId::uuid),
        now,
        LISTED_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    let exports = rows.into_iter().map(|row| {
        let status = ExportStatus::of(row.finished_at, row.status.as_deref());
        let export = Export {
            id: row.id,
            status,
            progress: status.progress(row.progress),
            requested_at: row.requested_at,
            size_bytes: row.size_bytes,
            expires_at: row.expires_at,
            download_url: None,
            message: row.error_message.filter(|_| status != ExportStatus::Ready),
        };
        (export, row.organization_id)
    });
    Ok(exports.collect())
}

/// Whose export a task is to write, and how things stand with it, wanted or not.
pub(crate) async fn find_export_task(
    tx: &mut SystemTx,
    id: ExportId,
) -> Result<Option<(UserId, Wish)>, PrivacyError> {
    let row = sqlx::query!(
        r#"SELECT user_id AS "user_id: UserId", finished_at IS NOT NULL AS "is_over!", deleted_at IS NULL AS "is_wanted!"
           FROM export_requests WHERE id = $1"#,
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.user_id, Wish { is_over: row.is_over, is_wanted: row.is_wanted })))
}

/// Notes that the zip is there. False when it is not wanted any more.
pub(crate) async fn finish_export(
    tx: &mut SystemTx,
    id: ExportId,
    size_bytes: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, PrivacyError> {
    let finished = sqlx::query!(
        "UPDATE export_requests SET finished_at = $2, size_bytes = $3, expires_at = $4 WHERE id = $1 AND deleted_at IS NULL",
        id.uuid(),
        now,
        size_bytes,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// Takes the person's export off their list. False when there is no such export of theirs.
pub(crate) async fn mark_export_deleted(
    tx: &mut SystemTx,
    user_id: UserId,
    id: ExportId,
    now: Timestamp,
) -> Result<bool, PrivacyError> {
    let deleted = sqlx::query!(
        "UPDATE export_requests SET deleted_at = $3 WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL
             AND (expires_at IS NULL OR expires_at > $3)",
        user_id.uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Exports whose zips are to go, with the organizations these lie in.
pub(crate) async fn exports_over(
    tx: &mut SystemTx,
    now: Timestamp,
) -> Result<Vec<(ExportId, OrganizationId)>, PrivacyError> {
    let rows = sqlx::query!(
        r#"SELECT e.id AS "id: ExportId", o.id AS "organization_id: OrganizationId"
           FROM export_requests e JOIN organizations o ON o.personal_owner_id = e.user_id
           WHERE e.expires_at <= $1 OR e.deleted_at IS NOT NULL"#,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.organization_id)).collect())
}

/// Forgets an export whose zip is gone.
pub(crate) async fn delete_export_row(tx: &mut SystemTx, id: ExportId) -> Result<(), PrivacyError> {
    sqlx::query!("DELETE FROM export_requests WHERE id = $1", id.uuid()).execute(&mut **tx).await?;
    Ok(())
}
