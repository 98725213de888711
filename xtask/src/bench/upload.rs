//! `bench upload`: throughput and memory of one tus upload in a single PATCH.
//!
//! Beside it, the same bytes are put to a plain handler of the same web framework, which writes them to a file and syncs it.
//! Both end when the bytes are on the disk: neither acknowledges any before.

use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

use super::{MEBIBYTE, mebibytes, median};
use crate::api::client::Client;
use crate::api::upload::Upload;
use crate::memory;
use crate::server_process;
use crate::session::Session;
use crate::shell::{self, say};

const RUNS: usize = 3;
/// The bytes at the beginning of the file that are random, so that no format is recognised; the rest are zeros.
const HEAD_BYTES: u64 = MEBIBYTE;
const POLL: Duration = Duration::from_millis(500);
/// The server reads the whole file again before it finds that it is no recording.
const SETTLE_MAX: Duration = Duration::from_secs(15 * 60);
const BESIDE: &str =
    "a plain axum handler that writes the same bytes, sent in one PUT, to a file and syncs it";

#[derive(Args)]
pub struct Options {
    /// The size of the upload; the disk needs room for six of them
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(1..=5120))]
    size_mib: u64,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    /// Throughput of the upload as a share of that of the plain handler: the median of the runs' ratios.
    ratio: f64,
    /// What the upload is compared with.
    beside: &'static str,
    /// The most that the server's resident memory grew during an upload: the median of the runs.
    rss_growth_bytes: u64,
    /// Medians of the runs.
    upload_mib_per_second: f64,
    plain_mib_per_second: f64,
    size_bytes: u64,
    /// How the server was compiled.
    build: &'static str,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    upload_seconds: f64,
    plain_seconds: f64,
    /// The server's resident memory just before the upload.
    rss_before_bytes: u64,
    /// The most during the upload.
    rss_peak_bytes: u64,
}

/// An upload that was acknowledged, and the server's resident memory.
struct Sent {
    taken: Duration,
    rss_before_bytes: u64,
    rss_peak_bytes: u64,
}

impl Run {
    fn new(plain: Duration, sent: Sent) -> Self {
        Self {
            upload_seconds: sent.taken.as_secs_f64(),
            plain_seconds: plain.as_secs_f64(),
            rss_before_bytes: sent.rss_before_bytes,
            rss_peak_bytes: sent.rss_peak_bytes,
        }
    }
}

pub fn run(options: &Options) -> Result<()> {
    let session = Session::start()?;
    let source = session.scratch().join("source.bin");
    let size_bytes = options.size_mib * MEBIBYTE;
    make_source(&source, size_bytes)?;
    let plain_folder = session.scratch().join("plain");
    fs::create_dir(&plain_folder)?;
    let plain = PlainServer::start(&plain_folder)?;
    let mut runs = Vec::with_capacity(RUNS);
    for number in 1..=RUNS {
        say(format!("run {number} of {RUNS}"));
        // All copies stay until the end: whoever writes after a removal gets blocks and pages that are quicker to have.
        // By turns, so that neither always finds the disk as the other left it.
        let run = if number % 2 == 1 {
            let put = plain.put(&source, size_bytes)?;
            Run::new(put, upload(&session, &source, size_bytes)?)
        } else {
            let sent = upload(&session, &source, size_bytes)?;
            Run::new(plain.put(&source, size_bytes)?, sent)
        };
        runs.push(run);
    }
    session.stop();
    let report = Report::new(size_bytes, runs);
    shell::print_report(&report, options.json)
}

/// A file of the size that takes next to no room itself.
fn make_source(path: &Path, size_bytes: u64) -> Result<()> {
    let mut file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    std::io::copy(&mut File::open("/dev/urandom")?.take(HEAD_BYTES.min(size_bytes)), &mut file)?;
    file.set_len(size_bytes)?;
    // Whoever reads it first would otherwise be the one who pays for bringing it into memory.
    std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
    Ok(())
}

/// The plain handler, in a process of its own that ends with this.
struct PlainServer {
    process: Child,
    url: String,
}

impl PlainServer {
    /// Compiled as the product is.
    fn start(folder: &Path) -> Result<Self> {
        let mut process = shell::command(super::build_debug_benches()?)
            .arg("put")
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run the plain handler")?;
        let output = process.stdout.take().context("the plain handler has no output")?;
        let mut server = Self { process, url: String::new() };
        BufReader::new(output).read_line(&mut server.url)?;
        Ok(server)
    }

