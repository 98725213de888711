//! `bench http`: how many requests a second the server answers, and how soon.
//!
//! `memoreel-benches` measures it, with a server of Node.js beside it on the same database.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::{scratch_folder, server_process, setup, shell};

const BESIDE: &str = "Fastify, Drizzle and postgres.js on Node.js with two processes, on the same database without row-level security";
/// The requests one after the other, which the score is about.
const ALL: &str = "all";

#[derive(Args)]
pub struct Options {
    /// Videos in all organizations together
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    videos: usize,
    /// Connections that ask at once; may be given several times
    #[arg(long, value_name = "N", default_values_t = [16, 64])]
    connections: Vec<usize>,
    /// How long each server is asked for the same
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds: u64,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// Print the result as JSON to standard output; everything else goes to standard error
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<()> {
    setup::run()?;
    let program = super::build_benches()?;
    let server = server_process::build_optimised()?;
    let peer = setup::install_node_packages(
        "bench-http",
        "xtask/src/bench/http/peer-node",
        "Fastify, Drizzle and postgres.js",
    )?;
    let folder = scratch_folder::open_folder("memoreel-bench-")?;
    let mut command = shell::command(program);
    command.arg("http").arg("--data").arg(folder.path());
    command.arg("--server").arg(server).arg("--peer").arg(peer);
    for connections in &options.connections {
        command.args(["--connections", &connections.to_string()]);
    }
    command.args(["--videos", &options.videos.to_string()]);
    command.args(["--seconds", &options.seconds.to_string()]);
    command.args(["--runs", &options.runs.to_string()]);
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

/// The least over all numbers of connections: how many times as many requests a second as the other server, and how many
/// times as long its 99th percentile is.
fn score(report: &Value) -> Value {
    let settings = || report["settings"].as_array().into_iter().flatten();
    let least = |what: &str, ratio: fn(&Value) -> Option<f64>| {
        settings().filter(|setting| setting["what"] == what).filter_map(ratio).fold(f64::INFINITY, f64::min)
    };
    let (mut ratios, mut p99_ratios) = (Map::new(), Map::new());
    for setting in settings().filter(|setting| !setting["peer"].is_null()) {
        let what = setting["what"].as_str().unwrap_or_default();
        ratios.insert(what.to_owned(), json!(least(what, rate_ratio)));
        p99_ratios.insert(what.to_owned(), json!(least(what, p99_ratio)));
    }
    json!({
        "ratio": least(ALL, rate_ratio),
        "p99_ratio": least(ALL, p99_ratio),
        "ratios": ratios,
        "p99_ratios": p99_ratios,
    })
}

fn rate_ratio(setting: &Value) -> Option<f64> {
    let rate = |server: &str| setting[server]["requests_per_second"].as_f64();
    Some(rate("memoreel")? / rate("peer")?)
}

fn p99_ratio(setting: &Value) -> Option<f64> {
    let p99_ms = |server: &str| setting[server]["p99_ms"].as_f64();
    Some(p99_ms("peer")? / p99_ms("memoreel")?)
}

fn print_table(report: &Value) {
    println!("\nrequests       connections  server      requests/s    p50 ms    p99 ms  bytes");
    for setting in report["settings"].as_array().into_iter().flatten() {
        for (server, name) in [("memoreel", "Memoreel"), ("peer", "Node.js")] {
            let figures = &setting[server];
            if figures.is_null() {
                continue;
            }
            let figure = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
            println!(
                "{:<14} {:>11}  {name:<10} {:>11.0} {:>9.2} {:>9.2} {:>6.0}",
                setting["what"].as_str().unwrap_or_default(),
                setting["connections"],
                figure("requests_per_second"),
                figure("p50_ms"),
                figure("p99_ms"),
                figure("answer_bytes"),
            );
        }
    }
    let score = |name: &str| report["score"][name].as_f64().unwrap_or(f64::NAN);
    println!(
        "\nRatio {:.2}, of the 99th percentile {:.2} (all requests by turns, the least)",
        score("ratio"),
        score("p99_ratio")
    );
    println!("Beside: {BESIDE}.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_least_over_all_numbers_of_connections() {
        let server = |rate: f64, p99: f64| json!({"requests_per_second": rate, "p99_ms": p99});
        let setting =
            |what: &str, own: Value, peer: Value| json!({"what": what, "memoreel": own, "peer": peer});
        let report = json!({"settings": [
            setting("all", server(900.0, 10.0), server(300.0, 30.0)),
            setting("all", server(800.0, 20.0), server(200.0, 30.0)),
            setting("me", server(100.0, 1.0), server(50.0, 1.0)),
            setting("search_hybrid", server(10.0, 1.0), Value::Null),
        ]});
        let score = score(&report);
        assert_eq!((score["ratio"].as_f64(), score["p99_ratio"].as_f64()), (Some(3.0), Some(1.5)));
        assert_eq!(score["ratios"], json!({"all": 3.0, "me": 2.0}));
    }
}
