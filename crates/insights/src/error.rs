//! What can go wrong in a request to this slice.

use memoreel_db::DbError;
use memoreel_web::Problem;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum InsightsError {
    /// The video does not exist, is deleted, or the caller may not see it.
    #[error("there is no such video")]
    VideoMissing,
    /// The database failed.
    #[error("{0}")]
    Db(#[from] DbError),
    /// A statement failed.
    #[error("{0}")]
    Statement(#[from] sqlx::Error),
}

impl From<InsightsError> for Problem {
    fn from(error: InsightsError) -> Self {
        match error {
            InsightsError::VideoMissing => Self::not_found("video"),
            InsightsError::Db(error) => error.into(),
            InsightsError::Statement(error) => error.into(),
        }
    }
}
