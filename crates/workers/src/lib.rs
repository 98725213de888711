//! Processes that do what may go wrong with files of strangers: started when needed, kept, held to limits, replaced when they
//! die or take too long, and gone when we are.
//!
//! Workers are programs of ours. Both sides speak in frames ([`frames`]): a header in JSON and the bytes of a file. What they say is
//! their own. Programs of others are children with limits ([`limited`]). This crate knows neither images nor documents.

mod frames;
mod limited;
mod pool;
mod spawn;
mod worker;

pub use limited::{ChildGroup, ChildLimits, start_limited};
pub use pool::{Pool, PoolLimits, Session, Turn, WorkError};
pub use spawn::start;
pub use worker::work;
