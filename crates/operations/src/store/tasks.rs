//! Tasks as their organization sees them. Changing them is the queue's own.
//!
//! A task is told to whoever may see what it works on: of a video, row-level security says so. Tasks of the organization are told to
//! those who may do what they are for; what is about an account alone, its mails and its copy of itself, is told to nobody here.

use crate::{
    advice::advice,
    model::{Task, TaskCount, TaskDetails, TaskStats, TaskStatus, TaskSubject, TaskThroughput},
};
use chrono::{DateTime, TimeDelta, Utc};
use memoreel_db::TenantTx;
use memoreel_kernel::{Action, Caller, PageRequest, TaskId, Timestamp};
use uuid::Uuid;

/// Tasks of the organization itself, and whom they are told to.
const OF_ORGANIZATION: [(&str, Action); 3] = [
    ("send_invitation", Action::InviteMembers),
    ("send_webhook_notice", Action::ManageWebhooks),
    ("export_organization", Action::ExportOrganization),
];
/// Of what `last_day` tells.
const DAY: TimeDelta = TimeDelta::days(1);

/// Kinds of tasks that a caller may see although they are about no content.
#[derive(Debug)]
pub(crate) struct Visible(Vec<String>);

impl Visible {
    pub(crate) fn to(caller: &Caller) -> Self {
        let kinds = OF_ORGANIZATION.iter().filter(|(_, action)| caller.may(*action));
        Self(kinds.map(|(kind, _)| (*kind).to_owned()).collect())
    }
}

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskFilter {
    pub(crate) status: Option<TaskStatus>,
    pub(crate) kind: Option<String>,
    pub(crate) subject_id: Option<Uuid>,
}

struct TaskRow {
    id: TaskId,
    kind: String,
    status: String,
    subject_id: Uuid,
    video_title: Option<String>,
    asset_name: Option<String>,
    priority: i32,
    progress: f32,
    attempts: i32,
    attempts_max: i32,
    cancel_requested: bool,
    error_code: Option<String>,
    error_message: Option<String>,
    created_at: DateTime<Utc>,
    scheduled_for: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    tries: Option<serde_json::Value>,
    payload: Option<serde_json::Value>,
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        let status = TaskStatus::from_column(&row.status);
        let subject = match (&row.video_title, &row.asset_name) {
            (Some(_), _) => TaskSubject::Video,
            (None, Some(_)) => TaskSubject::Asset,
            (None, None) => TaskSubject::Organization,
        };
        Self {
            advice: advice(status, row.error_code.as_deref()).map(str::to_owned),
            id: row.id,
            kind: row.kind,
            status,
            subject_id: row.subject_id,
            subject,
            subject_title: row.video_title.or(row.asset_name),
            priority: row.priority,
            progress: (row.progress * 100.0).round() as u8,
            attempts: row.attempts,
            attempts_max: row.attempts_max,
            is_stopping: status == TaskStatus::Running && row.cancel_requested,
            error_code: row.error_code,
            error_message: row.error_message,
            created_at: row.created_at,
            scheduled_for: row.scheduled_for,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

/// What tasks are told by: those that the caller may see, with what they work on. `$more` is what a list leaves out.
macro_rules! select_tasks {
    ($more:tt, $chosen:tt, $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            TaskRow,
            r#"SELECT t.id AS "id: _", t.kind, t.status, t.subject_id, v.title AS "video_title?", a.original_filename AS "asset_name?",
                   t.priority, t.progress, t.attempts, t.attempts_max, t.cancel_requested, t.error_code, t.error_message, t.created_at,
                   t.scheduled_for, t.started_at, t.finished_at, "# + $more + r#"
               FROM tasks t
               LEFT JOIN videos v ON v.organization_id = $1 AND v.id = t.subject_id
               LEFT JOIN assets a ON a.organization_id = $1 AND a.id = t.subject_id
               WHERE t.organization_id = $1 AND (v.id IS NOT NULL OR a.id IS NOT NULL OR t.kind = ANY($2)) AND "# + $chosen,
            $($parameter),+
        )
    };
}

/// Newest first, after a cursor: ids are in the order of time. The tasks of one thing are found by it, those that wait, run, failed or were
/// cancelled by indexes of these alone, and all others in the order of the key.
pub(crate) async fn list_tasks(
    tx: &mut TenantTx,
    visible: &Visible,
    filter: &TaskFilter,
    page: &PageRequest,
) -> Result<Vec<Task>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let after = page.begins_after().id;
    let (status, kind) = (filter.status.map(TaskStatus::as_str), filter.kind.as_deref());
    let rows = match filter.subject_id {
        Some(subject_id) => {
            select_tasks!(
                "NULL::jsonb AS tries, NULL::jsonb AS payload",
                "t.subject_id = $3 AND t.id < $4
                 AND CASE WHEN $5::text IS NULL THEN true ELSE t.status = $5 END
                 AND CASE WHEN $6::text IS NULL THEN true ELSE t.kind = $6 END
                 ORDER BY t.id DESC LIMIT $7",
                organization_id.uuid(),
                &visible.0,
                subject_id,
                after,
                status,
                kind,
                page.limit_plus_one(),
            )
            .fetch_all(&mut **tx)
            .await?
        }
        None => {
            select_tasks!(
                "NULL::jsonb AS tries, NULL::jsonb AS payload",
                "t.id < $3
                 AND CASE WHEN $4::text IS NULL THEN true ELSE t.status = $4 END
                 AND CASE WHEN $5::text IS NULL THEN true ELSE t.kind = $5 END
                 ORDER BY t.id DESC LIMIT $6",
                organization_id.uuid(),
                &visible.0,
                after,
                status,
                kind,
                page.limit_plus_one(),
            )
            .fetch_all(&mut **tx)
            .await?
        }
    };
    Ok(rows.into_iter().map(Task::from).collect())
}

