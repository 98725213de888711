//! What is written in an image, by which it is found.

use super::{TextReader, blob_failure};
use crate::{model::ImageStep, store as sql};
use async_trait::async_trait;
use memoreel_blob::BlobStore;
use memoreel_images::geometry::Size;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};

/// What is smaller on both sides, in pixels, is an icon, on which nobody reads anything.
const SIDE_MIN: u32 = 128;

/// Looks for text in an image that is ready.
#[derive(Debug)]
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
        let size = Size { width: image.width.cast_unsigned(), height: image.height.cast_unsigned() };
        let read = if size.width.max(size.height) < SIDE_MIN {
            Some((String::new(), None))
        } else {
            let key = image.blob_key.parse().map_err(TaskFailure::internal)?;
            let bytes = self.blobs.get_bytes(&key, self.reader.images.limits().bytes_max).await;
            self.reader.read(run, &bytes.map_err(blob_failure)?, size).await?
        };

        let mut tx = run.begin().await?;
        if let Some((text, _)) = read {
            sql::record_image_text(&mut tx, step.asset_id, &image.blob_key, &text).await?;
        }
        // Where nobody can read, an image is found by its description.
        run.finish(tx, &[known]).await
    }
}
