//! `memoreel reindex`: what was there before the embedding model was another one, indexed again, on the server's machine.

use super::print::{note, say};
use crate::{
    config::{Folders, Providers, Storage},
    database::Database,
    engines, secret,
};
use anyhow::{Context, Result, ensure};
use clap::Args;
use memoreel_ai::Embed;
use memoreel_identity::{KnownOrganization, list_organizations};
use memoreel_kernel::{OrganizationStatus, SystemClock};
use memoreel_search::{
    Index, IndexDescription, IndexDocument, IndexImage, IndexKeyFrames, IndexPictures, ReindexOptions,
    ReindexReport, Reindexer,
};
use memoreel_tasks::Handle;
use std::sync::Arc;

/// Queues tasks that index again what has no vectors of the embedding model that is set.
#[derive(Debug, Args)]
pub(super) struct Reindex {
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    providers: Providers,
    /// Only this organization: its name in addresses, or its id
    #[arg(long)]
    organization: Option<String>,
    /// Also what has vectors of this model, which may have become another one under the same name
    #[arg(long)]
    all: bool,
    /// Only say how much would be queued
    #[arg(long)]
    dry_run: bool,
}

/// The tasks by kind, and what they index.
const KINDS: [(&str, &str); 6] = [
    (Index::KIND, "what is said in videos"),
    (IndexKeyFrames::KIND, "what is written on screen in videos"),
    (IndexDescription::KIND, "descriptions of videos"),
    (IndexImage::KIND, "descriptions of images, and what is written in them"),
    (IndexDocument::KIND, "pages of documents"),
    (IndexPictures::KIND, "what images, pages and videos look like"),
];

impl Reindex {
    pub(super) async fn run(self) -> Result<()> {
        let folders = Folders::from_environment()?;
        let secret = secret::load(self.storage.secret_key.as_deref(), &folders.data)?;
        let providers = self.providers.clone();
        let embed = tokio::task::spawn_blocking(move || engines::embedder(&providers)).await??;
        let database = Database::open(&self.storage, &folders, secret).await?;
        let done = self.queue(&database, embed).await;
        database.close().await;
        done
    }

    async fn queue(&self, database: &Database, embed: Arc<dyn Embed>) -> Result<()> {
        let organizations = self.organizations(database).await?;
        let pictures = if embed.takes_pictures() { "texts and pictures" } else { "texts" };
        say!("organizations: {}; model: {} ({pictures})", organizations.len(), embed.model().name);
        let options = ReindexOptions { is_dry_run: self.dry_run, is_all: self.all };
        let reindexer = Reindexer::new(database.db.clone(), embed, Arc::new(SystemClock), options)
            .await
            .context("the embedding model cannot be used as it is set")?;
        let mut report = ReindexReport::default();
        let mut failed = 0;
        for organization in &organizations {
            let Err(error) = reindexer.reindex(organization.id, &mut report).await else { continue };
            note!("memoreel: {}: {:#}", organization.slug, anyhow::Error::new(error));
            failed += 1;
        }
        tell(&report, options, failed);
        ensure!(failed == 0, "{failed} of {} organizations failed; run this again", organizations.len());
        Ok(())
    }

    /// Those that are looked at. What is deleted is found by nobody.
    async fn organizations(&self, database: &Database) -> Result<Vec<KnownOrganization>> {
        let mut organizations = list_organizations(&database.db).await?;
        organizations.retain(|known| known.status != OrganizationStatus::Deleted);
        if let Some(wanted) = &self.organization {
            organizations.retain(|known| known.slug == *wanted || known.id.to_string() == *wanted);
            ensure!(
                !organizations.is_empty(),
                "there is no organization {wanted}; `memoreel organization list` says which there are"
            );
        }
        Ok(organizations)
    }
}

fn tell(report: &ReindexReport, options: ReindexOptions, failed: usize) {
    for (kind, what) in KINDS {
        let count = report.of(kind);
        say!("{:>9} queued {:>9} waited already  {kind}: {what}", count.queued, count.known);
    }
    let total = report.total();
    if options.is_dry_run {
        say!("Nothing was queued. Without --dry-run, what is missing is queued.");
    } else if total.queued + total.known > 0 {
        say!(
            "It is done when nothing else waits. The page of tasks of each organization shows how far it is, and `memoreel_tasks` at \
             /metrics counts what waits; what failed can be retried there, or is queued when this is run again."
        );
    } else if failed == 0 {
        say!("Nothing is missing.");
    }
}
