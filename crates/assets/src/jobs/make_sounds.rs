//! Sound files of a recording, which somebody asked for.

use super::{Input, MediaEngine, blob_failure, control_part, media_failure};
use crate::{
    model::{AssetStep, WantedSound},
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_media::{Control, MediaError};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, lock_subject};
use std::path::Path;

/// Makes the sound files of a recording that are wanted and not there yet.
#[derive(Debug)]
pub struct MakeSounds(pub MediaEngine);

#[async_trait]
impl Handle for MakeSounds {
    const KIND: &'static str = "make_sounds";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let names = sql::sounds_to_make(&mut tx, step.asset_id).await?;
        drop(tx);
        let wanted: Vec<WantedSound> = names.iter().filter_map(|name| WantedSound::parse(name)).collect();
        // One that fails keeps none of the others from being made.
        let (mut may_pass, mut stays) = (None, None);
        if !wanted.is_empty() {
            let input = self.0.input(run, step).await?;
            for (number, sound) in wanted.iter().enumerate() {
                let part = control_part(run, number, wanted.len());
                match self.make(&input, *sound, &part).await {
                    Ok(made) => record(run, step, &made).await?,
                    Err(failure) if run.cancelled().is_cancelled() => return Err(failure),
                    Err(failure) if failure.permanent => {
                        tracing::warn!(code = failure.code, reason = %failure.message, "a sound is not made");
                        withdraw(run, step, &sound.name()).await?;
                        stays.get_or_insert(failure);
                    }
                    Err(failure) => {
                        may_pass.get_or_insert(failure);
                    }
                }
            }
        }
        // What may pass comes first: the next try is for that alone.
        match may_pass.or(stays) {
            Some(failure) => Err(failure),
            None => run.finish(run.begin().await?, &[]).await,
        }
    }
}

impl MakeSounds {
    async fn make(
        &self,
        input: &Input,
        sound: WantedSound,
        part: &Control,
    ) -> Result<NewRendition, TaskFailure> {
        let (path, format, target) = (input.file.path(), sound.format, sound.loudness);
        let key = input.recording.sound(&sound.name(), format);
        let work = async |folder: &Path| {
            let file = self.0.ffmpeg.encode_sound(path, &input.probe, format, target, folder, part).await;
            let file = file.map_err(sound_failure)?;
            let stored = self.0.blobs.put_file(&key, &file.path).await.map_err(blob_failure)?;
            Ok((file, stored))
        };
        let (file, stored) = self.0.in_folder(work).await?;
        let duration_ms = input.probe.duration_ms;
        Ok(NewRendition {
            kind: "sound",
            name: sound.name(),
            blob_key: key,
            size_bytes: stored.size_bytes,
            width: None,
            height: None,
            metadata: serde_json::json!({
                "codecs": match format {
                    memoreel_media::SoundFormat::Mp3 => "mp3",
                    memoreel_media::SoundFormat::Opus => "opus",
                },
                "duration_ms": duration_ms,
                "channels": file.channels,
                "bandwidth_average": stored.size_bytes * 8000 / duration_ms.max(1),
                "loudness_lufs": target.map(|target| target.lufs()),
                "measured_lufs": file.measured_lufs,
            }),
        })
    }
}

/// Unless the task was taken from this run meanwhile, as where the recording has another file.
async fn record(run: &TaskRun, step: AssetStep, made: &NewRendition) -> Result<(), TaskFailure> {
    let mut tx = run.begin().await?;
    lock_subject(&mut tx, run.subject_id()).await?;
    run.require_lease(&mut tx).await?;
    sql::put_rendition(&mut tx, step.asset_id, made, run.clock().now()).await?;
    Ok(tx.commit().await?)
}

/// Until somebody asks for it again: it would fail in every task that makes another one.
async fn withdraw(run: &TaskRun, step: AssetStep, name: &str) -> Result<(), TaskFailure> {
    let mut tx = run.begin().await?;
    run.require_lease(&mut tx).await?;
    sql::withdraw_sound(&mut tx, step.asset_id, name).await?;
    Ok(tx.commit().await?)
}

/// An encoder that this server lacks is not there for the next try either.
fn sound_failure(error: MediaError) -> TaskFailure {
    let is_missing = matches!(error, MediaError::ToolMissing { .. });
    let mut failure = media_failure(error);
    failure.permanent |= is_missing;
    failure
}
