//! Python with a few packages from PyPI: what stands beside the product in a bench, and what asks its server.

use std::path::PathBuf;

use anyhow::Result;

use crate::setup;
use crate::shell::{self, say};

/// The interpreter of a virtual environment with exactly these packages (`name==version`), made at first use and kept below
/// cargo's output folder.
pub fn interpreter(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = shell::target().join("python").join(name);
    let python = folder.join("bin/python");
    let marker = folder.join("packages");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    setup::install_venv()?;
    say(format!("installing {}", packages.join(", ")));
    shell::run(shell::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    shell::run(shell::command(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    std::fs::write(marker, wanted)?;
    Ok(python)
}
