//! What is inside the file, and whether it can be played at once.

use super::{MediaEngine, begin_holding, blob_failure, control, media_failure};
use crate::{
    model::AssetStep,
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};

/// What browsers play from an address, without a playlist.
const PLAYED_AS_FILES: [&str; 3] = ["video/mp4", "audio/mp4", "audio/mpeg"];

/// Looks into a stored file and records its facts.
#[derive(Debug)]
pub struct Probe(pub MediaEngine);

#[async_trait]
impl Handle for Probe {
    const KIND: &'static str = "probe";
    const CONCURRENCY: usize = 2;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let asset = sql::find_stored(&mut tx, step.asset_id).await?;
        drop(tx);
        let asset = asset
            .ok_or_else(|| TaskFailure::permanent("asset_missing", "The file of this recording is gone."))?;
        let file = self.0.blobs.local_path(&asset.blob_key).await.map_err(blob_failure)?;
        let size_bytes = tokio::fs::metadata(file.path()).await?.len();
        let probe = self.0.ffmpeg.probe(file.path(), &control(run, 0.0, 1.0)).await.map_err(media_failure)?;

        let mut tx = begin_holding(run, step.asset_id).await?;
        sql::record_probe(&mut tx, step.asset_id, &probe).await?;
        let mut events = Vec::new();
        let content_type = memoreel_blob::content_type(&asset.blob_key);
        if probe.is_web_ready() && PLAYED_AS_FILES.contains(&content_type) {
            let file = NewRendition {
                kind: "file",
                name: "file".to_owned(),
                blob_key: asset.blob_key,
                size_bytes,
                width: probe.video.as_ref().map(|video| video.width),
                height: probe.video.as_ref().map(|video| video.height),
                metadata: serde_json::json!({}),
            };
            sql::put_rendition(&mut tx, step.asset_id, &file, run.clock().now()).await?;
            events.push(Event::PlaybackReady { video_id: step.video_id });
        }
        events.push(Event::AssetProbed {
            video_id: step.video_id,
            asset_id: step.asset_id,
            has_picture: probe.video.is_some(),
            has_sound: probe.audio.is_some(),
        });
        run.finish(tx, &events).await
    }
}
