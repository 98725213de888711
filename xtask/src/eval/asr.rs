//! `eval asr`: the word error rate of the transcripts that a user of the product gets.
//!
//! Every clip is uploaded like any recording, and what is scored is the transcript that the server shows for it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use super::manifest::{self, Clip};
use super::report::{Heard, Report};
use crate::api::account;
use crate::api::client::Client;
use crate::api::upload::upload_file;
use crate::server_process::{self, ServerProcess};
use crate::setup;
use crate::shell::say;

const POLL: Duration = Duration::from_secs(1);
/// When no recording gets done for so long, something hangs.
const STANDSTILL_MAX: Duration = Duration::from_secs(30 * 60);

#[derive(Args)]
pub struct Options {
    /// The folder of the data: its asr/manifest.jsonl names the recordings, relative to the folder
    dir: PathBuf,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// Take only the first recordings that can be scored
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
}

pub fn run(options: &Options) -> Result<()> {
    let clips = manifest::read(&options.dir.join("asr/manifest.jsonl"))?;
    let (scored, left_out): (Vec<Clip>, Vec<Clip>) =
        clips.into_iter().partition(|clip| clip.group().is_some());
    let scored: Vec<Clip> =
        scored.into_iter().take(options.limit.map_or(usize::MAX, NonZeroUsize::get)).collect();
    if scored.is_empty() {
        bail!("no recording of the manifest has a reference by a person or a quotation");
    }
    setup::run()?;
    server_process::build()?;
    let folder = server_process::open_folder("memoreel-eval-")?;
    let data_dir = folder.path().join("data");
    let mut server = ServerProcess::start(&data_dir, server_process::free_port()?)?;
    let account = account::sign_in(&server.url, &data_dir)?;
    let client = Client::new(&server.url, &account.api_key);
    let heard = hear(&client, &options.dir, scored)?;
    server.stop();
    let report = Report::new(heard, &left_out);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// What the server makes of each clip.
fn hear(client: &Client, dir: &Path, clips: Vec<Clip>) -> Result<Vec<Heard>> {
    say(format!("uploading {} recordings", clips.len()));
    let mut uploaded = Vec::with_capacity(clips.len());
    for clip in clips {
        let path = dir.join(&clip.audio);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id =
            upload_file(client, &path, &name).with_context(|| format!("uploading {}", path.display()))?;
        uploaded.push((clip, id));
    }
    wait_until_settled(client, uploaded.len())?;
    uploaded.into_iter().map(|(clip, id)| read(client, clip, &id)).collect()
}

/// Waits until no recording is in work any more, whether it was completed or failed.
fn wait_until_settled(client: &Client, count: usize) -> Result<()> {
    let (mut done_before, mut changed) = (0, Instant::now());
    loop {
        let videos = client.videos()?;
        let is_settled = |video: &&Value| matches!(video["status"].as_str(), Some("completed" | "failed"));
        let done = videos.iter().filter(is_settled).count();
        if done != done_before {
            say(format!("{done} of {count} processed"));
            (done_before, changed) = (done, Instant::now());
        }
        if done >= count {
            return Ok(());
        }
        if changed.elapsed() > STANDSTILL_MAX {
            bail!("no recording was done for {} minutes", STANDSTILL_MAX.as_secs() / 60);
        }
        thread::sleep(POLL);
    }
}

fn read(client: &Client, clip: Clip, id: &str) -> Result<Heard> {
    let video = client.video(id)?;
    let transcript = client.transcript(id)?;
    let string = |value: &Value| value.as_str().map(str::to_owned);
    let segments = transcript["segments"].as_array().into_iter().flatten();
    let texts: Vec<&str> = segments.filter_map(|segment| segment["text"].as_str()).map(str::trim).collect();
    Ok(Heard {
        clip,
        text: texts.join(" "),
        has_text: !texts.is_empty(),
        notice: string(&transcript["notice"]).or_else(|| string(&video["error"]["message"])),
        engine: string(&transcript["engine"]),
        model: string(&transcript["model"]),
    })
}
