//! What people do to tasks, and what time does.

use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{OrganizationId, TaskId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a task that somebody stopped says of itself, and then its video.
pub(crate) const CANCELLED_CODE: &str = "task_cancelled";
const CANCELLED_MESSAGE: &str = "This step was stopped before it was done. Retry it to go on.";

/// A task that somebody asked to stop.
pub(crate) struct Cancelled {
    pub(crate) subject_id: Uuid,
    /// It ends when its worker has heard.
    pub(crate) was_running: bool,
}

/// Takes a waiting task out of the queue, or tells whoever runs it to stop; `None` if it does neither.
pub(crate) async fn cancel_task(
    tx: &mut TenantTx,
    id: TaskId,
    now: Timestamp,
) -> Result<Option<Cancelled>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"WITH chosen AS (
               SELECT id, status FROM tasks WHERE organization_id = $1 AND id = $2 AND status IN ('pending', 'held', 'running')
               FOR UPDATE
           ), cancelled AS (
               UPDATE tasks SET status = CASE chosen.status WHEN 'running' THEN 'running' ELSE 'cancelled' END,
                   cancel_requested = true, error_code = $4, error_message = $5,
                   finished_at = CASE chosen.status WHEN 'running' THEN NULL ELSE $3::timestamptz END,
                   tries = CASE chosen.status WHEN 'running' THEN tries ELSE with_try(tries, jsonb_build_object(
                       'attempt', attempts, 'started_at', NULL, 'ended_at', $3::timestamptz, 'outcome', 'cancelled',
                       'code', $4::text, 'message', $5::text)) END
               FROM chosen WHERE tasks.organization_id = $1 AND tasks.id = chosen.id
               RETURNING tasks.subject_id, chosen.status = 'running' AS was_running
           )
           SELECT subject_id, was_running AS "was_running!",
               CASE WHEN was_running THEN pg_notify('memoreel_task_stops', ($2::uuid)::text)::text END AS "stopped?",
               pg_notify('memoreel_live', json_build_object(
                   'organization_id', $1::uuid, 'subject_id', subject_id, 'kind', 'task_changed')::text)::text AS "told?"
           FROM cancelled"#,
        organization_id.uuid(),
        id.uuid(),
        now,
        CANCELLED_CODE,
        CANCELLED_MESSAGE,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Cancelled { subject_id: row.subject_id, was_running: row.was_running }))
}

/// A task that was put back into the queue.
pub(crate) struct Retried {
    pub(crate) subject_id: Uuid,
    /// Whether its subject does not wait for it.
    pub(crate) is_side: bool,
}

/// Puts a task that failed or was cancelled back into the queue with all its tries; `None` if it is neither, or another one of its step
/// waits already. One that only waits beside its subject goes instead.
pub(crate) async fn retry_task(
    tx: &mut TenantTx,
    id: TaskId,
    now: Timestamp,
) -> Result<Option<Retried>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"WITH beside AS (
               DELETE FROM tasks twin USING tasks own
               WHERE own.organization_id = $1 AND own.id = $2 AND own.status IN ('failed', 'cancelled')
                   AND NOT own.is_side AND NOT is_side_task(own.kind)
                   AND twin.organization_id = $1 AND twin.subject_id = own.subject_id AND twin.kind = own.kind
                   AND twin.is_side AND twin.status IN ('pending', 'held')
               RETURNING twin.id
           ), retried AS (
               UPDATE tasks SET status = 'pending', attempts = 0, progress = 0, scheduled_for = $3, finished_at = NULL,
                   error_code = NULL, error_message = NULL, cancel_requested = false
               WHERE organization_id = $1 AND id = $2 AND status IN ('failed', 'cancelled')
                   AND NOT EXISTS (SELECT FROM tasks twin WHERE twin.organization_id = $1 AND twin.subject_id = tasks.subject_id
                       AND twin.kind = tasks.kind AND twin.status IN ('pending', 'held')
                       AND twin.id NOT IN (SELECT id FROM beside))
               RETURNING kind, subject_id, is_side
           )
           SELECT subject_id, is_side OR is_side_task(kind) AS "is_side!", pg_notify('memoreel_tasks', kind)::text AS "woken?",
               pg_notify('memoreel_live', json_build_object(
                   'organization_id', $1::uuid, 'subject_id', subject_id, 'kind', 'task_changed')::text)::text AS "told?"
           FROM retried"#,
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Retried { subject_id: row.subject_id, is_side: row.is_side }))
}

/// Changes what a waiting task is run before; returns whether it waits.
///
/// # Errors
/// When the statement fails.
pub async fn prioritise_task(tx: &mut TenantTx, id: TaskId, priority: i32) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"WITH changed AS (
               UPDATE tasks SET priority = $3 WHERE organization_id = $1 AND id = $2 AND status IN ('pending', 'held')
               RETURNING subject_id
           )
           SELECT pg_notify('memoreel_live', json_build_object(
               'organization_id', $1::uuid, 'subject_id', subject_id, 'kind', 'task_changed')::text)::text AS "told?"
           FROM changed"#,
        organization_id.uuid(),
        id.uuid(),
        priority,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

