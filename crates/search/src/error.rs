//! What can go wrong in a search.

use memoreel_ai::AiError;
use memoreel_db::DbError;
use memoreel_tasks::TaskFailure;
use memoreel_web::Problem;

/// Why a search was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query is empty or too long.
    #[error("the query is empty or too long")]
    QueryInvalid,
    /// The number of hits asked for is out of bounds.
    #[error("the limit is out of bounds")]
    LimitInvalid,
    /// What to look in is not known.
    #[error("`{0}` is nothing that is searched")]
    KindInvalid(String),
    /// A date is neither a time nor a day.
    #[error("`{field}` is neither a time nor a day")]
    DateInvalid {
        /// The parameter.
        field: &'static str,
    },
    /// The query could not be turned into a vector.
    #[error("the query could not be embedded: {0}")]
    Embedding(#[source] AiError),
    /// The database failed.
    #[error("{0}")]
    Db(#[from] DbError),
    /// A statement failed.
    #[error("{0}")]
    Statement(#[from] sqlx::Error),
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::QueryInvalid => Self::invalid_field(
                "q",
                "query_invalid",
                format!("A query has 1 to {} characters.", crate::QUERY_CHARS_MAX),
            ),
            SearchError::LimitInvalid => Self::invalid_field(
                "limit",
                "limit_invalid",
                format!("The limit must be 1 to {}.", crate::LIMIT_MAX),
            ),
            SearchError::KindInvalid(_) => Self::invalid_field(
                "kind",
                "kind_invalid",
                "The kind must be video, document or image, or several of them with commas between.",
            ),
            SearchError::DateInvalid { field } => Self::invalid_field(
                field,
                "date_invalid",
                "A date is a day such as 2026-11-20 or a time such as 2026-11-20T17:00:00Z.",
            ),
            SearchError::Embedding(error) => {
                tracing::warn!(%error, "a query could not be embedded");
                Self::unavailable("meaning_unavailable", "Search by meaning is not available at the moment.")
                    .hint("Search with mode=keyword, or try again.")
            }
            SearchError::Db(error) => error.into(),
            SearchError::Statement(error) => error.into(),
        }
    }
}

impl From<SearchError> for TaskFailure {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Db(error) => error.into(),
            SearchError::Statement(error) => error.into(),
            other => Self::internal(other),
        }
    }
}