    /// How long it takes until the file's bytes are on the disk.
    fn put(&self, source: &Path, size_bytes: u64) -> Result<Duration> {
        let mut body = File::open(source)?;
        let begun = Instant::now();
        let request =
            server_process::agent().put(self.url.trim()).header("Content-Length", size_bytes.to_string());
        let answer = request.send(ureq::SendBody::from_reader(&mut body))?;
        if answer.status() != 204 {
            bail!("the plain handler answered {}", answer.status());
        }
        Ok(begun.elapsed())
    }
}

impl Drop for PlainServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Uploads the file and waits until the server has done with it.
fn upload(session: &Session, source: &Path, size_bytes: u64) -> Result<Sent> {
    let (client, pid) = (&session.client, session.server.pid());
    let upload = Upload::create(client, "bench.bin", None, size_bytes)?;
    let mut body = File::open(source)?;
    memory::forget_peak(pid).context("the kernel does not let us reset the server's peak memory")?;
    let rss_before_bytes = memory::status_bytes(pid, "VmRSS:").context("the server's memory is unknown")?;
    let begun = Instant::now();
    upload.send(client, 0, &mut body)?;
    let taken = begun.elapsed();
    let rss_peak_bytes = memory::status_bytes(pid, "VmHWM:").context("the server's memory is unknown")?;
    wait_until_settled(client, &upload.becomes)?;
    Ok(Sent { taken, rss_before_bytes, rss_peak_bytes })
}

/// Waits until the server has done with the file, so that its work does not slow down the next run.
fn wait_until_settled(client: &Client, video_id: &str) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < SETTLE_MAX {
        let video = client.video(video_id)?;
        if matches!(video["status"].as_str(), Some("completed" | "failed")) {
            return Ok(());
        }
        thread::sleep(POLL);
    }
    bail!("the server still works on the upload after {} minutes", SETTLE_MAX.as_secs() / 60)
}

impl Report {
    fn new(size_bytes: u64, runs: Vec<Run>) -> Self {
        let upload_seconds = median(runs.iter().map(|run| run.upload_seconds));
        let plain_seconds = median(runs.iter().map(|run| run.plain_seconds));
        let growths = runs.iter().map(|run| run.rss_peak_bytes.saturating_sub(run.rss_before_bytes));
        Self {
            ratio: median(runs.iter().map(|run| run.plain_seconds / run.upload_seconds)),
            beside: BESIDE,
            rss_growth_bytes: median(growths),
            upload_mib_per_second: mebibytes(size_bytes) / upload_seconds,
            plain_mib_per_second: mebibytes(size_bytes) / plain_seconds,
            size_bytes,
            build: server_process::BUILD,
            runs,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { build, beside, ratio, .. } = self;
        writeln!(output, "\nrun     upload      plain  memory before       peak")?;
        for (index, run) in self.runs.iter().enumerate() {
            writeln!(
                output,
                "{:>3} {:>8.2} s {:>8.2} s {:>10} MiB {:>6} MiB",
                index + 1,
                run.upload_seconds,
                run.plain_seconds,
                run.rss_before_bytes / MEBIBYTE,
                run.rss_peak_bytes / MEBIBYTE,
            )?;
        }
        writeln!(output, "\nSize          {} MiB, {build} build", self.size_bytes / MEBIBYTE)?;
        writeln!(output, "Upload        {:.0} MiB/s (median)", self.upload_mib_per_second)?;
        writeln!(output, "Beside        {:.0} MiB/s (median): {beside}", self.plain_mib_per_second)?;
        writeln!(output, "Ratio         {ratio:.2}")?;
        writeln!(output, "Memory growth {:.1} MiB (median)", mebibytes(self.rss_growth_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_does_not_change_the_result() {
        let run = |upload_seconds, plain_seconds, rss_peak_bytes| Run {
            upload_seconds,
            plain_seconds,
            rss_before_bytes: 100,
            rss_peak_bytes,
        };
        let report =
            Report::new(10 * MEBIBYTE, vec![run(2.0, 1.0, 110), run(60.0, 1.0, 9_000), run(2.5, 1.0, 90)]);
        assert!((report.ratio - 0.4).abs() < 1e-9);
        assert!((report.upload_mib_per_second - 4.0).abs() < 1e-9);
        assert_eq!(report.rss_growth_bytes, 10);
    }

    #[test]
    fn the_source_has_its_size_and_takes_no_room() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source.bin");
        make_source(&path, 64 * MEBIBYTE).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), 64 * MEBIBYTE);
        assert!(metadata.blocks() * 512 < 8 * MEBIBYTE);
    }
}
