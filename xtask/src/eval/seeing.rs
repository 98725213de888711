//! `eval seeing`: whether slide changes are found when they happen, what is on screen is read, and a search leads to its second.
//!
//! What is right is told by a file `seen.json` beside the recordings, or else by what somebody saw who watched those of the shared
//! data (`watched.json`). Pictures beside which a text of the same name lies are shown as a recording of their own.

mod changes;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use memoreel_evals::word_error::{Edits, edits};
use serde::Deserialize;
use serde_json::Value;

use self::changes::compare;
use self::report::{Report, Row};
use super::files;
use crate::api::client::Client;
use crate::session::Session;
use crate::shell;

/// What the shared data shows, to somebody who watched it.
const WATCHED: &str = include_str!("seeing/watched.json");
/// Beside recordings, the same for them, by their names.
const SEEN: &str = "seen.json";
const RECORDINGS: [&str; 4] = ["mp4", "mov", "webm", "mkv"];
const PICTURES: [&str; 5] = ["png", "jpg", "jpeg", "tiff", "tif"];
/// How long a picture is shown.
const PICTURE_SECONDS: &str = "4";

#[derive(Args)]
pub struct Options {
    /// The folder of the data: recordings, and pictures with the text on them, are looked for below its video/
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// How far from where it is a change may be found, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    tolerance_ms: u64,
}

/// What a recording shows.
#[derive(Debug, Clone, Default, Deserialize)]
struct Truth {
    /// When another picture comes that stands.
    changes_ms: Option<Vec<u64>>,
    /// Stretches in which nothing stands: what is found there is neither right nor wrong.
    #[serde(default)]
    moving_ms: Vec<[u64; 2]>,
    /// What is written on what is shown at some moment.
    #[serde(default)]
    texts: Vec<Text>,
}

#[derive(Debug, Clone, Deserialize)]
struct Text {
    at_ms: u64,
    text: String,
}

struct Recording {
    name: String,
    path: PathBuf,
    truth: Truth,
}

pub fn run(options: &Options) -> Result<()> {
    let folder = options.dir.join("video");
    let mut recordings = recordings(&folder)?;
    let made = tempfile::tempdir()?;
    recordings.extend(pictures(&folder, made.path())?);
    if recordings.is_empty() {
        bail!("there is no recording below {} of which somebody said what it shows", folder.display());
    }
    let session = Session::start()?;
    let paths: Vec<PathBuf> = recordings.iter().map(|recording| recording.path.clone()).collect();
    let ids = session.process(&paths)?;
    let rows = recordings
        .iter()
        .zip(&ids)
        .map(|(recording, id)| score(&session.client, recording, id, options.tolerance_ms))
        .collect::<Result<Vec<Row>>>()?;
    session.stop();
    shell::print_report(&Report::new(rows, options.tolerance_ms), options.json)
}

/// The recordings of which it is known what they show.
fn recordings(folder: &Path) -> Result<Vec<Recording>> {
    let watched: BTreeMap<String, Truth> = serde_json::from_str(WATCHED)?;
    let mut seen: BTreeMap<PathBuf, BTreeMap<String, Truth>> = BTreeMap::new();
    let mut recordings = Vec::new();
    for path in files::below(folder)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| has(&path, &RECORDINGS))
        else {
            continue;
        };
        let beside = path.parent().unwrap_or(folder).to_owned();
        let file = beside.join(SEEN);
        if file.is_file() && !seen.contains_key(&beside) {
            let text = std::fs::read_to_string(&file)?;
            let truths =
                serde_json::from_str(&text).with_context(|| format!("{} is not read", file.display()))?;
            seen.insert(beside.clone(), truths);
        }
        let shown = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let truth = seen.get(&beside).and_then(|truths| truths.get(name)).or_else(|| watched.get(&shown));
        if let Some(truth) = truth {
            recordings.push(Recording { name: shown, path: path.clone(), truth: truth.clone() });
        }
    }
    Ok(recordings)
}

/// A recording of each picture whose text is known, made into `made`.
fn pictures(folder: &Path, made: &Path) -> Result<Vec<Recording>> {
    let mut recordings = Vec::new();
    for path in files::below(folder)? {
        let text = path.with_extension("txt");
        if !has(&path, &PICTURES) || !text.is_file() {
            continue;
        }
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let film = made.join(format!("{}.mp4", name.replace(['/', '.'], "-")));
        let mut command = shell::command("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y", "-loop", "1", "-t", PICTURE_SECONDS, "-i"]).arg(&path);
        command.args(["-r", "10", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "18"]).arg(&film);
        shell::run(&mut command)?;
        let texts = vec![Text { at_ms: 2_000, text: std::fs::read_to_string(&text)? }];
        let truth = Truth { texts, ..Truth::default() };
        recordings.push(Recording { name, path: film, truth });
    }
    Ok(recordings)
}

