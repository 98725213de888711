//! What `cargo xtask bench` measures inside the product's crates, where the HTTP interface is too far away.
//!
//! Each bench is a subcommand that prints one JSON object to standard output and its progress to standard error; `xtask`
//! starts it, and makes the table.

mod embed;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    about = "Benches of Memoreel's crates; started by `cargo xtask bench`",
    arg_required_else_help = true
)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Texts and queries embedded, a round for every line of input
    Embed(embed::Options),
}

fn main() -> Result<()> {
    match Options::parse().what {
        What::Embed(options) => embed::run(options),
    }
}
