//! The steps that work on files. Each fetches its input from the blob store, works in a scratch folder, stores what it made
//! under keys that a repeated run overwrites, and records it in the transaction that finishes the task.

mod encode;
mod import;
mod key_frames;
mod make_sounds;
mod package;
mod picture;
mod probe;
mod read_document;
mod read_image;
mod read_image_text;
mod reencode;
mod replace_recording;
mod scratch;
mod small_pictures;
mod speech;
mod store;
mod text_reader;
mod tracks;
mod waveform;

pub use encode::{Encode, EncodeAv1};
pub use import::Import;
#[cfg(fuzzing)]
pub use import::fuzz_content_range;
pub(crate) use import::source_place;
pub use key_frames::KeyFrames;
pub use make_sounds::MakeSounds;
pub use package::Package;
pub use picture::Picture;
pub use probe::Probe;
pub use read_document::{ReadDocument, RereadDocument};
pub use read_image::ReadImage;
pub use read_image_text::{ReadImageText, RereadImage};
pub use reencode::Reencode;
pub use replace_recording::ReplaceRecording;
pub(crate) use scratch::StepFolder;
pub use scratch::sweep_scratch;
pub use small_pictures::{PAGE_CHARS_MIN, Sight, Sights, SmallPictures};
pub use speech::ExtractSpeech;
pub use store::Store;
pub use text_reader::TextReader;
pub use tracks::Tracks;
pub use waveform::Waveform;

use crate::{keys::Recording, model::AssetStep, store as sql};
use memoreel_blob::{BlobError, BlobKey, BlobStore, LocalFile, Staging};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, UploadId};
use memoreel_media::{Control, EncodingPlan, Ffmpeg, Levelling, MediaError};
use memoreel_tasks::{TaskFailure, TaskRun, lock_subject};
use memoreel_web::storage_failure;
use std::path::{Path, PathBuf};

/// What the steps need beside their task.
#[derive(Debug, Clone)]
pub struct MediaEngine {
    /// ffmpeg and its limits.
    pub ffmpeg: Ffmpeg,
    /// The store.
    pub blobs: BlobStore,
    /// Where work in progress lies; best on the file system of the disk store.
    pub scratch: PathBuf,
}

impl MediaEngine {
    /// Does `work` in a scratch folder, which is gone afterwards.
    async fn in_folder<T>(
        &self,
        work: impl AsyncFnOnce(&Path) -> Result<T, TaskFailure>,
    ) -> Result<T, TaskFailure> {
        StepFolder::lend(&self.scratch, work).await
    }

    /// The original and what was probed of it.
    async fn input(&self, run: &TaskRun, step: AssetStep) -> Result<Input, TaskFailure> {
        let mut tx = run.begin().await?;
        let asset = sql::find_stored(&mut tx, step.asset_id).await?;
        drop(tx);
        let asset = asset
            .ok_or_else(|| TaskFailure::permanent("asset_missing", "The file of this recording is gone."))?;
        let probe = asset.probe.ok_or_else(|| {
            TaskFailure::permanent(
                "asset_not_probed",
                "The file of this recording was not looked into. Retry from the start.",
            )
        })?;
        let file = self.blobs.local_path(&asset.blob_key).await.map_err(blob_failure)?;
        let organization_id = run.caller().organization_id;
        let recording = Recording {
            organization_id,
            asset_id: step.asset_id,
            version: asset.version,
            packaging: asset.packaging,
            is_private: false,
        };
        Ok(Input { recording, file, probe, plan: asset.plan })
    }

    /// What brings the sound of a recording to the loudness that is wanted, if one is: it has to be heard once for that.
    async fn levelling(&self, input: &Input, control: &Control) -> Result<Option<Levelling>, TaskFailure> {
        let Some(target) = input.plan.loudness() else { return Ok(None) };
        let levelling = self.ffmpeg.levelling(input.file.path(), &input.probe, target, control).await;
        levelling.map_err(media_failure)
    }

    async fn store_folder(&self, prefix: &BlobKey, folder: &Path) -> Result<u64, TaskFailure> {
        Ok(self.blobs.put_directory(prefix, folder).await.map_err(blob_failure)?.size_bytes)
    }
}

/// A transaction for a step that changes the asset of a recording and whose end then changes the video. It holds its subject, the video and the
/// asset, in this order, as whoever needs several of them: who changes the asset first would wait for one who has the video, and that one for
/// the asset.
async fn begin_holding(run: &TaskRun, asset_id: AssetId) -> Result<TenantTx, TaskFailure> {
    let mut tx = run.begin().await?;
    lock_subject(&mut tx, run.subject_id()).await?;
    sql::lock_assets(&mut tx, &[asset_id]).await?;
    Ok(tx)
}

/// Removes the bytes of an upload that is stored. If this is not reached, the next look at the staging folder does it.
async fn remove_staged(staging: &Staging, upload_id: UploadId) {
    if let Err(error) = staging.remove(upload_id).await {
        tracing::warn!(%error, %upload_id, "a stored upload was left in staging");
    }
}

/// Removes a file whose content is stored already. If this is not reached, the sweep of deletions does it.
async fn remove_duplicate(blobs: &BlobStore, key: &BlobKey, held: &sql::HeldBlob) {
    if held.blob_key == key.as_str() {
        return;
    }
    if let Err(error) = blobs.delete(key).await {
        tracing::warn!(%error, %key, "a file that is stored already was left for later");
    }
}

struct Input {
    recording: Recording,
    file: LocalFile,
    probe: memoreel_media::Probe,
    plan: EncodingPlan,
}

/// Stops ffmpeg with the task and reports its progress as `from..to` of the task's.
fn control(run: &TaskRun, from: f32, to: f32) -> Control {
    let report = run.progress_between(from, to);
    Control::cancelled_by(run.cancelled().clone()).reporting(move |fraction| report(fraction as f32))
}

/// The same for one of several things that a task makes.
fn control_part(run: &TaskRun, number: usize, of: usize) -> Control {
    let share = 0.95 / of.max(1) as f32;
    control(run, share * number as f32, share * (number + 1) as f32)
}

fn media_failure(error: MediaError) -> TaskFailure {
    let (code, message) = (error.code(), error.to_string());
    let failure = if error.is_permanent() {
        TaskFailure::permanent(code, message)
    } else {
        TaskFailure::transient(code, message)
    };
    match error.detail().map(str::to_owned) {
        Some(detail) => failure.caused_by(detail),
        None => failure.caused_by(error),
    }
}

fn blob_failure(error: BlobError) -> TaskFailure {
    match error {
        BlobError::NotFound { .. } => {
            TaskFailure::permanent("asset_missing", "The file of this recording is gone.")
        }
        other => storage_failure(other),
    }
}
