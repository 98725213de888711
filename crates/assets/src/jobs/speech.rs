//! Sound for speech recognition: 16 kHz, the channels of stereo calls kept apart.

use super::{MediaEngine, blob_failure, control, media_failure};
use crate::{
    model::{AssetStep, SPEECH_AUDIO},
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_media::SpeechChannels;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::path::Path;

/// Extracts what the speech engine listens to.
#[derive(Debug)]
pub struct ExtractSpeech(pub MediaEngine);

#[async_trait]
impl Handle for ExtractSpeech {
    const KIND: &'static str = "audio";
    const CONCURRENCY: usize = 2;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        let (path, part, key) = (input.file.path(), control(run, 0.0, 0.9), input.recording.speech());
        let work = async |folder: &Path| {
            let both = SpeechChannels::Both;
            let audio = self.0.ffmpeg.extract_audio(path, &input.probe, both, folder, &part).await;
            let audio = audio.map_err(media_failure)?;
            let facts = self.0.blobs.put_file(&key, &audio.path).await.map_err(blob_failure)?;
            Ok((audio, facts))
        };
        let (audio, facts) = self.0.in_folder(work).await?;
        let rendition = NewRendition {
            kind: "speech_audio",
            name: SPEECH_AUDIO.to_owned(),
            blob_key: key,
            size_bytes: facts.size_bytes,
            width: None,
            height: None,
            metadata: serde_json::json!({ "channels": audio.channels, "duration_ms": audio.duration_ms }),
        };
        let mut tx = run.begin().await?;
        sql::put_rendition(&mut tx, step.asset_id, &rendition, run.clock().now()).await?;
        let ready = Event::SpeechAudioReady { video_id: step.video_id, asset_id: step.asset_id };
        run.finish(tx, &[ready]).await
    }
}
