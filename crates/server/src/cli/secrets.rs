//! `memoreel secrets`: what is encrypted, after the instance's secret was changed.

use super::print::say;
use crate::{
    config::{Folders, Storage},
    database::Database,
    secret,
};
use anyhow::Result;
use clap::{Args, Subcommand};
use memoreel_identity::{Resealed, reseal};
use memoreel_web::Secrets as Keys;
use std::process::ExitCode;

/// Looks after what is encrypted in the database.
#[derive(Debug, Args)]
pub(super) struct Secrets {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Encrypt under the present secret what a former one encrypted, so that the former one can be forgotten
    ///
    /// Run it with MEMOREEL_FORMER_SECRET_KEYS set as for the server, which may serve meanwhile. It may be repeated, and interrupted at
    /// any time. Fails when something was encrypted under a secret that is not named.
    Rotate {
        #[command(flatten)]
        storage: Storage,
    },
}

impl Secrets {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let Verb::Rotate { storage } = self.verb;
        let folders = Folders::from_environment()?;
        let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
        let former = secret::former(&storage.former_secret_keys)?;
        let database = Database::open(&storage, &folders, secret).await?;
        let resealed = reseal(&database.db, &Keys::new(secret, &former)).await;
        database.close().await;
        Ok(report(&resealed?))
    }
}

fn report(columns: &[Resealed]) -> ExitCode {
    for Resealed { column, anew, unreadable } in columns {
        say!("{}: {anew} encrypted anew, {unreadable} left that no known secret opens", column.name);
    }
    if columns.iter().all(|column| column.unreadable == 0) {
        say!(
            "Everything is encrypted under the present secret. MEMOREEL_FORMER_SECRET_KEYS is not needed any more."
        );
        ExitCode::SUCCESS
    } else {
        say!("Name the secrets they were encrypted under in MEMOREEL_FORMER_SECRET_KEYS and run this again.");
        ExitCode::FAILURE
    }
}
