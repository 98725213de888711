//! `bench embed`: texts embedded per second, beside ONNX Runtime from Python on the same graph; and how long a query takes.

use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{median, side::Side};
use crate::python;
use crate::server_process::BUILD;
use crate::setup;
use crate::shell::{self, say};

/// The runtime of the same version as the product's.
const PACKAGES: [&str; 3] = ["onnxruntime==1.31.1", "tokenizers==0.23.3", "numpy==2.4.6"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bench/embed.py");
const BESIDE: &str =
    "ONNX Runtime from Python on the same graph and texts, in batches of 32 sorted by length";
/// Sentences, and passages up to the longest that are indexed.
const TEXT_WORDS: [usize; 6] = [6, 12, 20, 60, 120, 180];
const TEXTS: usize = 600;

#[derive(Args)]
pub struct Options {
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
    /// How often each side embeds all texts, taking turns
    #[arg(long, default_value = "5", value_name = "N")]
    rounds: NonZeroUsize,
}

#[derive(Serialize)]
struct Report {
    /// Texts per second, ours divided by theirs: the median over the rounds.
    ratio: f64,
    beside: &'static str,
    texts_per_second: f64,
    beside_texts_per_second: f64,
    /// One query of eight words, nothing else running.
    query_ms: Latency,
    texts: usize,
    words: usize,
    rounds: Vec<Round>,
    build: &'static str,
}

#[derive(Serialize)]
struct Latency {
    p50: f64,
    p95: f64,
}

#[derive(Serialize)]
struct Round {
    seconds: f64,
    beside_seconds: f64,
}

pub fn run(options: &Options) -> Result<()> {
    setup::fetch_parts()?;
    let binary = super::build_debug_benches()?;
    let interpreter = python::interpreter("embed", &PACKAGES)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("texts.json");
    let texts = texts()?;
    fs::write(&file, serde_json::to_vec(&texts)?)?;

    let (mut ours, parts) = Side::start(Command::new(binary).arg("embed").arg(&file))?;
    let part = |name: &str| parts[name].as_str().with_context(|| format!("the bench names no {name}"));
    let script = [Path::new(SCRIPT), &file, Path::new(part("graph")?), Path::new(part("tokenizer")?)];
    let (mut theirs, _) = Side::start(Command::new(interpreter).args(script))?;
    let (mut rounds, mut query_ms) = (Vec::new(), Vec::new());
    for number in 0..options.rounds.get() {
        say(format!("round {} of {}", number + 1, options.rounds));
        // Taking turns at going first, so that neither always finds a warmer machine.
        let (own, other) = if number % 2 == 0 {
            let own = ours.round("round")?;
            (own, theirs.round("round")?)
        } else {
            let other = theirs.round("round")?;
            (ours.round("round")?, other)
        };
        query_ms.extend(own["query_ms"].as_array().into_iter().flatten().filter_map(Value::as_f64));
        rounds.push(Round { seconds: seconds(&own)?, beside_seconds: seconds(&other)? });
    }
    let report = Report::new(&texts, rounds, query_ms);
    shell::print_report(&report, options.json)
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn new(texts: &[String], rounds: Vec<Round>, mut query_ms: Vec<f64>) -> Self {
        query_ms.sort_by(f64::total_cmp);
        let at = |percent: usize| query_ms.get(query_ms.len() * percent / 100).copied().unwrap_or_default();
        let rate = |seconds: f64| texts.len() as f64 / seconds;
        Self {
            ratio: median(rounds.iter().map(|round| round.beside_seconds / round.seconds)),
            beside: BESIDE,
            texts_per_second: median(rounds.iter().map(|round| rate(round.seconds))),
            beside_texts_per_second: median(rounds.iter().map(|round| rate(round.beside_seconds))),
            query_ms: Latency { p50: at(50), p95: at(95) },
            texts: texts.len(),
            words: texts.iter().map(|text| text.split_whitespace().count()).sum(),
            rounds,
            build: BUILD,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Round { seconds, beside_seconds }) in self.rounds.iter().enumerate() {
            writeln!(output, "round {:<3} {seconds:>7.2} s   beside {beside_seconds:>7.2} s", number + 1)?;
        }
        let Latency { p50, p95 } = self.query_ms;
        writeln!(
            output,
            "texts per second  {:.0}, beside {:.0}",
            self.texts_per_second, self.beside_texts_per_second
        )?;
        writeln!(output, "one query         {p50:.1} ms, p95 {p95:.1} ms")?;
        writeln!(output, "ratio             {:.2} (beside: {})", self.ratio, self.beside)
    }
}

fn seconds(answer: &Value) -> Result<f64> {
    answer["seconds"].as_f64().context("a side named no seconds")
}

/// Stretches of the project's own prose, of all lengths that are indexed.
fn texts() -> Result<Vec<String>> {
    let mut prose = String::new();
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "STYLE.md",
        "CONTRIBUTING.md",
        "docs/evaluations.md",
        "docs/operating.md",
    ] {
        prose.push_str(&fs::read_to_string(shell::root().join(name)).with_context(|| name.to_owned())?);
        prose.push('\n');
    }
    let words: Vec<&str> = prose.split_whitespace().collect();
    if words.len() < 1_000 {
        bail!("the project's documents have too few words to embed");
    }
    let mut rest = words.iter().cycle();
    let lengths = TEXT_WORDS.iter().cycle().take(TEXTS);
    Ok(lengths.map(|length| rest.by_ref().take(*length).copied().collect::<Vec<_>>().join(" ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_ours_divided_by_theirs() {
        let texts = vec!["one two".to_owned(); 10];
        let round = |seconds, beside_seconds| Round { seconds, beside_seconds };
        let report =
            Report::new(&texts, vec![round(2.0, 1.0), round(1.0, 1.0), round(1.0, 2.0)], vec![3.0, 1.0, 2.0]);
        assert_eq!((report.ratio, report.texts_per_second, report.words), (1.0, 10.0, 20));
        assert_eq!((report.query_ms.p50, report.query_ms.p95), (2.0, 3.0));
    }

    #[test]
    fn there_is_text_of_every_length() {
        let texts = texts().unwrap();
        assert_eq!(texts.len(), TEXTS);
        assert_eq!(texts[5].split_whitespace().count(), 180);
    }
}
