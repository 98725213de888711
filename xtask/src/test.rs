//! `test`: Rust, the units of the web app and of the client for TypeScript, and the browser against a real server.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::oidc_provider::OidcProvider;
use crate::scratch_database::ScratchDatabase;
use crate::server_process::{self, ServerProcess};
use crate::{scratch_folder, setup, shell};

#[derive(Args)]
pub struct Options {
    /// Leave out the browser tests
    #[arg(long)]
    no_browser: bool,
}

pub fn run(options: &Options) -> Result<()> {
    setup::run()?;
    rust()?;
    ui_units()?;
    typescript_client()?;
    if !options.no_browser {
        browser()?;
    }
    shell::say("all tests passed");
    Ok(())
}

/// All tests of the workspace, with nextest where it is installed, on one database server.
///
/// There, what fails is run once more: chance stops no change, and is not forgotten either, for the end of the run names what passed
/// only then (`FLAKY`). Each is a bug, of the product or of the test.
pub fn rust() -> Result<()> {
    setup::install_garage()?;
    let database = ScratchDatabase::start()?;
    let mut cargo = shell::cargo();
    if shell::succeeds(shell::cargo().args(["nextest", "--version"])) {
        let twice = ["--retries", "1", "--final-status-level", "flaky"];
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(twice);
    } else {
        cargo.args(["test", "--quiet", "--workspace", "--no-fail-fast"]);
    }
    let mut panicked = false;
    let tells = |line: &str| {
        let line = line.trim_start();
        // What was wrong stands below where it was seen.
        let is_reason = std::mem::replace(&mut panicked, line.contains("panicked at"));
        let is_end = ["FAIL [", "FLAKY ", "TIMEOUT [", "SIGKILL [", "SIGSEGV [", "SIGABRT ["]
            .iter()
            .any(|word| line.starts_with(word));
        is_end || is_reason || panicked
    };
    shell::run_telling(cargo.env("MEMOREEL_TEST_DATABASE_URL", &database.url), tells)
}

/// The web app's unit tests.
pub fn ui_units() -> Result<()> {
    shell::run(shell::npm().args(["run", "--silent", "test"]))
}

/// The types and unit tests of the client for TypeScript. Its example runs with the Rust tests, against a real server.
pub fn typescript_client() -> Result<()> {
    shell::run(shell::npm().current_dir(shell::typescript_client()).args(["run", "--silent", "test"]))
}

/// The browser tests, against a server with an empty data folder.
pub fn browser() -> Result<()> {
    server_process::build()?;
    let folder = scratch_folder::open_folder("memoreel-browser-")?;
    let port = server_process::free_port()?;
    let provider = OidcProvider::start(&format!("http://127.0.0.1:{port}"))?;
    let providers = folder.path().join("providers.json");
    fs::write(&providers, provider.settings())?;
    let providers = providers.to_string_lossy();
    let settings = [
        ("MEMOREEL_SIGN_IN_PROVIDERS", providers.as_ref()),
        // The tests receive webhooks on this machine.
        ("MEMOREEL_OUTBOUND_NETWORKS", "127.0.0.1/32"),
        ("MEMOREEL_OUTBOUND_PLAIN_HTTP", "true"),
    ];
    let server = ServerProcess::start_with(&folder.path().join("data"), port, &settings)?;
    shell::run(shell::npm().args(["run", "--silent", "e2e"]).env("MEMOREEL_URL", &server.url))
        .context("the browser tests failed")
}