/// Of all organizations, removes some tasks that were completed or cancelled before `before`; returns how many. What failed stays
/// until it is retried or its subject goes, unless it was done beside its subject.
///
/// # Errors
/// When the statement fails.
pub async fn delete_old_tasks(tx: &mut SystemTx, before: Timestamp, limit: i64) -> Result<u64, sqlx::Error> {
    // Found by when they were due, which was before they ended.
    let deleted = sqlx::query!(
        "DELETE FROM tasks WHERE (organization_id, id) IN (
             SELECT organization_id, id FROM tasks
             WHERE status IN ('completed', 'cancelled', 'failed') AND scheduled_for < $1 AND finished_at < $1
                 -- What failed, or somebody stopped, is what its video still says.
                 AND (status = 'completed' OR is_side OR (status = 'cancelled' AND error_code IS NULL)) LIMIT $2)",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}

/// As [`super::cancel_tasks`] does with all tasks of a subject, for subjects that a sweep over organizations removes.
pub(crate) async fn cancel_swept_tasks(
    tx: &mut SystemTx,
    subjects: &[(OrganizationId, Uuid)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (organization_ids, subject_ids): (Vec<Uuid>, Vec<Uuid>) =
        subjects.iter().map(|(organization_id, id)| (organization_id.uuid(), *id)).unzip();
    cancel_free_tasks(tx, &organization_ids, &subject_ids, now).await
}

/// As [`super::cancel_tasks`] does with all tasks of a subject that goes in the same transaction, and whose row is held: a task that is ending
/// has its own row, waits for that of the subject, and is not waited for.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_gone_tasks(
    tx: &mut TenantTx,
    subject_id: Uuid,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id().uuid();
    cancel_free_tasks(tx, &[organization_id], &[subject_id], now).await
}

async fn cancel_free_tasks(
    connection: &mut PgConnection,
    organization_ids: &[Uuid],
    subject_ids: &[Uuid],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"WITH gone AS (
               SELECT t.organization_id, t.id FROM UNNEST($1::uuid[], $2::uuid[]) AS subjects(organization_id, id)
               JOIN tasks t ON t.organization_id = subjects.organization_id AND t.subject_id = subjects.id
               WHERE t.status IN ('pending', 'held', 'running', 'failed')
                   OR (t.status = 'cancelled' AND t.error_code IS NOT NULL)
               -- One that is ending at this moment waits for its subject, and finds it gone.
               ORDER BY t.organization_id, t.id FOR NO KEY UPDATE OF t SKIP LOCKED
           ), cancelled AS (
               UPDATE tasks SET
                   status = CASE tasks.status WHEN 'running' THEN 'running' ELSE 'cancelled' END,
                   cancel_requested = true, error_code = NULL, error_message = NULL,
                   finished_at = CASE tasks.status WHEN 'running' THEN tasks.finished_at ELSE $3 END
               FROM gone WHERE tasks.organization_id = gone.organization_id AND tasks.id = gone.id
               RETURNING tasks.id, tasks.status
           )
           SELECT pg_notify('memoreel_task_stops', id::text)::text AS "stopped?" FROM cancelled WHERE status = 'running'"#,
        organization_ids,
        subject_ids,
        now,
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

/// Takes back what was done and is to be done for a subject, but for side tasks by their kind and those of the kinds `kept`, as though it had
/// never been asked for: nothing is kept of what runs. Returns false, having taken back only some, where a task is ending or beginning at this moment.
/// Whoever calls this holds the subject ([`super::lock_subject`]), so that nothing ends, and nothing follows from it, until the transaction
/// does.
///
/// # Errors
/// When the statement fails.
pub async fn withdraw_tasks(tx: &mut TenantTx, subject_id: Uuid, kept: &[&str]) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    // Never waited for: one that is ending has its row, and waits for the subject. One that has written results and is not there yet has not:
    // whoever then needs what it wrote has to give way to it.
    let row = sqlx::query!(
        r#"WITH chosen AS (
               SELECT id FROM tasks WHERE organization_id = $1 AND subject_id = $2 AND kind <> ALL($3) AND NOT is_side_task(kind)
           ), free AS (
               SELECT tasks.id FROM tasks JOIN chosen USING (id) WHERE tasks.organization_id = $1 FOR UPDATE OF tasks SKIP LOCKED
           ), withdrawn AS (
               DELETE FROM tasks USING free WHERE tasks.organization_id = $1 AND tasks.id = free.id RETURNING tasks.id, tasks.status
           )
           SELECT (SELECT count(*) FROM chosen) = count(*) AS "is_all!",
               count(CASE status WHEN 'running' THEN pg_notify('memoreel_task_stops', id::text)::text END) AS "stopped?"
           FROM withdrawn"#,
        organization_id.uuid(),
        subject_id,
        kept as &[&str],
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.is_all)
}
