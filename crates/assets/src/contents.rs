//! The contents that assets wait for: images and documents for their first one, all for those that replace it.

use crate::{
    jobs::{Import, ReadDocument, ReadImage, ReplaceRecording},
    store as sql,
};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Event, UploadId};
use memoreel_tasks::{Finished, Handle, Settlement, TaskFailure, TaskRun, settlement_of};
use uuid::Uuid;

/// The steps that bring a content.
const STEPS: [&str; 4] = [Import::KIND, ReadImage::KIND, ReadDocument::KIND, ReplaceRecording::KIND];
/// What is said when the bytes that were to be read are gone.
const LOST: (&str, &str) = ("upload_lost", "The uploaded file is no longer on the server. Upload it again.");

/// A content that an image or document waits for.
pub(crate) struct Awaited {
    /// The upload that brought it.
    pub(crate) upload_id: UploadId,
    /// Whether it takes the place of another one, which is there until then.
    pub(crate) replaces: bool,
}

/// What the asset waits for; `None` where it was deleted, or has it already.
pub(crate) async fn awaited(tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<Awaited>, sqlx::Error> {
    let Some(asset) = sql::find_asset(tx, asset_id).await? else { return Ok(None) };
    if asset.status == "pending" {
        // Its first one has its id.
        return Ok(Some(Awaited { upload_id: UploadId(asset_id.uuid()), replaces: false }));
    }
    let replacement = sql::replacement_of(tx, asset_id).await?;
    Ok(replacement.map(|upload_id| Awaited { upload_id, replaces: true }))
}

pub(crate) fn upload_lost() -> TaskFailure {
    TaskFailure::permanent(LOST.0, LOST.1)
}

/// Ends a task whose asset was deleted, or got its content from elsewhere, while it stored one: what `tx` says of that is not committed.
/// Its files are left to what was written down where that happened: whoever stores the same content at this moment, because this run was
/// taken for dead, has them under the same keys.
pub(crate) async fn give_up(run: &TaskRun, tx: TenantTx) -> Result<Finished, TaskFailure> {
    drop(tx);
    let tx = run.begin().await?;
    run.finish(tx, &[]).await
}

/// Says of an asset that waits for a content, and for which nothing is left to do, that it did not get it, in the
/// transaction that ends the last task. One that has a content keeps it.
///
/// # Errors
/// When a statement fails.
pub async fn asset_settled(tx: &mut TenantTx, subject_id: Uuid) -> Result<Option<Event>, sqlx::Error> {
    let asset_id = AssetId(subject_id);
    if !sql::lock_waiting(tx, asset_id).await? {
        return Ok(None);
    }
    // Looked at again: another content may have been announced while its row was waited for.
    let failure = match settlement_of(tx, subject_id, &STEPS).await? {
        Settlement::Open | Settlement::Untouched => return Ok(None),
        Settlement::Settled { failure } => failure,
    };
    let (code, message) = failure.unwrap_or_else(|| (LOST.0.to_owned(), LOST.1.to_owned()));
    let Some(failed) = sql::mark_content_failed(tx, asset_id, &code, &message).await? else {
        return Ok(None);
    };
    Ok(failed.is_first.then_some(match failed.kind.as_str() {
        "document" => Event::DocumentFailed { asset_id },
        _ => Event::ImageFailed { asset_id },
    }))
}

/// Makes an asset wait again for the content that it did not get, where a task that brings it was started anew.
///
/// # Errors
/// When the statement fails.
pub async fn asset_retried(tx: &mut TenantTx, subject_id: Uuid) -> Result<(), sqlx::Error> {
    sql::mark_content_awaited(tx, AssetId(subject_id), &STEPS).await
}
