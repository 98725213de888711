//! What is written in an image, by which it is found.

use super::{TextReader, blob_failure};
use crate::{
    model::ImageStep,
    store::{self as sql, LegibleImage},
};
use async_trait::async_trait;
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
        let text = self.text_of(run, &image).await?;

        let mut tx = run.begin().await?;
        if let Some(text) = text {
            sql::record_image_text(&mut tx, step.asset_id, &image.blob_key, &text).await?;
        }
        // Where nobody can read, an image is found by its description.
        run.finish(tx, &[known]).await
    }
}

impl ReadImageText {
    /// What is written in the image; nothing where nobody can read here.
    async fn text_of(&self, run: &TaskRun, image: &LegibleImage) -> Result<Option<String>, TaskFailure> {
        let size = Size { width: image.width.cast_unsigned(), height: image.height.cast_unsigned() };
        if size.width.max(size.height) < SIDE_MIN {
            return Ok(Some(String::new()));
        }
        let key = image.blob_key.parse().map_err(TaskFailure::internal)?;
        let bytes = self.blobs.get_bytes(&key, self.reader.images.limits().bytes_max).await;
        let read = self.reader.read(run, &bytes.map_err(blob_failure)?, size).await?;
        Ok(read.map(|(text, _)| text))
    }
}

/// Looks once more, as somebody wants it. What was found before stays until then, and where nobody can read.
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
        let text = self.0.text_of(run, &image).await?.ok_or_else(nobody_reads)?;

        let mut tx = run.begin().await?;
        sql::record_image_text(&mut tx, step.asset_id, &image.blob_key, &text).await?;
        run.finish(tx, &[Event::ImageTextReady { asset_id: step.asset_id }]).await
    }
}

/// The code of [`nobody_reads`].
pub(super) const NOBODY_READS: &str = "engine_missing";

/// Somebody asked for what this server cannot do.
pub(super) fn nobody_reads() -> TaskFailure {
    let message =
        "This server cannot look for text in pictures: tesseract or one of its languages is missing.";
    TaskFailure::permanent(NOBODY_READS, message)
}
