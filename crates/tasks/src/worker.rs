//! The worker of a process: claims tasks, runs them, keeps their leases, and takes back those of dead workers.

use crate::{
    Events, Finished, Registry, TaskFailure, TaskRun,
    backoff::delay_after,
    events::TASKS_CHANNEL,
    failure::FailureKind,
    process,
    registry::Registered,
    run::Progress,
    slots::Slots,
    store::{self, ATTEMPTS_MAX, Beat, Claimed, Ending, PUT_OFF_AT_ONCE, Stale},
};
use chrono::TimeDelta;
use memoreel_db::{Db, DbError, SystemReason, is_outage};
use memoreel_kernel::{Caller, Clock, TaskId, Timestamp};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use uuid::Uuid;

/// How often, beyond its tries, a task may be interrupted from outside: by the end of its worker or of the database. Such an
/// end is rarely the task's fault, but a task that kills its worker each time must come to an end itself.
const INTERRUPTIONS_MAX: i32 = 12;
/// How long to wait with a task whose worker or database ended, or whose try the database ended for the sake of others.
const AFTER_OUTAGE: Duration = Duration::from_secs(1);
/// What gives way together waits no longer, however much it is: somebody may want it sooner.
const PUT_OFF_MAX: Duration = Duration::from_secs(60);
/// Among so many first tries of a task, those that the database ended for the sake of others do not count. What it ends each time must come
/// to an end itself.
const CONTENDED_TRIES_MAX: i32 = 12;

/// Tells of tasks that run and are to stop.
const STOPS_CHANNEL: &str = "memoreel_task_stops";
/// How many connections a claim is tried on before the worker waits.
const CLAIM_TRIES: u32 = 8;

/// How a worker keeps time.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// How long a lease lasts without a heartbeat.
    pub lease: Duration,
    /// How often leases are renewed.
    pub heartbeat: Duration,
    /// How often the queue is looked at when no notification comes.
    pub poll: Duration,
    /// How long running tasks may go on after shutdown was asked for.
    pub grace: Duration,
    /// Kinds whose work takes no longer, as a mean of late, are claimed a few tasks at once, ahead of their places.
    pub quick: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(40),
            heartbeat: Duration::from_secs(10),
            poll: Duration::from_secs(2),
            grace: Duration::from_secs(3),
            quick: Duration::from_millis(5),
        }
    }
}

/// Runs tasks until it is told to stop.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    db: Db,
    events: Events,
    clock: Arc<dyn Clock>,
    registry: Registry,
    slots: HashMap<&'static str, Arc<Slots>>,
    settings: WorkerSettings,
    name: String,
    running: Mutex<HashMap<Uuid, Running>>,
    wake: Arc<Notify>,
    tracker: TaskTracker,
}

#[derive(Debug)]
struct Running {
    beat: Beat,
    cancelled: CancellationToken,
    progress: Arc<Progress>,
}

