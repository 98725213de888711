//! `bench webhooks`: how many messages a second reach a receiver on this machine, beside a plain loop of signed requests.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::{scratch_folder, setup, shell};

const BESIDE: &str =
    "a loop that signs and sends as many messages with the same HTTP client, 64 at once, and keeps nothing";

#[derive(Args)]
pub struct Options {
    /// Messages
    #[arg(long, default_value_t = 10_000)]
    messages: u32,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<()> {
    setup::fetch_parts()?;
    let program = super::build_benches()?;
    let folder = scratch_folder::open_folder("memoreel-bench-")?;
    let mut command = shell::command(program);
    command.arg("webhooks").arg("--data").arg(folder.path());
    command.args(["--messages", &options.messages.to_string(), "--runs", &options.runs.to_string()]);
    let mut report: Value = serde_json::from_slice(&shell::output(&mut command)?)?;
    report["score"] = score(&report);
    report["beside"] = json!(BESIDE);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_table(&report);
    }
    Ok(())
}

fn figure(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or(f64::NAN)
}

fn score(report: &Value) -> Value {
    json!({
        "deliveries_per_second": figure(report, "memoreel_with_events"),
        "ratio": figure(report, "memoreel_backlog") / figure(report, "plain"),
        "cost_without_endpoint": figure(report, "events_with_endpoint") / figure(report, "events_without_endpoint"),
    })
}

fn print_table(report: &Value) {
    println!();
    for (name, what) in [
        ("memoreel_with_events", "events, each in a transaction, until the last message was taken"),
        ("memoreel_backlog", "messages that wait already, until the last was taken"),
        ("plain", "the plain loop"),
        ("events_with_endpoint", "events alone, of an organization with an endpoint"),
        ("events_without_endpoint", "events alone, of one without"),
    ] {
        println!("{:>8.0} a second  {what}", figure(report, name));
    }
    println!("\nRatio {:.2} (what waits, to the plain loop)", figure(&report["score"], "ratio"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_what_is_sent_with_its_events_and_the_ratio_of_what_waits() {
        let report = json!({
            "memoreel_with_events": 1200.0, "memoreel_backlog": 2000.0, "plain": 8000.0,
            "events_with_endpoint": 900.0, "events_without_endpoint": 1000.0,
        });
        let score = score(&report);
        assert_eq!((figure(&score, "deliveries_per_second"), figure(&score, "ratio")), (1200.0, 0.25));
        assert_eq!(figure(&score, "cost_without_endpoint"), 0.9);
    }
}
