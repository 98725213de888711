//! Background tasks: what they do, why they failed, and stopping, retrying and preferring them.

use crate::{
    OperationsError,
    model::{KIND_LENGTH_MAX, PRIORITY_MAX, PRIORITY_MIN, Task, TaskDetails, TaskStats, TaskStatus},
    store::{self, TaskFilter, Visible},
};
use axum::extract::State;
use memoreel_db::TenantTx;
use memoreel_kernel::{Caller, Cursor, Page, TaskId};
use memoreel_tasks::prioritise_task;
use memoreel_web::{
    App, Json, May, PageParams, Params, Problem, ProblemBody, ResourceId, Result,
    action::{EditContent, PrioritiseTasks, ReadContent},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How tasks are narrowed down and paged.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListTasks {
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only what stands like this.
    #[param(inline)]
    status: Option<TaskStatus>,
    /// Only this step.
    #[param(pattern = "^[a-z_]{1,50}$")]
    kind: Option<String>,
    /// Only what works on this video, file or other thing.
    #[param(value_type = Option<String>, format = "uuid")]
    subject_id: Option<Uuid>,
}

/// List tasks
///
/// The work in the background on videos and files one may see, newest first; for who may invite, manage webhooks or export the
/// organization, what is done in the background for that too. What completed or was cancelled is kept for thirty days.
#[utoipa::path(get, path = "/tasks", operation_id = "list_tasks", tag = "Tasks", params(ListTasks),
    responses((status = 200, body = Page<Task>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn list_tasks(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    Params(wanted): Params<ListTasks>,
) -> Result<Json<Page<Task>>> {
    let ListTasks { cursor, limit, status, kind, subject_id } = wanted;
    let page = PageParams { cursor, limit }.page_request()?;
    if kind.as_deref().is_some_and(|kind| !is_name(kind)) {
        let detail = "The kind must be a step's name, such as encode.";
        return Err(Problem::invalid_field("kind", "kind_invalid", detail));
    }
    let filter = TaskFilter { status, kind, subject_id };
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_tasks(&mut tx, &Visible::to(&caller), &filter, &page).await?;
    Ok(Json(page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() })))
}

fn is_name(kind: &str) -> bool {
    (1..=KIND_LENGTH_MAX).contains(&kind.len()) && kind.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'))
}

/// Get statistics of tasks
///
/// How many stand where, since when the oldest one waits, and what was done in the last day: of what one may see.
#[utoipa::path(get, path = "/tasks/stats", operation_id = "get_task_stats", tag = "Tasks",
    responses((status = 200, body = TaskStats), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn get_task_stats(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
) -> Result<Json<TaskStats>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(store::task_stats(&mut tx, &Visible::to(&caller), app.clock.now()).await?))
}

/// Get a task
///
/// With the tries that did not complete it.
#[utoipa::path(get, path = "/tasks/{id}", operation_id = "get_task", tag = "Tasks", params(("id" = TaskId, Path)),
    responses((status = 200, body = TaskDetails), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn get_task(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<TaskId>,
) -> Result<Json<TaskDetails>> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(details(&mut tx, &caller, id).await?))
}

/// What may be changed of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    /// What has a higher one is done first; -20 to 20.
    #[schema(minimum = -20, maximum = 20)]
    priority: i32,
}

/// Update a task
///
/// Puts one that waits before or behind others.
#[utoipa::path(patch, path = "/tasks/{id}", operation_id = "update_task", tag = "Tasks", params(("id" = TaskId, Path)),
    request_body = UpdateTask,
    responses((status = 200, body = TaskDetails), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, description = "`task_not_waiting`", body = ProblemBody),
        (status = 422, description = "`priority_invalid`", body = ProblemBody)))]
pub(super) async fn update_task(
    State(app): State<App>,
    May(caller, _): May<PrioritiseTasks>,
    ResourceId(id): ResourceId<TaskId>,
    Json(UpdateTask { priority }): Json<UpdateTask>,
) -> Result<Json<TaskDetails>> {
    if !(PRIORITY_MIN..=PRIORITY_MAX).contains(&priority) {
        return Err(OperationsError::Priority.into());
    }
    let mut tx = app.db.tenant(&caller).await?;
    find(&mut tx, &caller, id).await?;
    if !prioritise_task(&mut tx, id, priority).await? {
        return Err(OperationsError::NotWaiting.into());
    }
    let changed = details(&mut tx, &caller, id).await?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Cancel a task
///
/// One that waits is over at once. One that runs is told to stop, with whatever it started, and is cancelled within seconds, unless it
/// completes before; `is_stopping` says so meanwhile. What was done before it stays as it is, and its video says what was stopped.
#[utoipa::path(post, path = "/tasks/{id}/cancel", operation_id = "cancel_task", tag = "Tasks", params(("id" = TaskId, Path)),
    responses((status = 200, body = TaskDetails), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, description = "`task_over`", body = ProblemBody)))]
pub(super) async fn cancel_task(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<TaskId>,
) -> Result<Json<TaskDetails>> {
    let mut tx = app.db.tenant(&caller).await?;
    find(&mut tx, &caller, id).await?;
    if !app.events.cancel(&mut tx, id).await? {
        return Err(OperationsError::TaskOver.into());
    }
    let changed = details(&mut tx, &caller, id).await?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Retry a task
///
/// Starts what failed or was cancelled anew, with all its tries.
#[utoipa::path(post, path = "/tasks/{id}/retry", operation_id = "retry_task", tag = "Tasks", params(("id" = TaskId, Path)),
    responses((status = 200, body = TaskDetails), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`nothing_to_retry` or `task_waiting`", body = ProblemBody)))]
pub(super) async fn retry_task(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<TaskId>,
) -> Result<Json<TaskDetails>> {
    let mut tx = app.db.tenant(&caller).await?;
    let task = find(&mut tx, &caller, id).await?;
    if !app.events.retry(&mut tx, id).await.map_err(OperationsError::from)? {
        return Err(match task.status {
            TaskStatus::Failed | TaskStatus::Cancelled => OperationsError::AlreadyWaiting.into(),
            _ => OperationsError::NothingToRetry.into(),
        });
    }
    let changed = details(&mut tx, &caller, id).await?;
    tx.commit().await?;
    Ok(Json(changed))
}

async fn find(tx: &mut TenantTx, caller: &Caller, id: TaskId) -> Result<Task, Problem> {
    Ok(store::find_task(tx, &Visible::to(caller), id).await?.ok_or(OperationsError::TaskNotFound)?)
}

async fn details(tx: &mut TenantTx, caller: &Caller, id: TaskId) -> Result<TaskDetails, Problem> {
    Ok(store::find_details(tx, &Visible::to(caller), id).await?.ok_or(OperationsError::TaskNotFound)?)
}
