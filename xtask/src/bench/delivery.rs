//! `bench delivery`: how fast ranges of a file are read by signed address, beside nginx on the same file.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::{scratch_folder, server_process, setup, shell};

const BESIDE: &str = "nginx with sendfile, one process per core, on the same file, asked by turns";

#[derive(Args)]
pub struct Options {
    /// Size of the file; the system's cache should have room for it
    #[arg(long, value_name = "N", default_value_t = 512)]
    size_mib: u64,
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
    if !shell::has_program("nginx") {
        bail!("install with: apt-get install nginx-light");
    }
    setup::fetch_parts()?;
    let program = super::build_benches()?;
    let server = server_process::build_optimised()?;
    let folder = scratch_folder::open_folder("memoreel-bench-")?;
    let mut command = shell::command(program);
    command.arg("delivery").arg("--data").arg(folder.path()).arg("--server").arg(server);
    command.args(["--size-mib", &options.size_mib.to_string()]);
    command.args(["--connections", &options.connections.to_string()]);
    command.args(["--seconds", &options.seconds.to_string()]);
    command.args(["--runs", &options.runs.to_string()]);
    let mut report: Value = serde_json::from_slice(&shell::output(&mut command)?)?;
    let ranges = report["ranges"].as_array().cloned().unwrap_or_default();
    let ratio = ranges.iter().map(|range| number(range, "ratio")).fold(f64::INFINITY, f64::min);
    let growth = number(&report, "rss_peak_bytes") - number(&report, "rss_before_bytes");
    report["score"] = json!({ "ratio": ratio, "rss_growth_bytes": growth });
    report["beside"] = json!(BESIDE);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_table(&ranges, growth);
    }
    Ok(())
}

fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or(f64::NAN)
}

fn print_table(ranges: &[Value], growth: f64) {
    println!("\nrange     Memoreel MiB/s   nginx MiB/s    ratio");
    for range in ranges {
        println!(
            "{:>5} KiB {:>14.0} {:>13.0} {:>8.2}",
            number(range, "range_bytes") / 1024.0,
            number(range, "memoreel_mib_per_second"),
            number(range, "nginx_mib_per_second"),
            number(range, "ratio"),
        );
    }
    println!("\nMemoreel's memory grew by {:.0} MiB at most. Beside: {BESIDE}.", growth / f64::from(1 << 20));
}
