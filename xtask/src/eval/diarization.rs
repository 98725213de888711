//! `eval diarization`: who speaks when, and who is said to have said each word, in the transcripts that a user gets.

mod references;
mod report;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use memoreel_evals::diarization::{SaidWord, Stretch, Turn, agree, word_errors};
use serde_json::Value;

use references::Recording;
use report::{Report, Row};

use crate::api::client::Client;
use crate::session::Session;
use crate::shell;

#[derive(Args)]
pub struct Options {
    /// The folder of the data: recordings with RTTM, and UEM if there is one, are looked for below its diarization/
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// Take only the first recordings that can be scored
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
}

pub fn run(options: &Options) -> Result<()> {
    let folder = options.dir.join("diarization");
    let mut recordings = references::find(&folder)?;
    recordings.truncate(options.limit.map_or(usize::MAX, NonZeroUsize::get));
    if recordings.is_empty() {
        bail!("{} has no recording whose speakers an RTTM file names", folder.display());
    }
    let session = Session::start()?;
    let files: Vec<PathBuf> = recordings.iter().map(|recording| folder.join(&recording.audio)).collect();
    let ids = session.process(&files)?;
    let rows = recordings.into_iter().zip(ids).map(|(recording, id)| score(&session.client, recording, &id));
    let report = Report::new(rows.collect::<Result<Vec<Row>>>()?);
    session.stop();
    shell::print_report(&report, options.json)
}

fn score(client: &Client, recording: Recording, id: &str) -> Result<Row> {
    let video = client.video(id)?;
    let transcript = client.transcript(id)?;
    let notice = [&transcript["notice"], &video["error"]["message"]];
    let within = match recording.within {
        Some(within) => within,
        None => vec![Stretch {
            start_ms: 0,
            end_ms: video["duration_ms"].as_u64().context("the server knows no length of a recording")?,
        }],
    };
    let found = found_turns(&transcript);
    let agreement = agree(&recording.turns, &found, &within);
    let words = word_errors(&said_words(&transcript), &agreement, &recording.turns, &within);
    Ok(Row {
        audio: recording.audio,
        rate: agreement.errors.rate(),
        errors: agreement.errors,
        speakers_expected: references::speakers(&recording.turns, &within),
        speakers_found: references::speakers(&found, &within),
        wrong_speaker_words: words.rate(),
        words,
        notice: notice.into_iter().find_map(|notice| notice.as_str().map(str::to_owned)),
    })
}

/// The speaker timeline that a transcript shows.
fn found_turns(transcript: &Value) -> Vec<Turn> {
    let turns = transcript["turns"].as_array().into_iter().flatten();
    let turn = |turn: &Value| {
        Some(Turn {
            start_ms: turn["start_ms"].as_u64()?,
            end_ms: turn["end_ms"].as_u64()?,
            speaker: turn["speaker_id"].as_str()?.to_owned(),
        })
    };
    turns.filter_map(turn).collect()
}

/// The words that a transcript shows, each under the speaker of its segment.
fn said_words(transcript: &Value) -> Vec<SaidWord> {
    let segments = transcript["segments"].as_array().into_iter().flatten();
    let words = |segment: &Value| -> Vec<SaidWord> {
        let speaker = segment["speaker_id"].as_str().map(str::to_owned);
        let is_uncertain = segment["speaker_uncertain"].as_bool().unwrap_or_default();
        let words = segment["words"].as_array().into_iter().flatten();
        let word = |word: &Value| {
            let (start_ms, end_ms) = (word["start_ms"].as_u64()?, word["end_ms"].as_u64()?);
            Some(SaidWord { start_ms, end_ms, speaker: speaker.clone(), is_uncertain })
        };
        words.filter_map(word).collect()
    };
    segments.flat_map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_under_the_speaker_of_their_segment() {
        let transcript = serde_json::json!({"segments": [
            {"start_ms": 0, "end_ms": 900, "speaker_id": "a", "speaker_uncertain": true,
             "words": [{"start_ms": 0, "end_ms": 400}, {"start_ms": 400, "end_ms": 900}]},
            {"start_ms": 1_000, "end_ms": 1_500, "speaker_id": null, "words": [{"start_ms": 1_000, "end_ms": 1_500}]},
        ], "turns": [{"start_ms": 0, "end_ms": 900, "speaker_id": "a"}]});
        let words = said_words(&transcript);
        assert_eq!(words.len(), 3);
        assert_eq!((words[1].speaker.as_deref(), words[1].is_uncertain), (Some("a"), true));
        assert_eq!((words[2].speaker.as_deref(), words[2].is_uncertain), (None, false));
        let turns = found_turns(&transcript);
        assert_eq!(turns, [Turn { start_ms: 0, end_ms: 900, speaker: "a".to_owned() }]);
        assert!(found_turns(&serde_json::json!({"status": "failed"})).is_empty());
    }
}
