//! Finding the second at which something was said: passages, their vectors, and hybrid retrieval.
//!
//! A transcript is cut into passages ([`chunking`]) whose sentences ([`moments`]) keep their times. Words and meaning are
//! searched together inside the database function `search_chunks`, which applies organization, visibility and deletion;
//! the best second inside a hit is then found from the matched words and the sentences' own vectors.

pub mod chunking;
mod error;
mod excerpt;
mod jobs;
mod likeness;
mod model;
mod moments;
mod query;
mod routes;
mod store;
mod vectors;

pub use error::SearchError;
pub use jobs::{Index, IndexPayload};
pub use model::{Mode, Model};
pub use routes::router;

/// The longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 2_000;
/// Hits when the caller names no limit.
pub const LIMIT_DEFAULT: u32 = 20;
/// The most hits of one search.
pub const LIMIT_MAX: u32 = 100;
