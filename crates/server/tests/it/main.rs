//! The whole server from outside: real router, real database, real files; fake engines and a clock that tests move.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod accounts;
mod ahead;
mod app;
mod audit;
mod authenticator;
mod catalog;
mod client;
mod conditions;
mod crash;
mod domains;
mod engines;
mod headers;
mod invitations;
mod isolation;
mod killed;
mod library;
mod members;
mod mutation;
mod nearest;
mod oidc;
mod openapi;
mod organizations;
mod own_postgres;
mod passkeys;
mod pipeline;
mod pooled;
mod positions;
mod preferences;
mod probe;
mod problems;
mod process;
mod proxies;
mod queue;
mod roles;
mod round_trips;
mod sealed;
mod search;
mod second_factor;
mod serving_role;
mod smtp;
mod sso;
mod tasks;
mod uploads;
