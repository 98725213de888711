//! The one binary: configuration, assembly of the slices, the pipeline and the command line.

pub mod assemble;
pub mod cli;
pub mod config;
pub mod database;
mod describe;
pub mod dev_mails;
pub mod docs;
pub mod engines;
pub mod headers;
pub mod health;
pub mod maintenance;
mod mcp;
mod memory;
pub mod pipeline;
pub mod router;
pub mod secret;
pub mod serve;
pub mod sign_in;
pub mod stores;
pub mod ui;
