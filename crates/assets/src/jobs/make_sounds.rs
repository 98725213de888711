//! Sound files of a recording, which somebody asked for.

use super::{MediaEngine, blob_failure, control_part, media_failure};
use crate::{
    model::{AssetStep, WantedSound},
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};

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
        let mut made = Vec::with_capacity(wanted.len());
        if !wanted.is_empty() {
            let input = self.0.input(run, step).await?;
            let folder = self.0.scratch_folder()?;
            for (number, sound) in wanted.iter().enumerate() {
                let part = control_part(run, number, wanted.len());
                let (path, format, target) = (input.file.path(), sound.format, sound.loudness);
                let file = self
                    .0
                    .ffmpeg
                    .encode_sound(path, &input.probe, format, target, folder.path(), &part)
                    .await
                    .map_err(media_failure)?;
                let key = input.recording.sound(&sound.name(), format);
                let stored = self.0.blobs.put_file(&key, &file.path).await.map_err(blob_failure)?;
                let duration_ms = input.probe.duration_ms;
                made.push(NewRendition {
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
                });
            }
        }
        let now = run.clock().now();
        let mut tx = run.begin().await?;
        for rendition in &made {
            sql::put_rendition(&mut tx, step.asset_id, rendition, now).await?;
        }
        run.finish(tx, &[]).await
    }
}
