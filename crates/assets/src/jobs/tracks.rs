//! Sound in other languages, and subtitles: what a recording has beside what it is played with.

use super::{
    Input, MediaEngine, blob_failure, control,
    encode::{published, require_packaging},
    media_failure,
};
use crate::{
    model::AssetStep,
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_media::{MediaError, NamedTrack, TrackKind, Variant, WantedTrack, first_with_sound};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::path::Path;

/// Makes the other tracks of a recording playable.
#[derive(Debug)]
pub struct Tracks(pub MediaEngine);

#[async_trait]
impl Handle for Tracks {
    const KIND: &'static str = "tracks";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        let published = published(run, step).await?;
        let renditions = make_tracks(&self.0, run, &input, &published, (0.0, 0.9)).await?;
        let mut tx = run.begin().await?;
        require_packaging(&mut tx, input.recording).await?;
        for rendition in &renditions {
            sql::put_rendition(&mut tx, step.asset_id, rendition, run.clock().now()).await?;
        }
        run.finish(tx, &[]).await
    }
}

/// Writes the other tracks of a recording and stores them beside these versions. Its progress is `part` of the task's.
pub(super) async fn make_tracks(
    engine: &MediaEngine,
    run: &TaskRun,
    input: &Input,
    versions: &[Variant],
    part: (f32, f32),
) -> Result<Vec<NewRendition>, TaskFailure> {
    // Sound alone keeps the times of its recording.
    let pictured = first_with_sound(versions).filter(|version| version.video.is_some());
    let start_us = pictured.map_or(0, |version| version.start_us);
    let wanted = listen(engine, run, input, part).await?;
    engine
        .in_folder(async |folder| {
            let written = write(engine, run, input, (&wanted, start_us), folder, part).await?;
            let mut renditions = Vec::with_capacity(written.len());
            for track in &written {
                renditions.push(store(engine, input, track, folder).await?);
            }
            Ok(renditions)
        })
        .await
}

/// The other tracks with what brings them to the loudness that is wanted, each heard once however often it is written.
async fn listen(
    engine: &MediaEngine,
    run: &TaskRun,
    input: &Input,
    (from, _): (f32, f32),
) -> Result<Vec<WantedTrack>, TaskFailure> {
    let (path, probe, target) = (input.file.path(), &input.probe, input.plan.loudness());
    let mut wanted = Vec::new();
    for track in probe.other_tracks() {
        let name = track.name();
        match engine.ffmpeg.levelled_track(path, probe, track, target, &control(run, from, from)).await {
            Ok(track) => wanted.push(track),
            Err(error) => leave_out(&name, error)?,
        }
    }
    Ok(wanted)
}

/// All in one pass over the recording; where they cannot be written together, half of them in a pass, until what is damaged is left out.
async fn write(
    engine: &MediaEngine,
    run: &TaskRun,
    input: &Input,
    (tracks, start_us): (&[WantedTrack], u64),
    folder: &Path,
    (from, to): (f32, f32),
) -> Result<Vec<NamedTrack>, TaskFailure> {
    let (ffmpeg, path, probe) = (&engine.ffmpeg, input.file.path(), &input.probe);
    let mut written = Vec::with_capacity(tracks.len());
    let mut parts = vec![tracks];
    let mut progress = control(run, from, to);
    while let Some(part) = parts.pop() {
        match ffmpeg.write_tracks(path, probe, part, start_us, folder, &progress).await {
            Ok(tracks) => written.extend(tracks),
            Err(error) => match part {
                [one] => leave_out(&one.track.name(), error)?,
                _ if error.is_permanent() => {
                    let (some, others) = part.split_at(part.len() / 2);
                    parts.extend([some, others]);
                }
                _ => return Err(media_failure(error)),
            },
        }
        progress = control(run, to, to);
    }
    Ok(written)
}

/// A recording is played without what is damaged of it; what may pass is tried again.
fn leave_out(name: &str, error: MediaError) -> Result<(), TaskFailure> {
    if !error.is_permanent() {
        return Err(media_failure(error));
    }
    tracing::warn!(%error, detail = error.detail(), track = name, "a track is left out");
    Ok(())
}

async fn store(
    engine: &MediaEngine,
    input: &Input,
    track: &NamedTrack,
    folder: &Path,
) -> Result<NewRendition, TaskFailure> {
    let (name, recording) = (track.name(), input.recording);
    let (kind, blob_key, size_bytes) = match track.kind {
        TrackKind::Sound => {
            let prefix = recording.hls_variant(&name);
            let size_bytes = engine.store_folder(&prefix, &folder.join(&name)).await?;
            ("hls_sound", prefix.join("media.m3u8").map_err(blob_failure)?, size_bytes)
        }
        TrackKind::Subtitles => {
            let key = recording.subtitles(&name);
            let file = folder.join(format!("{name}.vtt"));
            let stored = engine.blobs.put_file(&key, &file).await.map_err(blob_failure)?;
            ("subtitles", key, stored.size_bytes)
        }
    };
    Ok(NewRendition {
        kind,
        name: format!("hls-{name}"),
        blob_key,
        size_bytes,
        width: None,
        height: None,
        metadata: serde_json::to_value(track).map_err(TaskFailure::internal)?,
    })
}
