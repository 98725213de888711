//! `bench ingest`: how long a recording takes from its last byte until all its renditions are there.
//!
//! Beside it, one bare ffmpeg command makes the same renditions from the same file. Speech recognition takes both cores
//! and is measured by itself, so here a provider stands in that answers at once and hears nothing.

mod bare;
mod cpu;
mod provider;

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

use super::{mebibytes, median};
use crate::api::upload::{Upload, media_type};
use crate::memory::MemoryWatch;
use crate::server_process;
use crate::session::Session;
use crate::shell::{self, say};

const POLL: Duration = Duration::from_millis(50);
/// Once it can be played: asking costs the server work that is not part of the ingest.
const POLL_AFTER: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);
const BESIDE: &str = "one bare ffmpeg command that makes the same renditions from the same file";

#[derive(Args)]
pub struct Options {
    /// The recording that is repeated until it is long enough
    #[arg(default_value = "samples/video-call.mp4")]
    recording: PathBuf,
    /// How long the recording is that is ingested
    #[arg(long, value_name = "N", default_value_t = 120)]
    seconds: u32,
    /// How often it is ingested
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The size of the file of which only the seconds until playable are measured; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 1024)]
    large_mib: u64,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    /// Seconds of the media steps divided by those of the bare command: the median of the runs' ratios.
    ratio: f64,
    /// What the media steps are compared with.
    beside: &'static str,
    /// The same of processor seconds, which other work on the machine disturbs less.
    cpu_ratio: f64,
    /// Medians of the runs.
    ingest_seconds: f64,
    bare_seconds: f64,
    /// Until it could be played at all, and until it could be played as a stream.
    playable_seconds: f64,
    streamed_seconds: f64,
    /// The server, its database and its ffmpeg processes together: the most of all runs.
    memory_peak_bytes: u64,
    /// A file of `large_mib`, from its last byte until it could be played, and until there was a stream of it.
    large_playable_seconds: Option<f64>,
    large_streamed_seconds: Option<f64>,
    large_bytes: Option<u64>,
    recording_seconds: u32,
    recording_bytes: u64,
    renditions: Vec<String>,
    /// How the server was compiled.
    build: &'static str,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    ingest_seconds: f64,
    playable_seconds: f64,
    streamed_seconds: f64,
    bare_seconds: f64,
    /// Of the server and its ffmpeg processes; its database is not counted.
    ingest_cpu_seconds: f64,
    bare_cpu_seconds: f64,
}

/// What an upload took from its last byte on.
struct Ingested {
    video_id: String,
    playable: Duration,
    streamed: Duration,
    completed: Duration,
    cpu: Duration,
}

pub fn run(options: &Options) -> Result<()> {
    let provider = provider::start()?;
    let session = Session::start_with(&[("MEMOREEL_TRANSCRIBE_URL", &provider)])?;
    let recording = session.scratch().join("recording.mp4");
    say(format!("joining {} s of {}", options.seconds, options.recording.display()));
    bare::join(&options.recording, options.seconds, &recording)?;

    // The first one brings the programs into memory and says which renditions there are.
    let first = ingest(&session, &recording, true)?;
    let renditions = bare::Renditions::of(&session.client, &first.video_id)?;
    bare::make(&recording, &renditions, &session.scratch().join("bare-first"))?;

    let watch = MemoryWatch::start(session.server.pid());
    let mut runs = Vec::new();
    for number in 1..=options.runs {
        say(format!("run {number} of {}", options.runs));
        let folder = session.scratch().join(format!("bare-{number}"));
        // By turns, so that neither always finds the machine as the other left it.
        let (ingested, bare) = if number % 2 == 1 {
            let bare = bare::make(&recording, &renditions, &folder)?;
            (ingest(&session, &recording, true)?, bare)
        } else {
            (ingest(&session, &recording, true)?, bare::make(&recording, &renditions, &folder)?)
        };
        runs.push(Run {
            ingest_seconds: ingested.completed.as_secs_f64(),
            playable_seconds: ingested.playable.as_secs_f64(),
            streamed_seconds: ingested.streamed.as_secs_f64(),
            bare_seconds: bare.wall.as_secs_f64(),
            ingest_cpu_seconds: ingested.cpu.as_secs_f64(),
            bare_cpu_seconds: bare.cpu.as_secs_f64(),
        });
    }
    let memory = watch.finish();
    let large =
        (options.large_mib > 0).then(|| large(&session, &recording, options.large_mib)).transpose()?;
    let report = Report {
        ratio: median(runs.iter().map(|run| run.ingest_seconds / run.bare_seconds)),
        cpu_ratio: median(runs.iter().map(|run| run.ingest_cpu_seconds / run.bare_cpu_seconds)),
        beside: BESIDE,
        ingest_seconds: median(runs.iter().map(|run| run.ingest_seconds)),
        bare_seconds: median(runs.iter().map(|run| run.bare_seconds)),
        playable_seconds: median(runs.iter().map(|run| run.playable_seconds)),
        streamed_seconds: median(runs.iter().map(|run| run.streamed_seconds)),
        memory_peak_bytes: memory.all_peak_bytes,
        large_playable_seconds: large.as_ref().map(|(ingested, _)| ingested.playable.as_secs_f64()),
        large_streamed_seconds: large.as_ref().map(|(ingested, _)| ingested.streamed.as_secs_f64()),
        large_bytes: large.as_ref().map(|(_, size_bytes)| *size_bytes),
        recording_seconds: options.seconds,
        recording_bytes: recording.metadata()?.len(),
        renditions: renditions.names(),
        build: server_process::BUILD,
        runs,
    };
    session.stop();
    shell::print_report(&report, options.json)
}

