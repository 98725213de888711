//! `eval robustness`: what becomes of damaged, odd and foreign files that somebody uploads.
//!
//! Every file goes the way of any upload and is then asked for as a viewer would. It may be completed, or fail with a
//! sentence for the person whose file it is; it must not take the server down, hang, or fail for no reason.

mod log;
mod report;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use self::log::LogReader;
use self::report::{Journey, Outcome, Report};
use super::files;
use crate::api::client::Client;
use crate::api::upload::{upload_asset, upload_file};
use crate::session::Session;
use crate::shell::{self, say};

/// The folders of the data whose files are sent.
const FOLDERS: [&str; 4] = ["broken", "captions", "video", "asr"];
/// How many files are in work at once.
const TOGETHER: usize = 4;
const POLL: Duration = Duration::from_millis(250);
/// A file that is in work for so long hangs: all are short.
const SETTLING_MAX: Duration = Duration::from_secs(15 * 60);
const PROGRESS_FILES: usize = 25;
/// What a viewer asks for below a video.
const VIEWS: [&str; 5] = ["", "/transcript", "/summary", "/captions.vtt", "/captions.json"];

#[derive(Args)]
pub struct Options {
    /// The folder of the data: every file below its broken/, captions/, video/ and asr/ is sent
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// Take only the first files
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Pass over so many files first
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: usize,
    /// What every file is sent as, whatever it is
    #[arg(long, value_enum, default_value_t = Kind::Recording)]
    kind: Kind,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Recording,
    Image,
    Document,
}

pub fn run(options: &Options) -> Result<()> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        paths.extend(files::below(&options.dir.join(folder))?);
    }
    let limit = options.limit.map_or(usize::MAX, NonZeroUsize::get);
    let paths: Vec<PathBuf> = paths.into_iter().skip(options.skip).take(limit).collect();
    if paths.is_empty() {
        bail!("there is no file below {}", options.dir.display());
    }
    let journeys = Run::start(&options.dir, paths, options.kind)?.finish()?;
    let report = Report::new(journeys);
    shell::print_report(&report, options.json)?;
    if report.is_robust() {
        Ok(())
    } else {
        bail!("some files crash or hang the server, or fail for no reason")
    }
}

/// A file that the server is at work on.
struct InWork {
    file: String,
    /// The video's, or the asset's.
    id: String,
    begun: Instant,
    /// What the log said meanwhile that it should not.
    faults: Vec<String>,
}

/// All files on their way, a few at a time.
struct Run<'a> {
    dir: &'a Path,
    kind: Kind,
    waiting: std::vec::IntoIter<PathBuf>,
    session: Session,
    log: LogReader,
    in_work: Vec<InWork>,
    done: Vec<Journey>,
}

impl<'a> Run<'a> {
    fn start(dir: &'a Path, paths: Vec<PathBuf>, kind: Kind) -> Result<Self> {
        let session = Session::start()?;
        let log = LogReader::new(session.server.log_file());
        let waiting = paths.into_iter();
        Ok(Self { dir, kind, waiting, session, log, in_work: Vec::new(), done: Vec::new() })
    }

    fn finish(mut self) -> Result<Vec<Journey>> {
        loop {
            while self.in_work.len() < TOGETHER
                && let Some(path) = self.waiting.next()
            {
                self.upload(&path);
            }
            if self.in_work.is_empty() {
                self.session.stop();
                return Ok(self.done);
            }
            self.look()?;
            thread::sleep(POLL);
        }
    }

    fn upload(&mut self, path: &Path) {
        let begun = Instant::now();
        let file = path.strip_prefix(self.dir).unwrap_or(path).display().to_string();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let client = &self.session.client;
        let uploaded = match self.kind {
            Kind::Recording => upload_file(client, path, &name),
            Kind::Image => upload_asset(client, path, &name, "image"),
            Kind::Document => upload_asset(client, path, &name, "document"),
        };
        match uploaded {
            Ok(id) => self.in_work.push(InWork { file, id, begun, faults: Vec::new() }),
            Err(error) => self.end(file, begun, refused(&format!("{error:#}"))),
        }
    }

    /// Looks at every file in work once. A fault in the log is held against each of them: it may be anyone's.
    fn look(&mut self) -> Result<()> {
        let is_running = self.session.server.is_running();
        let mut outcomes = Vec::new();
        for work in &self.in_work {
            outcomes.push(if is_running {
                outcome(&self.session.client, work, self.kind)
            } else {
                Some(ended())
            });
        }
        let faults = self.log.faults()?;
        for (work, outcome) in std::mem::take(&mut self.in_work).into_iter().zip(outcomes) {
            let InWork { file, id, begun, faults: before } = work;
            let faults = [before, faults.clone()].concat();
            match outcome {
                None => self.in_work.push(InWork { file, id, begun, faults }),
                Some(outcome) if faults.is_empty() => self.end(file, begun, outcome),
                Some(_) => self.end(file, begun, Outcome::Crashed { reason: faults.join("\n") }),
            }
        }
        if !is_running {
            say("the server ended; starting another");
            self.session = Session::start()?;
            self.log = LogReader::new(self.session.server.log_file());
        }
        Ok(())
    }

