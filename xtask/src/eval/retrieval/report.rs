//! What an evaluation of retrieval says, to people and to programs.

use std::collections::BTreeMap;
use std::fmt;

use memoreel_evals::retrieval::Scores;
use serde::Serialize;

/// How something was looked for. In the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Bm25,
    Keyword,
    Semantic,
    Hybrid,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Bm25 => "bm25",
            Method::Keyword => "keyword",
            Method::Semantic => "semantic",
            Method::Hybrid => "hybrid",
        }
    }
}

#[derive(Serialize)]
pub struct Report {
    /// By collection, method and measure; a collection of meetings appears again as `<name>_within`.
    pub score: BTreeMap<String, BTreeMap<&'static str, Scores>>,
    pub collections: Vec<Collection>,
    /// How the server was compiled.
    pub build: &'static str,
}

/// A collection and what it took.
#[derive(Serialize)]
pub struct Collection {
    pub name: String,
    pub videos: usize,
    /// Documents without a word, which were left out.
    pub empty: usize,
    /// Videos that the server could not process.
    pub failed: usize,
    /// What rankings were made of.
    pub units: usize,
    pub questions: usize,
    /// From the first request until everything could be found.
    pub ingest_seconds: f64,
    /// What the server says that a search took, over the whole collection.
    pub search_ms: BTreeMap<&'static str, Latency>,
}

#[derive(Serialize)]
pub struct Latency {
    pub p50: u64,
    pub p95: u64,
}

impl Latency {
    /// Of the times of single searches, of which there is at least one.
    pub fn of(mut times_ms: Vec<u64>) -> Self {
        times_ms.sort_unstable();
        let at = |percent: usize| {
            times_ms.get((times_ms.len() * percent / 100).min(times_ms.len().saturating_sub(1)))
        };
        Self { p50: at(50).copied().unwrap_or(0), p95: at(95).copied().unwrap_or(0) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        for collection in &self.collections {
            let Collection { name, videos, empty, failed, units, questions, ingest_seconds, .. } = collection;
            writeln!(output, "\n{name}: {videos} videos, {units} units, {questions} questions")?;
            writeln!(output, "indexed in {ingest_seconds:.0} s, {failed} failed, {empty} without a word")?;
            for (suffix, title) in [("", "everywhere"), ("_within", "within the right meeting")] {
                if let Some(methods) = self.score.get(&format!("{name}{suffix}")) {
                    write_scores(output, title, methods, collection)?;
                }
            }
        }
        Ok(())
    }
}

fn write_scores(
    output: &mut fmt::Formatter<'_>,
    title: &str,
    methods: &BTreeMap<&'static str, Scores>,
    collection: &Collection,
) -> fmt::Result {
    writeln!(output, "{title:<26} nDCG@10  recall@10  recall@100   p50 ms  p95 ms")?;
    let mut rows: Vec<_> = methods.iter().collect();
    rows.sort_by(|one, other| one.1.ndcg10.total_cmp(&other.1.ndcg10));
    for (name, Scores { ndcg10, recall10, recall100 }) in rows {
        write!(output, "  {name:<24} {ndcg10:>7.4}  {recall10:>9.4}  {recall100:>10.4}")?;
        match collection.search_ms.get(name) {
            Some(Latency { p50, p95 }) => writeln!(output, "  {p50:>7} {p95:>7}")?,
            None => writeln!(output)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_found_under_collection_method_and_measure() {
        let scores = Scores { ndcg10: 0.5, recall10: 0.25, recall100: 1.0 };
        let collection = Collection {
            name: "wings".to_owned(),
            videos: 1,
            empty: 0,
            failed: 0,
            units: 1,
            questions: 1,
            ingest_seconds: 1.0,
            search_ms: BTreeMap::from([("hybrid", Latency::of(vec![9, 1, 5]))]),
        };
        let score = BTreeMap::from([("wings".to_owned(), BTreeMap::from([("hybrid", scores)]))]);
        let report = Report { score, collections: vec![collection], build: "debug" };
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["score"]["wings"]["hybrid"]["ndcg10"], 0.5);
        assert_eq!(json["collections"][0]["search_ms"]["hybrid"]["p95"], 9);
        assert!(report.to_string().contains("hybrid"));
    }
}
