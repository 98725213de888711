//! The whole server from outside: real router, real database, real files; fake engines and a clock that tests move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod accounts;
mod ahead;
mod app;
mod audit;
mod catalog;
mod client;
mod closing;
mod conditions;
mod consents;
mod crash;
mod engines;
mod erasure;
mod exports;
mod headers;
mod invitations;
mod isolation;
mod killed;
mod library;
mod members;
mod mutation;
mod nearest;
mod openapi;
mod organizations;
mod pipeline;
mod pooled;
mod positions;
mod preferences;
mod probe;
mod problems;
mod process;
mod queue;
mod roles;
mod search;
mod second_factor;
mod serving_role;
mod smtp;
mod tasks;
mod uploads;
