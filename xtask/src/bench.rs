//! `bench`: how fast the product is, beside something plain that does the same work in the same run.
//!
//! A figure alone says more about the machine than about the product; the ratio of two taken together does not.

mod delivery;
mod embed;
mod http;
mod images;
mod ingest;
mod request_log;
mod search;
mod side;
mod speech;
mod start;
mod tasks;
mod upload;
mod webhooks;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Listening to some minutes of speech, beside the engine called by its own binding
    Speech(speech::Options),
    /// Texts embedded, beside ONNX Runtime from Python on the same graph; and the latency of a query
    Embed(embed::Options),
    /// Ranges of a file by signed address, beside nginx
    Delivery(delivery::Options),
    /// The media steps of a recording, beside one bare ffmpeg command
    #[command(visible_alias = "media")]
    Ingest(ingest::Options),
    /// Starts and memory, beside the bare database
    Start(start::Options),
    /// Requests while each is logged, beside the same without
    RequestLog(request_log::Options),
    /// Searching by meaning in organizations of every size, beside the plain schema and an embedded vector store
    Search(search::Options),
    /// The queue, beside graphile-worker and pg-boss
    Tasks(tasks::Options),
    /// Who is signed in, videos and a search over HTTP, beside a server of Node.js on the same database
    Http(http::Options),
    /// Photographs made smaller, beside vipsthumbnail and sharp
    Images(images::Options),
    /// One upload in one request, beside a plain handler that writes the same bytes to a file
    Upload(upload::Options),
    /// Webhooks to a receiver on this machine, beside a plain loop of signed requests
    Webhooks(webhooks::Options),
}

pub fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Speech(options) => speech::run(options),
        What::Embed(options) => embed::run(options),
        What::Delivery(options) => delivery::run(options),
        What::Ingest(options) => ingest::run(options),
        What::Start(options) => start::run(options),
        What::RequestLog(options) => request_log::run(options),
        What::Search(options) => search::run(options),
        What::Tasks(options) => tasks::run(options),
        What::Http(options) => http::run(options),
        What::Images(options) => images::run(options),
        What::Upload(options) => upload::run(options),
        What::Webhooks(options) => webhooks::run(options),
    }
}

/// Builds `memoreel-benches` as the product is, and returns the program.
fn build_debug_benches() -> Result<PathBuf> {
    crate::shell::say("building the benches");
    crate::shell::build(&["--bin", "memoreel-benches"])?;
    Ok(crate::shell::target().join(crate::server_process::BUILD).join("memoreel-benches"))
}

/// Builds `memoreel-benches` with optimisation, and returns the program.
fn build_benches() -> Result<PathBuf> {
    crate::shell::say("building the benches");
    crate::shell::build(&["--bin", "memoreel-benches", "--profile", "bench"])?;
    Ok(crate::shell::target().join("release/memoreel-benches"))
}

const MEBIBYTE: u64 = 1024 * 1024;

/// The middle one of an odd number of values; of an even number the greater of the middle two.
fn median<T: PartialOrd + Copy + Default>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE as f64
}
