//! The shape of the sound.

use super::{MediaEngine, blob_failure, control, media_failure};
use crate::{
    model::AssetStep,
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};

/// Measures waveform peaks.
#[derive(Debug)]
pub struct Waveform(pub MediaEngine);

#[async_trait]
impl Handle for Waveform {
    const KIND: &'static str = "waveform";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        let peaks = self
            .0
            .ffmpeg
            .waveform(input.file.path(), &input.probe, &control(run, 0.0, 0.95))
            .await
            .map_err(media_failure)?;
        let prefix = input.recording.preview();
        let key = prefix.join("waveform.json").map_err(blob_failure)?;
        let json = serde_json::to_vec(&peaks).map_err(TaskFailure::internal)?;
        let facts = self.0.blobs.put_bytes(&key, json).await.map_err(blob_failure)?;
        let rendition = NewRendition {
            kind: "waveform",
            name: "waveform".to_owned(),
            blob_key: key,
            size_bytes: facts.size_bytes,
            width: None,
            height: None,
            metadata: serde_json::json!({ "peaks_per_second": peaks.peaks_per_second }),
        };
        let mut tx = run.begin().await?;
        sql::put_rendition(&mut tx, step.asset_id, &rendition, run.clock().now()).await?;
        run.finish(tx, &[Event::VideoChanged { video_id: step.video_id }]).await
    }
}
