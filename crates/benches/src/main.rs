//! What `cargo xtask bench` measures inside the product's crates, where the HTTP interface is too far away.
//!
//! Each bench is a subcommand that prints one JSON object to standard output and its progress to standard error; `xtask`
//! starts it, and makes the table.

use clap::Parser;

#[derive(Parser)]
#[command(
    about = "Benches of Memoreel's crates; started by `cargo xtask bench`",
    arg_required_else_help = true
)]
struct Options {}

fn main() {
    Options::parse();
}
