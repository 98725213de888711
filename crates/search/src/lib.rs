//! Finding the second at which something was said or is on screen, the page on which it is written, and the image or video that is described
//! by it or looks like it: passages, their vectors, and hybrid retrieval.
//!
//! A transcript is cut into passages ([`chunking`]) whose sentences ([`moments`]) keep their times. Words and meaning are
//! searched together inside the database function `search_chunks`, which applies organization, visibility and deletion;
//! the best second inside a hit is then found from the matched words and the sentences' own vectors. Where the model takes pictures, too, what
//! they look like is searched beside it ([`pictures`]).

pub mod chunking;
mod descriptions;
mod documents;
mod error;
mod excerpt;
mod forms;
#[cfg(fuzzing)]
pub mod fuzzing;
mod images;
mod index;
mod jobs;
mod key_frames;
mod likeness;
mod looks;
mod model;
mod moments;
mod pictures;
mod query;
mod reindex;
mod routes;
mod store;
mod vectors;

pub use descriptions::{IndexDescription, IndexDescriptionPayload};
pub use documents::{IndexDocument, IndexDocumentPayload};
pub use error::SearchError;
pub use images::{IndexImage, IndexImagePayload};
pub use index::{Nearby, PassageIndex};
pub use jobs::{Index, IndexPayload};
pub use key_frames::{IndexKeyFrames, IndexKeyFramesPayload};
pub use looks::{IndexPictures, IndexPicturesPayload};
pub use model::{Mode, Model};
pub use reindex::{PassageCount, ReindexCount, ReindexOptions, ReindexReport, Reindexer};
pub use routes::router;

/// Memory for the passages of the organizations that are being searched, in MiB, where none is said: some 1.4 million.
pub const SEARCH_MEMORY_MIB_DEFAULT: usize = 1_024;
/// Chosen in memory for a search by meaning that nothing narrows but what may be seen, at least and for each hit wanted.
pub const CHOSEN_MIN: usize = 125;
pub(crate) const CHOSEN_PER_HIT: usize = 8;
/// Chosen for one that something narrows or that goes by words as well.
pub const CHOSEN_NARROWED: usize = 1_000;
/// Passages with the most of a query's words that are ranked together with those that are nearest, as in `search_chunks`.
pub(crate) const RANKED_BY_WORDS_MIN: usize = 200;
/// The longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 2_000;
/// Hits when the caller names no limit.
pub const LIMIT_DEFAULT: u32 = 20;
/// The most hits of one search.
pub const LIMIT_MAX: u32 = 100;
