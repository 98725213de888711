//! Tasks that are done beside their subjects, whatever their kind.

use super::recording::TaskColumns;
use crate::{NewTask, events::TASKS_CHANNEL};
use memoreel_db::TenantTx;
use memoreel_kernel::{TaskId, Timestamp};
use std::collections::BTreeSet;

/// Enqueues what is to be done again beside its subjects, which neither wait for it nor fail with it; returns the kind of each task that is
/// new. One that waits or runs already stands for the new one; one that waits is given what only the new payload says. One that failed or was
/// stopped is replaced.
///
/// # Errors
/// When the statement fails.
pub async fn enqueue_side_tasks(
    tx: &mut TenantTx,
    tasks: Vec<NewTask>,
    now: Timestamp,
) -> Result<Vec<String>, sqlx::Error> {
    if tasks.is_empty() {
        return Ok(Vec::new());
    }
    let organization_id = tx.organization_id();
    let columns = TaskColumns::of(tasks, now);
    // Otherwise each time that it fails would leave a row.
    sqlx::query!(
        "DELETE FROM tasks USING UNNEST($2::uuid[], $3::text[]) AS wanted(subject_id, kind)
         WHERE tasks.organization_id = $1 AND tasks.subject_id = wanted.subject_id AND tasks.kind = wanted.kind
             AND tasks.is_side AND tasks.status IN ('failed', 'cancelled')",
        organization_id.uuid(),
        &columns.subject_ids,
        &columns.kinds,
    )
    .execute(&mut **tx)
    .await?;
    let enqueued = sqlx::query_scalar!(
        r#"WITH enqueued AS (
               INSERT INTO tasks (organization_id, id, kind, subject_id, payload, priority, attempts_max, scheduled_for, created_at,
                   is_side, status)
               SELECT $1, wanted.id, wanted.kind, wanted.subject_id, wanted.payload, wanted.priority, wanted.attempts_max,
                   $2::timestamptz, $2::timestamptz, true,
                   -- Locked, so that whoever lets the organization go on sees what is held meanwhile.
                   CASE WHEN (SELECT tasks_held FROM organizations WHERE id = $1 AND tasks_held FOR SHARE)
                       AND NOT is_account_task(wanted.kind) THEN 'held' ELSE 'pending' END
               FROM UNNEST($3::uuid[], $4::text[], $5::uuid[], $6::jsonb[], $7::int[], $8::int[])
                   AS wanted(id, kind, subject_id, payload, priority, attempts_max)
               -- One that begins meanwhile is not seen here: the new one waits behind it then, and takes its place if it gives way (end_run).
               WHERE NOT EXISTS (SELECT FROM tasks running WHERE running.organization_id = $1
                   AND running.subject_id = wanted.subject_id AND running.kind = wanted.kind AND running.status = 'running'
                   AND running.payload @> wanted.payload)
               ON CONFLICT (organization_id, subject_id, kind) WHERE status IN ('pending', 'held')
                   DO UPDATE SET payload = tasks.payload || excluded.payload WHERE NOT tasks.payload @> excluded.payload
               RETURNING kind, xmax = 0 AS is_new
           )
           SELECT kind AS "kind!" FROM enqueued WHERE is_new"#,
        organization_id.uuid(),
        now,
        &columns.ids,
        &columns.kinds,
        &columns.subject_ids,
        &columns.payloads,
        &columns.priorities,
        &columns.attempts_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let kinds: BTreeSet<&String> = enqueued.iter().collect();
    for kind in kinds {
        tx.announce(TASKS_CHANNEL, kind.clone());
    }
    Ok(enqueued)
}

/// Whether nobody waits for a task: by its kind, or because it was enqueued so. A task that is gone is none.
pub(crate) async fn is_side(tx: &mut TenantTx, id: TaskId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let is_side = sqlx::query_scalar!(
        r#"SELECT is_side OR is_side_task(kind) AS "is_side!" FROM tasks WHERE organization_id = $1 AND id = $2"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(is_side.unwrap_or(false))
}
