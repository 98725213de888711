//! `memoreel erasures`: what was erased, and erasing it again after a restore.

use super::print::say;
use crate::{
    assemble::{self, Ingredients},
    config::{Accounts, Folders, Storage},
    database::Database,
    secret,
};
use anyhow::Result;
use clap::{Args, Subcommand};
use memoreel_blob::Staging;
use memoreel_kernel::SystemClock;
use memoreel_outbound::{Outbound, OutboundSettings};
use memoreel_privacy::{Amount, Eraser, ErasureReport, PrivacyError};
use memoreel_stores::Keeper;
use std::{collections::BTreeMap, process::ExitCode, sync::Arc};

/// Looks after erasures.
#[derive(Debug, Args)]
pub(super) struct Erasures {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what was erased, with what was removed and what is kept
    List {
        #[command(flatten)]
        storage: Storage,
        #[command(flatten)]
        accounts: Accounts,
    },
    /// Erase again everything in the journal of erasures; run this after a restore, before the server is opened
    Replay {
        #[command(flatten)]
        storage: Storage,
        #[command(flatten)]
        accounts: Accounts,
    },
}

impl Erasures {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let (Verb::List { storage, accounts } | Verb::Replay { storage, accounts }) = &self.verb;
        let opened = Opened::open(storage, accounts).await?;
        let done = match &self.verb {
            Verb::List { .. } => list(&opened.eraser).await,
            Verb::Replay { .. } => replay(&opened.eraser).await,
        };
        opened.close().await?;
        done
    }
}

async fn list(eraser: &Eraser) -> Result<ExitCode> {
    for erasure in eraser.erasures().await? {
        let state = match erasure.finished_at {
            Some(at) => {
                let end = if erasure.report.is_some() { "finished" } else { "withdrawn" };
                format!("{end} {}", at.format("%Y-%m-%d %H:%M UTC"))
            }
            None => "not finished".to_owned(),
        };
        say!("{} {}: asked for by {}, {state}", erasure.kind, erasure.subject_id, erasure.asked_by);
        erasure.report.iter().for_each(print_report);
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay(eraser: &Eraser) -> Result<ExitCode> {
    let mut failed = 0;
    let mut entries = eraser.journal().entries().await?;
    let mut held = Vec::new();
    while !entries.is_empty() {
        let is_last = !held.is_empty();
        for entry in entries {
            match eraser.repeat(&entry).await {
                Ok(None) => say!("{} {}: nothing came back", entry.kind, entry.subject_id),
                Ok(Some(report)) => {
                    say!("{} {}: erased again", entry.kind, entry.subject_id);
                    print_report(&report);
                }
                // They own an organization alone, which may come later in the journal.
                Err(PrivacyError::Held(_)) if !is_last => held.push(entry),
                Err(error) => {
                    failed += 1;
                    say!("{} {}: NOT erased: {error}", entry.kind, entry.subject_id);
                }
            }
        }
        entries = if is_last { Vec::new() } else { held.clone() };
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What an erasure takes, outside a server.
pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) eraser: Eraser,
    keeper: Keeper,
}

impl Opened {
    pub(super) async fn open(storage: &Storage, accounts: &Accounts) -> Result<Self> {
        let folders = Folders::from_environment()?;
        let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
        let database = Database::open(storage, &folders, secret).await?;
        let blobs = assemble::blob_store(storage, &folders)?;
        let keeper = Keeper::start(&database.db, &blobs).await?;
        let app = assemble::app(Ingredients {
            db: database.db.clone(),
            blobs,
            staging: Staging::new(folders.staging())?,
            scratch: folders.scratch(),
            outbound: Outbound::new(OutboundSettings::default())?,
            secret,
            former_secrets: secret::former(&storage.former_secret_keys)?,
            clock: Arc::new(SystemClock),
            limits: memoreel_web::RateLimits::standard(1),
            secure_cookies: false,
            public_url: String::new(),
            breached_passwords: None,
            documents: accounts.documents()?,
            sign_in: memoreel_web::SignInSettings::default(),
            sends_mail: false,
        });
        let eraser = assemble::eraser(&app, accounts, &folders);
        Ok(Self { database, eraser, keeper })
    }

    pub(super) async fn close(self) -> Result<()> {
        let ended = self.keeper.end().await;
        self.database.close().await;
        Ok(ended?)
    }
}

/// The list of what went and what stays.
pub(super) fn print_report(report: &ErasureReport) {
    let print_rows = |what: &str, rows: &BTreeMap<String, u64>| {
        for (table, count) in rows {
            say!("  {what:<8} {count:>10}  {table}");
        }
    };
    let print_files = |what: &str, Amount { count, bytes }: Amount| {
        say!("  {:<8} {count:>10}  {what}, {bytes} bytes", "removed");
    };
    print_rows("removed", &report.rows.removed);
    print_rows("cleared", &report.rows.cleared);
    print_files("files in the blob store", report.blobs);
    print_files("uploads that were not finished", report.uploads);
    print_files("mails kept as files", report.mails);
    for kept in &report.kept {
        say!("  kept: {}; {}", kept.what, kept.why);
    }
}
