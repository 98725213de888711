//! What can go wrong between the server and its database, in sentences an operator can act on.

/// An error of the database layer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The address is not one PostgreSQL understands.
    #[error("DATABASE_URL is not a PostgreSQL address: {0}")]
    Address(String),
    /// Nobody answered.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// The server is older than the schema needs.
    #[error("PostgreSQL {found} is too old: Memoreel needs {needed} or later")]
    PostgresTooOld {
        /// The version of the server.
        found: String,
        /// The oldest one that works.
        needed: u32,
    },
    /// pgvector is not installed on the server.
    #[error(
        "the extension pgvector is not installed on this PostgreSQL server; install pgvector {needed} or later there"
    )]
    VectorMissing {
        /// The oldest version that works.
        needed: &'static str,
    },
    /// pgvector is installed but too old.
    #[error("pgvector {found} is too old: Memoreel needs {needed} or later")]
    VectorTooOld {
        /// The version offered by the server.
        found: String,
        /// The oldest one that works.
        needed: &'static str,
    },
    /// The serving role could get around row-level security.
    #[error(
        "refusing to serve as {role}: {reason}, so row-level security would not hold; run `memoreel migrate` to set the roles right"
    )]
    UnsafeRole {
        /// The role the pool is signed in as.
        role: String,
        /// What makes it unsafe.
        reason: &'static str,
    },
    /// The schema is older or newer than this binary.
    #[error("the database schema does not fit this version of Memoreel")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// Any other answer of the server.
    #[error("the database refused a statement")]
    Statement(#[from] sqlx::Error),
}

impl DbError {
    /// Whether the server went away or is not there yet, rather than refusing what was asked.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Statement(error) => is_outage(error),
            _ => false,
        }
    }
}

/// Whether a statement was ended because others hold what it needs: it waited too long for them, or they for it.
#[must_use]
pub fn is_contention(error: &sqlx::Error) -> bool {
    // lock_not_available, deadlock_detected, serialization_failure
    has_code(error, &["55P03", "40P01", "40001"])
}

/// Whether a statement names something that others removed, or removes something that others named, at this moment.
#[must_use]
pub fn is_overtaken(error: &sqlx::Error) -> bool {
    // foreign_key_violation
    has_code(error, &["23503"])
}

/// Whether a statement makes something once more that there may be once.
#[must_use]
pub fn is_duplicate(error: &sqlx::Error) -> bool {
    // unique_violation
    has_code(error, &["23505"])
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| codes.contains(&&*code))
}

/// Whether the server went away or is not there yet, rather than refusing what was asked.
#[must_use]
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::BeginFailed => true,
        // class 57, operator intervention: the server is shutting down or starting up
        sqlx::Error::Database(answer) => answer.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}
