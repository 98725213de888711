//! What is done at the start and every hour: abandoned work, expired sessions, invitations and organizations, forgotten uploads,
//! idle rate-limit buckets. And every minute: the audit log is sealed.

use memoreel_blob::BlobError;
use memoreel_db::{DbError, SystemReason};
use memoreel_web::App;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

const SWEPT_EVERY: Duration = Duration::from_secs(3600);
const SEALED_EVERY: Duration = Duration::from_secs(60);

/// Runs until `stop` fires. Every part may be repeated and is done by each process; that costs little and needs no leader.
pub async fn run(app: App, scratch: PathBuf, stop: CancellationToken) {
    let (mut sweeps, mut seals) = (tokio::time::interval(SWEPT_EVERY), tokio::time::interval(SEALED_EVERY));
    loop {
        tokio::select! {
            _ = sweeps.tick() => if let Err(error) = sweep(&app, &scratch).await {
                tracing::warn!(error = &*error, "hourly maintenance failed");
            },
            _ = seals.tick() => if let Err(error) = memoreel_audit::seal(&app.db).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the audit log could not be sealed");
            },
            () = stop.cancelled() => return,
        }
    }
}

/// What keeps maintenance from going on.
pub type SweepError = Box<dyn std::error::Error + Send + Sync>;

/// What is done every hour.
///
/// # Errors
/// When a folder, the database or the blob store cannot be used; what was not done is done an hour later.
pub async fn sweep(app: &App, scratch: &Path) -> Result<(), SweepError> {
    let folder = scratch.to_owned();
    let left_behind = tokio::task::spawn_blocking(move || memoreel_assets::sweep_scratch(&folder)).await??;
    if left_behind > 0 {
        tracing::info!(left_behind, "removed what killed processes were working on");
    }
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    memoreel_identity::remove_expired(&mut tx, now).await?;
    let expired = memoreel_assets::expire_uploads(&mut tx, now).await.map_err(DbError::from)?;
    tx.commit().await?;
    for upload_id in expired {
        match app.staging.remove(upload_id).await {
            Ok(_) | Err(BlobError::Locked) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // What a crash left between two steps of ours.
    app.staging.sweep(now - memoreel_assets::UPLOAD_LIFETIME * 2).await?;
    erase_organizations(app).await?;
    app.limits.forget_idle();
    Ok(())
}

/// Erases deleted organizations whose grace period is over. Their blobs go first: while the row is there, what failed is
/// done again.
async fn erase_organizations(app: &App) -> Result<(), SweepError> {
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let overdue = memoreel_identity::overdue_organizations(&mut tx, now).await?;
    drop(tx);
    for organization_id in overdue {
        let blobs = app.blobs.delete_prefix(&memoreel_assets::blobs_of_organization(organization_id)).await?;
        let mut tx = app.db.system(SystemReason::Maintain).await?;
        if memoreel_identity::erase_organization(&mut tx, organization_id, now).await? {
            tx.commit().await?;
            tracing::info!(%organization_id, blobs, "erased a deleted organization");
        }
    }
    Ok(())
}
