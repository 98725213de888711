//! Files of what was deleted, and bytes of uploads that are over: removed once that is certain, however often it is interrupted.

use crate::{
    AssetsError,
    model::UPLOAD_LIFETIME,
    store::{self, Staged},
};
use memoreel_blob::BlobError;
use memoreel_db::SystemReason;
use memoreel_kernel::OrganizationId;
use memoreel_web::App;
use uuid::Uuid;

/// Removes files that are due, of one organization or of all. The row goes last, so that what was interrupted is done again.
///
/// # Errors
/// When the database or the blob store refuses; what was not done is done the next time.
pub async fn sweep_deletions(app: &App, organization_id: Option<OrganizationId>) -> Result<(), AssetsError> {
    loop {
        let mut tx = app.db.system(SystemReason::Maintain).await?;
        let due = store::due_deletions(&mut tx, organization_id, app.clock.now()).await?;
        drop(tx);
        if due.is_empty() {
            return Ok(());
        }
        for deletion in &due {
            let key = deletion.blob_key.parse()?;
            app.blobs.delete_prefix(&key).await?;
            app.blobs.delete(&key).await?;
        }
        let mut tx = app.db.system(SystemReason::Maintain).await?;
        store::forget_deletions(&mut tx, &due).await?;
        tx.commit().await?;
    }
}

/// Removes bytes in the staging folder that nobody needs any more: those of uploads that are over, because whoever was to remove them was
/// killed before; and, two days after they were written, those of which there is no row, left by a crash between two steps of ours, and
/// those whose task was given up and not tried again. What a task is still to be done with stays, however long its organization is held.
///
/// # Errors
/// When the database or the disk refuses; what was not done is done the next time.
pub async fn sweep_staging(app: &App) -> Result<(), AssetsError> {
    let before = app.clock.now() - UPLOAD_LIFETIME * 2;
    let ids = app.staging.ids().await?;
    let staged: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let known = store::staged_uploads(&mut tx, &staged, before).await?;
    drop(tx);
    let mut outcome = Ok(());
    for id in ids {
        let removed = match known.get(&id) {
            Some(Staged::Over) => app.staging.remove(id).await,
            Some(Staged::Needed) => continue,
            Some(Staged::GivenUp) | None => app.staging.remove_older(id, before).await,
        };
        match removed {
            Ok(_) | Err(BlobError::Locked) => {}
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

/// Removes files of what was just deleted. What is not removed now, because this process dies, is removed within the hour.
pub(crate) async fn remove_files(app: &App, organization_id: OrganizationId) {
    if let Err(error) = sweep_deletions(app, Some(organization_id)).await {
        tracing::warn!(%error, "files of what was deleted were left for later");
    }
}
