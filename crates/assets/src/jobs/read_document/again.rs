//! A document that is there, read again as somebody wants it, by what the server can do now.
//!
//! What was read before is shown until all of the new is stored, and its pictures are kept for as long afterwards as any address of them works.
//! Each run stores pictures in a folder of its own, which goes in time unless they are published: one that was taken for dead, and is not, spoils
//! nothing of the one that followed it.

use super::{ReadDocument, Reading, apart, facts};
use crate::{
    contents::give_up,
    jobs::blob_failure,
    keys,
    model::DocumentStep,
    playback::PLAYED_FOR,
    store::{self as sql, AssetRow},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_blob::BlobKey;
use memoreel_documents::Format;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun, lock_subject};
use uuid::Uuid;

/// No run is at work for so long: a thousand pages take a minute each at most.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(2);

/// Reads a document again, and publishes all that was found at once.
#[derive(Debug)]
pub struct RereadDocument(pub ReadDocument);

#[async_trait]
impl Handle for RereadDocument {
    const KIND: &'static str = "reread_document";
    const CONCURRENCY: usize = 1;
    type Payload = DocumentStep;

    async fn run(&self, run: &TaskRun, step: DocumentStep) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        let found = sql::find_asset(&mut tx, step.asset_id).await?.and_then(stored);
        // Deleted meanwhile.
        let Some((row, key)) = found else { return run.finish(tx, &[]).await };
        let folder = keys::pages(run.caller().organization_id, step.asset_id, Some(Uuid::now_v7()));
        sql::let_pages_go(&mut tx, &folder, run.clock().now() + GIVEN_UP_AFTER).await?;
        run.require_lease(&mut tx).await?;
        tx.commit().await?;
        let file = self.0.blobs.local_path(&key).await.map_err(blob_failure)?;
        let reading = Reading { folder, is_again: true };
        let (described, pages) = self.0.read(run, &reading, file.path(), &name_of(&row)).await?;
        let (facts, pages) = apart(move || (facts(&described, &pages), pages)).await?;

        let leaves_at = run.clock().now() + PLAYED_FOR;
        let mut tx = run.begin().await?;
        lock_subject(&mut tx, run.subject_id()).await?;
        let id = step.asset_id;
        if !sql::renew_document(&mut tx, id, row.version, &facts, &pages, &reading.folder, leaves_at).await? {
            // It is gone, or has another file, which is read by itself.
            return give_up(run, tx).await;
        }
        run.finish(tx, &[Event::DocumentReread { asset_id: id }]).await
    }
}

/// A document that is ready, and where its file lies.
fn stored(row: AssetRow) -> Option<(AssetRow, BlobKey)> {
    let key = row.blob_key.as_deref().filter(|_| row.status == "ready")?.parse().ok()?;
    Some((row, key))
}

/// The name decides between formats that look alike, and it was decided before: people may have called the file otherwise since.
fn name_of(row: &AssetRow) -> String {
    let told = row.document.as_ref().map(|facts| facts["format"].clone());
    let format = told.and_then(|format| serde_json::from_value::<Format>(format).ok());
    format.map_or_else(|| row.filename.clone(), |format| format!("document.{}", format.extension()))
}
