//! Why a task did not complete.

use memoreel_db::{DbError, is_contention, is_outage};
use std::{error::Error, time::Duration};

/// The failure of one try.
#[derive(Debug)]
pub struct TaskFailure {
    /// Stable, for programs.
    pub code: &'static str,
    /// A sentence for the person whose recording it is.
    pub message: String,
    /// Whether another try can only fail the same way.
    pub permanent: bool,
    /// For the log.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) kind: FailureKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Failed,
    /// The database went away; the task itself is not at fault.
    Outage,
    /// The database ended the try for the sake of others that changed the same things; the task itself is not at fault.
    Contended,
    /// Another worker has the task now; nothing may be written.
    LeaseLost,
    /// The try went further than the one before, and the next goes on from there.
    CameFurther,
    /// The place is others' for so long.
    GaveWay(Duration),
    /// Something else of the same subject came first; this begins again after so long.
    Overtaken(Duration),
}

impl TaskFailure {
    /// Another try cannot help: the input itself is at fault.
    pub fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), permanent: true, source: None, kind: FailureKind::Failed }
    }

    /// Another try may help.
    pub fn transient(code: &'static str, message: impl Into<String>) -> Self {
        Self { permanent: false, ..Self::permanent(code, message) }
    }

    /// Something inside Memoreel failed; the cause goes to the log and not to the user.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "Something went wrong inside Memoreel. The server's log says what.";
        Self { source: Some(source.into()), ..Self::transient("internal", message) }
    }

    /// Attaches the cause for the log.
    pub fn caused_by(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// No failure, and no try that counts: the organization has as much of this step under way as it may. The task gives its place
    /// back, and with it the organization's others that wait for the same step, until `wait` is over: each would do the same.
    pub fn gave_way(wait: Duration) -> Self {
        Self {
            kind: FailureKind::GaveWay(wait),
            ..Self::transient("organization_busy", "As much of this is under way as may be at once.")
        }
    }

    /// No failure, and no try that counts: something else of the same subject comes first, or came in between. The task alone begins again
    /// once `wait` is over.
    pub fn overtaken(wait: Duration) -> Self {
        Self {
            kind: FailureKind::Overtaken(wait),
            ..Self::transient("overtaken", "Something else came first; this step begins again.")
        }
    }

    /// The next try goes on where this one ended, and has one more after it: what comes in pieces takes as many tries as there are pieces,
    /// up to a hundred.
    #[must_use]
    pub fn after_progress(self) -> Self {
        Self { kind: FailureKind::CameFurther, ..self }
    }

    fn outage(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "The database was away for a moment; this step starts again.";
        Self {
            kind: FailureKind::Outage,
            source: Some(source.into()),
            ..Self::transient("database_unavailable", message)
        }
    }

    fn contended(source: sqlx::Error) -> Self {
        let message = "Others were changing the same things at this moment; this step starts again.";
        Self {
            kind: FailureKind::Contended,
            source: Some(source.into()),
            ..Self::transient("server_busy", message)
        }
    }

    /// Whether the database may take in a moment what it did not take now.
    pub(crate) fn is_of_the_moment(&self) -> bool {
        matches!(self.kind, FailureKind::Outage | FailureKind::Contended)
    }

    pub(crate) fn lease_lost() -> Self {
        Self {
            kind: FailureKind::LeaseLost,
            ..Self::transient("lease_lost", "Another worker has taken over.")
        }
    }
}

impl From<DbError> for TaskFailure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Statement(error) => error.into(),
            other if other.is_outage() => Self::outage(other),
            other => Self::internal(other),
        }
    }
}

impl From<sqlx::Error> for TaskFailure {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            Self::outage(error)
        } else if is_contention(&error) {
            Self::contended(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<std::io::Error> for TaskFailure {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}
