//! What owners take along of an organization: what they may see in it, whoever of them asked, and so nobody's private videos.

use crate::{
    EXPORT_KEPT_FOR, PrivacyError,
    packing::{Content, PAGE, Packing, carry_out, failure},
    page::{self, Listed, OrganizationOverview},
    store,
};
use async_trait::async_trait;
use futures::TryStreamExt;
use memoreel_blob::{BlobError, BlobKey};
use memoreel_db::SystemReason;
use memoreel_kernel::{Actor, Caller, OrganizationExportId, OrganizationId, Role};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::App;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The kind of the task.
pub(crate) const EXPORT_ORGANIZATION: &str = "export_organization";

/// What to write.
#[derive(Debug, Serialize, Deserialize)]
pub struct OrganizationExportTask {
    /// The wish.
    pub(crate) export_id: OrganizationExportId,
}

/// Writes exports of organizations.
#[derive(Debug)]
pub struct WriteOrganizationExport(App);

impl WriteOrganizationExport {
    /// With the blobs and the database of `app`.
    pub fn new(app: App) -> Self {
        Self(app)
    }
}

/// The folder of one export: it goes when anybody does who may be named in it, and those that were made since do not.
pub(crate) fn organization_export_folder(
    organization_id: OrganizationId,
    id: OrganizationExportId,
) -> Result<BlobKey, BlobError> {
    memoreel_assets::blobs_of_organization(organization_id).join(&format!("organization-exports/{id}"))
}

/// Where the zip lies.
pub(crate) fn organization_export_key(
    organization_id: OrganizationId,
    id: OrganizationExportId,
) -> Result<BlobKey, BlobError> {
    organization_export_folder(organization_id, id)?.join("export.zip")
}

/// Removes the zips whose week is over, and those that were deleted while something kept their files from going. What cannot be removed
/// now does not keep those of others from going.
pub(crate) async fn sweep_organization_exports(app: &App) -> Result<(), PrivacyError> {
    let mut tx = app.db.system(SystemReason::Privacy).await?;
    let over = store::organization_exports_over(&mut tx, app.clock.now()).await?;
    drop(tx);
    let mut left = BTreeSet::new();
    for (id, organization_id) in over {
        if left.contains(&organization_id) {
            continue;
        }
        if let Err(error) = remove_organization_export(app, organization_id, id).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%organization_id, %id, error, "an export whose time is over is left for later");
            left.insert(organization_id);
        }
    }
    Ok(())
}

/// The zip first: while the row is there, what failed is done again.
pub(crate) async fn remove_organization_export(
    app: &App,
    organization_id: OrganizationId,
    id: OrganizationExportId,
) -> Result<(), PrivacyError> {
    app.blobs.delete(&organization_export_key(organization_id, id)?).await?;
    let mut tx = app.db.tenant(&Caller::service(organization_id)).await?;
    store::delete_organization_export_row(&mut tx, id).await?;
    Ok(tx.commit().await?)
}

#[async_trait]
impl Handle for WriteOrganizationExport {
    const KIND: &'static str = EXPORT_ORGANIZATION;
    const CONCURRENCY: usize = 1;
    type Payload = OrganizationExportTask;

    async fn run(
        &self,
        run: &TaskRun,
        OrganizationExportTask { export_id }: OrganizationExportTask,
    ) -> Result<Finished, TaskFailure> {
        let key = organization_export_key(run.caller().organization_id, export_id);
        let key = key.map_err(TaskFailure::internal)?;
        let mut tx = run.begin().await?;
        let wish = store::find_organization_export_task(&mut tx, export_id).await.map_err(failure)?;
        drop(tx);
        carry_out(&self.0, run, &key, wish, &OfOrganization(export_id)).await
    }
}

struct OfOrganization(OrganizationExportId);

#[async_trait]
impl Content for OfOrganization {
    async fn fill(&self, packing: &mut Packing<'_>) -> Result<(), PrivacyError> {
        let (app, organization_id) = (packing.app, packing.run.caller().organization_id);
        // An owner, and none in particular.
        let caller =
            Caller { organization_id, user_id: None, role: Some(Role::Owner), actor: Actor::Service };
        let mut tx = app.db.tenant(&caller).await?;
        let organization = store::organization(&mut tx).await?;
        let members = store::members(&mut tx).await?;
        let invitations = store::invitations(&mut tx).await?;
        let domains = store::domains(&mut tx).await?;
        let channels = store::channels(&mut tx).await?;
        let folders = store::folders(&mut tx).await?;
        let presets = store::image_presets(&mut tx).await?;
        packing.media_bytes = store::shared_media_bytes(&mut tx).await?.max(0).cast_unsigned();
        drop(tx);
        for (name, value) in [
            ("organization.json", &organization),
            ("members.json", &members),
            ("invitations.json", &invitations),
            ("domains.json", &domains),
            ("channels.json", &channels),
            ("folders.json", &folders),
            ("image-presets.json", &presets),
        ] {
            packing.json(name, value).await?;
        }
        packing.archive.text_file("audit-log.jsonl").await?;
        let mut lines = std::pin::pin!(memoreel_audit::json_lines(app.db.clone(), caller));
        while let Some(page) = lines.try_next().await.map_err(std::io::Error::other)? {
            packing.archive.write(page).await?;
        }
        let videos = videos(packing, &caller).await?;
        packing.images(&caller, None).await?;
        let overview = OrganizationOverview {
            made_at: packing.made_at(),
            organization: &organization,
            members: &members,
            invitations: &invitations,
            domains: &domains,
            channels: &channels,
            videos: &videos,
        };
        packing.page("index.html", page::organization(&overview)).await
    }

    async fn keep(&self, run: &TaskRun, size_bytes: i64) -> Result<bool, PrivacyError> {
        let now = run.clock().now();
        let mut tx = run.begin().await.map_err(|failure| {
            PrivacyError::File(std::io::Error::other(failure.source.unwrap_or_else(|| failure.code.into())))
        })?;
        let expires_at = now + EXPORT_KEPT_FOR;
        let kept = store::finish_organization_export(&mut tx, self.0, size_bytes, now, expires_at).await?;
        tx.commit().await?;
        Ok(kept)
    }
}

async fn videos(packing: &mut Packing<'_>, caller: &Caller) -> Result<Vec<Listed>, PrivacyError> {
    let app = packing.app;
    let (mut after, mut listed) = (Uuid::nil(), Vec::new());
    loop {
        let mut tx = app.db.tenant(caller).await?;
        let videos = store::videos(&mut tx, None, after, PAGE).await?;
        drop(tx);
        for video in &videos {
            let mut tx = app.db.tenant(caller).await?;
            let spoken = store::spoken(&mut tx, video.id).await?;
            drop(tx);
            listed.push(packing.video(video, &spoken).await?);
        }
        match videos.last() {
            Some(last) if videos.len() as i64 == PAGE => after = last.id,
            _ => return Ok(listed),
        }
    }
}
