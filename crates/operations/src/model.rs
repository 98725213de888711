//! What people see of tasks.

use chrono::{DateTime, Utc};
use memoreel_kernel::TaskId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// The least and the greatest priority: what the pipeline itself makes use of.
pub(crate) const PRIORITY_MIN: i32 = -20;
/// See [`PRIORITY_MIN`].
pub(crate) const PRIORITY_MAX: i32 = 20;
/// The longest name of a step that is asked for.
pub(crate) const KIND_LENGTH_MAX: usize = 50;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// In the queue, for the first time or until its next try.
    Pending,
    /// In the queue, until its organization goes on.
    Held,
    /// A worker is on it.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Stopped by somebody, or not needed any more.
    Cancelled,
}

impl TaskStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn from_column(status: &str) -> Self {
        match status {
            "held" => Self::Held,
            "running" => Self::Running,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Pending,
        }
    }
}

/// What kind of thing a task works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskSubject {
    /// A video.
    Video,
    /// A file that stands for itself, such as an image.
    Asset,
    /// Something of the organization: an invitation, a notice, an export.
    Organization,
}

/// A piece of work in the background.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The step: `store`, `probe`, `package`, `encode`, `picture`, `waveform`, `key_frames`, `audio`, `transcribe`, `index`, `summarise`, and others.
    #[schema(example = "encode")]
    pub kind: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// What it works on.
    pub subject_id: Uuid,
    /// What kind of thing that is.
    pub subject: TaskSubject,
    /// The title of the video, or the name of the file.
    pub subject_title: Option<String>,
    /// What has a higher one is done first.
    pub priority: i32,
    /// 0 to 100.
    pub progress: u8,
    /// How often it was started.
    pub attempts: i32,
    /// How often it may be started.
    pub attempts_max: i32,
    /// Whether it runs and was asked to stop.
    pub is_stopping: bool,
    /// The stable code of what went wrong.
    pub error_code: Option<String>,
    /// What went wrong, in a sentence.
    pub error_message: Option<String>,
    /// What can be done about it, in a sentence.
    pub advice: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it is due; of interest while it waits.
    pub scheduled_for: DateTime<Utc>,
    /// When it was last started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to its end.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How a try that did not complete a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TryOutcome {
    /// Something went wrong.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A try that did not complete a task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskTry {
    /// Its number since the task was last asked for.
    pub attempt: i32,
    /// When it began; absent for one that was stopped while it waited.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: TryOutcome,
    /// The stable code of what went wrong.
    pub code: Option<String>,
    /// What went wrong, in a sentence.
    pub message: Option<String>,
}

/// A task with what became of its tries.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskDetails {
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// The last twenty tries that did not complete it, oldest first.
    pub tries: Vec<TaskTry>,
    /// What the step was told, where it is about a video or a file: ids of it.
    #[schema(value_type = Option<Object>)]
    pub payload: Option<Value>,
}

/// How many tasks of a kind stand like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskCount {
    /// The step.
    pub kind: String,
    /// Where they stand.
    pub status: TaskStatus,
    /// How many there are.
    pub count: i64,
}

/// What became of the tasks of a kind within the last day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskThroughput {
    /// The step.
    pub kind: String,
    /// How many completed.
    pub completed: i64,
    /// How many were given up.
    pub failed: i64,
    /// How long half of those that completed took at most, from their last start.
    pub duration_ms_p50: Option<f64>,
    /// How long nineteen of twenty took at most.
    pub duration_ms_p95: Option<f64>,
}

/// How the queue is doing, as far as the caller may see.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskStats {
    /// By kind and status.
    pub counts: Vec<TaskCount>,
    /// When the task was due that has waited longest; absent when none is overdue.
    pub oldest_waiting_since: Option<DateTime<Utc>>,
    /// By kind, of the last 24 hours.
    pub last_day: Vec<TaskThroughput>,
}
