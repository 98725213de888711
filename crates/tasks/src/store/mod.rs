//! All SQL of the queue.

mod beside;
mod control;
mod recording;

pub use beside::enqueue_side_tasks;
pub(crate) use beside::is_side;
pub(crate) use control::{CANCELLED_CODE, cancel_swept_tasks, cancel_task, retry_task};
pub use control::{cancel_gone_tasks, delete_old_tasks, prioritise_task, withdraw_tasks};
pub(crate) use recording::{record_event, record_swept};

use crate::{StageStatus, TaskStage};
use memoreel_db::{SystemConnection, SystemTx, TenantTx};
use memoreel_kernel::{OrganizationId, TaskId, Timestamp};
use std::collections::HashMap;
use uuid::Uuid;

/// Whether `lease` still holds the task.
pub(crate) async fn is_leased(tx: &mut TenantTx, id: TaskId, lease: Uuid) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM tasks WHERE organization_id = $1 AND id = $2 AND lease = $3) AS "is_leased!""#,
        organization_id.uuid(),
        id.uuid(),
        lease,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Marks the task completed if `lease` still holds it, and looks at what is left of its subject; `None` if it does not. Of
/// the tasks that finish, exactly one sees the end; side tasks do not look.
pub(crate) async fn finish(
    tx: &mut TenantTx,
    id: TaskId,
    lease: Uuid,
    subject_id: Uuid,
    now: Timestamp,
) -> Result<Option<Settlement>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let end = sqlx::query!(
        r#"SELECT is_held AS "is_held!", open_count, failure_code, failure_message
           FROM finish_task($1, $2, $3, $4, $5)"#,
        organization_id.uuid(),
        id.uuid(),
        lease,
        subject_id,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    let failure = end.failure_code.zip(end.failure_message);
    let settlement = match end.open_count {
        Some(open_count) => Settlement::new(open_count, failure),
        None => Settlement::Untouched,
    };
    Ok(end.is_held.then_some(settlement))
}

/// How many tries a task has at most, however far each of them comes.
pub(crate) const ATTEMPTS_MAX: i32 = 100;

/// How a failed try ends.
#[derive(Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// Back to the queue until then, with the reason shown meanwhile, and so many tries more.
    Retry { at: Timestamp, code: &'a str, message: &'a str, more_tries: i32 },
    /// Back to the queue at once; the try does not count.
    Release,
    /// Back to the queue until then, together with what waits of a kind in the organization, if one is named; the try does not count.
    GiveWay { until: Timestamp, kind: Option<&'a str> },
    /// Given up.
    Failed { code: &'a str, message: &'a str },
    /// Stopped on request, or because nothing is to be done in its organization, in which case it waits.
    Cancelled,
}

