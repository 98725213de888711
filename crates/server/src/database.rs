//! Opens the configured database, or starts the embedded one.

use crate::{
    config::{Folders, Storage},
    secret,
};
use anyhow::{Context, Result};
use memoreel_db::{
    DatabaseAccess, Db, PoolSizes, adopt_password, derive_password,
    embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres},
    prepare,
};
use memoreel_parts::Parts;

const DATABASE: &str = "memoreel";

/// An open database, and the server behind it when that is ours.
#[derive(Debug)]
pub struct Database {
    /// The pools.
    pub db: Db,
    /// How to sign in, for migrations.
    pub access: DatabaseAccess,
    /// Our own server.
    pub embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// Starts what is ours, creates what is missing, migrates, and opens the pools.
    ///
    /// # Errors
    /// One sentence that says what is wrong and what to do.
    pub async fn open(storage: &Storage, folders: &Folders, secret: [u8; 32]) -> Result<Self> {
        let (access, embedded) = reach(storage, folders, secret).await?;
        prepare(&access).await.context("the database could not be prepared")?;
        let db = Db::connect(&access, PoolSizes::default()).await?;
        Ok(Self { db, access, embedded })
    }

    /// Closes the pools and stops our own server.
    pub async fn close(self) {
        self.db.close().await;
        if let Some(embedded) = self.embedded
            && let Err(error) = embedded.stop().await
        {
            tracing::warn!(%error, "the embedded database did not stop cleanly");
        }
    }
}

/// How to reach the server; starts the embedded one if none is configured.
///
/// # Errors
/// When the address is malformed, or the embedded server cannot be started.
pub async fn reach(
    storage: &Storage,
    folders: &Folders,
    secret: [u8; 32],
) -> Result<(DatabaseAccess, Option<EmbeddedPostgres>)> {
    if let Some(address) = &storage.database_url {
        return Ok((DatabaseAccess::from_url(address, secret)?, None));
    }
    let password = derive_password(&secret, ADMIN_USER);
    let parts = Parts::locate()?;
    let install = tokio::task::spawn_blocking(move || parts.postgres()).await??;
    let options = EmbeddedOptions::new(install, folders.database(), password.clone());
    let embedded =
        EmbeddedPostgres::start(options).await.context("the embedded database could not be started")?;
    let former: Vec<String> = secret::former(&storage.former_secret_keys)?
        .iter()
        .map(|former| derive_password(former, ADMIN_USER))
        .collect();
    adopt_password(&embedded, &password, &former).await.context("the embedded database lets nobody in")?;
    let admin = embedded.connect_options("postgres", ADMIN_USER, &password);
    Ok((DatabaseAccess::new(admin, DATABASE, secret), Some(embedded)))
}
