//! `bench tasks`: how many tasks a second the queue runs, and how soon.
//!
//! `memoreel-benches` measures it, with graphile-worker and pg-boss beside it on the same database.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::{scratch_folder, setup, shell};

const BESIDE: &str = "graphile-worker and pg-boss on the same database, one job at a time for each worker";
const QUEUES: [(&str, &str); 3] =
    [("memoreel", "Memoreel"), ("graphile-worker", "graphile-worker"), ("pg-boss", "pg-boss")];

#[derive(Args)]
pub struct Options {
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<()> {
    setup::fetch_parts()?;
    let program = super::build_benches()?;
    let others =
        setup::install_node_packages("bench-tasks", "xtask/src/bench/tasks", "graphile-worker and pg-boss")?;
    let folder = scratch_folder::open_folder("memoreel-bench-")?;
    let mut command = shell::command(program);
    command.arg("tasks").arg("--data").arg(folder.path().join("postgres")).arg("--others").arg(others);
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

/// The least of all settings: how many times as many tasks a second as the better of the others, and the slowest pickup.
fn score(report: &Value) -> Value {
    let settings = || report["settings"].as_array().into_iter().flatten();
    let rate = |setting: &Value, queue: &str| setting[queue]["tasks_per_second"].as_f64().unwrap_or_default();
    let ratio = |queue: &str| {
        settings()
            .map(|setting| rate(setting, "memoreel") / rate(setting, queue))
            .fold(f64::INFINITY, f64::min)
    };
    let pickups = settings().filter_map(|setting| setting["memoreel"]["pickup"]["p95_ms"].as_f64());
    json!({
        "ratio": ratio("graphile-worker").min(ratio("pg-boss")),
        "ratio_graphile_worker": ratio("graphile-worker"),
        "ratio_pg_boss": ratio("pg-boss"),
        "pickup_p95_ms": pickups.fold(0.0, f64::max),
    })
}

fn print_table(report: &Value) {
    println!("\nworkers  work ms  queue            tasks/s  pickup p50 ms  p95 ms");
    for setting in report["settings"].as_array().into_iter().flatten() {
        for (queue, name) in QUEUES {
            let figures = &setting[queue];
            println!(
                "{:>7} {:>8}  {name:<15} {:>8.0} {:>14.2} {:>7.2}",
                setting["workers"],
                setting["work_ms"],
                figures["tasks_per_second"].as_f64().unwrap_or(f64::NAN),
                figures["pickup"]["p50_ms"].as_f64().unwrap_or(f64::NAN),
                figures["pickup"]["p95_ms"].as_f64().unwrap_or(f64::NAN),
            );
        }
    }
    println!(
        "\nRatio {:.2} (the least, to the better of the others)",
        report["score"]["ratio"].as_f64().unwrap_or(f64::NAN)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_least_ratio_and_the_slowest_pickup() {
        let queue = |rate: f64, p95: f64| json!({"tasks_per_second": rate, "pickup": {"p95_ms": p95}});
        let setting = |own: Value| json!({"memoreel": own, "graphile-worker": queue(500.0, 9.0), "pg-boss": queue(250.0, 9.0)});
        let report = json!({"settings": [setting(queue(1000.0, 2.0)), setting(queue(750.0, 4.0))]});
        let score = score(&report);
        assert_eq!((score["ratio"].as_f64(), score["ratio_pg_boss"].as_f64()), (Some(1.5), Some(3.0)));
        assert_eq!(score["pickup_p95_ms"].as_f64(), Some(4.0));
    }
}
