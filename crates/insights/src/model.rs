//! A summary as it is kept and shown.

use memoreel_kernel::SpeakerId;
use serde::{Deserialize, Serialize};

/// A sentence of a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SummarySentence {
    /// The sentence.
    pub text: String,
    /// When what it says begins to be said, in milliseconds.
    pub start_ms: i64,
    /// When that ends, in milliseconds.
    pub end_ms: i64,
}

/// A point worth keeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyPoint {
    /// The point in a sentence.
    pub text: String,
    /// When it begins to be said, in milliseconds.
    pub start_ms: i64,
    /// When that ends, in milliseconds.
    pub end_ms: i64,
    /// Who says it.
    pub speaker_id: Option<SpeakerId>,
}

/// A stretch of a recording about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Chapter {
    /// What it is about.
    pub title: String,
    /// Where it begins, in milliseconds.
    pub start_ms: i64,
    /// Where it ends, in milliseconds.
    pub end_ms: i64,
}

/// A summary with what made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) engine: String,
    pub(crate) model: Option<String>,
    pub(crate) content: SummaryContent,
}

/// What a summary says. Key points and chapters are in order of time; sentences are a text, which a model may tell in another order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SummaryContent {
    pub(crate) sentences: Vec<SummarySentence>,
    pub(crate) key_points: Vec<KeyPoint>,
    pub(crate) chapters: Vec<Chapter>,
}
