//! Files of what was deleted, and bytes of uploads that are over: removed once that is certain, however often it is interrupted.

use crate::{AssetsError, store};
use memoreel_blob::BlobError;
use memoreel_db::SystemReason;
use memoreel_kernel::{OrganizationId, UploadId};
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

/// Removes bytes in the staging folder of uploads that are over: whoever was to do it was killed before.
///
/// # Errors
/// When the database or the disk refuses; what was not done is done the next time.
pub async fn sweep_staging(app: &App) -> Result<(), AssetsError> {
    let staged: Vec<Uuid> = app.staging.ids().await?.into_iter().map(UploadId::uuid).collect();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let over = store::uploads_over(&mut tx, &staged).await?;
    drop(tx);
    for upload_id in over {
        match app.staging.remove(upload_id).await {
            Ok(_) | Err(BlobError::Locked) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Removes files of what was just deleted. What is not removed now, because this process dies, is removed within the hour.
pub(crate) async fn remove_files(app: &App, organization_id: OrganizationId) {
    if let Err(error) = sweep_deletions(app, Some(organization_id)).await {
        tracing::warn!(%error, "files of what was deleted were left for later");
    }
}
