//! A PostgreSQL server that lives as long as one command, for code generation and for tests.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::server_process::BUILD;
use crate::{scratch_folder, shell};

/// A database with today's schema that is gone when this is dropped.
pub struct ScratchDatabase {
    process: Child,
    /// The administrator's address of the database.
    pub url: String,
    _folder: TempDir,
}

impl ScratchDatabase {
    /// Starts the server and prepares the database.
    pub fn start() -> Result<Self> {
        // Not below the checkout: the database may run as a user who cannot enter it.
        let folder = scratch_folder::open_folder_in_memory("memoreel-scratch-")?;
        shell::build(&["--example", "scratch_database"])?;
        let mut program = shell::command(shell::target().join(BUILD).join("examples/scratch_database"));
        program.arg(folder.path().join("data")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = program.spawn().context("cannot start the scratch database")?;
        let mut url = String::new();
        let stdout = process.stdout.take().context("the scratch database has no output")?;
        BufReader::new(stdout).read_line(&mut url)?;
        let database = Self { process, url: url.trim().to_owned(), _folder: folder };
        if database.url.is_empty() {
            bail!("the scratch database did not start");
        }
        Ok(database)
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        // The end of its input is its request to stop.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
