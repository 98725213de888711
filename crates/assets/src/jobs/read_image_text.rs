//! What is written in an image, by which it is found.

use super::{TextReader, blob_failure};
use crate::{
    model::ImageStep,
    store::{self as sql, LegibleImage},
};
use async_trait::async_trait;
use axum::body::Bytes;
use memoreel_blob::BlobStore;
use memoreel_images::geometry::Size;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};

/// What is smaller on both sides, in pixels, is an icon, on which nobody reads anything.
const SIDE_MIN: u32 = 128;

/// Looks for text in an image that is ready.
#[derive(Debug, Clone)]
pub struct ReadImageText {
    /// Looks for text.
    pub reader: TextReader,
    /// The store.
    pub blobs: BlobStore,
}

#[async_trait]
impl Handle for ReadImageText {
    const KIND: &'static str = "read_image_text";
    const CONCURRENCY: usize = 1;
    type Payload = ImageStep;

    async fn run(&self, run: &TaskRun, step: ImageStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(image) = sql::find_legible(&mut tx, step.asset_id).await? else {
            // Deleted meanwhile.
            return run.finish(tx, &[]).await;
        };
        let known = Event::ImageTextReady { asset_id: step.asset_id };
        if image.is_read {
            // A copy says what its original says.
            return run.finish(tx, &[known]).await;
        }
        drop(tx);
        let text = match self.picture(&image).await? {
            Some((picture, size)) => self.reader.read(run, &picture, size).await?.map(|(text, _)| text),
            None => Some(String::new()),
        };

        let mut tx = run.begin().await?;
        if let Some(text) = text {
            sql::record_image_text(&mut tx, step.asset_id, &image.blob_key, &text).await?;
        }
        // Where nobody can read, an image is found by its description.
        run.finish(tx, &[known]).await
    }
}

impl ReadImageText {
    /// What text is looked for in, and how large it is; nothing where it is too small to have any.
    async fn picture(&self, image: &LegibleImage) -> Result<Option<(Bytes, Size)>, TaskFailure> {
        let size = Size { width: image.width.cast_unsigned(), height: image.height.cast_unsigned() };
        if size.width.max(size.height) < SIDE_MIN {
            return Ok(None);
        }
        let key = image.blob_key.parse().map_err(TaskFailure::internal)?;
        let bytes = self.blobs.get_bytes(&key, self.reader.images.limits().bytes_max).await;
        Ok(Some((bytes.map_err(blob_failure)?, size)))
    }
}

/// Looks once more, as somebody wants it. What was found before stays until then, and where nobody can read or it broke off.
#[derive(Debug)]
pub struct RereadImage(pub ReadImageText);

#[async_trait]
impl Handle for RereadImage {
    const KIND: &'static str = "reread_image";
    const CONCURRENCY: usize = 1;
    type Payload = ImageStep;

    async fn run(&self, run: &TaskRun, step: ImageStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(image) = sql::find_legible(&mut tx, step.asset_id).await? else {
            // Deleted meanwhile.
            return run.finish(tx, &[]).await;
        };
        drop(tx);
        let text = match self.0.picture(&image).await? {
            Some((picture, size)) => self.0.reader.read_again(run, &picture, size).await?,
            None => String::new(),
        };

        let mut tx = run.begin().await?;
        sql::record_image_text(&mut tx, step.asset_id, &image.blob_key, &text).await?;
        run.finish(tx, &[Event::ImageTextReady { asset_id: step.asset_id }]).await
    }
}
