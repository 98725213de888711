//! A recording that is there, packaged and encoded anew, as somebody wants it now.
//!
//! What is there stays as it is until all of the new is stored, in a folder of its own, and for as long afterwards as any address of it works:
//! whoever plays it meanwhile goes on, and whoever begins gets the new. Each run has a folder of its own: one that was taken for dead, and is
//! not, spoils nothing of the one that followed it.

use super::{
    Input, MediaEngine, control,
    encode::{ladder_of, store_master, store_variants, variant_rendition},
    media_failure,
    tracks::make_tracks,
};
use crate::{
    model::AssetStep,
    playback::PLAYED_FOR,
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_media::{Packaging, PictureCodec, Variant};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, lock_subject};
use std::path::Path;

/// Makes what players fetch of a recording anew, and publishes all of it at once.
#[derive(Debug)]
pub struct Reencode(pub MediaEngine);

#[async_trait]
impl Handle for Reencode {
    const KIND: &'static str = "reencode";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let found = self.0.input(run, step).await?;
        let old = found.recording;
        let mut tx = run.begin().await?;
        let wanted = sql::wanted_encoding(&mut tx, step.asset_id).await?;
        let Some(recording) = sql::begin_packaging(&mut tx, old, run.clock().now()).await? else {
            return run.finish(tx, &[]).await;
        };
        run.require_lease(&mut tx).await?;
        tx.commit().await?;
        // Of recordings that were looked into long ago, other sounds were only counted.
        let probe = if found.probe.audio_stream_count > 1 && found.probe.other_sounds.is_empty() {
            let looked = self.0.ffmpeg.probe(found.file.path(), &control(run, 0.0, 0.0)).await;
            looked.map_err(media_failure)?
        } else {
            found.probe
        };
        let input = Input { recording, plan: wanted.unwrap_or(found.plan), probe, file: found.file };
        let made = self.make(run, &input).await?;

        let now = run.clock().now();
        let mut tx = run.begin().await?;
        lock_subject(&mut tx, run.subject_id()).await?;
        if !sql::leave_packaging(&mut tx, old, recording, &input.plan, now + PLAYED_FOR).await? {
            // It is gone, or has another file, which is encoded as its organization says by then.
            return run.finish(tx, &[]).await;
        }
        for rendition in &made {
            sql::put_rendition(&mut tx, step.asset_id, rendition, now).await?;
        }
        run.finish(tx, &[Event::VideoChanged { video_id: step.video_id }]).await
    }
}

impl Reencode {
    /// Stores versions, other tracks and the master playlist, which comes last, and returns all of it.
    async fn make(&self, run: &TaskRun, input: &Input) -> Result<Vec<NewRendition>, TaskFailure> {
        let versions = self.0.in_folder(async |folder| self.versions(run, input, folder).await).await?;
        let mut made = Vec::with_capacity(versions.len() + 1);
        for version in &versions {
            made.push(variant_rendition(input.recording, version)?);
        }
        made.extend(make_tracks(&self.0, run, input, &versions, (0.9, 0.98)).await?);
        made.push(store_master(&self.0, input.recording, &versions).await?);
        run.progress(1.0);
        Ok(made)
    }

    /// Writes and stores what can be played as it is, then what is encoded for everybody, then AV1.
    async fn versions(
        &self,
        run: &TaskRun,
        input: &Input,
        folder: &Path,
    ) -> Result<Vec<Variant>, TaskFailure> {
        let (ffmpeg, path, probe) = (&self.0.ffmpeg, input.file.path(), &input.probe);
        let levelling = self.0.levelling(input, &control(run, 0.0, 0.05)).await?;
        let part = control(run, 0.05, 0.1);
        let packaging = ffmpeg.package_instantly(path, probe, levelling.as_ref(), folder, &part).await;
        let mut versions = match packaging.map_err(media_failure)? {
            Packaging::Packaged(version) => vec![version],
            Packaging::NotInstant(_) => Vec::new(),
        };
        let ladder = ladder_of(&self.0, input, versions.first()).levelled(levelling);
        let (plain, av1) = (ladder.of(PictureCodec::H264), ladder.of(PictureCodec::Av1));
        let until = if av1.rungs.is_empty() { 0.9 } else { 0.4 };
        let encoded = ffmpeg.encode_ladder(path, probe, &plain, folder, &control(run, 0.1, until)).await;
        versions.extend(encoded.map_err(media_failure)?);
        let av1 = av1.beginning_with(&versions);
        let encoded = ffmpeg.encode_ladder(path, probe, &av1, folder, &control(run, until, 0.9)).await;
        versions.extend(encoded.map_err(media_failure)?);
        store_variants(&self.0, input.recording, folder, &versions).await?;
        Ok(versions)
    }
}
