//! What a task is, as slices see it.

use crate::Handle;
use serde::Serialize;
use uuid::Uuid;

/// A task to be enqueued.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Which handler runs it.
    pub kind: &'static str,
    /// What it works on: the video. Tasks of one subject are shown together, and but for side tasks retried and settled together.
    pub subject_id: Uuid,
    /// The handler's input.
    pub payload: serde_json::Value,
    /// Higher runs first.
    pub priority: i32,
    /// How often it may be started before it counts as failed.
    pub attempts_max: i32,
}

impl NewTask {
    /// A task of normal priority with three retries.
    pub fn new(kind: &'static str, subject_id: impl Into<Uuid>, payload: serde_json::Value) -> Self {
        Self { kind, subject_id: subject_id.into(), payload, priority: 0, attempts_max: 4 }
    }

    /// A task for this handler.
    pub fn of<H: Handle>(subject_id: impl Into<Uuid>, payload: H::Payload) -> Self {
        let payload = serde_json::to_value(payload)
            .unwrap_or_else(|error| unreachable!("payloads are plain data: {error}"));
        Self::new(H::KIND, subject_id, payload)
    }

    /// The same with another priority.
    pub fn priority(self, priority: i32) -> Self {
        Self { priority, ..self }
    }
}

/// Where one step of a subject's processing stands.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TaskStage {
    /// The step.
    pub stage: String,
    /// How far it is.
    pub status: StageStatus,
    /// 0 to 100.
    pub progress: u8,
    /// What went wrong, in a sentence, when it failed or waits for another try.
    pub message: Option<String>,
    /// The stable code of what went wrong.
    pub code: Option<String>,
}

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// In the queue, waiting for another try, or for its organization to go on.
    Waiting,
    /// A worker is on it.
    Running,
    /// Done.
    Completed,
    /// Given up, or stopped by somebody; a retry starts it again.
    Failed,
    /// Not needed any more.
    Cancelled,
}

impl StageStatus {
    pub(crate) fn from_column(status: &str) -> Self {
        match status {
            "running" => StageStatus::Running,
            "completed" => StageStatus::Completed,
            "failed" => StageStatus::Failed,
            "cancelled" => StageStatus::Cancelled,
            _ => StageStatus::Waiting,
        }
    }
}