    fn end(&mut self, file: String, begun: Instant, outcome: Outcome) {
        self.done.push(Journey { file, seconds: begun.elapsed().as_secs_f64(), outcome });
        if self.done.len().is_multiple_of(PROGRESS_FILES) {
            say(format!(
                "{} of {} files",
                self.done.len(),
                self.done.len() + self.in_work.len() + self.waiting.len()
            ));
        }
    }
}

fn ended() -> Outcome {
    Outcome::Crashed { reason: "the server ended".to_owned() }
}

/// What became of a file; nothing yet while it is in work.
fn outcome(client: &Client, work: &InWork, kind: Kind) -> Option<Outcome> {
    let looked = match kind {
        Kind::Recording => look_at_video(client, work),
        Kind::Image => look_at_asset(client, work, "read_image", see_image),
        Kind::Document => look_at_asset(client, work, "read_document", see_pages),
    };
    match looked {
        Ok(outcome) => outcome,
        // An answer that nobody should get.
        Err(error) => Some(Outcome::Crashed { reason: format!("{error:#}") }),
    }
}

fn look_at_video(client: &Client, InWork { id: video_id, begun, .. }: &InWork) -> Result<Option<Outcome>> {
    let video = client.video(video_id)?;
    if !matches!(video["status"].as_str(), Some("completed" | "failed")) {
        let stage = video["stage"].as_str().unwrap_or_default().to_owned();
        return Ok((begun.elapsed() > SETTLING_MAX).then_some(Outcome::Hung { stage }));
    }
    for view in VIEWS {
        let answer = client.send("GET", &format!("/videos/{video_id}{view}"), &[])?;
        if answer.status >= 500 {
            bail!("GET /videos/{{id}}{view} was answered with {}", answer.status);
        }
    }
    Ok(Some(settled(&video)))
}

/// `see` asks for what a viewer sees of an asset that is there.
fn look_at_asset(
    client: &Client,
    InWork { id, begun, .. }: &InWork,
    stage: &str,
    see: fn(&Client, &str) -> Result<()>,
) -> Result<Option<Outcome>> {
    let asset = client.get(&format!("/assets/{id}"), &[])?;
    if asset["status"] == "pending" {
        let stage = stage.to_owned();
        return Ok((begun.elapsed() > SETTLING_MAX).then_some(Outcome::Hung { stage }));
    }
    let outcome = settled(&asset);
    if matches!(outcome, Outcome::Completed) {
        see(client, id)?;
    }
    Ok(Some(outcome))
}

fn see_pages(client: &Client, id: &str) -> Result<()> {
    client.get(&format!("/assets/{id}/pages"), &[]).map(drop)
}

fn see_image(client: &Client, id: &str) -> Result<()> {
    let addresses =
        client.get(&format!("/assets/{id}/image-addresses"), &[("options", "w=320,format=webp")])?;
    client.file(addresses["src"].as_str().unwrap_or_default()).map(drop)
}

/// A refusal is a failure if it is the client's fault and says why.
fn refused(error: &str) -> Outcome {
    let client_error = error.split("the server answered 4").nth(1).and_then(|rest| rest.split_once(": "));
    match client_error {
        Some((_, reason)) if reason.contains(": ") => {
            let (code, message) = reason.split_once(": ").unwrap_or_default();
            Outcome::Failed { code: code.to_owned(), message: message.to_owned() }
        }
        _ => Outcome::Crashed { reason: error.to_owned() },
    }
}

fn settled(video: &Value) -> Outcome {
    if video["status"] == "completed" || video["status"] == "ready" {
        return Outcome::Completed;
    }
    let text = |name: &str| video["error"][name].as_str().unwrap_or_default().to_owned();
    let (code, message) = (text("code"), text("message"));
    if code.is_empty() || message.is_empty() {
        return Outcome::Crashed { reason: "it failed without a reason".to_owned() };
    }
    if code == "internal" {
        return Outcome::Crashed { reason: message };
    }
    Outcome::Failed { code, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failure_needs_a_reason_that_is_not_ours() {
        let video = |code: &str, message: &str| json!({"status": "failed", "error": {"code": code, "message": message}});
        assert!(matches!(settled(&json!({"status": "completed"})), Outcome::Completed));
        assert!(matches!(settled(&video("media_damaged", "The file is damaged.")), Outcome::Failed { .. }));
        assert!(matches!(settled(&video("internal", "Something went wrong.")), Outcome::Crashed { .. }));
        assert!(matches!(settled(&video("media_damaged", "")), Outcome::Crashed { .. }));
    }

    #[test]
    fn a_refusal_is_a_failure_and_an_answer_of_500_is_not() {
        let refusal =
            refused("the server answered 422 Unprocessable Entity: upload_empty: The file is empty.");
        assert!(matches!(refusal, Outcome::Failed { code, .. } if code == "upload_empty"));
        let fault = refused("the server answered 500 Internal Server Error: internal: Something went wrong.");
        assert!(matches!(fault, Outcome::Crashed { .. }));
        assert!(matches!(refused("connection reset"), Outcome::Crashed { .. }));
    }
}
