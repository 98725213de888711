//! From a database error to the constraint it names, which slices turn into their own errors.

/// The name of the violated constraint, if `error` is such a violation.
pub fn violated_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}
