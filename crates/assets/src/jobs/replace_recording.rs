//! From staging to the blob store, for a file that replaces a recording's: nothing of the old one goes before the new one was looked into.

use super::{
    Import, MediaEngine, Store, blob_failure, control, media_failure, remove_duplicate, remove_staged,
    store::recognise,
};
use crate::{contents::give_up, deletions::remove_files, keys, model::AssetStep, store as sql};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, lock_subject, withdraw_tasks};
use memoreel_web::App;
use std::time::Duration;

/// How long it waits for a step of the old file that is ending.
const GIVES_WAY: Duration = Duration::from_secs(1);

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
        let AssetStep { video_id, asset_id } = step;
        let mut tx = run.begin().await?;
        let Some(upload_id) = sql::replacement_of(&mut tx, asset_id).await? else {
            // Deleted meanwhile, given up for another, or done by a run that was killed after it.
            return run.finish(tx, &[]).await;
        };
        drop(tx);
        let (staging, blobs) = (&self.app.staging, &self.app.blobs);
        let (path, sniffed) = recognise(staging, upload_id).await?;
        let probe = self.engine.ffmpeg.probe(&path, &control(run, 0.0, 0.5)).await.map_err(media_failure)?;
        let key = keys::original(run.caller().organization_id, upload_id, sniffed.extension);
        let facts = blobs.put_file(&key, &path).await.map_err(blob_failure)?;

        let file = sql::StoredFile::new(&sniffed, &facts);
        let now = run.clock().now();
        let mut tx = run.begin().await?;
        // Nothing that was begun with the old file may end from here on, or what it made would be taken for the new one's. What stays is what
        // the new file has behind it.
        for (subject_id, kept) in
            [(video_id.uuid(), &[Store::KIND][..]), (asset_id.uuid(), &[Import::KIND, Self::KIND])]
        {
            lock_subject(&mut tx, subject_id).await?;
            if !withdraw_tasks(&mut tx, subject_id, kept).await? {
                return Err(TaskFailure::gave_way(GIVES_WAY));
            }
        }
        sql::lock_video(&mut tx, video_id).await?;
        let Some(blob) = sql::hold_content(&mut tx, asset_id, &key, &facts, now).await? else {
            return give_up(run, tx).await;
        };
        if !sql::replace_recording(&mut tx, asset_id, upload_id, &file, &blob).await? {
            return give_up(run, tx).await;
        }
        sql::record_probe(&mut tx, asset_id, &probe).await?;
        let finished = run.finish(tx, &[Event::AssetStored { video_id, asset_id }]).await?;
        remove_staged(staging, upload_id).await;
        remove_duplicate(blobs, &key, &blob).await;
        // Somebody may have replaced the old one so that nobody sees it any more.
        remove_files(&self.app, run.caller().organization_id).await;
        Ok(finished)
    }
}
