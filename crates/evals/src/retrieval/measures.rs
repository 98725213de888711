//! nDCG and recall of a ranking (Järvelin and Kekäläinen 2002, with the gains 2^grade - 1 of Burges et al. 2005).

use std::collections::{HashMap, HashSet};

use serde::Serialize;

/// How good rankings are, each from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Normalised discounted cumulative gain of the first ten.
    pub ndcg10: f64,
    /// Share of what is relevant that is among the first ten.
    pub recall10: f64,
    /// Share of what is relevant that is among the first hundred.
    pub recall100: f64,
}

/// Scores a ranking, best first, of which repeated entries count where they first stand. `relevant` holds the grades of
/// what is relevant; nothing can be said without any above zero.
#[must_use]
pub fn score(ranking: &[String], relevant: &HashMap<String, u32>) -> Option<Scores> {
    let mut grades: Vec<u32> = relevant.values().copied().filter(|grade| *grade > 0).collect();
    if grades.is_empty() {
        return None;
    }
    grades.sort_unstable_by(|one, other| other.cmp(one));
    let mut seen = HashSet::new();
    let ranked: Vec<u32> = ranking
        .iter()
        .filter(|id| seen.insert(id.as_str()))
        .map(|id| relevant.get(id).copied().unwrap_or(0))
        .collect();
    let recall = |depth| found(&ranked, depth) / found(&grades, usize::MAX);
    Some(Scores {
        ndcg10: discounted_gain(&ranked, 10) / discounted_gain(&grades, 10),
        recall10: recall(10),
        recall100: recall(100),
    })
}

/// The mean over queries; zeros over none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of queries are far below 2^53")]
pub fn mean(scores: &[Scores]) -> Scores {
    let of = |measure: fn(&Scores) -> f64| {
        scores.iter().map(measure).sum::<f64>() / (scores.len() as f64).max(1.0)
    };
    Scores {
        ndcg10: of(|scores| scores.ndcg10),
        recall10: of(|scores| scores.recall10),
        recall100: of(|scores| scores.recall100),
    }
}

#[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^53")]
fn discounted_gain(grades: &[u32], depth: usize) -> f64 {
    let gain = |(rank, grade): (usize, &u32)| (f64::from(*grade).exp2() - 1.0) / (rank as f64 + 2.0).log2();
    grades.iter().take(depth).enumerate().map(gain).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of documents are far below 2^53")]
fn found(grades: &[u32], depth: usize) -> f64 {
    grades.iter().take(depth).filter(|grade| **grade > 0).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grades(pairs: &[(&str, u32)]) -> HashMap<String, u32> {
        pairs.iter().map(|(id, grade)| ((*id).to_owned(), *grade)).collect()
    }

    fn ranking(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn the_ideal_ranking_scores_one() {
        let relevant = grades(&[("a", 3), ("b", 1), ("c", 0)]);
        let scores = score(&ranking(&["a", "b", "x"]), &relevant).unwrap();
        assert_eq!((scores.ndcg10, scores.recall10, scores.recall100), (1.0, 1.0, 1.0));
    }

    #[test]
    fn grades_and_ranks_weigh_as_published() {
        let relevant = grades(&[("a", 2), ("b", 1)]);
        let scores = score(&ranking(&["b", "x", "a"]), &relevant).unwrap();
        let ideal = 3.0 + 1.0 / 3.0_f64.log2();
        assert!((scores.ndcg10 - (1.0 + 3.0 / 2.0) / ideal).abs() < 1e-12);
    }

    #[test]
    fn an_entry_counts_once_and_depth_is_counted_without_repetition() {
        let mut ids = vec!["a"; 12];
        ids.push("b");
        let scores = score(&ranking(&ids), &grades(&[("a", 1), ("b", 1)])).unwrap();
        assert_eq!((scores.ndcg10, scores.recall10), (1.0, 1.0));
        let far: Vec<String> = (0..10).map(|number| number.to_string()).chain(["b".to_owned()]).collect();
        let scores = score(&far, &grades(&[("b", 1)])).unwrap();
        assert_eq!((scores.ndcg10, scores.recall10, scores.recall100), (0.0, 0.0, 1.0));
    }

    #[test]
    fn without_anything_relevant_there_is_no_score() {
        assert_eq!(score(&ranking(&["a"]), &grades(&[("a", 0)])), None);
        assert_eq!(mean(&[]), Scores::default());
    }
}
