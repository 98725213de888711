//! From staging to the blob store, for images: what it is, by decoding it; its checksum; its place.

use super::{blob_failure, remove_duplicate, remove_staged};
use crate::{
    contents::{awaited, give_up, upload_lost},
    keys,
    model::{ImageFacts, ImageStep},
    store::{self as sql, StoredImage},
};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use memoreel_blob::{BlobStore, Staging};
use memoreel_images::{Described, ImageError, Images};
use memoreel_kernel::{Clock, Event};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, lock_subject};
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
        let upload_id = content.upload_id;
        let size_bytes = self.staging.len(upload_id).await.map_err(blob_failure)?.ok_or_else(upload_lost)?;
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
        lock_subject(&mut tx, run.subject_id()).await?;
        let Some(blob) = sql::hold_content(&mut tx, step.asset_id, &key, &stored, self.clock.now()).await?
        else {
            return give_up(run, tx).await;
        };
        let is_awaited = if content.replaces {
            sql::replace_image(&mut tx, step.asset_id, upload_id, &image, &blob).await?
        } else {
            sql::mark_image_ready(&mut tx, step.asset_id, &image, &blob).await?
        };
        if !is_awaited {
            return give_up(run, tx).await;
        }
        let finished = run.finish(tx, &[Event::ImageReady { asset_id: step.asset_id }]).await?;
        remove_staged(&self.staging, upload_id).await;
        remove_duplicate(&self.blobs, &key, &blob).await;
        Ok(finished)
    }
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
