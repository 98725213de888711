//! `bench speech`: what the transcribe step computes, beside the speech engine called by its own Python binding.
//!
//! Both sides run the same library with the same model over the same sound, each time in a new process. The step hears
//! doubtful speech again, and tells voices apart by itself; the engine does what it does by default.

mod sound;

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use memoreel_parts::Parts;
use serde::Serialize;
use serde_json::{Value, json};

use super::{mebibytes, median};
use crate::shell::{self, say};
use crate::{memory, scratch_folder, server_process, setup};

const RUNS: usize = 3;
const POLL: Duration = Duration::from_millis(20);
const ENGINE: &str = include_str!("speech/engine.py");
const BESIDE: &str = "the same library and model, called by its own Python binding with its defaults";
/// Where the data of the evaluations lies beside the checkout.
const DATA: &str = "../shared/data";

#[derive(Args)]
pub struct Options {
    /// The folder with asr/manifest.jsonl; ../shared/data if that is there, else the samples are listened to
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Seconds of speech
    #[arg(long, value_name = "N", default_value_t = 180, value_parser = clap::value_parser!(u16).range(10..=3600))]
    seconds: u16,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    /// Time of the step as a multiple of the engine's, both with speakers, as the product always listens: the median of
    /// the runs' ratios.
    ratio: f64,
    /// What the step is compared with.
    beside: &'static str,
    with_speakers: Figures,
    without_speakers: Figures,
    /// Whether the step gave the same text and the same speakers in all runs.
    is_same_each_time: bool,
    sound_seconds: u16,
    /// How the server was compiled.
    build: &'static str,
}

/// Medians of the runs.
#[derive(Serialize)]
struct Figures {
    ratio: f64,
    step_seconds: f64,
    engine_seconds: f64,
    step_peak_bytes: u64,
    engine_peak_bytes: u64,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    step_seconds: f64,
    engine_seconds: f64,
    step_peak_bytes: u64,
    engine_peak_bytes: u64,
    /// What the step gave.
    #[serde(skip)]
    heard: Value,
}

/// A process that ended well.
struct Ran {
    seconds: f64,
    peak_bytes: u64,
    output: String,
}

pub fn run(options: &Options) -> Result<()> {
    setup::run()?;
    server_process::build()?;
    let folder = scratch_folder::open_folder("memoreel-bench-")?;
    let parts = Parts::locate()?;
    let engine = Engine::install(folder.path(), &parts)?;
    let step = Step::new(&parts)?;
    let audio = folder.path().join("speech.wav");
    let beside = shell::root().join(DATA);
    let data = options.data.clone().or_else(|| beside.is_dir().then_some(beside));
    sound::join(data.as_deref(), usize::from(options.seconds), &audio)?;
    let (mut with, mut without) = (Vec::with_capacity(RUNS), Vec::with_capacity(RUNS));
    for number in 1..=RUNS {
        say(format!("run {number} of {RUNS}"));
        with.push(measure(&engine, &step, &audio, true, number)?);
        without.push(measure(&engine, &step, &audio, false, number)?);
    }
    let report = Report::new(options.seconds, with, without);
    shell::print_report(&report, options.json)
}

/// One run of both, by turns first.
fn measure(engine: &Engine, step: &Step, audio: &Path, speakers: bool, number: usize) -> Result<Run> {
    let (engine, step) = if number % 2 == 1 {
        let engine = engine.run(audio, speakers)?;
        (engine, step.run(audio, speakers)?)
    } else {
        let step = step.run(audio, speakers)?;
        (engine.run(audio, speakers)?, step)
    };
    let last = step.output.lines().last().unwrap_or_default();
    let mut heard: Value = serde_json::from_str(last).context("the speech worker gave no result")?;
    if heard["heard"].is_null() {
        bail!("the speech worker failed: {heard}");
    }
    let own: Value = serde_json::from_str(&engine.output).context("the engine gave no result")?;
    Ok(Run {
        step_seconds: step.seconds,
        // Without the start of Python, which the engine is not to blame for.
        engine_seconds: own["seconds"].as_f64().context("the engine gave no time")?,
        step_peak_bytes: step.peak_bytes,
        engine_peak_bytes: engine.peak_bytes,
        heard: heard["heard"].take(),
    })
}

/// The engine in a Python environment of its own.
struct Engine {
    python: PathBuf,
    script: PathBuf,
}

impl Engine {
    fn install(folder: &Path, parts: &Parts) -> Result<Self> {
        say("installing the engine's Python binding");
        let part = parts.manifest().part("speech").context("no speech engine is pinned")?;
        let environment = folder.join("python");
        shell::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let python = environment.join("bin/python");
        let package = format!("{}=={}", part.package, part.version);
        shell::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", &package]))?;
        let script = folder.join("engine.py");
        std::fs::write(&script, ENGINE)?;
        Ok(Self { python, script })
    }

