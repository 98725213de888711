//! Saying what happened, in the transaction in which it happened.

use crate::{NewTask, store};
use async_trait::async_trait;
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{Clock, Event, OrganizationId, TaskId};
use std::sync::Arc;
use uuid::Uuid;

/// The notification channel that carries [`memoreel_kernel::LiveEvent`]s.
pub const LIVE_CHANNEL: &str = "memoreel_live";
/// Tells of kinds of which tasks wait.
pub(crate) const TASKS_CHANNEL: &str = "memoreel_tasks";

/// Hears, inside the task's transaction, how a subject's processing goes on. The library keeps a video's status this way.
#[async_trait]
pub trait SubjectObserver: Send + Sync {
    /// A step completed and others follow.
    async fn advanced(&self, tx: &mut TenantTx, subject_id: Uuid) -> Result<(), sqlx::Error>;
    /// A step that was given up is started anew.
    async fn retried(&self, tx: &mut TenantTx, subject_id: Uuid) -> Result<(), sqlx::Error> {
        self.advanced(tx, subject_id).await
    }
    /// No step is left to run. `failure` is `(code, message)` of the first one that was given up.
    async fn settled(
        &self,
        tx: &mut TenantTx,
        subject_id: Uuid,
        failure: Option<(String, String)>,
    ) -> Result<Option<Event>, sqlx::Error>;
}

/// Writes events to the outbox together with the tasks the pipeline says come next.
#[derive(Clone)]
pub struct Events {
    next: fn(&Event) -> Vec<NewTask>,
    observer: Arc<dyn SubjectObserver>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    /// `next` is the pipeline.
    pub fn new(
        next: fn(&Event) -> Vec<NewTask>,
        observer: Arc<dyn SubjectObserver>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { next, observer, clock }
    }

    /// Records that `event` happened and enqueues what follows, in one statement of the caller's transaction.
    ///
    /// # Errors
    /// When the statement fails; the transaction is then unusable.
    pub async fn emit(&self, tx: &mut TenantTx, event: &Event) -> Result<(), sqlx::Error> {
        store::record_event(tx, event, (self.next)(event), self.clock.now()).await
    }

    /// Before a sweep over organizations removes `subjects`: records what happens thereby, from which nothing follows, and ends their tasks.
    /// What is told of them is read from their rows, so these go afterwards, in the same transaction.
    ///
    /// # Errors
    /// When a statement fails; the transaction is then unusable.
    pub async fn sweep(
        &self,
        tx: &mut SystemTx,
        happened: &[(OrganizationId, Event)],
        subjects: &[(OrganizationId, Uuid)],
    ) -> Result<(), sqlx::Error> {
        debug_assert!(happened.iter().all(|(_, event)| (self.next)(event).is_empty()), "{happened:?}");
        let now = self.clock.now();
        store::record_swept(tx, happened, now).await?;
        store::cancel_swept_tasks(tx, subjects, now).await
    }

    /// Stops a task on somebody's behalf: one that waits is over at once, one that runs as soon as its worker hears of it, which is told
    /// with the commit. Returns whether there was anything to stop. What its subject says of it follows in the same transaction, or in
    /// that of the worker.
    ///
    /// # Errors
    /// When a statement fails; the transaction is then unusable.
    pub async fn cancel(&self, tx: &mut TenantTx, id: TaskId) -> Result<bool, sqlx::Error> {
        let Some(cancelled) = store::cancel_task(tx, id, self.clock.now()).await? else { return Ok(false) };
        if !cancelled.was_running {
            self.task_ended(tx, id, cancelled.subject_id).await?;
        }
        Ok(true)
    }

    /// Starts a task anew that failed or was cancelled, and tells its subject in the same transaction. Returns whether it did: not if the
    /// task is neither, or another one of the same step waits.
    ///
    /// # Errors
    /// When a statement fails; the transaction is then unusable.
    pub async fn retry(&self, tx: &mut TenantTx, id: TaskId) -> Result<bool, sqlx::Error> {
        let Some(retried) = store::retry_task(tx, id, self.clock.now()).await? else { return Ok(false) };
        if !retried.is_side {
            // The task's row first and its subject after it, as at the end of a run.
            store::lock_subject(tx, retried.subject_id).await?;
            self.observer.retried(tx, retried.subject_id).await?;
        }
        Ok(true)
    }

    /// Called with each task that ended without completing.
    pub(crate) async fn task_ended(
        &self,
        tx: &mut TenantTx,
        id: TaskId,
        subject_id: Uuid,
    ) -> Result<(), sqlx::Error> {
        let settlement = store::settlement(tx, id, subject_id).await?;
        self.settle(tx, subject_id, settlement).await
    }

    /// Tells the observer that a task ended, and says so when its subject has nothing left to do.
    pub(crate) async fn settle(
        &self,
        tx: &mut TenantTx,
        subject_id: Uuid,
        settlement: store::Settlement,
    ) -> Result<(), sqlx::Error> {
        match settlement {
            store::Settlement::Untouched => {}
            store::Settlement::Open => self.observer.advanced(tx, subject_id).await?,
            store::Settlement::Settled { failure } => {
                if let Some(event) = self.observer.settled(tx, subject_id, failure).await? {
                    self.emit(tx, &event).await?;
                }
            }
        }
        Ok(())
    }
}
