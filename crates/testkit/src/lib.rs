//! What tests of every crate share: a real PostgreSQL, and a database of its own for each test.
//!
//! `cargo xtask test` starts one server for all test processes; a test that is run alone starts its own.

mod cluster;
mod database;

pub use cluster::{SHARED_CLUSTER, cluster};
pub use database::TestDatabase;

/// The secret of every test installation.
pub const SECRET: [u8; 32] = [7; 32];
