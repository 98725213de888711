//! `eval captions`: whether caption files go in, out and in again without losing anything.
//!
//! All files become captions of one video, one after another. What the server then gives out as JSON is held against
//! what the file visibly says, and against what is left after WebVTT, SubRip and JSON of it went in again.

mod losses;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use memoreel_evals::caption_files::visible_cues;
use serde_json::{Value, json};

use self::losses::{between, missing};
use self::report::{Journey, Outcome, Remark, Report};
use super::files;
use crate::api::client::{Answer, Client};
use crate::session::Session;
use crate::shell::{self, say};

/// The forms that captions are given out in and taken back, and whether one has a place for identifiers, settings and
/// language.
const FORMS: [(&str, bool); 3] = [("vtt", true), ("srt", false), ("json", true)];

#[derive(Args)]
pub struct Options {
    /// The folder of the data: every file below its captions/ is tried
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<()> {
    let folder = options.dir.join("captions");
    let paths = files::below(&folder)?;
    if paths.is_empty() {
        bail!("there is no file below {}", folder.display());
    }
    let session = Session::start()?;
    let video = session.client.create_video(&json!({"title": "Captions"}))?;
    let video_id = video["id"].as_str().context("the server gave no id")?;
    say(format!("{} caption files", paths.len()));
    let journeys: Result<Vec<Journey>> = paths
        .iter()
        .map(|path| {
            let file = path.strip_prefix(&folder).unwrap_or(path).display().to_string();
            let outcome = outcome(&session.client, video_id, path).with_context(|| file.clone())?;
            Ok(Journey { file, outcome })
        })
        .collect();
    session.stop();
    let report = Report::new(journeys?);
    shell::print_report(&report, options.json)
}

/// What becomes of one file.
fn outcome(client: &Client, video_id: &str, path: &Path) -> Result<Outcome> {
    let bytes = std::fs::read(path)?;
    let answer = put(client, video_id, &bytes)?;
    if answer.status != 200 {
        return Ok(refusal(answer.status, &answer.json()));
    }
    let warnings = remarks(&answer.json()["warnings"]);
    let kept = captions(client, video_id, "json")?;
    let kept: Value = serde_json::from_slice(&kept).context("captions.json is not JSON")?;
    let mut losses = missing(&visible_cues(&bytes), &kept, &warnings);
    let forms = FORMS.iter().map(|(form, _)| captions(client, video_id, form)).collect::<Result<Vec<_>>>()?;
    for ((form, has_everything), written) in FORMS.iter().zip(forms) {
        losses.extend(return_losses(client, video_id, form, *has_everything, &written, &kept)?);
    }
    let cues = kept["cues"].as_array().map_or(0, Vec::len);
    Ok(if losses.is_empty() {
        Outcome::Lossless { cues, warnings }
    } else {
        Outcome::Lost { losses, warnings }
    })
}

/// What is missing after a file that the server wrote went in again.
fn return_losses(
    client: &Client,
    video_id: &str,
    form: &str,
    has_everything: bool,
    written: &[u8],
    kept: &Value,
) -> Result<Vec<String>> {
    let answer = put(client, video_id, written)?;
    if answer.status != 200 {
        return Ok(vec![format!("captions.{form} was refused: {}", answer.json()["detail"])]);
    }
    let warnings = remarks(&answer.json()["warnings"]);
    let back: Value = serde_json::from_slice(&captions(client, video_id, "json")?)?;
    let mut losses = between(kept, &back, has_everything);
    losses.extend(warnings.iter().map(|remark| format!("line {}: {}", remark.line, remark.reason)));
    Ok(losses.into_iter().map(|loss| format!("through captions.{form}: {loss}")).collect())
}

fn put(client: &Client, video_id: &str, bytes: &[u8]) -> Result<Answer> {
    client.send("PUT", &format!("/videos/{video_id}/captions"), bytes)
}

fn captions(client: &Client, video_id: &str, form: &str) -> Result<Vec<u8>> {
    let answer = client.send("GET", &format!("/videos/{video_id}/captions.{form}"), &[])?;
    if answer.status != 200 {
        bail!(
            "captions.{form} was answered with {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
    }
    Ok(answer.body)
}

/// A refusal that says where and why, or else a loss.
fn refusal(status: u16, problem: &Value) -> Outcome {
    let reason = problem["detail"].as_str().unwrap_or_default().to_owned();
    let field = problem["errors"][0]["field"].as_str().unwrap_or_default();
    let line = field.strip_prefix("lines.").and_then(|line| line.parse().ok());
    match line {
        Some(line) if status == 422 && !reason.is_empty() => Outcome::Refused(Remark { line, reason }),
        _ => {
            let loss = format!("refused with {status} without a line and a reason: {problem}");
            Outcome::Lost { losses: vec![loss], warnings: Vec::new() }
        }
    }
}

fn remarks(warnings: &Value) -> Vec<Remark> {
    let all = warnings.as_array().into_iter().flatten();
    all.filter_map(|warning| serde_json::from_value(warning.clone()).ok()).collect()
}
