//! `ci`: what continuous integration does. Every step runs, whatever became of the one before; a table ends it, and why steps failed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;

use crate::shell::{self, cargo, npm, say};
use crate::{codegen, conform, demo, dependencies, setup, test, tidy};

struct Outcome {
    name: &'static str,
    took: Duration,
    /// Why it failed.
    error: Option<String>,
}

pub fn run() -> Result<()> {
    let steps: [(&'static str, &dyn Fn() -> Result<()>); 14] = [
        ("set-up", &setup::run),
        ("format", &|| shell::run(cargo().args(["fmt", "--all", "--check"]))),
        ("tidy", &tidy::run),
        ("dependencies", &dependencies::run),
        ("clippy", &clippy),
        ("generated files", &|| codegen::run(&parsed(&["codegen", "--check"]))),
        ("rust tests", &test::rust),
        ("ui lint", &|| shell::run(npm().args(["run", "--silent", "lint"]))),
        ("ui types", &|| shell::run(npm().args(["run", "--silent", "typecheck"]))),
        ("ui tests", &test::ui_units),
        ("typescript client", &test::typescript_client),
        ("browser tests", &test::browser),
        ("conformance", &|| conform::run(&parsed(&["conform"]))),
        ("demo", &demo_in_a_folder_of_its_own),
    ];
    let mut outcomes = Vec::new();
    for (name, step) in steps {
        say(format!("ci: {name}"));
        let begun = Instant::now();
        let error = step().err().map(|error| format!("{error:#}"));
        if let Some(error) = &error {
            eprintln!("error: {error}");
        }
        outcomes.push(Outcome { name, took: begun.elapsed(), error });
    }
    eprint!("{}", table(&outcomes));
    let failed: Vec<_> =
        outcomes.iter().filter(|outcome| outcome.error.is_some()).map(|outcome| outcome.name).collect();
    for Outcome { name, error, .. } in &outcomes {
        if let Some(error) = error {
            eprintln!("{name}: {error}\n");
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

/// With what is open to fuzzing alone, so that its targets are checked, too.
fn clippy() -> Result<()> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--features", "memoreel-fuzz/fuzzing"]);
    shell::run(clippy.args(["--", "--deny", "warnings", "--cfg", "fuzzing"]))
}

fn demo_in_a_folder_of_its_own() -> Result<()> {
    demo::run(&parsed(&["demo", "--exit", "--json", "--fresh"]))
}

/// Options as the command line would give them.
fn parsed<Options: clap::Args>(words: &[&str]) -> Options {
    #[derive(Parser)]
    struct Line<Options: clap::Args> {
        #[command(flatten)]
        options: Options,
    }
    Line::<Options>::parse_from(words).options
}

fn table(outcomes: &[Outcome]) -> String {
    let mut text = "\n".to_owned();
    for Outcome { name, took, error } in outcomes {
        let word = if error.is_none() { "passed" } else { "FAILED" };
        text.push_str(&format!("{name:<16} {word} {:>8.1} s\n", took.as_secs_f64()));
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    text.push_str(&format!("{:<16} {:>15.1} s\n", "total", total.as_secs_f64()));
    text
}
