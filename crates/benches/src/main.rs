//! What `cargo xtask bench` measures inside the product's crates, where the HTTP interface is too far away.
//!
//! Each bench is a subcommand that prints one JSON object to standard output and its progress to standard error; `xtask`
//! starts it, and makes the table.

mod delivery;
mod embed;
mod http;
mod images;
mod latency;
mod put;
mod search;
mod tasks;
mod webhooks;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

#[derive(Parser)]
#[command(about = "Benches of Memoreel's crates; started by `cargo xtask bench`")]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Ranges of a file by signed address, beside nginx
    Delivery(delivery::Options),
    /// Texts and queries embedded, a round for every line of input
    Embed(embed::Options),
    /// The product's endpoints, beside the same of a server of Node.js
    Http(http::Options),
    /// Images, a round for every line of input
    Images(images::Options),
    /// A worker of the bench of images
    #[command(hide = true)]
    ImageWorker,
    /// A server that keeps what is put into it
    Put(put::Options),
    /// The product with its log of requests, beside itself without
    RequestLog(http::RequestLogOptions),
    /// Search by meaning, beside the plain schema
    Search(search::Options),
    /// The queue: throughput and pickup
    Tasks(tasks::Options),
    /// Webhooks to a receiver on this machine, beside a plain loop
    Webhooks(webhooks::Options),
}

fn main() -> Result<()> {
    match Options::parse().what {
        What::Delivery(options) => Runtime::new()?.block_on(delivery::run(&options)),
        What::Embed(options) => embed::run(options),
        What::Http(options) => Runtime::new()?.block_on(http::run(&options)),
        What::Images(options) => Runtime::new()?.block_on(images::run(options)),
        What::ImageWorker => {
            let _ended = memoreel_images::image_worker_main();
            Ok(())
        }
        What::Put(options) => Runtime::new()?.block_on(put::run(options)),
        What::RequestLog(options) => Runtime::new()?.block_on(http::run_request_log(&options)),
        What::Search(options) => Runtime::new()?.block_on(search::run(&options)),
        What::Tasks(options) => Runtime::new()?.block_on(tasks::run(&options)),
        What::Webhooks(options) => Runtime::new()?.block_on(webhooks::run(&options)),
    }
}