/// Uploads the file and waits until it can be streamed and, where `is_whole`, until everything is done.
fn ingest(session: &Session, path: &Path, is_whole: bool) -> Result<Ingested> {
    let size_bytes = path.metadata()?.len();
    let upload = Upload::create(&session.client, "recording.mp4", media_type(path), size_bytes)?;
    upload.send_rest(&session.client, path)?;
    let (begun, cpu_before) = (Instant::now(), cpu::of(session.server.pid())?);
    let (mut playable, mut streamed) = (None, None);
    while begun.elapsed() < WAIT_MAX {
        let video = session.client.video(&upload.becomes)?;
        let completed = begun.elapsed();
        if video["playable"] == true {
            playable.get_or_insert(completed);
        }
        if video["playback"]["hls_url"].is_string() {
            streamed.get_or_insert(completed);
        }
        match (video["status"].as_str(), playable.zip(streamed)) {
            (Some("failed"), _) => bail!("the recording failed: {}", video["error"]["message"]),
            (Some("completed"), None) => bail!("the recording was completed and cannot be played"),
            (Some(status), Some((playable, streamed))) if !is_whole || status == "completed" => {
                let cpu = cpu::of(session.server.pid())?.saturating_sub(cpu_before);
                return Ok(Ingested { video_id: upload.becomes, playable, streamed, completed, cpu });
            }
            (_, first) => thread::sleep(if first.is_some() { POLL_AFTER } else { POLL }),
        }
    }
    bail!("the recording was not done within {} minutes", WAIT_MAX.as_secs() / 60)
}

/// What a file of about the size takes, and its size in bytes.
fn large(session: &Session, recording: &Path, size_mib: u64) -> Result<(Ingested, u64)> {
    let path = session.scratch().join("large.mp4");
    say(format!("joining {size_mib} MiB"));
    let times = (size_mib * super::MEBIBYTE).div_ceil(recording.metadata()?.len().max(1)).max(1);
    shell::run(
        shell::command("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y", "-stream_loop", &(times - 1).to_string(), "-i"])
            .arg(recording)
            .args(["-c", "copy"])
            .arg(&path),
    )
    .context("the large recording cannot be joined")?;
    let ingested = ingest(session, &path, false)?;
    Ok((ingested, path.metadata()?.len()))
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(output, "\nrun      ingest        bare   ingest CPU     bare CPU    playable")?;
        for (index, run) in self.runs.iter().enumerate() {
            writeln!(
                output,
                "{:>3} {:>9.2} s {:>9.2} s {:>10.2} s {:>10.2} s {:>9.2} s",
                index + 1,
                run.ingest_seconds,
                run.bare_seconds,
                run.ingest_cpu_seconds,
                run.bare_cpu_seconds,
                run.playable_seconds
            )?;
        }
        writeln!(
            output,
            "\nRecording    {} s, {:.0} MiB; {}; {} build",
            self.recording_seconds,
            mebibytes(self.recording_bytes),
            self.renditions.join(", "),
            self.build
        )?;
        writeln!(output, "Beside       {}", self.beside)?;
        writeln!(output, "Ratio        {:.2} (median; below 1 is faster than the bare command)", self.ratio)?;
        writeln!(output, "CPU ratio    {:.2} (median; processor seconds)", self.cpu_ratio)?;
        writeln!(
            output,
            "Playable     {:.2} s after the last byte, as a stream {:.2} s (medians)",
            self.playable_seconds, self.streamed_seconds
        )?;
        writeln!(output, "Memory       {:.0} MiB at most, all processes", mebibytes(self.memory_peak_bytes))?;
        if let (Some(playable), Some(streamed), Some(size_bytes)) =
            (self.large_playable_seconds, self.large_streamed_seconds, self.large_bytes)
        {
            let size = mebibytes(size_bytes);
            writeln!(
                output,
                "Large file   {size:.0} MiB playable after {playable:.2} s, as a stream {streamed:.2} s"
            )?;
        }
        Ok(())
    }
}
