//! BM25 over whole documents (Robertson and Zaragoza 2009), with k1 = 1.2 and b = 0.75.

use std::collections::HashMap;

use super::tokens;

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// An index of documents by their position.
#[derive(Debug)]
pub struct Bm25 {
    /// For each word the documents that have it, in order, and how often.
    postings: HashMap<String, Vec<(usize, f64)>>,
    /// Counted words of each document.
    lengths: Vec<f64>,
    length_mean: f64,
}

impl Bm25 {
    /// Indexes documents.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of words and documents are far below 2^53")]
    pub fn new<'a>(documents: impl IntoIterator<Item = &'a str>) -> Self {
        let mut postings: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
        let mut lengths = Vec::new();
        for (position, text) in documents.into_iter().enumerate() {
            let words = tokens(text);
            lengths.push(words.len() as f64);
            for word in words {
                let documents = postings.entry(word).or_default();
                match documents.last_mut() {
                    Some((last, count)) if *last == position => *count += 1.0,
                    _ => documents.push((position, 1.0)),
                }
            }
        }
        let length_mean = lengths.iter().sum::<f64>() / (lengths.len() as f64).max(1.0);
        Self { postings, lengths, length_mean }
    }

    /// Positions of the documents that have any word of the query, best first and of equals the earlier one; at most
    /// `limit` of those that `admits` lets pass. A word counts once, however often the query has it.
    #[must_use]
    pub fn search(&self, query: &str, limit: usize, admits: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut words = tokens(query);
        words.sort_unstable();
        words.dedup();
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for documents in words.iter().filter_map(|word| self.postings.get(word)) {
            let rarity = self.rarity(documents.len());
            for (position, count) in documents.iter().filter(|(position, _)| admits(*position)) {
                let length = self.lengths[*position] / self.length_mean;
                *scores.entry(*position).or_default() +=
                    rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
            }
        }
        let mut ranked: Vec<(usize, f64)> = scores.into_iter().collect();
        ranked.sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        ranked.truncate(limit);
        ranked.into_iter().map(|(position, _)| position).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of documents are far below 2^53")]
    fn rarity(&self, holders: usize) -> f64 {
        let (holders, all) = (holders as f64, self.lengths.len() as f64);
        (1.0 + (all - holders + 0.5) / (holders + 0.5)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_and_short_documents_come_first() {
        let index = Bm25::new([
            "wing wing flow flow flow and many more words about other flow",
            "flow",
            "a wing in a slipstream",
            "nothing of it",
        ]);
        assert_eq!(index.search("the slipstream of a wing", 10, |_| true), [2, 0]);
        assert_eq!(index.search("flows", 10, |_| true), [1, 0]);
        assert_eq!(index.search("flow wing", 1, |position| position != 2), [0]);
        assert!(index.search("the of", 10, |_| true).is_empty());
    }

    #[test]
    fn the_score_is_the_published_formula() {
        let index = Bm25::new(["lift drag", "lift lift lift drag drag drag", "noise"]);
        // Both have both words: 1 of each at two thirds of the mean length scores 1.158, 3 of each at twice that 1.294.
        assert_eq!(index.search("lift drag", 10, |_| true), [1, 0]);
        assert!((index.rarity(2) - (1.6_f64).ln()).abs() < 1e-12);
    }

    #[test]
    fn nothing_indexed_is_nothing_found() {
        assert!(Bm25::new([]).search("anything", 10, |_| true).is_empty());
    }
}
