//! `memoreel store`: where organizations' files lie, on the server's machine.

use super::print::{note, say};
use crate::{
    config::{Folders, Storage},
    database::Database,
    secret, stores,
};
use anyhow::{Context, Result};
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use memoreel_blob::{BlobKey, Place, Stores};
use memoreel_kernel::{Clock, SystemClock};
use memoreel_stores::{
    Finding, MoveProgress, MoveReport, MoveState, Mover, SweepOptions, SweepReport, Sweeper,
};
use std::process::ExitCode;

/// Moves organizations between stores, and finds files and rows that have lost each other.
#[derive(Debug, Args)]
pub(super) struct Store {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the stores, and the organizations whose files do not lie where everybody's do
    List {
        #[command(flatten)]
        storage: Storage,
    },
    /// Move an organization's files to another store while it is at work
    ///
    /// Every process of the installation must know the store by MEMOREEL_STORES. May be interrupted at any time: the same command goes
    /// on from there.
    Move {
        #[command(flatten)]
        storage: Storage,
        /// The organization's name in addresses
        slug: String,
        /// The store's name; "default" is the one of the settings S3_*, or the data folder
        #[arg(long)]
        to: String,
        /// A bucket of its own
        #[arg(long)]
        bucket: Option<String>,
        /// The region of that bucket
        #[arg(long)]
        region: Option<String>,
        /// A folder of its own inside the bucket
        #[arg(long)]
        prefix: Option<BlobKey>,
    },
    /// Stop a move whose files are still read from the old store
    Cancel {
        #[command(flatten)]
        storage: Storage,
        /// The organization's name in addresses
        slug: String,
    },
    /// Remove files that nothing names any more and uploads to buckets that nobody finishes, and report what names files that are not there
    Sweep {
        #[command(flatten)]
        storage: Storage,
        /// The organization's name in addresses; without it all of them, and what lies beside
        slug: Option<String>,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Leave files and unfinished uploads alone that are younger, in hours
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=24 * 365))]
        older_than_hours: u32,
        /// Note in the database which files are missing: those assets have failed
        #[arg(long)]
        mark_missing: bool,
        /// Remove files of organizations that the database does not know
        #[arg(long)]
        remove_unknown: bool,
    },
}

impl Store {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let (Verb::List { storage }
        | Verb::Move { storage, .. }
        | Verb::Cancel { storage, .. }
        | Verb::Sweep { storage, .. }) = &self.verb;
        let folders = Folders::from_environment()?;
        let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
        let stores = stores::stores(storage, &folders)?;
        let database = Database::open(storage, &folders, secret).await?;
        let done = self.verb.run(&database, stores).await;
        database.close().await;
        done
    }
}

impl Verb {
    async fn run(self, database: &Database, stores: Stores) -> Result<ExitCode> {
        let mover = Mover::new(database.db.clone(), stores.clone());
        match self {
            Self::List { .. } => list(&mover, &stores).await?,
            Self::Move { slug, to, bucket, region, prefix, .. } => {
                let target = Place { store: to, bucket, region, prefix };
                let mut last = None;
                let mut tell = |progress| told(&mut last, progress);
                let report = mover.move_to(&slug, &target, &mut tell).await?;
                return Ok(moved(&slug, &target, &report));
            }
            Self::Cancel { slug, .. } => {
                let report = mover.cancel(&slug).await?;
                say!("{slug} stays where it is; {} copies were removed.", report.cleared);
            }
            Self::Sweep { slug, dry_run, older_than_hours, mark_missing, remove_unknown, .. } => {
                let options = SweepOptions {
                    is_dry_run: dry_run,
                    grace: TimeDelta::hours(i64::from(older_than_hours)),
                    marks_missing: mark_missing,
                    removes_unknown: remove_unknown,
                };
                let sweeper = Sweeper { db: &database.db, stores: &stores, options, now: SystemClock.now() };
                let report = sweeper.sweep(slug.as_deref(), &mut found).await?;
                return Ok(swept(&report, &options));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(mover: &Mover, stores: &Stores) -> Result<()> {
    say!("stores: {}", stores.names().join(", "));
    let placements = mover.placements().await.context("the database could not be asked")?;
    for known in placements {
        let other = known.other.map(|place| place.to_string()).unwrap_or_default();
        let state = match known.state {
            MoveState::Settled => String::new(),
            MoveState::Copying | MoveState::Held => format!("  moving to {other}"),
            MoveState::Switched | MoveState::Clearing => format!("  {other} is to be emptied"),
        };
        say!("{:<50} {}{state}", known.slug, known.home);
    }
    Ok(())
}

/// A line for each thing that is new.
fn told(last: &mut Option<MoveProgress>, progress: MoveProgress) {
    if *last == Some(progress) {
        return;
    }
    *last = Some(progress);
    match progress {
        MoveProgress::Copying { files, size_bytes } => {
            note!("copied {files} files, {} MiB", size_bytes >> 20);
        }
        MoveProgress::CatchingUp { changes } => note!("copying what changed meanwhile: {changes}"),
        MoveProgress::Switched => note!("files are read from the new store"),
        MoveProgress::Clearing => note!("emptying the old store"),
    }
}

fn moved(slug: &str, target: &Place, report: &MoveReport) -> ExitCode {
    say!(
        "{slug} lies in {target}: {} files copied, {} MiB; {} removed from the old store.",
        report.files,
        report.size_bytes >> 20,
        report.cleared
    );
    for key in &report.damaged {
        say!("{key} was not any more what had been uploaded, and was copied as it was");
    }
    if report.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn found(finding: &Finding) {
    match finding {
        Finding::Orphan { place, blob, is_removed } => {
            let what = if *is_removed { "removed" } else { "orphan " };
            say!("{what}  {place}: {} ({} bytes)", blob.key, blob.size_bytes);
        }
        Finding::Missing { source, id, key } => say!("missing  {key}, named by {source} {id}"),
        Finding::Skipped { slug } => say!("skipped  {slug} is being moved"),
        Finding::Unfinished { place, upload, is_aborted } => {
            let what = if *is_aborted { "aborted" } else { "upload " };
            say!("{what}  {place}: {} (begun at {})", upload.key, upload.begun_at.to_rfc3339());
        }
        Finding::Unchecked { place, reason } => {
            say!("skipped  {place}: its unfinished uploads could not be listed or aborted: {reason}");
        }
    }
}

/// Fails when something is missing, so that whoever runs it by a timer is told.
fn swept(report: &SweepReport, options: &SweepOptions) -> ExitCode {
    say!(
        "{} organizations and {} files looked at: {} orphans of {} MiB, {} removed; {} rows without their file, {} marked; \
         {} unfinished uploads, {} aborted",
        report.organizations,
        report.files,
        report.orphans,
        report.orphan_bytes >> 20,
        report.removed,
        report.missing,
        report.marked,
        report.unfinished,
        report.aborted,
    );
    if options.is_dry_run && report.orphans + report.unfinished > 0 {
        say!("Nothing was changed. Without --dry-run the orphans are removed, and the uploads aborted.");
    }
    if report.missing > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