/// Ends a run that did not complete, if `lease` still holds the task.
pub(crate) async fn end_run(
    tx: &mut TenantTx,
    id: TaskId,
    lease: Uuid,
    ending: Ending<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let more_tries = if let Ending::Retry { more_tries, .. } = ending { more_tries } else { 0 };
    let (status, at, code, message, uncounted) = match ending {
        Ending::Retry { at, code, message, .. } => ("pending", at, Some(code), Some(message), 0),
        Ending::Release => ("pending", now, None, None, 1),
        Ending::GiveWay { until, .. } => ("pending", until, None, None, 1),
        Ending::Failed { code, message } => ("failed", now, Some(code), Some(message), 0),
        Ending::Cancelled => ("cancelled", now, None, None, 0),
    };
    // What somebody asked to stop is not started again, whatever it ended by; what nobody asked to stop was stopped for its
    // organization's sake. A newer task of the same step already waits: this one gives way to it instead of queueing beside it.
    let ended = sqlx::query!(
        "WITH ending AS (
             SELECT id, subject_id, kind, priority, is_side, CASE
                 WHEN $4 = 'failed' THEN 'failed'
                 WHEN cancel_requested THEN 'cancelled'
                 WHEN EXISTS (SELECT FROM tasks twin WHERE twin.organization_id = $1 AND twin.subject_id = tasks.subject_id
                     AND twin.kind = tasks.kind AND twin.status IN ('pending', 'held')) THEN 'cancelled'
                 WHEN (SELECT tasks_held FROM organizations WHERE id = $1 AND tasks_held FOR SHARE)
                     AND NOT is_account_task(kind) THEN 'held'
                 ELSE 'pending' END AS status,
                 cancel_requested AND $4 <> 'failed' AS is_cancelled
             FROM tasks WHERE organization_id = $1 AND id = $2 AND lease = $3
         ), stand_in AS (
             -- What waited beside the subject is from now on what the subject waits for.
             UPDATE tasks SET is_side = false, priority = greatest(tasks.priority, ending.priority) FROM ending
             WHERE tasks.organization_id = $1 AND tasks.subject_id = ending.subject_id AND tasks.kind = ending.kind
                 AND tasks.status IN ('pending', 'held') AND tasks.is_side AND NOT ending.is_side
                 AND ending.status = 'cancelled' AND NOT ending.is_cancelled
         )
         UPDATE tasks SET status = ending.status, scheduled_for = $5,
             -- One that gives way leaves its reason to its tries: what is cancelled with one is what somebody stopped.
             error_code = CASE WHEN is_cancelled THEN error_code WHEN ending.status <> 'cancelled' THEN $6 END,
             error_message = CASE WHEN is_cancelled THEN error_message WHEN ending.status <> 'cancelled' THEN $7 END,
             attempts = attempts - CASE WHEN $4 = 'cancelled' AND NOT cancel_requested THEN 1 ELSE $8 END,
             attempts_max = least(attempts_max + $10, $11), lease = NULL, leased_until = NULL, progress = 0,
             finished_at = CASE WHEN ending.status IN ('pending', 'held') THEN NULL ELSE $9::timestamptz END,
             tries = CASE WHEN is_cancelled OR $6 IS NOT NULL THEN with_try(tries, jsonb_build_object(
                 'attempt', attempts, 'started_at', started_at, 'ended_at', $9::timestamptz,
                 'outcome', CASE WHEN is_cancelled THEN 'cancelled' ELSE 'failed' END,
                 'code', CASE WHEN is_cancelled THEN error_code ELSE $6 END,
                 'message', CASE WHEN is_cancelled THEN error_message ELSE $7 END)) ELSE tries END
         FROM ending WHERE tasks.organization_id = $1 AND tasks.id = ending.id AND tasks.lease = $3",
        organization_id.uuid(),
        id.uuid(),
        lease,
        status,
        at,
        code,
        message,
        uncounted,
        now,
        more_tries,
        ATTEMPTS_MAX,
    )
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// How many tasks are put off in one statement at most.
pub(crate) const PUT_OFF_AT_ONCE: u16 = 1_000;

/// Lets the first of what is due of a kind in the organization wait until then; returns how many those are. What somebody else holds at this
/// moment is passed over: nobody who does this waits for another.
pub(crate) async fn put_off(
    tx: &mut TenantTx,
    kind: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let organization_id = tx.organization_id();
    let put_off = sqlx::query!(
        "UPDATE tasks SET scheduled_for = $3 FROM (
             SELECT id FROM tasks WHERE organization_id = $1 AND kind = $2 AND status = 'pending' AND scheduled_for <= $4
             ORDER BY priority DESC, scheduled_for, id LIMIT $5 FOR UPDATE SKIP LOCKED
         ) AS due WHERE tasks.organization_id = $1 AND tasks.id = due.id",
        organization_id.uuid(),
        kind,
        until,
        now,
        i64::from(PUT_OFF_AT_ONCE),
    )
    .execute(&mut **tx)
    .await?;
    Ok(put_off.rows_affected())
}

/// Whether a subject still has work.
#[derive(Debug)]
pub enum Settlement {
    /// Tasks are waiting or running.
    Open,
    /// None is.
    Settled {
        /// Code and message of the task that was given up and decides.
        failure: Option<(String, String)>,
    },
    /// What ended is a side task (by its kind, `is_side_task` in the database, or on its own, `tasks.is_side`): its subject neither waited for
    /// it nor fails with it.
    Untouched,
}

impl Settlement {
    fn new(open_count: i64, failure: Option<(String, String)>) -> Self {
        if open_count == 0 { Self::Settled { failure } } else { Self::Open }
    }
}

