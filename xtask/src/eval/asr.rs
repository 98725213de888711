//! `eval asr`: the word error rate of the transcripts that a user of the product gets.
//!
//! Every clip is uploaded like any recording, and what is scored is the transcript that the server shows for it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use super::manifest::{self, Clip};
use super::report::{Heard, Report};
use crate::api::client::Client;
use crate::session::Session;
use crate::shell;

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
    let session = Session::start()?;
    let heard = hear(&session, &options.dir, scored)?;
    session.stop();
    let report = Report::new(heard, &left_out);
    shell::print_report(&report, options.json)
}

/// What the server makes of each clip.
fn hear(session: &Session, dir: &Path, clips: Vec<Clip>) -> Result<Vec<Heard>> {
    let files: Vec<PathBuf> = clips.iter().map(|clip| dir.join(&clip.audio)).collect();
    let ids = session.process(&files)?;
    clips.into_iter().zip(ids).map(|(clip, id)| read(&session.client, clip, &id)).collect()
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
