//! What the log of requests costs: two servers on one database, one of which logs, asked for the same by turns.

use super::load::{self, Ask, Load};
use super::population::Population;
use super::servers::Server;
use super::{Measured, WARM_UP, fill};
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The cheapest request, of which the log is the largest part, and all that people ask for.
const ASKED: [Ask; 2] = [Ask::Me, Ask::All];

/// The product with its log of requests, beside itself without.
#[derive(Args)]
pub struct Options {
    /// An empty folder for the database and the servers' files
    #[arg(long)]
    data: PathBuf,
    /// The product's program
    #[arg(long)]
    server: PathBuf,
    /// Videos in all organizations together
    #[arg(long, default_value_t = 3_000)]
    videos: usize,
    /// Connections that ask at once
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long each server is asked for the same
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often everything is measured
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    connections: usize,
    seconds: u64,
    runs: usize,
    settings: Vec<Setting>,
}

/// Medians of the runs with the same requests.
#[derive(Debug, Serialize)]
struct Setting {
    what: &'static str,
    with_log: Measured,
    without: Measured,
}

/// Prints the report.
pub async fn run(options: &Options) -> Result<()> {
    let (postgres, address, population) = fill(&options.data, options.videos).await?;
    // First the one that removes what is logged: at its start, there is nothing.
    let without = start(options, &address, "without", "0").await?;
    let with_log = start(options, &address, "with-log", "30").await?;
    let settings = measure(options, &population, &with_log, &without).await;
    with_log.stop().await?;
    without.stop().await?;
    postgres.stop().await?;
    let Options { connections, seconds, runs, .. } = *options;
    println!(
        "{}",
        serde_json::to_string_pretty(&Report { connections, seconds, runs, settings: settings? })?
    );
    Ok(())
}

async fn start(options: &Options, address: &str, name: &str, days: &str) -> Result<Server> {
    let folder = options.data.join(name);
    fs::create_dir_all(&folder)?;
    let server =
        Server::start_product(&options.server, &folder, address, &[("MEMOREEL_REQUEST_LOG_DAYS", days)])
            .await?;
    tokio::time::sleep(WARM_UP).await;
    Ok(server)
}

async fn measure(
    options: &Options,
    population: &Population,
    with_log: &Server,
    without: &Server,
) -> Result<Vec<Setting>> {
    let mut settings = Vec::new();
    for ask in ASKED {
        let requests = load::requests(population, ask);
        let load = |seconds| Load { requests: &requests, connections: options.connections, seconds };
        let (warm_up, load) = (load(WARM_UP), load(Duration::from_secs(options.seconds)));
        for server in [with_log, without] {
            warm_up.put_on(server.address).await?;
        }
        let (mut logging, mut silent) = (Vec::new(), Vec::new());
        for run in 0..options.runs {
            // Whoever comes second finds the database warmer.
            if run % 2 == 0 {
                logging.push(load.put_on(with_log.address).await?);
                silent.push(load.put_on(without.address).await?);
            } else {
                silent.push(load.put_on(without.address).await?);
                logging.push(load.put_on(with_log.address).await?);
            }
        }
        let setting = Setting {
            what: ask.name(),
            with_log: Measured::median(&logging),
            without: Measured::median(&silent),
        };
        eprintln!("{setting:?}");
        settings.push(setting);
    }
    Ok(settings)
}