/// From here to the end of their transactions, tasks of one subject take turns. Each does so at its end at the latest; one
/// that keeps the subject's own row from being changed before that does so first, or two of them wait for each other.
///
/// # Errors
/// When the statement fails.
pub async fn lock_subject(tx: &mut TenantTx, subject_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text AS locked",
        subject_id.to_string()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// Looks at what is left of a subject, one of whose tasks ended. They take turns here, so that exactly one of them sees the end.
pub(crate) async fn settlement(
    tx: &mut TenantTx,
    ended_id: TaskId,
    subject_id: Uuid,
) -> Result<Settlement, sqlx::Error> {
    let organization_id = tx.organization_id();
    if is_side(tx, ended_id).await? {
        return Ok(Settlement::Untouched);
    }
    lock_subject(tx, subject_id).await?;
    let left = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE status IN ('pending', 'held', 'running')) AS "open!",
               (array_agg(error_code ORDER BY finished_at) FILTER (WHERE is_given_up))[1] AS code,
               (array_agg(error_message ORDER BY finished_at) FILTER (WHERE is_given_up))[1] AS message
           FROM (
               -- As in finish_task.
               SELECT own.status, own.error_code, own.error_message, own.finished_at,
                   CASE WHEN own.status = 'failed' OR (own.status = 'cancelled' AND own.error_code IS NOT NULL) THEN NOT EXISTS (
                       SELECT FROM tasks later WHERE later.organization_id = $1 AND later.subject_id = $2
                           AND later.kind = own.kind AND NOT later.is_side
                           AND later.status = 'completed' AND later.finished_at > own.finished_at)
                   ELSE false END AS is_given_up
               FROM tasks own WHERE own.organization_id = $1 AND own.subject_id = $2
                   AND NOT own.is_side AND NOT is_side_task(own.kind)
           ) AS own"#,
        organization_id.uuid(),
        subject_id,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Settlement::new(left.open, left.code.zip(left.message)))
}

/// Looks at what is left of some steps of a subject. What was last done of them decides: how it ended, if it was given up.
///
/// # Errors
/// When the statement fails.
pub async fn settlement_of(
    tx: &mut TenantTx,
    subject_id: Uuid,
    kinds: &[&str],
) -> Result<Settlement, sqlx::Error> {
    let organization_id = tx.organization_id();
    let last = sqlx::query!(
        "SELECT status, error_code, error_message FROM tasks
         WHERE organization_id = $1 AND subject_id = $2 AND kind = ANY($3)
         ORDER BY status IN ('pending', 'held', 'running') DESC, finished_at DESC NULLS LAST, status = 'completed', id DESC LIMIT 1",
        organization_id.uuid(),
        subject_id,
        kinds as &[&str],
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(match last {
        None => Settlement::Settled { failure: None },
        Some(task) => match task.status.as_str() {
            "pending" | "held" | "running" => Settlement::Open,
            "completed" => Settlement::Settled { failure: None },
            _ => Settlement::Settled { failure: task.error_code.zip(task.error_message) },
        },
    })
}

/// Where the steps of these subjects stand: the newest task of each kind, oldest kind first. What is done again beside them is no step of theirs.
///
/// # Errors
/// When the statement fails.
pub async fn stages_of(
    tx: &mut TenantTx,
    subject_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<TaskStage>>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        "SELECT subject_id, kind, status, progress, error_code, error_message FROM (
             SELECT DISTINCT ON (subject_id, kind) subject_id, kind, status, progress, error_code, error_message, created_at, id
             FROM tasks WHERE organization_id = $1 AND subject_id = ANY($2) AND NOT is_side
             ORDER BY subject_id, kind, created_at DESC, id DESC
         ) AS newest ORDER BY created_at, id",
        organization_id.uuid(),
        subject_ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut stages: HashMap<Uuid, Vec<TaskStage>> = HashMap::new();
    for row in rows {
        stages.entry(row.subject_id).or_default().push(TaskStage {
            stage: row.kind,
            status: match row.error_code.as_deref() {
                // Unlike what is not needed any more.
                Some(CANCELLED_CODE) if row.status == "cancelled" => StageStatus::Failed,
                _ => StageStatus::from_column(&row.status),
            },
            progress: (row.progress * 100.0).round() as u8,
            message: row.error_message,
            code: row.error_code,
        });
    }
    Ok(stages)
}