    fn run(&self, audio: &Path, speakers: bool) -> Result<Ran> {
        let mut command = Command::new(&self.python);
        command.arg(&self.script).arg(audio).arg(speakers.to_string());
        follow(&mut command, None)
    }
}

/// The process that the transcribe step runs for each recording.
struct Step {
    program: PathBuf,
    job: Value,
}

impl Step {
    fn new(parts: &Parts) -> Result<Self> {
        let part = parts.speech()?;
        let job = json!({
            "library": part.library,
            "onnxruntime_library": part.onnxruntime_library,
            "model_dir": part.model_dir,
        });
        Ok(Self { program: server_process::program(), job })
    }

    fn run(&self, audio: &Path, speakers: bool) -> Result<Ran> {
        let mut job = self.job.clone();
        job["audio"] = json!(audio);
        job["work"] = json!(if speakers { "text_and_voices" } else { "text" });
        follow(Command::new(&self.program).arg("speech-worker"), Some(&format!("{job}\n")))
    }
}

/// Runs a process to its end and watches its memory. Its input stays open until then.
fn follow(command: &mut Command, input: Option<&str>) -> Result<Ran> {
    let name = command.get_program().to_string_lossy().into_owned();
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("{name} has no pipes");
    };
    stdin.write_all(input.unwrap_or_default().as_bytes())?;
    let reader = thread::spawn(move || {
        let mut output = String::new();
        stdout.read_to_string(&mut output).map(|_| output)
    });
    let mut peak_bytes = 0;
    let status = loop {
        peak_bytes = peak_bytes.max(memory::status_bytes(child.id(), "VmHWM:").unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(POLL);
    };
    let seconds = begun.elapsed().as_secs_f64();
    let output = reader.join().map_err(|_| anyhow::anyhow!("{name} could not be read"))??;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(Ran { seconds, peak_bytes, output })
}

impl Report {
    fn new(sound_seconds: u16, with: Vec<Run>, without: Vec<Run>) -> Self {
        let same = |runs: &[Run]| runs.windows(2).all(|pair| pair[0].heard == pair[1].heard);
        let is_same_each_time = same(&with) && same(&without);
        let (with_speakers, without_speakers) = (Figures::of(with), Figures::of(without));
        Self {
            ratio: with_speakers.ratio,
            beside: BESIDE,
            with_speakers,
            without_speakers,
            is_same_each_time,
            sound_seconds,
            build: server_process::BUILD,
        }
    }
}

impl Figures {
    fn of(runs: Vec<Run>) -> Self {
        Self {
            ratio: median(runs.iter().map(|run| run.step_seconds / run.engine_seconds)),
            step_seconds: median(runs.iter().map(|run| run.step_seconds)),
            engine_seconds: median(runs.iter().map(|run| run.engine_seconds)),
            step_peak_bytes: median(runs.iter().map(|run| run.step_peak_bytes)),
            engine_peak_bytes: median(runs.iter().map(|run| run.engine_peak_bytes)),
            runs,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sound_seconds, build, beside, .. } = self;
        writeln!(output, "\n                      step     engine   ratio     memory of both (peak)")?;
        let rows = [("With speakers", &self.with_speakers), ("Without speakers", &self.without_speakers)];
        for (name, figures) in rows {
            writeln!(
                output,
                "{name:<16} {:>8.2} s {:>8.2} s {:>7.2} {:>7.0} MiB {:>7.0} MiB",
                figures.step_seconds,
                figures.engine_seconds,
                figures.ratio,
                mebibytes(figures.step_peak_bytes),
                mebibytes(figures.engine_peak_bytes),
            )?;
        }
        writeln!(output, "\nSpeech           {sound_seconds} s, {build} build, medians of {RUNS} runs")?;
        writeln!(output, "Beside           {beside}")?;
        let same = if self.is_same_each_time { "the same in all runs" } else { "not the same in all runs" };
        writeln!(output, "Text, speakers   {same}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(step_seconds: f64, engine_seconds: f64, text: &str) -> Run {
        Run { step_seconds, engine_seconds, step_peak_bytes: 1, engine_peak_bytes: 2, heard: json!(text) }
    }

    #[test]
    fn the_ratio_is_that_of_the_middle_run_with_speakers() {
        let with = vec![ran(2.0, 4.0, "a"), ran(90.0, 4.0, "a"), ran(3.0, 4.0, "a")];
        let report = Report::new(60, with, vec![ran(5.0, 4.0, "a"), ran(4.0, 4.0, "a")]);
        assert!((report.ratio - 0.75).abs() < 1e-9 && report.is_same_each_time);
        let report = Report::new(60, vec![ran(1.0, 1.0, "a"), ran(1.0, 1.0, "b")], Vec::new());
        assert!(!report.is_same_each_time);
    }

    #[test]
    fn a_process_is_followed_to_its_end() {
        let ran = follow(Command::new("cat").arg("/dev/null"), None).unwrap();
        assert!(ran.output.is_empty() && ran.seconds < 60.0);
        assert!(follow(&mut Command::new("false"), None).is_err());
    }
}
