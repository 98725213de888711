//! `eval retrieval`: how high the product ranks what answers a question, beside BM25.
//!
//! Documents become videos through the HTTP interface, with their text as transcript, and are indexed like any other; what
//! is scored is the order in which `GET /search` shows them. Each collection has a server of its own.

mod beir;
mod corpus;
mod report;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use memoreel_evals::retrieval::{Bm25, Scores, mean, score};

use crate::api::client::Client;
use crate::api::transcript::create_video;
use crate::server_process::BUILD;
use crate::session::Session;
use crate::shell::{self, say};
use corpus::{Corpus, Map, Question};
use report::{Collection, Latency, Method, Report};

/// Hits asked for, which is the most that the server gives.
const HITS: usize = 100;
/// The longest query that the server takes.
const QUERY_CHARS_MAX: usize = 2_000;
/// Requests under way at once while a collection is sent.
const SENDERS: usize = 4;
/// A line of progress for so many videos.
const PROGRESS_VIDEOS: usize = 500;

#[derive(Args)]
pub struct Options {
    /// The folder of the data: every folder below it with corpus.jsonl, queries.jsonl and qrels.tsv is a collection
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// Ask only the first questions of each collection
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Take only this collection; may be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let mut sources = beir::find(&options.dir)?;
    sources.retain(|source| options.only.is_empty() || options.only.contains(&source.name));
    if sources.is_empty() {
        bail!("no such collection below {}", options.dir.display());
    }
    let corpora = sources.iter().map(beir::Source::read).collect::<Result<Vec<Corpus>>>()?;
    Session::build()?;
    let mut report = Report { score: BTreeMap::new(), collections: Vec::new(), build: BUILD };
    for mut corpus in corpora {
        corpus.questions.truncate(options.limit.map_or(usize::MAX, NonZeroUsize::get));
        evaluate(&corpus, &mut report).with_context(|| format!("evaluating {}", corpus.name))?;
    }
    shell::print_report(&report, options.json)
}

fn evaluate(corpus: &Corpus, report: &mut Report) -> Result<()> {
    let session = Session::start_built(&[])?;
    say(format!("{}: sending {} videos", corpus.name, corpus.videos.len()));
    let begun = Instant::now();
    let videos = send(&session.client, corpus)?;
    let failed = session.wait_for(&videos)?.len();
    let ingest_seconds = begun.elapsed().as_secs_f64();

    let index = Bm25::new(corpus.units.iter().map(|unit| unit.text.as_str()));
    let searcher = Searcher { client: &session.client, corpus, videos: &videos, map: corpus.map() };
    let mut search_ms = BTreeMap::new();
    let mut everywhere = BTreeMap::from([(Method::Bm25.name(), baseline(corpus, &index, false))]);
    let mut within = BTreeMap::from([(Method::Bm25.name(), baseline(corpus, &index, true))]);
    for method in [Method::Keyword, Method::Semantic, Method::Hybrid] {
        say(format!("{}: asking {} questions, {}", corpus.name, corpus.questions.len(), method.name()));
        let (scores, times_ms) = searcher.ask(method, false)?;
        everywhere.insert(method.name(), scores);
        search_ms.insert(method.name(), Latency::of(times_ms));
        within.insert(method.name(), searcher.ask(method, true)?.0);
    }
    session.stop();
    report.score.insert(corpus.name.clone(), everywhere);
    if corpus.questions.iter().any(|question| question.video.is_some()) {
        report.score.insert(format!("{}_within", corpus.name), within);
    }
    report.collections.push(Collection {
        name: corpus.name.clone(),
        videos: corpus.videos.len(),
        empty: corpus.empty,
        failed,
        units: corpus.units.len(),
        questions: corpus.questions.len(),
        ingest_seconds,
        search_ms,
    });
    Ok(())
}

