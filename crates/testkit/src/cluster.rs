//! The PostgreSQL server of a test run.

use crate::{SECRET, abandoned::remove_abandoned};
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

/// Where the unprivileged user that runs PostgreSQL for root can reach.
const FOLDERS: &str = "/tmp";
const PREFIX: &str = "memoreel-test-";

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
    remove_abandoned(Path::new(FOLDERS), PREFIX);
    let password = derive_password(&SECRET, ADMIN_USER);
    let options = EmbeddedOptions::new(install, folder(std::process::id()), password.clone()).throw_away();
    let embedded =
        EmbeddedPostgres::start(options).await.context("the test database server could not be started")?;
    let admin = embedded.connect_options("postgres", ADMIN_USER, &password);
    Ok((DatabaseAccess::new(admin, "postgres", SECRET), Some(embedded)))
}

fn folder(pid: u32) -> PathBuf {
    Path::new(FOLDERS).join(format!("{PREFIX}{pid}"))
}
