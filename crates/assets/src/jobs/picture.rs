//! Stills: the poster, its small copy, and the storyboard under the seek bar.

use super::{Input, MediaEngine, blob_failure, control, media_failure};
use crate::{
    model::AssetStep,
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_media::PosterImage;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::path::Path;

/// Makes poster and storyboard.
#[derive(Debug)]
pub struct Picture(pub MediaEngine);

#[async_trait]
impl Handle for Picture {
    const KIND: &'static str = "picture";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        let renditions = self.0.in_folder(async |folder| self.make(run, &input, folder).await).await?;
        let now = run.clock().now();
        let mut tx = run.begin().await?;
        for rendition in &renditions {
            sql::put_rendition(&mut tx, step.asset_id, rendition, now).await?;
        }
        run.finish(tx, &[Event::VideoChanged { video_id: step.video_id }]).await
    }
}

impl Picture {
    /// Makes and stores both, in one folder beside the recording.
    async fn make(
        &self,
        run: &TaskRun,
        input: &Input,
        folder: &Path,
    ) -> Result<[NewRendition; 3], TaskFailure> {
        let (ffmpeg, path) = (&self.0.ffmpeg, input.file.path());
        let poster = ffmpeg
            .poster(path, &input.probe, folder, &control(run, 0.0, 0.3))
            .await
            .map_err(media_failure)?;
        let storyboard = ffmpeg
            .storyboard(path, &input.probe, folder, &control(run, 0.3, 0.95))
            .await
            .map_err(media_failure)?;
        let prefix = input.recording.preview();
        let size_bytes = self.0.store_folder(&prefix, folder).await?;

        let look = |image: &PosterImage| tokio::fs::metadata(folder.join(&image.file));
        let (large, small) = (look(&poster.large).await?.len(), look(&poster.small).await?.len());
        let still = |kind: &'static str, image: &PosterImage, size_bytes: u64| {
            Ok::<_, TaskFailure>(NewRendition {
                kind,
                name: kind.to_owned(),
                blob_key: prefix.join(&image.file).map_err(blob_failure)?,
                size_bytes,
                width: Some(image.width),
                height: Some(image.height),
                metadata: serde_json::json!({ "at_ms": poster.at_ms }),
            })
        };
        let (large, small) =
            (still("poster", &poster.large, large)?, still("thumbnail", &poster.small, small)?);
        let sheets = NewRendition {
            kind: "storyboard",
            name: "storyboard".to_owned(),
            blob_key: prefix.join(&storyboard.cues_file).map_err(blob_failure)?,
            // What lies in the folder beside these two.
            size_bytes: size_bytes.saturating_sub(large.size_bytes + small.size_bytes),
            width: Some(storyboard.tile_width),
            height: Some(storyboard.tile_height),
            metadata: serde_json::to_value(&storyboard).map_err(TaskFailure::internal)?,
        };
        Ok([large, small, sheets])
    }
}