/// One task, if the caller may see it.
pub(crate) async fn find_task(
    tx: &mut TenantTx,
    visible: &Visible,
    id: TaskId,
) -> Result<Option<Task>, sqlx::Error> {
    Ok(find_row(tx, visible, id).await?.map(Task::from))
}

/// One task with its tries, if the caller may see it.
pub(crate) async fn find_details(
    tx: &mut TenantTx,
    visible: &Visible,
    id: TaskId,
) -> Result<Option<TaskDetails>, sqlx::Error> {
    Ok(find_row(tx, visible, id).await?.map(|mut row| {
        let tries = row.tries.take().and_then(|tries| serde_json::from_value(tries).ok()).unwrap_or_default();
        let payload = row.payload.take();
        let task = Task::from(row);
        // What others are told may hold addresses.
        let payload = payload.filter(|_| task.subject != TaskSubject::Organization);
        TaskDetails { task, tries, payload }
    }))
}

async fn find_row(tx: &mut TenantTx, visible: &Visible, id: TaskId) -> Result<Option<TaskRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    select_tasks!(
        r#"t.tries AS "tries?", t.payload AS "payload?""#,
        "t.id = $3",
        organization_id.uuid(),
        &visible.0,
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

struct StatsRow {
    kind: String,
    status: String,
    count: i64,
    last_day: i64,
    waiting_since: Option<DateTime<Utc>>,
    duration_ms_p50: Option<f64>,
    duration_ms_p95: Option<f64>,
}

/// How the queue is doing. All of them are looked at, but only what they took in the last day is sorted: percentiles beside the counts would have
/// all be sorted, on the disk.
pub(crate) async fn task_stats(
    tx: &mut TenantTx,
    visible: &Visible,
    now: Timestamp,
) -> Result<TaskStats, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query_as!(
        StatsRow,
        r#"SELECT kind AS "kind!", status AS "status!", number AS "count!", last_day AS "last_day!", waiting_since AS "waiting_since?",
               percentiles[1] AS "duration_ms_p50?", percentiles[2] AS "duration_ms_p95?"
           FROM (
               SELECT t.kind, t.status, count(*) AS number, count(*) FILTER (WHERE t.finished_at > $3) AS last_day,
                   min(t.scheduled_for) FILTER (WHERE t.status = 'pending' AND t.scheduled_for <= $4) AS waiting_since,
                   array_agg(EXTRACT(EPOCH FROM t.finished_at - t.started_at)::float8 * 1000)
                       FILTER (WHERE t.status = 'completed' AND t.finished_at > $3) AS took
               FROM tasks t
               LEFT JOIN videos v ON v.organization_id = $1 AND v.id = t.subject_id
               LEFT JOIN assets a ON a.organization_id = $1 AND a.id = t.subject_id
               WHERE t.organization_id = $1 AND (v.id IS NOT NULL OR a.id IS NOT NULL OR t.kind = ANY($2))
               GROUP BY t.kind, t.status
           ) AS seen
           CROSS JOIN LATERAL (
               SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY took_ms) AS percentiles
               FROM unnest(took) AS took_ms
           ) AS spread
           ORDER BY kind, status"#,
        organization_id.uuid(),
        &visible.0,
        now - DAY,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    let oldest_waiting_since = rows.iter().filter_map(|row| row.waiting_since).min();
    let mut last_day: Vec<TaskThroughput> = Vec::new();
    for row in &rows {
        let (completed, failed) = match row.status.as_str() {
            "completed" => (row.last_day, 0),
            "failed" => (0, row.last_day),
            _ => continue,
        };
        if row.last_day == 0 {
            continue;
        }
        match last_day.last_mut().filter(|last| last.kind == row.kind) {
            Some(last) => {
                last.completed += completed;
                last.failed += failed;
            }
            // Those that completed come first.
            None => last_day.push(TaskThroughput {
                kind: row.kind.clone(),
                completed,
                failed,
                duration_ms_p50: row.duration_ms_p50,
                duration_ms_p95: row.duration_ms_p95,
            }),
        }
    }
    let counts = rows.into_iter().map(|row| TaskCount {
        kind: row.kind,
        status: TaskStatus::from_column(&row.status),
        count: row.count,
    });
    Ok(TaskStats { counts: counts.collect(), oldest_waiting_since, last_day })
}
