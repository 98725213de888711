//! Why the slice refuses.

use crate::model::{PRIORITY_MAX, PRIORITY_MIN};
use memoreel_db::{DbError, violated_constraint};
use memoreel_web::Problem;

/// An error of the operations slice.
#[derive(Debug, thiserror::Error)]
pub enum OperationsError {
    /// No such task, or not for this caller.
    #[error("there is no such task")]
    TaskNotFound,
    /// It came to its end already.
    #[error("the task is over")]
    TaskOver,
    /// It has not come to its end, or completed.
    #[error("the task neither failed nor was cancelled")]
    NothingToRetry,
    /// Another task of the same step waits.
    #[error("the step waits already")]
    AlreadyWaiting,
    /// Its turn has come already.
    #[error("the task does not wait")]
    NotWaiting,
    /// No such priority.
    #[error("the priority must be {PRIORITY_MIN} to {PRIORITY_MAX}")]
    Priority,
    /// The range does not end after it begins, or is too long.
    #[error("the range must end after it begins and have at most 750 points")]
    Range,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for OperationsError {
    fn from(error: sqlx::Error) -> Self {
        match violated_constraint(&error) {
            // Two were retried at once.
            Some("tasks_waiting_key") => Self::AlreadyWaiting,
            _ => Self::Database(error.into()),
        }
    }
}

impl From<OperationsError> for Problem {
    fn from(error: OperationsError) -> Self {
        match error {
            OperationsError::TaskNotFound => Self::not_found("task"),
            OperationsError::TaskOver => {
                Self::conflict("task_over", "The task has come to its end, so there is nothing to stop.")
            }
            OperationsError::NothingToRetry => Self::conflict(
                "nothing_to_retry",
                "Only a task that failed or was cancelled can be started anew.",
            ),
            OperationsError::AlreadyWaiting => {
                Self::conflict("task_waiting", "The same step of the same thing waits already.")
                    .hint("Wait for that one.")
            }
            OperationsError::NotWaiting => Self::conflict(
                "task_not_waiting",
                "Only a task that waits can be put before or behind others.",
            ),
            OperationsError::Priority => Self::invalid_field(
                "priority",
                "priority_invalid",
                format!("The priority must be {PRIORITY_MIN} to {PRIORITY_MAX}."),
            ),
            OperationsError::Range => Self::invalid_field(
                "to",
                "period_invalid",
                "The range must end after it begins, and be of at most 750 hours or days.",
            ),
            OperationsError::Database(error) => error.into(),
        }
    }
}
