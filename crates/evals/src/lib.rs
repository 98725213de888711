//! How good an answer is: the measures of the evaluations, and the plain methods that stand beside the product in them.
//!
//! Nothing here reads files or talks to a server: `cargo xtask eval` does, and gives what it got to these functions. What
//! the product does must not be used to judge it, so this crate depends on none of ours.

pub mod boundaries;
pub mod caption_files;
pub mod diarization;
pub mod retrieval;
pub mod rouge;
pub mod summaries;
pub mod word_error;