impl Worker {
    /// A worker for the kinds in `registry`.
    pub fn new(
        db: Db,
        events: Events,
        clock: Arc<dyn Clock>,
        registry: Registry,
        settings: WorkerSettings,
    ) -> Self {
        let name = process::new_name();
        let slots = |registered: &Registered| Slots::new(registered.concurrency, settings.quick);
        let slots = registry.iter().map(|(kind, registered)| (kind, slots(registered)));
        let shared = Shared {
            db,
            events,
            clock,
            slots: slots.collect(),
            registry,
            settings,
            name,
            running: Mutex::default(),
            wake: Arc::default(),
            tracker: TaskTracker::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Works until `stop` fires, then gives running tasks the grace period, and puts the rest back into the queue.
    pub async fn run(self, stop: CancellationToken) {
        let shared = self.shared;
        let listener = tokio::spawn(Arc::clone(&shared).listen(stop.clone()));
        let keeper = tokio::spawn(Arc::clone(&shared).keep_leases());
        while !stop.is_cancelled() {
            if let Err(error) = shared.claim_and_start().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue could not be read");
            }
            tokio::select! {
                () = shared.wake.notified() => {}
                () = tokio::time::sleep(shared.settings.poll) => {}
                () = stop.cancelled() => {}
            }
        }
        shared.drain().await;
        listener.abort();
        keeper.abort();
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn listen(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.db.listen(&[TASKS_CHANNEL, STOPS_CHANNEL]).await {
                Ok(mut listener) => {
                    // What was enqueued while nobody listened.
                    self.wake.notify_one();
                    while let Ok(notification) = listener.recv().await {
                        match notification.channel() {
                            STOPS_CHANNEL => self.stop(notification.payload()),
                            _ => self.wake.notify_one(),
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "not listening for tasks, polling instead"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Stops a task of this process that is not to go on. What is missed here, the next heartbeat sees.
    fn stop(&self, id: &str) {
        let Ok(id) = id.parse::<TaskId>() else { return };
        self.running().values().filter(|task| task.beat.id == id).for_each(|task| task.cancelled.cancel());
    }

    async fn claim_and_start(self: &Arc<Self>) -> Result<(), DbError> {
        let slots = self.free_slots();
        if slots.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let leased_until = now + delta(self.settings.lease);
        let mut tries = CLAIM_TRIES;
        let claimed = loop {
            tries -= 1;
            let mut connection = self.db.system_connection(SystemReason::ClaimTasks).await?;
            match store::claim(&mut connection, &slots, &self.name, now, leased_until).await {
                // The connections of before a restart of the server are dead.
                Err(error) if is_outage(&error) && tries > 0 => {}
                claimed => break claimed?,
            }
        };
        for task in claimed {
            self.start(task);
        }
        Ok(())
    }

    fn free_slots(&self) -> Vec<(String, i32)> {
        let wanted = self.slots.iter().map(|(kind, slots)| (*kind, slots.wanted()));
        wanted
            .filter(|(_, wanted)| *wanted > 0)
            .map(|(kind, wanted)| (kind.to_owned(), i32::try_from(wanted).unwrap_or(i32::MAX)))
            .collect()
    }

    fn start(self: &Arc<Self>, task: Claimed) {
        let Some(registered) = self.registry.get(&task.kind).cloned() else { return };
        let Some(slots) = self.slots.get(task.kind.as_str()) else { return };
        let run = TaskRun {
            task_id: task.id,
            lease: task.lease,
            subject_id: task.subject_id,
            caller: Caller::service(task.organization_id),
            db: self.db.clone(),
            events: self.events.clone(),
            clock: Arc::clone(&self.clock),
            cancelled: CancellationToken::new(),
            progress: Arc::default(),
            slot: slots.enter(),
            wake: Arc::clone(&self.wake),
        };
        let beat =
            Beat { organization_id: task.organization_id, id: task.id, lease: task.lease, progress: None };
        let entry = Running { beat, cancelled: run.cancelled.clone(), progress: Arc::clone(&run.progress) };
        self.running().insert(task.lease, entry);
        let span = tracing::info_span!("task", kind = %task.kind, id = %task.id, subject = %task.subject_id);
        let shared = Arc::clone(self);
        self.tracker.spawn(
            async move {
                let run = Arc::new(run);
                if run.slot.begin().await && !run.cancelled.is_cancelled() {
                    let started = Instant::now();
                    let (run, payload) = (Arc::clone(&run), task.payload.clone());
                    let outcome = {
                        let run = Arc::clone(&run);
                        // A task of its own, so that a panic in a handler is a failure of that task alone.
                        let work =
                            async move { registered.handler.run(&run, payload).await }.in_current_span();
                        tokio::spawn(work).await
                    };
                    shared.end(&task, &run, outcome).await;
                    metrics::histogram!("memoreel_task_seconds", "kind" => task.kind.clone())
                        .record(started.elapsed().as_secs_f64());
                } else {
                    let ending =
                        if run.cancelled.is_cancelled() { Ending::Cancelled } else { Ending::Release };
                    shared.keep_end(&task, &run, ending).await;
                }
                shared.running().remove(&task.lease);
                drop(run);
                shared.wake.notify_one();
            }
            .instrument(span),
        );
    }

    async fn end(
        &self,
        task: &Claimed,
        run: &TaskRun,
        outcome: Result<Result<Finished, TaskFailure>, tokio::task::JoinError>,
    ) {
        let failure = match outcome {
            Ok(Ok(_)) => return tracing::info!("task completed"),
            Ok(Err(failure)) => failure,
            Err(panic) => TaskFailure::internal(panic),
        };
        if failure.kind == FailureKind::LeaseLost {
            return tracing::warn!("the task was taken over by another worker; nothing was written");
        }
        let now = self.clock.now();
        let message = failure.message.as_str();
        let ending = if run.cancelled.is_cancelled() {
            if self.tracker.is_closed() { Ending::Release } else { Ending::Cancelled }
        } else if let FailureKind::GaveWay(wait) = failure.kind {
            Ending::GiveWay { until: now + delta(wait), kind: Some(task.kind.as_str()) }
        } else if let FailureKind::Overtaken(wait) = failure.kind {
            Ending::GiveWay { until: now + delta(wait), kind: None }
        } else if failure.kind == FailureKind::Outage && task.attempts < task.attempts_max + INTERRUPTIONS_MAX
        {
            Ending::Retry { at: now + delta(AFTER_OUTAGE), code: failure.code, message, more_tries: 0 }
        } else if failure.kind == FailureKind::Contended && task.attempts < CONTENDED_TRIES_MAX {
            Ending::Retry { at: now + delta(AFTER_OUTAGE), code: failure.code, message, more_tries: 1 }
        } else if failure.kind == FailureKind::CameFurther && task.attempts < ATTEMPTS_MAX {
            Ending::Retry { at: now + delay_after(1), code: failure.code, message, more_tries: 1 }
        } else if failure.permanent || task.attempts >= task.attempts_max {
            Ending::Failed { code: failure.code, message }
        } else {
            Ending::Retry { at: now + delay_after(task.attempts), code: failure.code, message, more_tries: 0 }
        };
        if matches!(ending, Ending::Failed { .. } | Ending::Retry { .. }) {
            tracing::warn!(
                code = failure.code,
                message,
                attempt = task.attempts,
                of = task.attempts_max,
                cause = failure.source.as_ref().map(tracing::field::display),
                "task failed"
            );
        }
        self.keep_end(task, run, ending).await;
    }

    async fn keep_end(&self, task: &Claimed, run: &TaskRun, ending: Ending<'_>) {
        while let Err(failure) =
            self.write_end(&run.caller, task.id, task.lease, task.subject_id, ending).await
        {
            let cause = failure.source.as_ref().map(tracing::field::display);
            // The task stays ours as long as its lease is renewed, which happens as soon as the database is back.
            if failure.is_of_the_moment() && !self.tracker.is_closed() {
                tracing::warn!(cause, "the end of a task waits for the database");
                tokio::time::sleep(AFTER_OUTAGE).await;
            } else {
                // The lease runs out and the task is retaken then.
                return tracing::error!(cause, "the end of a task could not be written");
            }
        }
    }

    async fn write_end(
        &self,
        caller: &Caller,
        id: TaskId,
        lease: Uuid,
        subject_id: Uuid,
        ending: Ending<'_>,
    ) -> Result<(), TaskFailure> {
        let mut tx = self.db.tenant(caller).await?;
        let now = self.clock.now();
        if !store::end_run(&mut tx, id, lease, ending, now).await? {
            return Ok(());
        }
        self.events.task_ended(&mut tx, id, subject_id).await?;
        tx.commit().await?;
        match ending {
            Ending::GiveWay { until, kind: Some(kind) } => self.put_off(caller, kind, until, now).await,
            _ => Ok(()),
        }
    }

    /// Lets what is due of a kind in an organization wait, some at a time: nobody is kept for long from what waits. What comes behind the first
    /// waits longer, as it will find no place before, and is not written anew whenever those come back.
    async fn put_off(
        &self,
        caller: &Caller,
        kind: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), TaskFailure> {
        let wait = until - now;
        let latest = now + wait.max(delta(PUT_OFF_MAX));
        let mut until = until;
        // It may be over, where the database was away meanwhile.
        while until > now {
            let mut tx = self.db.tenant(caller).await?;
            let count = store::put_off(&mut tx, kind, until, now).await?;
            tx.commit().await?;
            if count < u64::from(PUT_OFF_AT_ONCE) {
                break;
            }
            until = (until + wait).min(latest);
        }
        Ok(())
    }

    /// Renews leases, writes progress, stops what is to be stopped, and takes back what dead workers left.
    async fn keep_leases(self: Arc<Self>) {
        let mut last_beat = Instant::now();
        let mut last_reap: Option<Instant> = None;
        let mut tick = tokio::time::interval(Duration::from_secs(1).min(self.settings.heartbeat));
        loop {
            tick.tick().await;
            let due = last_beat.elapsed() >= self.settings.heartbeat;
            if let Err(error) = self.beat(due).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
            } else if due {
                last_beat = Instant::now();
            }
            if last_reap.is_none_or(|at| at.elapsed() >= self.settings.heartbeat) {
                last_reap = Some(Instant::now());
                if let Err(failure) = self.reap().await {
                    tracing::warn!(
                        cause = failure.source.as_ref().map(tracing::field::display),
                        "stale tasks could not be taken back"
                    );
                }
            }
        }
    }

    async fn beat(&self, all: bool) -> Result<(), DbError> {
        let beats: Vec<Beat> = self
            .running()
            .values()
            .map(|task| Beat { progress: task.progress.take_change(), ..task.beat })
            .filter(|beat| all || beat.progress.is_some())
            .collect();
        if beats.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.system(SystemReason::ClaimTasks).await?;
        let held = store::heartbeat(&mut tx, &beats, self.clock.now() + delta(self.settings.lease)).await?;
        tx.commit().await?;
        let running = self.running();
        for beat in &beats {
            if held.get(&beat.lease).is_none_or(|stop| *stop)
                && let Some(task) = running.get(&beat.lease)
            {
                task.cancelled.cancel();
            }
        }
        Ok(())
    }

    async fn reap(&self) -> Result<(), TaskFailure> {
        let mut tx = self.db.system(SystemReason::ClaimTasks).await?;
        let stale = store::possibly_stale(&mut tx, &process::host(), self.clock.now()).await?;
        drop(tx);
        let is_left = |task: &Stale| task.overdue || task.worker.as_deref().is_some_and(process::is_gone);
        let mut failed = None;
        for task in stale.into_iter().filter(is_left) {
            match self.take_back(task).await {
                Err(failure) if failure.kind == FailureKind::Outage => return Err(failure),
                // One that cannot be taken back keeps no other from it.
                Err(failure) => failed = Some(failure),
                Ok(()) => {}
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn take_back(&self, task: Stale) -> Result<(), TaskFailure> {
        tracing::warn!(kind = task.kind, id = %task.id, "a worker left this task behind; taking it back");
        let message =
            format!("Processing stopped unexpectedly {} times in a row, so it was given up.", task.attempts);
        let ending = if task.attempts >= task.attempts_max + INTERRUPTIONS_MAX {
            Ending::Failed { code: "task_abandoned", message: &message }
        } else {
            Ending::Retry {
                at: self.clock.now(),
                code: "task_interrupted",
                message: "Processing was interrupted and starts again.",
                more_tries: 0,
            }
        };
        let caller = Caller::service(task.organization_id);
        self.write_end(&caller, task.id, task.lease, task.subject_id, ending).await?;
        self.wake.notify_one();
        Ok(())
    }

    async fn drain(&self) {
        self.tracker.close();
        self.slots.values().for_each(|slots| slots.close());
        if tokio::time::timeout(self.settings.grace, self.tracker.wait()).await.is_err() {
            for task in self.running().values() {
                task.cancelled.cancel();
            }
            if tokio::time::timeout(Duration::from_secs(10), self.tracker.wait()).await.is_err() {
                tracing::warn!("tasks did not stop in time; their leases run out and they are retaken");
            }
        }
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
