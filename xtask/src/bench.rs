//! `bench`: how fast the product is, beside something plain that does the same work in the same run.
//!
//! A figure alone says more about the machine than about the product; the ratio of two taken together does not.

mod upload;

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One upload in one request, beside writing the same bytes to a file
    Upload(upload::Options),
}

pub fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Upload(options) => upload::run(options),
    }
}
