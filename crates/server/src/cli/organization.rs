//! `memoreel organization`: the organizations of this installation, on the server's machine.

use super::print::say;
use crate::{
    config::{Folders, Storage},
    database::Database,
    secret,
};
use anyhow::Result;
use clap::{Args, Subcommand};
use memoreel_identity::{list_organizations, resume_organization, suspend_organization, verify_domain};
use memoreel_kernel::SystemClock;

/// Lists organizations, stops them, and verifies their domains.
#[derive(Debug, Args)]
pub(super) struct Organization {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List every organization: name in addresses, status, number of members, name
    List {
        #[command(flatten)]
        storage: Storage,
    },
    /// Stop an organization: nothing in it can be read or changed until it is resumed
    Suspend {
        #[command(flatten)]
        storage: Storage,
        /// Its name in addresses
        slug: String,
    },
    /// Let a suspended organization work again
    Resume {
        #[command(flatten)]
        storage: Storage,
        /// Its name in addresses
        slug: String,
    },
    /// Verify a domain of an organization without asking name servers
    VerifyDomain {
        #[command(flatten)]
        storage: Storage,
        /// The organization's name in addresses
        slug: String,
        /// The domain, such as example.com
        domain: String,
    },
}

impl Organization {
    pub(super) async fn run(self) -> Result<()> {
        let (Verb::List { storage }
        | Verb::Suspend { storage, .. }
        | Verb::Resume { storage, .. }
        | Verb::VerifyDomain { storage, .. }) = &self.verb;
        let folders = Folders::from_environment()?;
        let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
        let database = Database::open(storage, &folders, secret).await?;
        let done = self.verb.run(&database).await;
        database.close().await;
        done
    }
}

impl Verb {
    async fn run(self, database: &Database) -> Result<()> {
        match self {
            Verb::List { .. } => {
                for organization in list_organizations(&database.db).await? {
                    say!(
                        "{:<50} {:<9} {:>6}  {}",
                        organization.slug,
                        organization.status.as_str(),
                        organization.member_count,
                        organization.name
                    );
                }
            }
            Verb::Suspend { slug, .. } => {
                suspend_organization(&database.db, &slug).await?;
                say!("{slug} is suspended.");
            }
            Verb::Resume { slug, .. } => {
                resume_organization(&database.db, &slug).await?;
                say!("{slug} is at work again.");
            }
            Verb::VerifyDomain { slug, domain, .. } => {
                let domain = verify_domain(&database.db, &SystemClock, &slug, &domain).await?;
                say!("{domain} is verified for {slug}.");
            }
        }
        Ok(())
    }
}
