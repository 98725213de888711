//! What is done at the start and every hour: abandoned work, expired sessions, invitations and exports, forgotten uploads, what was
//! in the bin for long enough, old webhooks, tasks and requests in their log, idle rate-limit buckets, the erasure of those whose time
//! is over, and a look at domains. And every minute: the audit log is sealed, and memory given back that is not needed.

use crate::memory;
use memoreel_db::{DbError, SystemReason};
use memoreel_kernel::Timestamp;
use memoreel_privacy::{ERASED_CHANNEL, Eraser};
use memoreel_search::PassageIndex;
use memoreel_web::App;
use std::{path::Path, time::Duration};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

const SWEPT_EVERY: Duration = Duration::from_secs(3600);
const SEALED_EVERY: Duration = Duration::from_secs(60);
const MEMORY_GIVEN_BACK_EVERY: Duration = Duration::from_secs(60);

/// Runs until `stop` fires, which nothing is held up by: what was not done is done an hour later, and each part may be repeated, however it
/// was interrupted. All of it is done by each process; that costs little and needs no leader.
pub async fn run(app: App, eraser: Eraser, request_log_days: u16, stop: CancellationToken) {
    // Beside each other: a sweep waits for stores and servers that may be away.
    let work = async {
        tokio::join!(sweep_always(&app, &eraser, request_log_days), seal_always(&app), free_always())
    };
    tokio::select! {
        _ = work => {}
        () = stop.cancelled() => {}
    }
}

async fn sweep_always(app: &App, eraser: &Eraser, request_log_days: u16) {
    let mut sweeps = every(SWEPT_EVERY);
    loop {
        sweeps.tick().await;
        drop(sweep(app, eraser, request_log_days).await);
    }
}

async fn seal_always(app: &App) {
    let mut seals = every(SEALED_EVERY);
    loop {
        seals.tick().await;
        if let Err(error) = memoreel_audit::seal(&app.db).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the audit log could not be sealed");
        }
    }
}

async fn free_always() {
    let mut frees = every(MEMORY_GIVEN_BACK_EVERY);
    loop {
        frees.tick().await;
        // It walks through all that is free.
        drop(tokio::task::spawn_blocking(memory::give_back).await);
    }
}

/// From now on; what was missed is not made up for.
fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// What is done every hour. Each step is done whatever became of the others, and what it did not do is done an hour later. Returns
/// the names of the steps that failed, each of which was logged.
pub async fn sweep(app: &App, eraser: &Eraser, request_log_days: u16) -> Vec<&'static str> {
    let now = app.clock.now();
    let mut steps = Steps::default();
    steps.take("scratch", sweep_scratch(&app.scratch)).await;
    steps.take("expired", remove_expired(app, now)).await;
    steps.take("uploads", expire_uploads(app, now)).await;
    steps.take("sessions", memoreel_identity::end_overtaken_sessions(&app.db)).await;
    steps.take("staging", memoreel_assets::sweep_staging(app)).await;
    steps.take("blobs", app.blobs.sweep()).await;
    steps.take("webhooks", memoreel_webhooks::remove_old(&app.db, now)).await;
    steps.take("erasures", eraser.sweep()).await;
    steps.take("bin", purge(app)).await;
    steps.take("deleted_files", memoreel_assets::sweep_deletions(app, None)).await;
    steps.take("tasks", memoreel_operations::remove_old_tasks(&app.db, now)).await;
    steps.take("request_logs", memoreel_operations::keep_request_logs(&app.db, now, request_log_days)).await;
    app.limits.forget_idle();
    // Last, because it asks other people's servers.
    steps.take("domains", memoreel_identity::check_domains(app)).await;
    steps.failed
}

/// What keeps a step from being done.
type StepError = Box<dyn std::error::Error + Send + Sync>;

/// Steps that are done whatever became of those before.
#[derive(Default)]
struct Steps {
    failed: Vec<&'static str>,
}

impl Steps {
    async fn take<T, E: Into<StepError>>(
        &mut self,
        step: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) {
        if let Err(error) = work.await {
            let error: StepError = error.into();
            tracing::warn!(step, error = &*error, "a step of the hourly maintenance failed");
            self.failed.push(step);
        }
    }
}

async fn sweep_scratch(scratch: &Path) -> Result<(), StepError> {
    let folder = scratch.to_owned();
    let left_behind = tokio::task::spawn_blocking(move || memoreel_assets::sweep_scratch(&folder)).await??;
    if left_behind > 0 {
        tracing::info!(left_behind, "removed what killed processes were working on");
    }
    Ok(())
}

async fn remove_expired(app: &App, now: Timestamp) -> Result<(), StepError> {
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    memoreel_identity::remove_expired(&mut tx, now).await?;
    Ok(tx.commit().await?)
}

async fn expire_uploads(app: &App, now: Timestamp) -> Result<(), StepError> {
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    memoreel_assets::expire_uploads(&mut tx, now).await.map_err(DbError::from)?;
    Ok(tx.commit().await?)
}

/// Removes what was in the bin for long enough, and what was for a day alone, in portions that hold nobody up.
async fn purge(app: &App) -> Result<(), StepError> {
    const PORTION: i64 = 200;
    loop {
        let videos = memoreel_library::purge_videos(app, PORTION).await?;
        let assets = memoreel_assets::purge_assets(app, PORTION).await?;
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
