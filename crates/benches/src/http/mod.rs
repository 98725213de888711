//! What people ask for most, over HTTP: who is signed in, the list of videos, one video, and a search. Beside the product, a
//! server of Node.js answers the same from the same database.

mod load;
mod population;
mod request_log;
pub mod servers;
mod store;

use crate::latency::Latency;
use anyhow::{Context, Result};
use clap::Args;
use load::{Ask, Load};
use memoreel_ai::Embed as _;
use memoreel_ai_local::LocalEmbed;
use memoreel_db::embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres};
use memoreel_db::{DatabaseAccess, prepare};
use memoreel_parts::Parts;
use population::Population;
use serde::Serialize;
use servers::{SECRET, Server};
use sqlx::{Connection, PgConnection};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use request_log::{Options as RequestLogOptions, run as run_request_log};

const DATABASE: &str = "memoreel";
/// The cluster listens on a socket in a folder of its own and is thrown away.
const PASSWORD: &str = "bench";
const WARM_UP: Duration = Duration::from_secs(2);

/// The product's endpoints, and the same of a server of Node.js.
#[derive(Args)]
pub struct Options {
    /// An empty folder for the database and the servers' files
    #[arg(long)]
    data: PathBuf,
    /// The product's program
    #[arg(long)]
    server: PathBuf,
    /// The folder with server.mjs and what it needs
    #[arg(long)]
    peer: PathBuf,
    /// Videos in all organizations together
    #[arg(long, default_value_t = 3_000)]
    videos: usize,
    /// Connections that ask at once; may be given several times
    #[arg(long, default_values_t = [16, 64])]
    connections: Vec<usize>,
    /// How long each server is asked for the same
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    organizations: usize,
    videos: usize,
    passages: usize,
    seconds: u64,
    runs: usize,
    settings: Vec<Setting>,
}

/// Medians of the runs with as many connections and the same requests.
#[derive(Debug, Serialize)]
struct Setting {
    /// What is asked for.
    what: &'static str,
    connections: usize,
    memoreel: Measured,
    /// Absent where the other server has nothing of the kind.
    peer: Option<Measured>,
}

/// What one server did.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Measured {
    requests_per_second: f64,
    /// Mean size of an answer's body.
    answer_bytes: f64,
    #[serde(flatten)]
    latency: Latency,
}

/// Prints the report.
pub async fn run(options: &Options) -> Result<()> {
    let (postgres, address, population) = fill(&options.data, options.videos).await?;
    let memoreel = Server::start_product(&options.server, &options.data, &address, &[]).await?;
    let peer = Server::start_peer(&options.peer, &options.data, &address).await?;
    let settings = measure(options, &population, &memoreel, &peer).await;
    memoreel.stop().await?;
    peer.stop().await?;
    postgres.stop().await?;
    let report = Report {
        organizations: population::ORGANIZATIONS,
        videos: population.videos.len(),
        passages: population.videos.iter().map(|video| video.passages.len()).sum(),
        seconds: options.seconds,
        runs: options.runs,
        settings: settings?,
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// A database with nothing in it, and its address.
pub async fn database(data: &Path) -> Result<(EmbeddedPostgres, String)> {
    let settings = EmbeddedOptions::new(Parts::locate()?.postgres()?, data.join("postgres"), PASSWORD);
    let postgres = EmbeddedPostgres::start(settings).await.context("the database could not be started")?;
    let address = postgres.connect_url(DATABASE, ADMIN_USER, PASSWORD);
    prepare(&DatabaseAccess::from_url(&address, SECRET)?).await?;
    Ok((postgres, address))
}

/// A database with people and videos, and its address.
async fn fill(data: &Path, videos: usize) -> Result<(EmbeddedPostgres, String, Population)> {
    let (postgres, address) = database(data).await?;
    let population = Population::new(videos);
    let mut connection =
        PgConnection::connect_with(&postgres.connect_options(DATABASE, ADMIN_USER, PASSWORD)).await?;
    eprintln!("filling the database");
    store::fill(&mut connection, LocalEmbed::from_parts(&Parts::locate()?)?.model(), &population).await?;
    connection.close().await?;
    Ok((postgres, address, population))
}

/// Everything by turns.
async fn measure(
    options: &Options,
    population: &Population,
    memoreel: &Server,
    peer: &Server,
) -> Result<Vec<Setting>> {
    let mut settings = Vec::new();
    for connections in &options.connections {
        for ask in Ask::ALL {
            let requests = load::requests(population, ask);
            let load = |seconds| Load { requests: &requests, connections: *connections, seconds };
            let (warm_up, load) = (load(WARM_UP), load(Duration::from_secs(options.seconds)));
            let is_common = ask != Ask::SearchHybrid;
            warm_up.put_on(memoreel.address).await?;
            if is_common {
                warm_up.put_on(peer.address).await?;
            }
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..options.runs {
                ours.push(load.put_on(memoreel.address).await?);
                if is_common {
                    theirs.push(load.put_on(peer.address).await?);
                }
            }
            let setting = Setting {
                what: ask.name(),
                connections: *connections,
                memoreel: Measured::median(&ours),
                peer: is_common.then(|| Measured::median(&theirs)),
            };
            eprintln!("{setting:?}");
            settings.push(setting);
        }
    }
    Ok(settings)
}

impl Measured {
    fn median(runs: &[Self]) -> Self {
        let middle = |of: fn(&Self) -> f64| median(runs.iter().map(of).collect());
        let latencies: Vec<Latency> = runs.iter().map(|run| run.latency).collect();
        Self {
            requests_per_second: middle(|run| run.requests_per_second),
            answer_bytes: middle(|run| run.answer_bytes),
            latency: Latency::median(&latencies),
        }
    }
}

/// The median; zero of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