fn has(path: &Path, extensions: &[&str]) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|found| extensions.contains(&found))
}

/// A key frame as a user is shown it.
struct Frame {
    shown: Vec<[u64; 2]>,
    text: String,
}

fn score(client: &Client, recording: &Recording, id: &str, tolerance_ms: u64) -> Result<Row> {
    let frames = key_frames(client, id)?;
    let Truth { changes_ms, moving_ms, texts } = &recording.truth;
    let mut found: Vec<u64> =
        frames.iter().flat_map(|frame| frame.shown.iter().map(|[start_ms, _]| *start_ms)).collect();
    found.sort_unstable();
    let changes = changes_ms.as_ref().map(|changes| compare(changes, &found, moving_ms, tolerance_ms));
    let (mut words, mut letters) = (Edits::default(), Edits::default());
    let (mut word_count, mut letter_count, mut searches, mut searches_found) = (0, 0, 0, 0);
    for Text { at_ms, text } in texts {
        let is_shown = |frame: &&Frame| frame.shown.iter().any(|[start, end]| (*start..*end).contains(at_ms));
        let frame = frames.iter().find(is_shown);
        let (expected, read) = (units(text), frame.map(|frame| units(&frame.text)).unwrap_or_default());
        words = words.plus(edits(&expected, &read));
        word_count += expected.len();
        let letters_of = |units: &[String]| units.concat().chars().collect::<Vec<char>>();
        letters = letters.plus(edits(&letters_of(&expected), &letters_of(&read)));
        letter_count += letters_of(&expected).len();
        searches += 1;
        if let Some(start_ms) = frame.and_then(|frame| start_of(frame, *at_ms)) {
            searches_found += usize::from(is_found(client, id, text, start_ms, tolerance_ms)?);
        }
    }
    Ok(Row {
        file: recording.name.clone(),
        key_frames: frames.len(),
        changes,
        words,
        word_count,
        letters,
        letter_count,
        searches,
        searches_found,
        error: client.video(id)?["error"]["message"].as_str().map(str::to_owned),
    })
}

/// What is shown at this moment is shown first when the key frame says.
fn start_of(frame: &Frame, at_ms: u64) -> Option<u64> {
    let is_there = frame.shown.iter().any(|[start, end]| (*start..*end).contains(&at_ms));
    frame.shown.first().map(|[start, _]| *start).filter(|_| is_there)
}

/// Whether the longest line leads to the slide on which it is, or to an earlier one of the same video that has it, too.
fn is_found(client: &Client, id: &str, text: &str, start_ms: u64, tolerance_ms: u64) -> Result<bool> {
    let line = text.lines().max_by_key(|line| line.len()).unwrap_or_default();
    let query = units(line).join(" ");
    let found =
        client.search_with(&[("q", &query), ("mode", "keyword"), ("video_id", id), ("limit", "10")])?;
    let hits = found["items"].as_array().into_iter().flatten();
    let mut seen = hits.filter(|hit| hit["source"] == "screen");
    Ok(seen.any(|hit| hit["start_ms"].as_u64().is_some_and(|at| at <= start_ms + tolerance_ms)))
}

fn key_frames(client: &Client, id: &str) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    let mut cursor = None;
    loop {
        let mut query = vec![("limit", "100")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = client.get(&format!("/videos/{id}/key-frames"), &query)?;
        frames.extend(page["items"].as_array().into_iter().flatten().map(frame));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(frames),
        }
    }
}

fn frame(frame: &Value) -> Frame {
    let shown = frame["shown"].as_array().into_iter().flatten();
    let stretch = |shown: &Value| Some([shown["start_ms"].as_u64()?, shown["end_ms"].as_u64()?]);
    Frame {
        shown: shown.filter_map(stretch).collect(),
        text: frame["text"].as_str().unwrap_or_default().to_owned(),
    }
}

/// The words of a text as they are compared: letters and digits alone, in lower case.
fn units(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_watched_is_read_and_words_are_letters_and_digits() {
        let watched: BTreeMap<String, Truth> = serde_json::from_str(WATCHED).unwrap();
        assert!(watched.len() >= 9);
        assert!(
            watched
                .values()
                .all(|truth| truth.changes_ms.as_ref().is_some_and(|changes| changes.is_sorted()))
        );
        assert_eq!(units("1. Evaluate expr1 => (nodes)"), ["1", "evaluate", "expr1", "nodes"]);
    }

    #[test]
    fn key_frames_are_read_as_they_are_shown() {
        let shown = frame(&serde_json::json!({"shown": [{"start_ms": 5, "end_ms": 9}], "text": "A"}));
        assert_eq!((start_of(&shown, 7), start_of(&shown, 9)), (Some(5), None));
    }
}
