//! Who changed what: reading, exporting and verifying the audit log.
//!
//! Entries are written by triggers (`record_audit()` in the migrations), in the transaction of the change itself; nothing here, and
//! nothing else, writes one. A chain of hashes per organization, which [`seal`] extends, shows whether one was changed or removed.

mod chain;
mod export;
mod model;
mod routes;
mod store;

pub use chain::{Chain, seal, verify};
pub use export::json_lines;
pub use model::{AuditActor, AuditEntry};
pub use routes::router;