/// Puts what failed of a subject, or was stopped by somebody, back into the queue with all its tries; returns how much. Side tasks, with
/// which it does not fail, are left as they are, but for those that wait to do the same.
///
/// # Errors
/// When the statement fails.
pub async fn retry_failed_tasks(
    tx: &mut TenantTx,
    subject_id: Uuid,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"WITH beside AS (
               DELETE FROM tasks twin USING tasks given_up
               WHERE given_up.organization_id = $1 AND given_up.subject_id = $2
                   AND NOT given_up.is_side AND NOT is_side_task(given_up.kind)
                   AND (given_up.status = 'failed' OR (given_up.status = 'cancelled' AND given_up.error_code IS NOT NULL))
                   AND twin.organization_id = $1 AND twin.subject_id = $2 AND twin.kind = given_up.kind
                   AND twin.is_side AND twin.status IN ('pending', 'held')
               RETURNING twin.id
           ), newest AS (
               -- Of each step once, or they would wait side by side.
               SELECT DISTINCT ON (given_up.kind) given_up.id FROM tasks given_up
               WHERE given_up.organization_id = $1 AND given_up.subject_id = $2
                   AND NOT given_up.is_side AND NOT is_side_task(given_up.kind)
                   AND (given_up.status = 'failed' OR (given_up.status = 'cancelled' AND given_up.error_code IS NOT NULL))
                   AND NOT EXISTS (SELECT FROM tasks twin WHERE twin.organization_id = $1 AND twin.subject_id = $2
                       AND twin.kind = given_up.kind AND twin.status IN ('pending', 'held')
                       AND twin.id NOT IN (SELECT id FROM beside))
               ORDER BY given_up.kind, given_up.created_at DESC, given_up.id DESC
           ), retried AS (
               UPDATE tasks SET status = 'pending', attempts = 0, progress = 0, scheduled_for = $3, finished_at = NULL,
                   error_code = NULL, error_message = NULL, cancel_requested = false
               FROM newest WHERE tasks.organization_id = $1 AND tasks.id = newest.id AND tasks.status IN ('failed', 'cancelled')
               RETURNING kind
           )
           SELECT pg_notify('memoreel_tasks', kind)::text AS notified FROM retried"#,
        organization_id.uuid(),
        subject_id,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.len() as u64)
}

/// Takes a subject's waiting and failed tasks of these kinds (all if empty) out of the queue and asks running ones to stop: they are
/// not needed any more. That somebody stopped them before counts no longer.
///
/// # Errors
/// When the statement fails.
pub async fn cancel_tasks(
    tx: &mut TenantTx,
    subject_id: Uuid,
    kinds: &[&str],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    sqlx::query!(
        r#"WITH cancelled AS (
               UPDATE tasks SET
                   status = CASE status WHEN 'running' THEN 'running' ELSE 'cancelled' END,
                   cancel_requested = true, error_code = NULL, error_message = NULL,
                   finished_at = CASE status WHEN 'running' THEN finished_at ELSE $4 END
               WHERE organization_id = $1 AND subject_id = $2
                   AND (status IN ('pending', 'held', 'running', 'failed') OR (status = 'cancelled' AND error_code IS NOT NULL))
                   AND (kind = ANY($3) OR cardinality($3::text[]) = 0)
               RETURNING id, status
           )
           SELECT pg_notify('memoreel_task_stops', id::text)::text AS "stopped?" FROM cancelled WHERE status = 'running'"#,
        organization_id.uuid(),
        subject_id,
        &kinds,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// How many tasks wait, are held or run in the whole system, by kind and status; for metrics.
///
/// # Errors
/// When the statement fails.
pub async fn waiting_tasks(tx: &mut SystemTx) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT kind, status, count(*) AS "number!" FROM tasks
           WHERE status IN ('pending', 'held', 'running') GROUP BY 1, 2"#
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.status, row.number)).collect())
}

/// A task in a worker's hands.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: TaskId,
    pub(crate) kind: String,
    pub(crate) subject_id: Uuid,
    pub(crate) payload: serde_json::Value,
    pub(crate) lease: Uuid,
    pub(crate) attempts: i32,
    pub(crate) attempts_max: i32,
}

