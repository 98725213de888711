//! `memoreel audit`: whether the audit log is what was written.

use super::print::say;
use crate::{
    config::{Folders, Storage},
    database::Database,
    secret,
};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use memoreel_audit::{Chain, seal, verify};
use std::process::ExitCode;

/// Looks after the audit log.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Go over the chain of hashes of each organization; fails when an entry was changed or removed
    ///
    /// The head printed for an organization is the hash of its last entry. Keep it outside the database: with it, `--head` tells
    /// whether entries were cut off the end since.
    Verify {
        #[command(flatten)]
        storage: Storage,
        /// Only this organization, by its name in addresses
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
        /// A head printed before, which the organization's chain must still contain
        #[arg(long, requires = "organization", value_name = "HASH")]
        head: Option<String>,
    },
}

impl Audit {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let Verb::Verify { storage, organization, head } = self.verb;
        let folders = Folders::from_environment()?;
        let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
        let database = Database::open(&storage, &folders, secret).await?;
        let chains = chains(&database, organization.as_deref(), head.as_deref()).await;
        database.close().await;
        Ok(report(&chains?))
    }
}

async fn chains(database: &Database, slug: Option<&str>, head: Option<&str>) -> Result<Vec<Chain>> {
    seal(&database.db).await?;
    let mut chains = verify(&database.db, head).await?;
    if let Some(slug) = slug {
        chains.retain(|chain| chain.slug == slug);
        if chains.is_empty() {
            bail!("there is no organization with the name {slug}");
        }
    }
    Ok(chains)
}

fn report(chains: &[Chain]) -> ExitCode {
    for chain in chains {
        let state = match (chain.broken_seq, chain.lacks_head) {
            (Some(seq), _) => format!("BROKEN at entry {seq}: it is missing or was changed"),
            (None, true) => {
                "BROKEN: entries were cut off the end, the given head is not among them".to_owned()
            }
            (None, false) => "whole".to_owned(),
        };
        say!(
            "{}: {state} ({} entries, {} of them erased, head {})",
            chain.slug,
            chain.sealed,
            chain.erased,
            chain.head.as_deref().unwrap_or("none")
        );
    }
    let is_whole = |chain: &Chain| chain.broken_seq.is_none() && !chain.lacks_head;
    if chains.iter().all(is_whole) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
