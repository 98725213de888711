//! `eval summaries`: the summary and the chapters that the product gives a meeting, beside plain methods.
//!
//! Every meeting of QMSum becomes a video with its transcript; tasks summarise it. What is scored is what
//! `GET /videos/{id}/summary` shows.

mod report;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use memoreel_evals::boundaries::{division, even};
use memoreel_evals::rouge::{best_rouge, tokens};
use memoreel_evals::summaries::{lead, oracle, sentences, textrank, word_count};
use serde_json::Value;

use self::report::{Report, Row};
use super::qmsum::{self, Meeting};
use crate::api::client::Client;
use crate::api::transcript::{Line, create_video};
use crate::session::Session;
use crate::shell::{self, say};

/// A sentence is cited when at least this share of its words is said in the seconds that it names.
const CITED_SHARE_MIN: f64 = 0.8;

#[derive(Args)]
pub struct Options {
    /// The folder of the data: every meeting below its meetings/qmsum is taken
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// Take only the first meetings
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Take only the meetings of one part, as val or test
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
}

pub fn run(options: &Options) -> Result<()> {
    let mut folder = options.dir.join("meetings/qmsum");
    folder.extend(&options.split);
    let mut meetings = qmsum::read(&folder)?;
    meetings.truncate(options.limit.map_or(usize::MAX, NonZeroUsize::get));
    let session = Session::start()?;
    say(format!("{} meetings", meetings.len()));
    let create = |meeting: &Meeting| create_video(&session.client, &meeting.name, &meeting.lines);
    let ids = meetings.iter().map(create).collect::<Result<Vec<String>>>()?;
    if let Some(failed) = session.wait_for(&ids)?.first() {
        bail!("the video {failed} failed: {}", session.client.video(failed)?["error"]);
    }
    let rows: Result<Vec<Row>> =
        meetings.iter().zip(&ids).map(|(meeting, id)| row(&session.client, meeting, id)).collect();
    session.stop();
    let report = Report::new(rows?);
    shell::print_report(&report, options.json)
}

fn row(client: &Client, meeting: &Meeting, id: &str) -> Result<Row> {
    let summary = client.summary(id)?;
    let said: Vec<(&str, i64, i64)> =
        summary["sentences"].as_array().into_iter().flatten().map(cited).collect();
    let text = said.iter().map(|(text, _, _)| *text).collect::<Vec<_>>().join(" ");
    let budget = word_count(&text);
    let all: Vec<String> = meeting.lines.iter().flat_map(|line| sentences(&line.text)).collect();
    let references = || meeting.summaries.iter().map(String::as_str);
    let score = |summary: &str| best_rouge(references(), summary);
    let starts = chapter_starts(&summary, &meeting.lines);
    let turns = meeting.lines.len();
    Ok(Row {
        meeting: meeting.name.clone(),
        engine: summary["engine"].as_str().unwrap_or_default().to_owned(),
        words: budget,
        sentences: said.len(),
        uncited: said.iter().filter(|said| !is_cited(said, &meeting.lines)).count(),
        memoreel: score(&text),
        lead: score(&lead(&all, budget)),
        textrank: score(&textrank(&all, budget)),
        oracle: score(&oracle(&all, references().next().unwrap_or_default(), budget)),
        topics: meeting.topic_starts.len() + 1,
        chapters: starts.len(),
        divided: division(&meeting.topic_starts, &starts, turns),
        evenly: division(&meeting.topic_starts, &even(starts.len(), turns), turns),
        summary: text,
    })
}

fn cited(sentence: &Value) -> (&str, i64, i64) {
    let time = |name: &str| sentence[name].as_i64().unwrap_or(-1);
    (sentence["text"].as_str().unwrap_or_default(), time("start_ms"), time("end_ms"))
}

/// Whether what a sentence says is said where it says so.
#[expect(clippy::cast_precision_loss, reason = "counts of words are far below 2^53")]
fn is_cited((text, start_ms, end_ms): &(&str, i64, i64), lines: &[Line]) -> bool {
    let there = lines.iter().filter(|line| line.start_ms <= *end_ms && line.end_ms >= *start_ms);
    let heard: HashSet<String> = there.flat_map(|line| tokens(&line.text)).collect();
    let words = tokens(text);
    let found = words.iter().filter(|word| heard.contains(*word)).count();
    *start_ms >= 0 && end_ms >= start_ms && found as f64 >= CITED_SHARE_MIN * words.len() as f64
}

/// The turns in which the chapters begin.
fn chapter_starts(summary: &Value, lines: &[Line]) -> Vec<usize> {
    let chapters = summary["chapters"].as_array().into_iter().flatten();
    let times = chapters.filter_map(|chapter| chapter["start_ms"].as_i64());
    let mut starts: Vec<usize> = times
        .map(|start_ms| lines.partition_point(|line| line.start_ms <= start_ms).saturating_sub(1))
        .collect();
    starts.dedup();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::transcript::timed;
    use serde_json::json;

    fn lines() -> Vec<Line> {
        timed(["one two three", "four five", "six"].map(|text| (None, text.to_owned())))
    }

    #[test]
    fn a_sentence_is_cited_where_it_is_said() {
        assert!(is_cited(&("Four five.", 1_200, 2_000), &lines()));
        assert!(!is_cited(&("Four five.", 0, 1_000), &lines()));
        assert!(!is_cited(&("Four five.", -1, -1), &lines()));
    }

    #[test]
    fn a_chapter_begins_in_the_turn_that_is_being_said() {
        let summary = json!({"chapters": [{"start_ms": 0}, {"start_ms": 1_700}, {"start_ms": 2_000}]});
        assert_eq!(chapter_starts(&summary, &lines()), [0, 1, 2]);
    }
}
