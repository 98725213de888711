//! What can be read out of a transcript without a language model: sentences, a summary made of the recording's own
//! sentences, key points, and chapters.
//!
//! Everything here is a pure function over sentences and their embeddings; who computes the embeddings, where the
//! transcript comes from and where results are stored is not known here. Nothing is ever written that was not said:
//! each result carries the seconds it comes from.
//!
//! Sources: Erkan and Radev 2004 (LexRank), Carbonell and Goldstein 1998 (maximal marginal relevance), Hearst 1997
//! (TextTiling), Utiyama and Isahara 2001 (segmentation by dynamic programming), Heylighen and Dewaele 1999 (formality).

mod chapters;
mod sentences;
mod style;
mod summary;
mod titles;
mod vectors;
mod words;

#[cfg(test)]
mod tests;

pub use chapters::{Chapter, chapters};
pub use sentences::{Line, Sentence, split_sentences};
pub use summary::{Cited, Summary, SummaryOptions, summarise};
