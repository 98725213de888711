//! Which organization's files lie in which store: what every process knows of it, the move from one store to another
//! while the organization is at work, and the search for files and rows that have lost each other.
//!
//! The bytes are the blob crate's; what files mean is the slices'. Which rows name files is known to the database alone
//! (`named_files`).

mod error;
mod keeper;
mod model;
mod mover;
mod passes;
mod store;
mod sweep;
mod turn;

pub use error::StoresError;
pub use keeper::{Keeper, MISSED_AFTER};
pub use model::{KnownPlacement, MoveProgress, MoveReport, MoveState};
pub use mover::Mover;
pub use sweep::{Finding, SweepOptions, SweepReport, Sweeper};
