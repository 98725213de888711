//! What is held of an organization.

use super::codes::Codes;
use super::words::{Passage, Ranking, Reader, Term, Words};
use futures::future::try_join_all;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// Words that occur in more passages are counted on a thread on which nobody waits for anything else, and so are those of any query where there
/// are more passages: each has a sum, whether it has a word or not.
const COUNTED_AT_ONCE_MAX: usize = 50_000;
const SUMMED_AT_ONCE_MAX: usize = 100_000;

/// The passages of an organization, with their vectors of one model.
#[derive(Debug)]
pub(crate) struct Passages {
    codes: Codes,
    words: Words,
    /// They are what transactions before this one have written.
    pub(super) written_before: i64,
}

/// What is chosen for a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearby {
    /// Passages of the organization, about nearest first.
    pub chunk_ids: Vec<Uuid>,
    /// They were chosen among everything written by transactions before this one.
    pub written_before: i64,
}

/// What has a query's words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Worded {
    pub(crate) ranking: Ranking,
    /// It was ranked among everything written by transactions before this one.
    pub(crate) written_before: i64,
}

impl Passages {
    /// Room for `count` passages with vectors of `dimensions`.
    pub(super) fn with_capacity(dimensions: usize, count: usize, written_before: i64) -> Self {
        Self { codes: Codes::with_capacity(dimensions, count), words: Words::default(), written_before }
    }

    /// About the memory for `count` passages with vectors of `dimensions`, in bytes.
    pub(super) fn size_bytes(dimensions: usize, count: usize) -> usize {
        Codes::size_bytes(dimensions, count) + Words::size_bytes(count)
    }

    /// The memory they take.
    pub(super) fn held_bytes(&self) -> usize {
        self.codes.held_bytes() + self.words.held_bytes()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Adds the next passage; one without a vector is found by its words.
    pub(super) fn push(&mut self, passage: &Passage, vector: Option<Vec<f32>>) {
        self.words.push(passage);
        if let Some(vector) = vector {
            self.codes.push(passage.id, vector);
        }
    }

    /// Once all passages are there.
    pub(super) fn finish(&mut self) {
        self.words.finish();
    }

    /// The `count` passages that are nearest to the query, whoever may see them; nothing where there are fewer. Many are looked
    /// through on so many threads.
    pub(crate) async fn nearest(
        self: &Arc<Self>,
        threads: usize,
        query: &[f32],
        count: usize,
    ) -> Option<Nearby> {
        let query = Arc::new(self.codes.query(query)?);
        let near = if self.codes.are_many() {
            let parts = self.codes.parts(threads).into_iter().map(|places| {
                let (passages, query) = (Arc::clone(self), Arc::clone(&query));
                spawn_blocking(move || passages.codes.nearest(&query, count, places))
            });
            let mut near = try_join_all(parts).await.ok()?.concat();
            near.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
            near.truncate(count);
            near
        } else {
            self.codes.nearest(&query, count, 0..self.codes.len())
        };
        let chunk_ids: Vec<Uuid> = near.into_iter().map(|(_, id)| id).collect();
        (chunk_ids.len() == count).then_some(Nearby { chunk_ids, written_before: self.written_before })
    }

    /// The text search configurations of their languages.
    pub(crate) fn configurations(&self) -> Vec<String> {
        self.words.configurations()
    }

    /// The `count` passages that have the most of a query's words, and how those that are near rank by them.
    pub(crate) async fn worded(
        self: &Arc<Self>,
        reader: Reader,
        terms: Vec<Term>,
        count: usize,
        nearby: Vec<Uuid>,
    ) -> Option<Worded> {
        let takes_long =
            self.len() > SUMMED_AT_ONCE_MAX || self.words.occurrences(&terms) > COUNTED_AT_ONCE_MAX;
        let ranking = if takes_long {
            let passages = Arc::clone(self);
            spawn_blocking(move || passages.words.rank(reader, &terms, count, &nearby)).await.ok()?
        } else {
            self.words.rank(reader, &terms, count, &nearby)
        };
        Some(Worded { ranking, written_before: self.written_before })
    }
}
