//! The whole server from outside: real router, real database, real files; fake engines and a clock that tests move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod ahead;
mod app;
mod audit;
mod catalog;
mod client;
mod crash;
mod engines;
mod invitations;
mod isolation;
mod killed;
mod library;
mod members;
mod nearest;
mod openapi;
mod organizations;
mod pipeline;
mod problems;
mod process;
mod queue;
mod roles;
mod search;
mod tasks;
mod uploads;
