//! What is done at the start and every hour: abandoned work, expired sessions, invitations and exports, forgotten uploads, what was
//! in the bin for long enough, old webhooks, tasks and requests in their log, idle rate-limit buckets, the erasure of those whose time
//! is over, and a look at domains. And every minute: the audit log is sealed.

use memoreel_db::{DbError, SystemReason};
use memoreel_privacy::{ERASED_CHANNEL, Eraser};
use memoreel_search::PassageIndex;
use memoreel_web::App;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

const SWEPT_EVERY: Duration = Duration::from_secs(3600);
const SEALED_EVERY: Duration = Duration::from_secs(60);

/// Runs until `stop` fires. Every part may be repeated and is done by each process; that costs little and needs no leader.
pub async fn run(app: App, eraser: Eraser, scratch: PathBuf, request_log_days: u16, stop: CancellationToken) {
    let (mut sweeps, mut seals) = (tokio::time::interval(SWEPT_EVERY), tokio::time::interval(SEALED_EVERY));
    loop {
        tokio::select! {
            _ = sweeps.tick() => if let Err(error) = sweep(&app, &eraser, &scratch, request_log_days).await {
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
pub async fn sweep(
    app: &App,
    eraser: &Eraser,
    scratch: &Path,
    request_log_days: u16,
) -> Result<(), SweepError> {
    let folder = scratch.to_owned();
    let left_behind = tokio::task::spawn_blocking(move || memoreel_assets::sweep_scratch(&folder)).await??;
    if left_behind > 0 {
        tracing::info!(left_behind, "removed what killed processes were working on");
    }
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    memoreel_identity::remove_expired(&mut tx, now).await?;
    memoreel_assets::expire_uploads(&mut tx, now).await.map_err(DbError::from)?;
    tx.commit().await?;
    memoreel_assets::sweep_staging(app).await?;
    app.blobs.sweep().await?;
    memoreel_webhooks::remove_old(&app.db, now).await?;
    eraser.sweep().await?;
    purge(app).await?;
    memoreel_assets::sweep_deletions(app, None).await?;
    memoreel_operations::remove_old_tasks(&app.db, now).await?;
    memoreel_operations::keep_request_logs(&app.db, now, request_log_days).await?;
    app.limits.forget_idle();
    // Last, because it asks other people's servers.
    memoreel_identity::check_domains(app).await?;
    Ok(())
}

/// Removes what was in the bin for long enough, and what was for a day alone, in portions that hold nobody up.
async fn purge(app: &App) -> Result<(), SweepError> {
    const PORTION: i64 = 200;
    loop {
        let mut tx = app.db.system(SystemReason::Maintain).await?;
        let now = app.clock.now();
        let videos = memoreel_library::purge_videos(&mut tx, now, PORTION).await.map_err(DbError::from)?;
        let assets = memoreel_assets::purge_assets(&mut tx, now, PORTION).await.map_err(DbError::from)?;
        tx.commit().await?;
        if videos + assets == 0 {
            return Ok(());
        }
        tracing::info!(videos, assets, "removed what had been in the bin, or was temporary");
    }
}

/// Makes those who search forget the vectors of what is erased, until `stop` fires. Whoever is not told, because the
/// database was away, drops them with the next idle minutes.
pub async fn forget_erased(app: App, passages: PassageIndex, stop: CancellationToken) {
    let forget = async {
        loop {
            if let Ok(mut listener) = app.db.listen(&[ERASED_CHANNEL]).await {
                while let Ok(notification) = listener.recv().await {
                    if let Ok(organization_id) = notification.payload().parse() {
                        passages.forget(organization_id);
                    }
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = forget => {}
        () = stop.cancelled() => {}
    }
}
