//! The ladder: smaller renditions for slower lines, and the only ones where the original cannot be played as it is.
//!
//! AV1, where an organization wants it, is a step of its own after what everybody plays: it takes longest.

use super::{Input, MediaEngine, blob_failure, control, media_failure};
use crate::{
    keys::Recording,
    model::{AssetStep, MASTER_NAME},
    store::{self as sql, NewRendition},
};
use async_trait::async_trait;
use memoreel_db::TenantTx;
use memoreel_kernel::Event;
use memoreel_media::{Ladder, PictureCodec, Variant, ladder, master_playlist};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::{path::Path, time::Duration};

/// How long a step waits that finds the recording packaged anew, before it begins again with what is published now.
const GIVES_WAY: Duration = Duration::from_secs(1);

/// Part of the whole that measuring loudness takes.
const LISTENING: f32 = 0.1;

/// Encodes the ladder and adds it to the master playlist.
#[derive(Debug)]
pub struct Encode(pub MediaEngine);

#[async_trait]
impl Handle for Encode {
    const KIND: &'static str = "encode";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        let ladder = wanted(&self.0, &input, &published(run, step).await?);
        let mut events = vec![Event::PlaybackReady { video_id: step.video_id }];
        if !ladder.of(PictureCodec::Av1).rungs.is_empty() {
            events.push(Event::Av1Wanted { video_id: step.video_id, asset_id: step.asset_id });
        }
        if !input.probe.other_tracks().is_empty() {
            events.push(Event::TracksWanted { video_id: step.video_id, asset_id: step.asset_id });
        }
        encode(&self.0, run, &input, ladder.of(PictureCodec::H264), &events).await
    }
}

/// Encodes what is wanted in AV1 besides, and adds it to the master playlist.
#[derive(Debug)]
pub struct EncodeAv1(pub MediaEngine);

#[async_trait]
impl Handle for EncodeAv1 {
    const KIND: &'static str = "encode_av1";
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        let published = published(run, step).await?;
        let ladder = wanted(&self.0, &input, &published).of(PictureCodec::Av1);
        encode(&self.0, run, &input, ladder.beginning_with(&published), &[]).await
    }
}

/// The versions that are published of a recording.
pub(super) async fn published(run: &TaskRun, step: AssetStep) -> Result<Vec<Variant>, TaskFailure> {
    let mut tx = run.begin().await?;
    Ok(sql::hls_variants(&mut tx, step.asset_id).await?)
}

/// What is to be encoded of a recording, beside what is published.
fn wanted(engine: &MediaEngine, input: &Input, published: &[Variant]) -> Ladder {
    ladder_of(engine, input, published.iter().find(|variant| variant.name == "source"))
}

/// What is to be encoded of a recording, by its plan. `instant` is the version that was packaged without encoding.
pub(super) fn ladder_of(engine: &MediaEngine, input: &Input, instant: Option<&Variant>) -> Ladder {
    if input.plan.codec() == PictureCodec::Av1 && !engine.ffmpeg.encodes_av1() {
        tracing::warn!("AV1 is wanted, but this ffmpeg was built without SVT-AV1; H.264 is made instead");
        return ladder(&input.probe, instant, &input.plan.without_av1());
    }
    ladder(&input.probe, instant, &input.plan)
}

async fn encode(
    engine: &MediaEngine,
    run: &TaskRun,
    input: &Input,
    ladder: Ladder,
    events: &[Event],
) -> Result<Finished, TaskFailure> {
    let ladder = match ladder.rungs.is_empty() {
        true => ladder,
        false => ladder.levelled(engine.levelling(input, &control(run, 0.0, LISTENING)).await?),
    };
    let begins = if ladder.levelling.is_some() { LISTENING } else { 0.0 };
    let (path, part) = (input.file.path(), control(run, begins, 0.95));
    engine
        .in_folder(async |folder| {
            let variants = engine.ffmpeg.encode_ladder(path, &input.probe, &ladder, folder, &part).await;
            let variants = variants.map_err(media_failure)?;
            publish_variants(engine, run, input.recording, folder, variants, events).await
        })
        .await
}

/// Stores variants, then a master playlist that lists them beside those already published, then records both.
pub(super) async fn publish_variants(
    engine: &MediaEngine,
    run: &TaskRun,
    recording: Recording,
    folder: &Path,
    variants: Vec<Variant>,
    events: &[Event],
) -> Result<Finished, TaskFailure> {
    store_variants(engine, recording, folder, &variants).await?;
    // What is published now, by who may say so: a run that was taken over would list less than the one that followed it.
    let mut tx = run.begin().await?;
    run.require_lease(&mut tx).await?;
    require_packaging(&mut tx, recording).await?;
    let mut all = sql::hls_variants(&mut tx, recording.asset_id).await?;
    drop(tx);
    all.retain(|known| variants.iter().all(|new| new.name != known.name));
    all.extend(variants.iter().cloned());
    let master = store_master(engine, recording, &all).await?;
    run.progress(1.0);

    let now = run.clock().now();
    let mut tx = run.begin().await?;
    require_packaging(&mut tx, recording).await?;
    for variant in &variants {
        let rendition = variant_rendition(recording, variant)?;
        sql::put_rendition(&mut tx, recording.asset_id, &rendition, now).await?;
    }
    sql::put_rendition(&mut tx, recording.asset_id, &master, now).await?;
    run.finish(tx, events).await
}

/// That no other packaging took the place of this one, which none does until the transaction ends. What was made for it would be lost, or
/// taken for the other's.
pub(super) async fn require_packaging(tx: &mut TenantTx, recording: Recording) -> Result<(), TaskFailure> {
    match sql::hold_packaging(tx, recording).await? {
        true => Ok(()),
        false => Err(TaskFailure::overtaken(GIVES_WAY)),
    }
}

pub(super) async fn store_variants(
    engine: &MediaEngine,
    recording: Recording,
    folder: &Path,
    variants: &[Variant],
) -> Result<(), TaskFailure> {
    for variant in variants {
        let prefix = recording.hls_variant(&variant.name);
        engine.store_folder(&prefix, &folder.join(&variant.name)).await?;
    }
    Ok(())
}

/// Stores the playlist over these versions, which lie beside it.
pub(super) async fn store_master(
    engine: &MediaEngine,
    recording: Recording,
    variants: &[Variant],
) -> Result<NewRendition, TaskFailure> {
    let playlist = master_playlist(variants).into_bytes();
    let (blob_key, size_bytes) = (recording.master(), playlist.len() as u64);
    engine.blobs.put_bytes(&blob_key, playlist).await.map_err(blob_failure)?;
    Ok(NewRendition {
        kind: "hls_master",
        name: MASTER_NAME.to_owned(),
        blob_key,
        size_bytes,
        width: None,
        height: None,
        metadata: serde_json::json!({}),
    })
}

pub(super) fn variant_rendition(
    recording: Recording,
    variant: &Variant,
) -> Result<NewRendition, TaskFailure> {
    let folder = recording.hls_variant(&variant.name);
    Ok(NewRendition {
        kind: "hls_variant",
        name: format!("hls-{}", variant.name),
        blob_key: folder.join("media.m3u8").map_err(blob_failure)?,
        size_bytes: variant.size_bytes,
        width: variant.video.map(|video| video.width),
        height: variant.video.map(|video| video.height),
        metadata: serde_json::to_value(variant).map_err(TaskFailure::internal)?,
    })
}
