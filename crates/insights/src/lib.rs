//! What a recording comes down to: a summary, key points and chapters, each with the seconds it comes from.
//!
//! Without a language model everything is made of the recording's own sentences ([`extract`]); with one, its answer is
//! kept only if every statement cites sentences that exist ([`generated`]).

mod error;
pub mod extract;
mod generated;
mod jobs;
mod material;
mod model;
mod routes;
mod store;

pub use error::InsightsError;
pub use jobs::{Summarise, SummarisePayload};
pub use model::{Chapter, KeyPoint, SummarySentence};
pub use routes::router;

/// The engine name of summaries made of the recording's own sentences.
pub const EXTRACTIVE_ENGINE: &str = "extractive";
