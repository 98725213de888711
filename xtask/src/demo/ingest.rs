//! Uploading the samples and waiting until they are processed.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::progress::Progress;
use crate::api::client::Client;
use crate::api::upload::upload_file;

const POLL: Duration = Duration::from_millis(250);
/// Processing is reckoned in seconds per sample; more means that something hangs.
const PROCESSING_WAIT: Duration = Duration::from_secs(30 * 60);

/// A sample and what became of it.
pub struct Ingested {
    pub file: String,
    /// The video as the server describes it.
    pub video: Value,
    /// Whether it was there before.
    pub was_there: bool,
    /// From the last byte of the upload until it could be played, as seen from here.
    pub playable_after: Option<Duration>,
    /// From the last byte of the upload until everything was done, as seen from here.
    pub completed_after: Option<Duration>,
}

/// A sample under way.
struct Pending {
    id: String,
    outcome: Ingested,
    received: Option<Instant>,
    done: bool,
}

/// Uploads what is not there yet and waits until everything is processed.
pub fn ingest(client: &Client, samples: &[PathBuf]) -> Result<Vec<Ingested>> {
    let present = client.videos()?;
    let mut progress = Progress::new();
    let mut pending = Vec::new();
    for path in samples {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let size_bytes = path.metadata()?.len();
        let same = |video: &&Value| video["filename"] == file.as_str() && video["size_bytes"] == size_bytes;
        let (video, received) = match present.iter().find(same) {
            Some(video) => (video.clone(), None),
            None => {
                progress.show(&file, "upload", 0);
                let id = upload_file(client, path, &file).with_context(|| format!("uploading {file}"))?;
                (serde_json::json!({ "id": id }), Some(Instant::now()))
            }
        };
        let id = video["id"].as_str().context("a video without an id")?.to_owned();
        if video["status"] == "failed" {
            client.retry(&id)?;
        }
        let was_there = received.is_none();
        let outcome = Ingested { file, video, was_there, playable_after: None, completed_after: None };
        pending.push(Pending { id, outcome, received, done: false });
    }
    wait_for_all(client, &mut pending, &mut progress)?;
    Ok(pending.into_iter().map(|pending| pending.outcome).collect())
}

fn wait_for_all(client: &Client, pending: &mut [Pending], progress: &mut Progress) -> Result<()> {
    let deadline = Instant::now() + PROCESSING_WAIT;
    loop {
        // One request for all of them: the server limits how many one caller makes.
        let videos = client.videos()?;
        for sample in pending.iter_mut().filter(|sample| !sample.done) {
            if let Some(video) = videos.iter().find(|video| video["id"] == sample.id.as_str()) {
                sample.look(video, progress)?;
            }
        }
        if pending.iter().all(|sample| sample.done) {
            break;
        }
        if Instant::now() > deadline {
            bail!("processing takes more than {} minutes", PROCESSING_WAIT.as_secs() / 60);
        }
        thread::sleep(POLL);
    }
    for sample in pending {
        sample.outcome.video = client.video(&sample.id)?;
    }
    Ok(())
}

impl Pending {
    fn look(&mut self, video: &Value, progress: &mut Progress) -> Result<()> {
        let outcome = &mut self.outcome;
        let since = self.received.map(|received| received.elapsed());
        if video["playable"] == true && outcome.playable_after.is_none() {
            outcome.playable_after = since;
        }
        let percent = video["progress"].as_u64().unwrap_or_default();
        match video["status"].as_str() {
            Some("completed") => {
                outcome.completed_after = since;
                self.done = true;
                progress.finish(&outcome.file, if outcome.was_there { "was there already" } else { "done" });
            }
            Some("failed") => {
                let reason = video["error"]["message"].as_str().unwrap_or("no reason given");
                bail!("{} failed: {reason}", outcome.file);
            }
            _ => progress.show(&outcome.file, video["stage"].as_str().unwrap_or("waiting"), percent),
        }
        Ok(())
    }
}
