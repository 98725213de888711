//! How what happened is written down, with the tasks that follow.

use crate::{
    NewTask,
    events::{LIVE_CHANNEL, TASKS_CHANNEL},
};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{Event, LiveEvent, OrganizationId, TaskId, Timestamp};
use uuid::Uuid;

/// Outbox row and tasks, in one statement; listeners hear of them once it is committed. A task that waits already stands for the new one,
/// with the higher priority.
pub(crate) async fn record_event(
    tx: &mut TenantTx,
    event: &Event,
    tasks: Vec<NewTask>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    // Without tasks there is less to begin and to end in the database, which took a fifth of its time.
    let enqueued = if tasks.is_empty() {
        insert_event(tx, event, now).await?;
        Vec::new()
    } else {
        insert_event_with_tasks(tx, event, tasks, now).await?
    };
    for kind in enqueued {
        tx.announce(TASKS_CHANNEL, kind);
    }
    let told = LiveEvent { organization_id, subject_id: event.subject_id(), kind: event.kind().to_owned() };
    tx.announce(LIVE_CHANNEL, serde_json::to_string(&told).unwrap_or_default());
    Ok(())
}

async fn insert_event(tx: &mut TenantTx, event: &Event, now: Timestamp) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO outbox (organization_id, kind, aggregate_id, payload, created_at) VALUES ($1, $2, $3, $4, $5)",
        organization_id.uuid(),
        event.kind(),
        event.subject_id(),
        payload_of(event),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Returns the kinds of the tasks.
async fn insert_event_with_tasks(
    tx: &mut TenantTx,
    event: &Event,
    tasks: Vec<NewTask>,
    now: Timestamp,
) -> Result<Vec<String>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let columns = TaskColumns::of(tasks, now);
    sqlx::query_scalar!(
        r#"WITH happened AS (
               INSERT INTO outbox (organization_id, kind, aggregate_id, payload, created_at) VALUES ($1, $2, $3, $4, $5)
           ), enqueued AS (
               INSERT INTO tasks (organization_id, id, kind, subject_id, payload, priority, attempts_max, scheduled_for, created_at,
                   status)
               SELECT $1, new.id, new.kind, new.subject_id, new.payload, new.priority, new.attempts_max, $5, $5,
                   -- Locked, so that whoever lets the organization go on sees what is held meanwhile.
                   CASE WHEN (SELECT tasks_held FROM organizations WHERE id = $1 AND tasks_held FOR SHARE)
                       AND NOT is_account_task(new.kind) THEN 'held' ELSE 'pending' END
               FROM UNNEST($6::uuid[], $7::text[], $8::uuid[], $9::jsonb[], $10::int[], $11::int[])
                   AS new(id, kind, subject_id, payload, priority, attempts_max)
               -- One that waits is held until this is committed, or it would begin before it can see what happened.
               ON CONFLICT (organization_id, subject_id, kind) WHERE status IN ('pending', 'held')
                   -- One that waits beside its subject is a step of it from now on.
                   DO UPDATE SET priority = greatest(tasks.priority, excluded.priority), is_side = false
               RETURNING kind
           )
           SELECT kind FROM enqueued"#,
        organization_id.uuid(),
        event.kind(),
        event.subject_id(),
        payload_of(event),
        now,
        &columns.ids,
        &columns.kinds,
        &columns.subject_ids,
        &columns.payloads,
        &columns.priorities,
        &columns.attempts_max,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Outbox rows of what a sweep over organizations does, from which no tasks follow; listeners hear of them with its commit.
pub(crate) async fn record_swept(
    tx: &mut SystemTx,
    happened: &[(OrganizationId, Event)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_ids: Vec<Uuid> = happened.iter().map(|(id, _)| id.uuid()).collect();
    let kinds: Vec<String> = happened.iter().map(|(_, event)| event.kind().to_owned()).collect();
    let subject_ids: Vec<Uuid> = happened.iter().map(|(_, event)| event.subject_id()).collect();
    let payloads: Vec<serde_json::Value> = happened.iter().map(|(_, event)| payload_of(event)).collect();
    sqlx::query!(
        r#"WITH happened AS (
               INSERT INTO outbox (organization_id, kind, aggregate_id, payload, created_at)
               SELECT new.organization_id, new.kind, new.subject_id, new.payload, $5::timestamptz
               FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[]) AS new(organization_id, kind, subject_id, payload)
               RETURNING organization_id, kind, aggregate_id
           )
           SELECT pg_notify('memoreel_live', json_build_object(
               'organization_id', organization_id, 'subject_id', aggregate_id, 'kind', kind)::text)::text AS "told?" FROM happened"#,
        &organization_ids,
        &kinds,
        &subject_ids,
        &payloads,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

fn payload_of(event: &Event) -> serde_json::Value {
    serde_json::to_value(event).unwrap_or_default()
}

/// New tasks, column by column, as a statement takes them.
#[derive(Default)]
pub(super) struct TaskColumns {
    pub(super) ids: Vec<Uuid>,
    pub(super) kinds: Vec<String>,
    pub(super) subject_ids: Vec<Uuid>,
    pub(super) payloads: Vec<serde_json::Value>,
    pub(super) priorities: Vec<i32>,
    pub(super) attempts_max: Vec<i32>,
}

impl TaskColumns {
    /// In one order, so that two who hold what waits do not wait for each other.
    pub(super) fn of(mut tasks: Vec<NewTask>, now: Timestamp) -> Self {
        tasks.sort_by(|a, b| (a.subject_id, a.kind).cmp(&(b.subject_id, b.kind)));
        let mut columns = Self::default();
        for task in tasks {
            columns.push(task, now);
        }
        columns
    }

    fn push(&mut self, task: NewTask, now: Timestamp) {
        self.ids.push(TaskId::new(now).uuid());
        self.kinds.push(task.kind.to_owned());
        self.subject_ids.push(task.subject_id);
        self.payloads.push(task.payload);
        self.priorities.push(task.priority);
        self.attempts_max.push(task.attempts_max);
    }
}
