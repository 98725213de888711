//! The background step that listens: speech to text, with speakers.

use crate::recognition::{transcript_from, transcript_without_text};
use crate::store;
use async_trait::async_trait;
use memoreel_ai::{AiError, TranscribeRequest};
use memoreel_assets::speech_audio_key;
use memoreel_blob::{BlobError, BlobKey, LocalFile};
use memoreel_kernel::{AssetId, Event, VideoId};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use memoreel_web::{App, storage_failure};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What to listen to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TranscribePayload {
    /// The video the transcript is for.
    pub video_id: VideoId,
    /// The file whose sound was prepared.
    pub asset_id: AssetId,
}

/// Writes the transcript of a video from the sound that was prepared for it.
///
/// Speech in a language the engine does not know, and no speech, give an empty transcript that says so. Captions that a
/// person provided are left alone.
pub struct Transcribe {
    app: App,
    engine: Arc<dyn memoreel_ai::Transcribe>,
}

impl std::fmt::Debug for Transcribe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcribe").field("engine", &self.engine.engine()).finish_non_exhaustive()
    }
}

impl Transcribe {
    /// The step with its engine.
    pub fn new(app: App, engine: Arc<dyn memoreel_ai::Transcribe>) -> Self {
        Self { app, engine }
    }

    async fn sound(&self, key: &BlobKey) -> Result<LocalFile, TaskFailure> {
        self.app.blobs.local_path(key).await.map_err(|error| match error {
            BlobError::NotFound { .. } => sound_missing(),
            other => storage_failure(other),
        })
    }
}

#[async_trait]
impl Handle for Transcribe {
    const KIND: &'static str = "transcribe";
    const CONCURRENCY: usize = 1;
    type Payload = TranscribePayload;

    async fn run(&self, run: &TaskRun, payload: TranscribePayload) -> Result<Finished, TaskFailure> {
        let TranscribePayload { video_id, asset_id } = payload;
        let mut tx = run.begin().await?;
        let obsolete =
            !store::video_exists(&mut tx, video_id).await? || store::has_captions(&mut tx, video_id).await?;
        if obsolete {
            return run.finish(tx, &[]).await;
        }
        let key = speech_audio_key(&mut tx, asset_id).await?;
        drop(tx);

        let sound = self.sound(&key.ok_or_else(sound_missing)?).await?;
        let request = TranscribeRequest {
            audio: sound.path(),
            language: None,
            identify_speakers: true,
            cancel: run.cancelled().clone(),
        };
        let progress = run.progress_between(0.0, 0.98);
        let transcript = match self.engine.transcribe(request, &progress).await {
            Ok(recognition) => transcript_from(recognition),
            Err(error @ AiError::LanguageUnsupported { .. }) => {
                transcript_without_text(self.engine.engine(), error.to_string())
            }
            Err(error) => return Err(engine_failure(error)),
        };
        drop(sound);

        let mut tx = run.begin().await?;
        // Deleted for good meanwhile: there is nothing to write to, and nothing to complain about.
        if !store::video_exists(&mut tx, video_id).await? {
            return run.finish(tx, &[]).await;
        }
        let written = store::replace_transcript(&mut tx, video_id, &transcript, run.clock().now()).await?;
        let events: &[Event] = if written { &[Event::TranscriptReady { video_id }] } else { &[] };
        run.finish(tx, events).await
    }
}

fn sound_missing() -> TaskFailure {
    TaskFailure::permanent(
        "speech_audio_missing",
        "The sound of this recording has not been prepared for listening.",
    )
}

/// What the failure of an engine means for the step that used it: final where trying again cannot help. The lowest slice with an
/// engine has it for those above.
pub fn engine_failure(error: AiError) -> TaskFailure {
    let sentence = error.to_string();
    let failure = if error.is_permanent() {
        TaskFailure::permanent(error.code(), sentence)
    } else {
        TaskFailure::transient(error.code(), sentence)
    };
    failure.caused_by(error)
}
