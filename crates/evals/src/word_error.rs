//! Word error rate: what counts as a word, and how many edits lead from a reference to what was heard.

mod distance;
mod numbers;
mod words;

pub use distance::{Edits, edits};
pub use words::{is_by_characters, is_english, units};