/// Makes all videos, several at a time, and returns their ids in order.
fn send(client: &Client, corpus: &Corpus) -> Result<Vec<String>> {
    let next = AtomicUsize::new(0);
    let sender = || -> Result<Vec<(usize, String)>> {
        let mut made = Vec::new();
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(video) = corpus.videos.get(position) else { return Ok(made) };
            made.push((position, create_video(client, &video.title, &video.lines)?));
            if (position + 1).is_multiple_of(PROGRESS_VIDEOS) {
                say(format!("{} sent", position + 1));
            }
        }
    };
    let made = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(sender)).collect();
        let joined =
            senders.into_iter().map(|sender| sender.join().map_err(|_| anyhow!("a sender panicked"))?);
        joined.collect::<Result<Vec<_>>>()
    })?;
    let mut made: Vec<(usize, String)> = made.into_iter().flatten().collect();
    made.sort_unstable();
    Ok(made.into_iter().map(|(_, id)| id).collect())
}

/// BM25 over the units; within their video, where `within` and the question has one.
fn baseline(corpus: &Corpus, index: &Bm25, within: bool) -> Scores {
    let scores = corpus.questions.iter().filter_map(|question| {
        let video = question.video.filter(|_| within);
        let found = index
            .search(&question.text, HITS, |unit| video.is_none_or(|video| corpus.units[unit].video == video));
        let ranking: Vec<String> = found.into_iter().map(|unit| corpus.units[unit].id.clone()).collect();
        score(&ranking, &question.relevant)
    });
    mean(&scores.collect::<Vec<_>>())
}

struct Searcher<'a> {
    client: &'a Client,
    corpus: &'a Corpus,
    /// Ids of the corpus's videos, in their order.
    videos: &'a [String],
    map: Map<'a>,
}

impl Searcher<'_> {
    /// Asks every question and returns the mean scores, and how long the server says that each search took.
    fn ask(&self, method: Method, within: bool) -> Result<(Scores, Vec<u64>)> {
        let positions: HashMap<&str, usize> =
            self.videos.iter().enumerate().map(|(position, id)| (id.as_str(), position)).collect();
        let (mut scores, mut times_ms) = (Vec::new(), Vec::new());
        for question in &self.corpus.questions {
            let answer = self.search(method, question, within)?;
            times_ms.extend(answer["took_ms"].as_u64());
            if answer["mode"] != method.name() {
                bail!("asked for {}, the server searched by {}", method.name(), answer["mode"]);
            }
            let hits = answer["items"].as_array().into_iter().flatten();
            let unit = |hit: &serde_json::Value| {
                let video = *positions.get(hit["video_id"].as_str()?)?;
                let unit = self.map.locate(video, hit["start_ms"].as_i64()?, hit["end_ms"].as_i64()?)?;
                Some(unit.id.clone())
            };
            let ranking: Vec<String> = hits.filter_map(unit).collect();
            scores.extend(score(&ranking, &question.relevant));
        }
        Ok((mean(&scores), times_ms))
    }

    fn search(&self, method: Method, question: &Question, within: bool) -> Result<serde_json::Value> {
        let (text, limit) = (plain(&question.text), HITS.to_string());
        let mut parameters = vec![("q", text.as_str()), ("mode", method.name()), ("limit", &limit)];
        if within && let Some(video) = question.video {
            parameters.push(("video_id", &self.videos[video]));
        }
        self.client.search_with(&parameters)
    }
}

/// A question as text alone: the people who wrote it meant no phrase by a quotation mark and no exclusion by a hyphen.
fn plain(text: &str) -> String {
    let unquoted = text.replace(['"', '\u{201c}', '\u{201d}', '\u{201e}', '«', '»'], " ");
    let mut plain = String::new();
    for word in
        unquoted.split_whitespace().map(|word| word.trim_start_matches('-')).filter(|word| !word.is_empty())
    {
        if plain.chars().count() + 1 + word.chars().count() > QUERY_CHARS_MAX {
            break;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_without_operators() {
        assert_eq!(
            plain("what  is \"boundary layer\" -flow - state-of-the-art"),
            "what is boundary layer flow state-of-the-art"
        );
        assert_eq!(plain(&"word ".repeat(1_000)).chars().count(), 1_999);
    }
}
