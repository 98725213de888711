//! One run of a task, as its handler sees it.

use crate::{Events, TaskFailure, slots::Slot, store};
use memoreel_db::{Db, TenantTx};
use memoreel_kernel::{Caller, Clock, Event, TaskId};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Proof that a run was finished through [`TaskRun::finish`]; only that makes one.
#[derive(Debug)]
pub struct Finished(());

/// The run a worker gives to a handler.
#[derive(Debug)]
pub struct TaskRun {
    pub(crate) task_id: TaskId,
    pub(crate) lease: Uuid,
    pub(crate) subject_id: Uuid,
    pub(crate) caller: Caller,
    pub(crate) db: Db,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) progress: Arc<Progress>,
    pub(crate) slot: Slot,
    /// Makes the worker look for the next task.
    pub(crate) wake: Arc<Notify>,
}

/// Progress in thousandths, and what of it was last written.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    reported: AtomicU32,
    written: AtomicU32,
}

impl Progress {
    /// The fraction to write, if it moved by a hundredth since the last time.
    pub(crate) fn take_change(&self) -> Option<f32> {
        let reported = self.reported.load(Ordering::Relaxed);
        if reported < self.written.load(Ordering::Relaxed) + 10 {
            return None;
        }
        self.written.store(reported, Ordering::Relaxed);
        Some(reported as f32 / 1000.0)
    }
}

impl TaskRun {
    /// What the task works on.
    pub fn subject_id(&self) -> Uuid {
        self.subject_id
    }

    /// The service caller of the task's organization.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Fires when the task is to stop: cancelled, taken over, or the server is shutting down.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Reports how much is done, 0 to 1. Cheap; written about once a second and never backwards.
    pub fn progress(&self, fraction: f32) {
        let thousandths = (fraction.clamp(0.0, 1.0) * 1000.0) as u32;
        self.progress.reported.fetch_max(thousandths, Ordering::Relaxed);
    }

    /// A callback form of [`TaskRun::progress`] that maps 0 to 1 onto the part `from..to` of the task.
    pub fn progress_between(&self, from: f32, to: f32) -> impl Fn(f32) + Send + Sync + 'static {
        let progress = Arc::clone(&self.progress);
        move |fraction| {
            let thousandths = ((from + fraction.clamp(0.0, 1.0) * (to - from)) * 1000.0) as u32;
            progress.reported.fetch_max(thousandths, Ordering::Relaxed);
        }
    }

    /// A transaction on the organization's rows. Never held across ffmpeg, blobs or models.
    ///
    /// # Errors
    /// When no connection could be had.
    pub async fn begin(&self) -> Result<TenantTx, TaskFailure> {
        Ok(self.db.tenant(&self.caller).await?)
    }

    /// Looks whether the task is still in the hands of this run, before something that no transaction undoes.
    ///
    /// # Errors
    /// When another worker has taken the task over.
    pub async fn require_lease(&self, tx: &mut TenantTx) -> Result<(), TaskFailure> {
        match store::is_leased(tx, self.task_id, self.lease).await? {
            true => Ok(()),
            false => Err(TaskFailure::lease_lost()),
        }
    }

    /// Whether the task is done beside its subject, which was processed before: nobody is told of it anew.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn is_side(&self, tx: &mut TenantTx) -> Result<bool, TaskFailure> {
        Ok(store::is_side(tx, self.task_id).await?)
    }

    /// Completes the task in `tx`, together with the results written there and the events that follow.
    ///
    /// # Errors
    /// When another worker has taken the task over, in which case nothing of `tx` is kept.
    pub async fn finish(&self, mut tx: TenantTx, events: &[Event]) -> Result<Finished, TaskFailure> {
        self.slot.finish();
        self.wake.notify_one();
        // Before the end is looked at: the tasks that follow belong to what is left.
        for event in events {
            self.events.emit(&mut tx, event).await?;
        }
        let now = self.clock.now();
        let settlement = store::finish(&mut tx, self.task_id, self.lease, self.subject_id, now).await?;
        let settlement = settlement.ok_or_else(TaskFailure::lease_lost)?;
        self.events.settle(&mut tx, self.subject_id, settlement).await?;
        tx.commit().await?;
        Ok(Finished(()))
    }
}

/// What this comes to, worked out where nobody else is kept waiting: there may be as much of a text as its organization likes.
///
/// # Errors
/// When `work` panics.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, TaskFailure> {
    tokio::task::spawn_blocking(work).await.map_err(TaskFailure::internal)
}
