//! What tests of every crate share: a real PostgreSQL, and a database of its own for each test; real S3 servers, and a proxy
//! before them with which requests go wrong.
//!
//! `cargo xtask test` starts one server for all test processes; a test that is run alone starts its own.

mod abandoned;
mod cluster;
mod database;
mod faults;
mod garage;
mod s3;
mod s3_files;

pub use cluster::{SHARED_CLUSTER, cluster};
pub use database::TestDatabase;
pub use faults::{Fault, FaultProxy, SeenRequest, unreliable};
pub use garage::Garage;
pub use s3::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};

/// The secret of every test installation.
pub const SECRET: [u8; 32] = [7; 32];
