//! The database by itself, as its own makers would start it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell;

const POLL: Duration = Duration::from_millis(5);
const READY_MAX: Duration = Duration::from_secs(60);

/// Starts the server's database without the server, stops it again, and returns how long it took to get ready.
pub fn start(data_dir: &Path) -> Result<Duration> {
    let cluster = cluster_below(data_dir).context("the server left no database in its data folder")?;
    let programs = memoreel_parts::Parts::locate()?.postgres()?.join("bin");
    let owner = fs::metadata(&cluster)?;
    let begun = Instant::now();
    let mut database = shell::command(programs.join("postgres"))
        .arg("-D")
        .arg(&cluster)
        .args(["-c", "listen_addresses=", "-c"])
        .arg(format!("unix_socket_directories={}", cluster.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // It refuses to run as root; its data belong to whom it may run as.
        .uid(owner.uid())
        .gid(owner.gid())
        .spawn()
        .context("cannot run PostgreSQL")?;
    let ready = wait_until_ready(&cluster, &mut database, begun);
    shell::succeeds(shell::command("kill").args(["-INT", &database.id().to_string()]));
    database.wait()?;
    ready
}

fn wait_until_ready(cluster: &Path, database: &mut Child, begun: Instant) -> Result<Duration> {
    while begun.elapsed() < READY_MAX {
        // The eighth line says how far it is (`miscadmin.h`).
        let status = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
        if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
            return Ok(begun.elapsed());
        }
        if let Some(status) = database.try_wait()? {
            bail!("PostgreSQL ended ({status})");
        }
        thread::sleep(POLL);
    }
    bail!("PostgreSQL was not ready within {} s", READY_MAX.as_secs())
}

/// The folder with the database's files.
fn cluster_below(data_dir: &Path) -> Option<PathBuf> {
    let postgres = data_dir.join("postgres");
    let folders = fs::read_dir(&postgres).ok()?.flatten().map(|entry| entry.path());
    folders.chain([postgres.clone()]).find(|folder| folder.join("PG_VERSION").is_file())
}