/// Leases up to `slots` due tasks of each kind. Tasks of one step and subject never run side by side. Nothing waits for the
/// disk: a claim that a crash undoes is a task that still waits.
pub(crate) async fn claim(
    connection: &mut SystemConnection,
    slots: &[(String, i32)],
    worker: &str,
    now: Timestamp,
    leased_until: Timestamp,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let (kinds, free): (Vec<String>, Vec<i32>) = slots.iter().cloned().unzip();
    sqlx::query_as!(
        Claimed,
        r#"SELECT organization_id AS "organization_id!: _", id AS "id!: _", kind AS "kind!", subject_id AS "subject_id!",
               payload AS "payload!", lease AS "lease!", attempts AS "attempts!", attempts_max AS "attempts_max!"
           FROM claim_tasks($1, $2, $3, $4, $5)"#,
        &kinds,
        &free,
        worker,
        now,
        leased_until,
    )
    .fetch_all(&mut **connection)
    .await
}

/// What the heartbeat tells about one running task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: TaskId,
    pub(crate) lease: Uuid,
    pub(crate) progress: Option<f32>,
}

/// Renews leases and writes progress; returns the leases still held, each with whether the task is to stop.
///
/// A task that is ending at this moment has its row locked and is passed over: waiting for it with other rows in hand could
/// make it wait for us.
pub(crate) async fn heartbeat(
    tx: &mut SystemTx,
    beats: &[Beat],
    leased_until: Timestamp,
) -> Result<HashMap<Uuid, bool>, sqlx::Error> {
    let organization_ids: Vec<Uuid> = beats.iter().map(|beat| beat.organization_id.uuid()).collect();
    let ids: Vec<Uuid> = beats.iter().map(|beat| beat.id.uuid()).collect();
    let leases: Vec<Uuid> = beats.iter().map(|beat| beat.lease).collect();
    let progress: Vec<Option<f32>> = beats.iter().map(|beat| beat.progress).collect();
    let rows = sqlx::query!(
        r#"WITH beats AS (
               SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::real[]) AS beats(organization_id, id, lease, progress)
           ), free AS (
               SELECT tasks.organization_id, tasks.id, beats.lease, beats.progress FROM tasks JOIN beats
                   ON tasks.organization_id = beats.organization_id AND tasks.id = beats.id AND tasks.lease = beats.lease
               FOR UPDATE OF tasks SKIP LOCKED
           ), renewed AS (
               UPDATE tasks SET leased_until = $5, progress = COALESCE(free.progress, tasks.progress) FROM free
               WHERE tasks.organization_id = free.organization_id AND tasks.id = free.id
               RETURNING free.lease, free.progress AS moved
           )
           SELECT tasks.lease AS "lease!",
               tasks.cancel_requested OR (o.tasks_held AND NOT is_account_task(tasks.kind)) AS "is_to_stop!",
               CASE WHEN renewed.moved IS NOT NULL THEN pg_notify('memoreel_live', json_build_object(
                   'organization_id', tasks.organization_id, 'subject_id', tasks.subject_id, 'kind', 'task_progress')::text)::text
               END AS notified
           FROM beats JOIN tasks
               ON tasks.organization_id = beats.organization_id AND tasks.id = beats.id AND tasks.lease = beats.lease
           JOIN organizations o ON o.id = tasks.organization_id
           LEFT JOIN renewed ON renewed.lease = beats.lease"#,
        &organization_ids,
        &ids,
        &leases,
        &progress as &[Option<f32>],
        leased_until,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.lease, row.is_to_stop)).collect())
}

/// A lease that ran out, or whose worker is known to be dead.
#[derive(Debug)]
pub(crate) struct Stale {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: TaskId,
    pub(crate) lease: Uuid,
    pub(crate) subject_id: Uuid,
    pub(crate) kind: String,
    pub(crate) attempts: i32,
    pub(crate) attempts_max: i32,
    pub(crate) worker: Option<String>,
    pub(crate) overdue: bool,
}

/// Running tasks whose lease ran out, and those of workers on `host`, dead or alive.
pub(crate) async fn possibly_stale(
    tx: &mut SystemTx,
    host: &str,
    now: Timestamp,
) -> Result<Vec<Stale>, sqlx::Error> {
    sqlx::query_as!(
        Stale,
        r#"SELECT organization_id AS "organization_id: _", id AS "id: _", lease AS "lease!", subject_id, kind, attempts,
               attempts_max, worker, leased_until < $2 AS "overdue!"
           FROM tasks WHERE status = 'running' AND (leased_until < $2 OR starts_with(worker, $1 || '/')) LIMIT 1000"#,
        host,
        now,
    )
    .fetch_all(&mut **tx)
    .await
}
