//! The database crate against a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is how a test fails")]

mod embedded;
