//! A person's data and an organization's as a whole: taking it along, and removing it, wherever it lies.
//!
//! This is above all other slices and knows their tables. What must go with a person or an organization is asked of the
//! database's own catalog where that is sounder than asking each slice: a reference to a person says what happens to its row,
//! and a test holds every table against a list of decisions. What somebody agreed to is identity's.

mod archive;
mod erase;
mod error;
mod export;
mod journal;
mod model;
mod organization_export;
mod packing;
mod page;
mod routes;
mod store;

pub use erase::{AskedBy, Eraser, Subject};
pub use error::PrivacyError;
pub use export::{ExportTask, WriteExport};
pub use journal::{Journal, JournalEntry};
pub use model::{Amount, ErasureReport, Kept, KnownErasure, Rows};
pub use organization_export::{OrganizationExportTask, WriteOrganizationExport};
pub use routes::router;

use chrono::TimeDelta;

/// The notification channel on which those who keep an organization's vectors in memory are told to forget them.
pub const ERASED_CHANNEL: &str = "memoreel_erased";
/// How long an export can be fetched.
pub const EXPORT_KEPT_FOR: TimeDelta = TimeDelta::days(7);
/// How many exports of a person, or of an organization, are kept at a time: each is as large as everything in it.
pub const EXPORTS_KEPT_MAX: i64 = 3;
