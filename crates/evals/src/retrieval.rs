//! Retrieval: how high what is relevant stands in a ranking, and BM25 as the plain method to compare with.

mod bm25;
mod measures;
mod passages;
mod tokens;

pub use bm25::Bm25;
pub use measures::{Scores, mean, score};
pub use passages::{Passage, passages, relevant_passages};
pub use tokens::tokens;
