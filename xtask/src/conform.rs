//! `conform`: whether every operation of a real server does what its description says, asked by schemathesis with every check on.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::python;
use crate::session::Session;
use crate::shell::{self, say};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const CONFIGURATION: &str = "xtask/src/conform.toml";

#[derive(Args)]
pub struct Options {
    /// Cases made for each operation
    #[arg(long, default_value_t = 12)]
    cases: u32,
    /// Go on making cases for so many minutes
    #[arg(long)]
    minutes: Option<u32>,
    /// Where the cases begin; the same number makes the same cases
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub fn run(options: &Options) -> Result<()> {
    // Far more requests come from one program than any limit allows.
    let session = Session::start_with(&[("MEMOREEL_RATE_LIMIT_FACTOR", "10000")])?;
    let interpreter = python::interpreter("conform", &[SCHEMATHESIS])?;
    let url = &session.server.url;
    say(format!("asking {url} what its description allows, and what it does not"));
    let ask = || shell::run(&mut schemathesis(&interpreter, &session, options));
    // Python 3.11 now and then loses count while it parses ("AST constructor recursion depth mismatch"); what is wrong with the
    // server is wrong twice.
    ask().or_else(|_| ask()).context("the server and its description disagree")?;
    session.stop();
    Ok(())
}

fn schemathesis(interpreter: &Path, session: &Session, options: &Options) -> Command {
    let mut schemathesis = shell::command(interpreter.with_file_name("schemathesis"));
    schemathesis.arg("--config-file").arg(shell::root().join(CONFIGURATION));
    schemathesis.arg("run").arg(format!("{}/api/openapi.json", session.server.url));
    schemathesis.args(["--max-examples", &options.cases.to_string()]);
    schemathesis.args(["--seed", &options.seed.to_string()]);
    if let Some(minutes) = options.minutes {
        schemathesis.args(["--max-time", &(minutes * 60).to_string()]);
    }
    schemathesis.env("MEMOREEL_API_KEY", session.client.api_key()).current_dir(session.scratch());
    schemathesis
}
