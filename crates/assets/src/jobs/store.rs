//! From staging to the blob store: the file's type by its content, its checksum, its place.

use super::{MediaEngine, begin_holding, blob_failure, remove_duplicate, remove_staged};
use crate::{
    contents::{give_up, upload_lost},
    keys,
    model::AssetStep,
    store as sql,
    upload_limits::{Size, UploadLimits},
};
use async_trait::async_trait;
use memoreel_blob::Staging;
use memoreel_kernel::{Clock, Event, UploadId};
use memoreel_media::{Kind, SNIFF_BYTES, Sniffed, TAIL_BYTES, also, sniff};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::{io::SeekFrom, path::PathBuf, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Moves a finished upload into the blob store.
#[derive(Debug)]
pub struct Store {
    /// Shared by all steps.
    pub engine: MediaEngine,
    /// Where uploads are staged.
    pub staging: Staging,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handle for Store {
    const KIND: &'static str = "store";
    const CONCURRENCY: usize = 4;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let stored = Event::AssetStored { video_id: step.video_id, asset_id: step.asset_id };
        if sql::find_stored(&mut tx, step.asset_id).await?.is_some() {
            // By a run whose end was not heard of, which therefore left the bytes where they were.
            let upload_id = sql::upload_of(&mut tx, step.asset_id).await?;
            let finished = run.finish(tx, &[stored]).await?;
            if let Some(upload_id) = upload_id {
                remove_staged(&self.staging, upload_id).await;
            }
            return Ok(finished);
        }
        let upload = sql::staged_upload_of(&mut tx, step.asset_id).await?;
        let limits = sql::find_upload_limits(&mut tx).await?;
        drop(tx);
        let upload_id = upload.ok_or_else(upload_lost)?;
        let (path, sniffed) = recognise(&self.staging, upload_id, &limits).await?;

        let key = keys::original(run.caller().organization_id, upload_id, sniffed.extension);
        let facts = self.engine.blobs.put_file(&key, &path).await.map_err(blob_failure)?;

        let file = sql::StoredFile::new(&sniffed, &facts);
        let mut tx = begin_holding(run, step.asset_id).await?;
        let Some(blob) = sql::hold_content(&mut tx, step.asset_id, &key, &facts, self.clock.now()).await?
        else {
            return give_up(run, tx).await;
        };
        if !sql::mark_stored(&mut tx, step.asset_id, &file, &blob).await? {
            return give_up(run, tx).await;
        }
        let finished = run.finish(tx, &[stored]).await?;
        remove_staged(&self.staging, upload_id).await;
        remove_duplicate(&self.engine.blobs, &key, &blob).await;
        Ok(finished)
    }
}

/// Where a staged file lies and what it is by its content, if it is a recording of a size that is taken, and nothing else.
pub(super) async fn recognise(
    staging: &Staging,
    upload_id: UploadId,
    limits: &UploadLimits,
) -> Result<(PathBuf, Sniffed), TaskFailure> {
    let size_bytes = staging.len(upload_id).await.map_err(blob_failure)?.ok_or_else(upload_lost)?;
    let path = staging.path(upload_id);
    if size_bytes == 0 {
        return Err(TaskFailure::permanent("media_empty", "The file is empty."));
    }
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    let mut file = tokio::fs::File::open(&path).await?;
    (&mut file).take(SNIFF_BYTES as u64).read_to_end(&mut head).await?;
    let sniffed = sniff(&head).ok_or_else(|| {
        TaskFailure::permanent("media_unknown", "The file is neither video nor sound of a known format.")
    })?;
    if !matches!(sniffed.kind, Kind::Video | Kind::Audio) {
        let instead = match sniffed.kind {
            Kind::Image => " Upload it as an image: its `kind` is `image`.",
            Kind::Document => " Upload it as a document: its `kind` is `document`.",
            _ => "",
        };
        let content_type = sniffed.content_type;
        let message = format!("The file is not a recording: by its content it is {content_type}.{instead}");
        return Err(TaskFailure::permanent("media_not_a_recording", message));
    }
    let size_max = limits.of(sniffed.kind);
    if size_bytes > size_max {
        let message = format!("The file is too large: {} is the most for this kind.", Size(size_max));
        return Err(TaskFailure::permanent("media_too_large", message));
    }
    let mut tail = Vec::with_capacity(TAIL_BYTES);
    file.seek(SeekFrom::Start(size_bytes.saturating_sub(TAIL_BYTES as u64))).await?;
    file.take(TAIL_BYTES as u64).read_to_end(&mut tail).await?;
    if let Some(also) = also(&head, &tail) {
        let message = format!(
            "The file is a recording and {also} at once. Remove what is not the recording, such as code in its description or files \
             that are attached to it, and upload it again."
        );
        return Err(TaskFailure::permanent("media_ambiguous", message));
    }
    Ok((path, sniffed))
}
