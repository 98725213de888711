//! Files of what was deleted: removed once the deletion is certain, however often that is interrupted.

use crate::{AssetsError, store};
use memoreel_blob::BlobKey;
use memoreel_db::SystemReason;
use memoreel_kernel::OrganizationId;
use memoreel_web::App;
use uuid::Uuid;

/// Removes files that are due. The row goes last, so that what was interrupted is done again.
///
/// # Errors
/// When the database or the blob store refuses; what was not done is done the next time.
pub async fn sweep_deletions(app: &App) -> Result<(), AssetsError> {
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let due = store::due_deletions(&mut tx, app.clock.now()).await?;
    drop(tx);
    for (organization_id, id, key) in due {
        remove(app, organization_id, id, &key.parse()?).await?;
    }
    Ok(())
}

/// Removes the files of one deletion.
pub(crate) async fn remove(
    app: &App,
    organization_id: OrganizationId,
    id: Uuid,
    key: &BlobKey,
) -> Result<(), AssetsError> {
    app.blobs.delete_prefix(key).await?;
    app.blobs.delete(key).await?;
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    store::forget_deletion(&mut tx, organization_id, id).await?;
    Ok(tx.commit().await?)
}
