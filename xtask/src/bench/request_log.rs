//! `bench request-log`: how many requests a second are left when each is logged.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::{scratch_folder, server_process, setup, shell};

const BESIDE: &str = "the same server on the same database that logs no requests, asked by turns";

#[derive(Args)]
pub struct Options {
    /// Connections that ask at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    connections: usize,
    /// How long each server is asked for the same
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds: u64,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<()> {
    setup::fetch_parts()?;
    let program = super::build_benches()?;
    let server = server_process::build_optimised()?;
    let folder = scratch_folder::open_folder("memoreel-bench-")?;
    let mut command = shell::command(program);
    command.arg("request-log").arg("--data").arg(folder.path()).arg("--server").arg(server);
    command.args(["--connections", &options.connections.to_string()]);
    command.args(["--seconds", &options.seconds.to_string()]);
    command.args(["--runs", &options.runs.to_string()]);
    let mut report: Value = serde_json::from_slice(&shell::output(&mut command)?)?;
    report["score"] = json!({ "ratio": ratio(&report) });
    report["beside"] = json!(BESIDE);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_table(&report);
    }
    Ok(())
}

fn rate(setting: &Value, side: &str) -> f64 {
    setting[side]["requests_per_second"].as_f64().unwrap_or(f64::NAN)
}

/// What is left of the requests a second, at the least.
fn ratio(report: &Value) -> f64 {
    let settings = report["settings"].as_array().into_iter().flatten();
    settings.map(|setting| rate(setting, "with_log") / rate(setting, "without")).fold(f64::INFINITY, f64::min)
}

fn print_table(report: &Value) {
    println!("\nrequests     logged a second   not logged a second    ratio");
    for setting in report["settings"].as_array().into_iter().flatten() {
        let (with_log, without) = (rate(setting, "with_log"), rate(setting, "without"));
        let what = setting["what"].as_str().unwrap_or_default();
        println!("{what:<12} {with_log:>15.0} {without:>21.0} {:>8.3}", with_log / without);
    }
    println!("\nRatio {:.3} (the least)", report["score"]["ratio"].as_f64().unwrap_or(f64::NAN));
    println!("Beside: {BESIDE}.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_what_is_left_at_the_least() {
        let side = |rate: f64| json!({ "requests_per_second": rate });
        let report = json!({ "settings": [
            { "what": "me", "with_log": side(970.0), "without": side(1000.0) },
            { "what": "all", "with_log": side(99.0), "without": side(100.0) },
        ]});
        assert_eq!(ratio(&report), 0.97);
    }
}
