//! From staging to the blob store, for a file that replaces a recording's: nothing of the old one goes before the new one was looked into.

use super::{
    Import, MediaEngine, blob_failure, control, media_failure, remove_duplicate, remove_staged,
    store::recognise,
};
use crate::{
    contents::give_up,
    deletions::remove_files,
    keys,
    model::AssetStep,
    store::{self as sql, HeldBlob, StoredFile},
};
use async_trait::async_trait;
use memoreel_blob::BlobKey;
use memoreel_db::{TenantTx, is_contention};
use memoreel_kernel::{Event, Timestamp, UploadId};
use memoreel_media::Probe;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, lock_subject, withdraw_tasks};
use memoreel_web::App;
use std::time::Duration;

/// How often the exchange is tried before the file is looked into again.
const EXCHANGES_MAX: usize = 10;
/// How long it waits, between two of them, for a step of the old file that is ending, or for somebody who changes the video.
const GIVES_WAY: Duration = Duration::from_secs(1);
/// How long it keeps what others need while it waits for what they have. Shorter than the database takes to see that two wait for each other: it
/// is never the other one that has to begin again.
const WAITS_MAX: Duration = Duration::from_millis(300);

/// Gives a recording its new file, of which everything is then made anew.
#[derive(Debug)]
pub struct ReplaceRecording {
    /// Shared by all steps.
    pub engine: MediaEngine,
    /// The application.
    pub app: App,
}

#[async_trait]
impl Handle for ReplaceRecording {
    const KIND: &'static str = "replace_recording";
    const CONCURRENCY: usize = 2;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let Some(upload_id) = sql::replacement_of(&mut tx, step.asset_id).await? else {
            // Deleted meanwhile, given up for another, or done by a run that was killed after it.
            return run.finish(tx, &[]).await;
        };
        let limits = sql::find_upload_limits(&mut tx).await?;
        drop(tx);
        let (staging, blobs, ffmpeg) = (&self.app.staging, &self.app.blobs, &self.engine.ffmpeg);
        let organization_id = run.caller().organization_id;
        let (path, sniffed) = recognise(staging, upload_id, &limits).await?;
        let probe = ffmpeg.probe(&path, &control(run, 0.0, 0.4)).await.map_err(media_failure)?;
        ffmpeg.decode_beginning(&path, &probe, &control(run, 0.4, 0.5)).await.map_err(media_failure)?;
        let key = keys::original(organization_id, upload_id, sniffed.extension);
        let facts = blobs.put_file(&key, &path).await.map_err(blob_failure)?;

        let file = StoredFile::new(&sniffed, &facts);
        let new = NewFile { upload_id, key: &key, file: &file, probe: &probe };
        for _ in 0..EXCHANGES_MAX {
            let mut tx = run.begin().await?;
            match exchange(&mut tx, step, &new, run.clock().now()).await {
                Ok(Exchange::Done { blob, events }) => {
                    let finished = run.finish(tx, &events).await?;
                    remove_staged(staging, upload_id).await;
                    remove_duplicate(blobs, &key, &blob).await;
                    // Somebody may have replaced the old one so that nobody sees it any more.
                    remove_files(&self.app, organization_id).await;
                    return Ok(finished);
                }
                Ok(Exchange::NotAwaited) => return give_up(run, tx).await,
                Ok(Exchange::Busy) => {}
                Err(error) if is_contention(&error) => {}
                Err(error) => return Err(error.into()),
            }
            drop(tx);
            tokio::time::sleep(GIVES_WAY).await;
        }
        Err(TaskFailure::overtaken(GIVES_WAY))
    }
}

/// The file that replaces another, and what was found out of it.
struct NewFile<'a> {
    upload_id: UploadId,
    key: &'a BlobKey,
    file: &'a StoredFile<'a>,
    probe: &'a Probe,
}

enum Exchange {
    /// Another step is ending or beginning at this moment.
    Busy,
    /// The recording was deleted, or is to have yet another file.
    NotAwaited,
    Done {
        blob: HeldBlob,
        events: Vec<Event>,
    },
}

/// One file for the other. Nothing that was begun with the old file may end from here on, or what it made would be taken for the new one's; and
/// what it was about to do goes with it.
async fn exchange(
    tx: &mut TenantTx,
    step: AssetStep,
    new: &NewFile<'_>,
    now: Timestamp,
) -> Result<Exchange, sqlx::Error> {
    let AssetStep { video_id, asset_id } = step;
    sql::limit_waiting(tx, WAITS_MAX).await?;
    for (subject_id, kept) in
        [(video_id.uuid(), &[][..]), (asset_id.uuid(), &[Import::KIND, ReplaceRecording::KIND])]
    {
        lock_subject(tx, subject_id).await?;
        if !withdraw_tasks(tx, subject_id, kept).await? {
            return Ok(Exchange::Busy);
        }
    }
    sql::lock_video(tx, video_id).await?;
    let Some(blob) = sql::hold_content(tx, asset_id, new.key, new.file.facts, now).await? else {
        return Ok(Exchange::NotAwaited);
    };
    let replaced = sql::replace_recording(tx, asset_id, new.upload_id, new.file, &blob).await?;
    let Some(has_sounds) = replaced else { return Ok(Exchange::NotAwaited) };
    sql::record_probe(tx, asset_id, new.probe).await?;
    let mut events = vec![Event::AssetStored { video_id, asset_id }];
    if has_sounds && new.probe.audio.is_some() {
        events.push(Event::SoundWanted { video_id, asset_id });
    }
    Ok(Exchange::Done { blob, events })
}
