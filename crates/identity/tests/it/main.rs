//! The slice over HTTP, against a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

mod accounts;
mod api_keys;
mod harness;
mod requests;
mod sessions;
