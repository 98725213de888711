//! `bench start`: how long a start takes, and how much memory the server needs idle, at work, and idle again.
//!
//! Beside a start, the bare PostgreSQL is started on the same data: what the server adds to it is its own.

mod bare;

use std::fmt;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use super::{mebibytes, median};
use crate::memory::{self, MemoryWatch};
use crate::server_process::{self, ServerProcess};
use crate::session::Session;
use crate::shell::{self, say};

const STARTS: usize = 5;
/// What a server needs just after its start is not what it needs when nothing happens.
const SETTLE: Duration = Duration::from_secs(5);
const SAMPLES: [&str; 2] = ["two-voices.wav", "video-call.mp4"];
const BESIDE: &str = "the bare PostgreSQL on the same data, until it answers";

#[derive(Args)]
pub struct Options {
    /// How long nothing happens before memory is measured again
    #[arg(long, value_name = "N", default_value_t = 10)]
    idle_minutes: u64,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    /// Seconds of a start divided by those of the bare database: the median of the starts' ratios.
    ratio: f64,
    /// What a start is compared with.
    beside: &'static str,
    /// From the start of the process until it answers `/health/ready`, with a database that is there: median.
    start_seconds: f64,
    bare_seconds: f64,
    /// The same with an empty data folder, database creation and migrations included.
    first_start_seconds: f64,
    /// Before any model is loaded.
    idle: Resident,
    /// While recordings are transcribed, indexed and summarised: the most.
    working: Resident,
    /// After `idle_minutes` without work.
    idle_again: Resident,
    idle_minutes: u64,
    /// How the server was compiled.
    build: &'static str,
    starts: Vec<Start>,
}

#[derive(Serialize)]
struct Start {
    start_seconds: f64,
    bare_seconds: f64,
}

/// Memory in bytes.
#[derive(Serialize)]
struct Resident {
    /// The server process.
    server_bytes: u64,
    /// The server with its database and helpers, shared pages counted once.
    all_bytes: u64,
}

pub fn run(options: &Options) -> Result<()> {
    let mut session = Session::start()?;
    let data_dir = session.data_dir();
    let first_start_seconds = session.server.cold_start.as_secs_f64();
    session.server.stop();

    let mut starts = Vec::with_capacity(STARTS);
    for number in 1..=STARTS {
        say(format!("start {number} of {STARTS}"));
        let bare = bare::start(&data_dir)?;
        session.server = ServerProcess::start(&data_dir, server_process::free_port()?)?;
        let start_seconds = session.server.cold_start.as_secs_f64();
        if number < STARTS {
            session.server.stop();
        }
        starts.push(Start { start_seconds, bare_seconds: bare.as_secs_f64() });
    }
    session.sign_in()?;

    thread::sleep(SETTLE);
    let pid = session.server.pid();
    let idle = resident(pid)?;
    say("processing recordings");
    let watch = MemoryWatch::start(pid);
    let samples: Vec<PathBuf> = SAMPLES.map(|name| shell::root().join("samples").join(name)).to_vec();
    session.process(&samples)?;
    session.client.search("what was said")?;
    let memory = watch.finish();
    say(format!("waiting {} minutes", options.idle_minutes));
    thread::sleep(Duration::from_secs(options.idle_minutes * 60));
    let report = Report {
        ratio: median(starts.iter().map(|start| start.start_seconds / start.bare_seconds)),
        beside: BESIDE,
        start_seconds: median(starts.iter().map(|start| start.start_seconds)),
        bare_seconds: median(starts.iter().map(|start| start.bare_seconds)),
        first_start_seconds,
        idle,
        working: Resident { server_bytes: memory.server_peak_bytes, all_bytes: memory.all_peak_bytes },
        idle_again: resident(pid)?,
        idle_minutes: options.idle_minutes,
        build: server_process::BUILD,
        starts,
    };
    session.stop();
    shell::print_report(&report, options.json)
}

fn resident(pid: u32) -> Result<Resident> {
    let server_bytes = memory::status_bytes(pid, "VmRSS:").context("the server's memory is unknown")?;
    Ok(Resident { server_bytes, all_bytes: memory::tree_bytes(pid) })
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(output, "\nstart      server        bare")?;
        for (index, start) in self.starts.iter().enumerate() {
            writeln!(
                output,
                "{:>5} {:>9.3} s {:>9.3} s",
                index + 1,
                start.start_seconds,
                start.bare_seconds
            )?;
        }
        writeln!(output, "\nBeside        {}; {} build", self.beside, self.build)?;
        writeln!(output, "Ratio         {:.2} (median)", self.ratio)?;
        writeln!(
            output,
            "Start         {:.2} s (median), {:.2} s with an empty data folder",
            self.start_seconds, self.first_start_seconds
        )?;
        let after = format!("After {} min", self.idle_minutes);
        for (name, resident) in [("Idle", &self.idle), ("At work", &self.working), (&after, &self.idle_again)]
        {
            writeln!(
                output,
                "{name:<13} server {:.0} MiB, all processes {:.0} MiB",
                mebibytes(resident.server_bytes),
                mebibytes(resident.all_bytes)
            )?;
        }
        Ok(())
    }
}
