//! From staging to the blob store, for images: what it is, by decoding it; its checksum; its place.

use super::{blob_failure, forget, remove_duplicate, remove_staged};
use crate::{
    keys,
    model::{ImageFacts, ImageStep},
    store::{self as sql, StoredImage},
};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use memoreel_blob::{BlobStore, Staging};
use memoreel_db::TenantTx;
use memoreel_images::{Described, ImageError, Images};
use memoreel_kernel::{AssetId, Clock, Event, Timestamp, UploadId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::sync::Arc;

/// Looks into an uploaded image and stores it.
#[derive(Debug)]
pub struct ReadImage {
    /// The workers.
    pub images: Images,
    /// The store.
    pub blobs: BlobStore,
    /// Where uploads are staged.
    pub staging: Staging,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handle for ReadImage {
    const KIND: &'static str = "read_image";
    const CONCURRENCY: usize = 2;
    type Payload = ImageStep;

    async fn run(&self, run: &TaskRun, step: ImageStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(content) = awaited(&mut tx, step.asset_id).await? else {
            // Deleted meanwhile, or done by a run that was killed after it.
            return run.finish(tx, &[]).await;
        };
        drop(tx);
        let lost = || {
            TaskFailure::permanent(
                "upload_lost",
                "The uploaded file is no longer on the server. Upload it again.",
            )
        };
        let upload_id = content.upload_id;
        let size_bytes = self.staging.len(upload_id).await.map_err(blob_failure)?.ok_or_else(lost)?;
        if size_bytes > self.images.limits().bytes_max {
            let most = self.images.limits().bytes_max >> 20;
            let message = format!("The image is too large: {most} MiB is the most.");
            return Err(TaskFailure::permanent("image_too_large", message));
        }
        let path = self.staging.path(upload_id);
        let bytes = tokio::fs::read(&path).await?;
        let described = self.images.describe(&bytes).await.map_err(image_failure)?;
        drop(bytes);

        let key =
            keys::original(run.caller().organization_id, upload_id, described.header.format.extension());
        let stored = self.blobs.put_file(&key, &path).await.map_err(blob_failure)?;
        let facts = facts(&described);
        let image = StoredImage { described: &described, facts: &facts, stored: &stored };
        let mut tx = run.begin().await?;
        let blob = sql::hold_blob(&mut tx, &key, &stored, self.clock.now()).await?;
        let is_awaited = if content.replaces {
            sql::replace_image(&mut tx, step.asset_id, upload_id, &image, &blob).await?
        } else {
            sql::mark_image_ready(&mut tx, step.asset_id, &image, &blob).await?
        };
        if !is_awaited {
            return forget(run, tx, &self.blobs, &key).await;
        }
        let finished = run.finish(tx, &[Event::ImageReady { asset_id: step.asset_id }]).await?;
        remove_staged(&self.staging, upload_id).await;
        remove_duplicate(&self.blobs, &key, &blob).await;
        Ok(finished)
    }
}

/// A content that an image or document waits for.
pub(super) struct Awaited {
    /// The upload that brought it.
    pub(super) upload_id: UploadId,
    /// Whether it takes the place of another one, which is there until then.
    pub(super) replaces: bool,
}

pub(super) async fn awaited(tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<Awaited>, sqlx::Error> {
    let Some(asset) = sql::find_asset(tx, asset_id).await? else { return Ok(None) };
    if asset.status == "pending" {
        // Its first one has its id.
        return Ok(Some(Awaited { upload_id: UploadId(asset_id.uuid()), replaces: false }));
    }
    let replacement = sql::replacement_of(tx, asset_id).await?;
    Ok(replacement.map(|upload_id| Awaited { upload_id, replaces: true }))
}

fn facts(described: &Described) -> ImageFacts {
    ImageFacts {
        format: described.header.format.as_str().to_owned(),
        orientation: described.orientation,
        frames: described.frames,
        has_alpha: described.has_alpha,
        colour_space: described.colour_space.to_owned(),
        thumbhash: BASE64_STANDARD.encode(&described.thumbhash),
    }
}

fn image_failure(error: ImageError) -> TaskFailure {
    let (code, message) = (error.code(), error.to_string());
    if !error.is_permanent() {
        return TaskFailure::transient(code, "The image could not be looked at for the moment.")
            .caused_by(error);
    }
    match error.detail().map(str::to_owned) {
        Some(detail) => TaskFailure::permanent(code, message).caused_by(detail),
        None => TaskFailure::permanent(code, message),
    }
}

/// Marks an image or a document that was given up, or what was to replace its file, in the transaction that gives it up.
///
/// # Errors
/// When the statement fails.
pub async fn asset_settled(
    tx: &mut TenantTx,
    subject_id: uuid::Uuid,
    failure: Option<(String, String)>,
    now: Timestamp,
) -> Result<Option<Event>, sqlx::Error> {
    let Some((code, message)) = failure else { return Ok(None) };
    let kind = sql::mark_asset_failed(tx, subject_id, &code, &message).await?;
    if kind.is_none() {
        sql::mark_replacement_failed(tx, subject_id, &code, &message, now).await?;
    }
    let asset_id = subject_id.into();
    Ok(kind.map(|kind| match kind.as_str() {
        "document" => Event::DocumentFailed { asset_id },
        _ => Event::ImageFailed { asset_id },
    }))
}
