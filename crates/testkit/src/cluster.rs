//! The PostgreSQL server of a test run.

use crate::SECRET;
use anyhow::{Context, Result};
use memoreel_db::{
    DatabaseAccess, derive_password,
    embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres},
};
use memoreel_parts::Parts;
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// The variable by which `cargo xtask test` shares one server among all test processes.
pub const SHARED_CLUSTER: &str = "MEMOREEL_TEST_DATABASE_URL";

static ACCESS: OnceCell<(DatabaseAccess, Option<EmbeddedPostgres>)> = OnceCell::const_new();

/// How to sign in to the test server: the shared one, or else one of this process, which ends with it.
///
/// # Errors
/// When the server cannot be started or the address is malformed.
pub async fn cluster() -> Result<&'static DatabaseAccess> {
    let (access, _) = ACCESS.get_or_try_init(start).await?;
    Ok(access)
}

async fn start() -> Result<(DatabaseAccess, Option<EmbeddedPostgres>)> {
    if let Ok(address) = std::env::var(SHARED_CLUSTER) {
        return Ok((DatabaseAccess::from_url(&address, SECRET)?, None));
    }
    let install = tokio::task::spawn_blocking(|| Parts::locate()?.postgres()).await??;
    remove_abandoned();
    let password = derive_password(&SECRET, ADMIN_USER);
    let options = EmbeddedOptions::new(install, folder(std::process::id()), password.clone()).throw_away();
    let embedded =
        EmbeddedPostgres::start(options).await.context("the test database server could not be started")?;
    let admin = embedded.connect_options("postgres", ADMIN_USER, &password);
    Ok((DatabaseAccess::new(admin, "postgres", SECRET), Some(embedded)))
}

/// Below /tmp, which the unprivileged user that runs PostgreSQL for root can reach.
fn folder(pid: u32) -> PathBuf {
    Path::new("/tmp").join(format!("memoreel-test-{pid}"))
}

fn remove_abandoned() {
    let folders = std::fs::read_dir("/tmp").into_iter().flatten().flatten();
    for entry in folders {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("memoreel-test-")?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            // Another process may be doing the same.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}
