//! Searching by meaning in organizations of very different size, through the product's own parts, beside the plain schema
//! in the same database.

mod corpus;
mod data;
mod exact;
mod measure;
mod population;
mod store;
mod vector_file;

use crate::latency::Latency;
use anyhow::{Context, Result};
use clap::Args;
use data::Data;
use memoreel_db::embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres};
use memoreel_db::{DatabaseAccess, Db, PoolSizes, Role, prepare};
use memoreel_parts::Parts;
use memoreel_search::{PassageIndex, SEARCH_MEMORY_MIB_DEFAULT};
use population::SHARES;
use serde::Serialize;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};
use std::path::PathBuf;

/// Hits wanted, and looked at.
const K: usize = 10;
const DATABASE: &str = "memoreel";
/// The cluster listens on a socket in a folder of its own and is thrown away.
const PASSWORD: &str = "bench";

/// Search at one size.
#[derive(Args)]
pub struct Options {
    /// Where texts are: files corpus*.jsonl and queries*.jsonl, anywhere below
    #[arg(long)]
    texts: PathBuf,
    /// The folder for everything that is made; what is complete there is used again
    #[arg(long)]
    data: PathBuf,
    /// Passages in all
    #[arg(long)]
    chunks: usize,
    /// Queries for each organization
    #[arg(long, default_value_t = 200)]
    queries: usize,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    chunks: usize,
    organizations: usize,
    queries: usize,
    k: usize,
    shares: Vec<Share>,
}

/// One organization.
#[derive(Debug, Serialize)]
struct Share {
    /// Its part of all passages.
    share: f64,
    chunks: usize,
    /// How long the product took to read its vectors into memory, at the first search.
    vectors_read_seconds: f64,
    /// The memory they take.
    vector_bytes: usize,
    product: Measured,
    plain_iterative: Measured,
    /// The same, walked so broadly that it finds as much as the product is to find.
    plain_equal: Measured,
    plain_equal_breadth: u32,
    plain: Measured,
}

/// One way of searching in one organization.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The part of the exact answers' first ten that was found, over all queries.
    recall_at_10: f64,
    /// The fewest rows that a query got, and the mean.
    rows_min: usize,
    rows_mean: f64,
    /// How many queries there was time for.
    queries: usize,
    #[serde(flatten)]
    latency: Latency,
}

/// Prints the report.
pub async fn run(options: &Options) -> Result<()> {
    let parts = Parts::locate()?;
    let mut settings = EmbeddedOptions::new(parts.postgres()?, options.data.join("postgres"), PASSWORD);
    // Filling the tables waits for no disk; what is measured only reads.
    settings.settings =
        [("fsync", "off"), ("max_wal_size", "16GB"), ("max_parallel_maintenance_workers", "2")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let postgres = EmbeddedPostgres::start(settings).await.context("the database could not be started")?;
    let admin = postgres.connect_options(DATABASE, ADMIN_USER, PASSWORD);
    let access = DatabaseAccess::new(admin.clone(), DATABASE, [0; 32]);
    prepare(&access).await?;
    let mut connection = PgConnection::connect_with(&admin).await?;
    let data = Data::load_or_make(options, &parts, &mut connection).await?;
    connection.close().await?;

    let db = Db::connect(&access, PoolSizes::default()).await?;
    let plain = |iterative_scan: &'static str| {
        let settings = [
            ("hnsw.iterative_scan", iterative_scan),
            // It is to go on until it has as many rows as were asked for.
            ("hnsw.max_scan_tuples", "1000000000"),
            ("hnsw.scan_mem_multiplier", "64"),
        ];
        let options = access.options(Role::App).options(settings);
        async move { PgPoolOptions::new().max_connections(1).connect_with(options).await }
    };
    let (iterative, once) = (plain("relaxed_order").await?, plain("off").await?);
    let equal = plain("relaxed_order").await?;
    let nearest = PassageIndex::new(SEARCH_MEMORY_MIB_DEFAULT << 20);
    let mut shares = Vec::new();
    for (organization, share) in SHARES.into_iter().enumerate() {
        let ways = measure::Ways {
            db: &db,
            nearest: &nearest,
            plain_iterative: &iterative,
            plain_equal: &equal,
            plain: &once,
        };
        let (taken, vector_bytes) = ways.read_vectors(&data, organization).await?;
        let vectors_read_seconds = taken.as_secs_f64();
        let plain_equal_breadth = ways.set_equal_breadth(&data, organization, K).await?;
        let [product, plain_iterative, plain_equal, plain] = ways.measure(&data, organization, K).await?;
        let chunks = data.chunk_count(organization);
        eprintln!(
            "{:>7} % {chunks:>8}: {product} | {plain_iterative} | {plain_equal} | {plain}",
            share * 100.0
        );
        eprintln!("{vector_bytes} bytes of vectors, read in {vectors_read_seconds:.2} s");
        shares.push(Share {
            share,
            chunks,
            vectors_read_seconds,
            vector_bytes,
            product,
            plain_iterative,
            plain_equal,
            plain_equal_breadth,
            plain,
        });
    }
    db.close().await;
    drop((iterative, equal, once));
    postgres.stop().await?;
    let report = Report {
        chunks: options.chunks,
        organizations: population::ORGANIZATIONS,
        queries: data.queries.len(),
        k: K,
        shares,
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Latency { p50_ms, p95_ms, p99_ms } = self.latency;
        write!(
            f,
            "recall {:.4} rows {} p50 {p50_ms:.2} p95 {p95_ms:.2} p99 {p99_ms:.2} ms",
            self.recall_at_10, self.rows_min
        )
    }
}
