//! The queue: nothing is lost, nothing runs twice, and what was taken over can no longer write.

use crate::queue::{Note, Queue, brisk, hanging, note, row, trace};
use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_kernel::{Clock, Event, VideoId};
use memoreel_tasks::{
    Finished, Handle, NewTask, Registry, TaskFailure, TaskRun, WorkerSettings, cancel_tasks,
    retry_failed_tasks,
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Leaves its note and is done.
pub struct Say;

#[async_trait]
impl Handle for Say {
    const KIND: &'static str = "say";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        run.finish(tx, &[]).await
    }
}

pub fn say_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("say", video_id, "added")],
        _ => Vec::new(),
    }
}

pub fn added(video_id: VideoId) -> Event {
    Event::VideoAdded { video_id, asset_id: memoreel_kernel::AssetId(Uuid::nil()) }
}

#[tokio::test]
async fn a_task_exists_only_if_its_transaction_commits() {
    let queue = Queue::create(say_added).await;
    let worker = queue.worker(Registry::default().with(Say), brisk());
    let video_id = queue.video().await;
    let mut tx = queue.begin().await;
    queue.events.emit(&mut tx, &added(video_id)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(tx);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(queue.tasks().await.is_empty());
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
        .fetch_one(&mut queue.database.superuser().await.unwrap())
        .await
        .unwrap();
    assert_eq!(told, 0);

    queue.emit(added(video_id)).await;
    queue.until("completed", 1).await;
    assert_eq!(queue.traces().await, ["added"]);
    assert_eq!(queue.video_state(video_id).await.0, "completed");
    worker.stopped().await;
}

/// Fails as often as it was told to.
struct Fail {
    times: AtomicUsize,
    permanent: bool,
}

#[async_trait]
impl Handle for Fail {
    const KIND: &'static str = "fail";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        // Written before the failure and therefore never kept.
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        if self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(if self.permanent {
                TaskFailure::permanent("film_torn", "The film is torn.")
            } else {
                TaskFailure::transient("film_stuck", "The film is stuck.")
            });
        }
        run.finish(tx, &[]).await
    }
}

fn fail_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("fail", video_id, "done")],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_failed_try_waits_longer_each_time_and_the_next_may_succeed() {
    let queue = Queue::create(fail_added).await;
    let handler = Fail { times: AtomicUsize::new(2), permanent: false };
    let worker = queue.worker(Registry::default().with(handler), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    for (attempts, least, most) in [(1, 8, 12), (2, 16, 24)] {
        for _ in 0..200 {
            if queue.tasks().await == [row("pending", attempts, Some("film_stuck"))] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(queue.video_state(video_id).await.0, "processing");
        queue.clock.advance(TimeDelta::milliseconds(least * 1_000 - 100));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(
            queue.tasks().await,
            [row("pending", attempts, Some("film_stuck"))],
            "not before {least} s"
        );
        queue.clock.advance(TimeDelta::seconds(most - least + 1));
    }
    queue.until("completed", 1).await;
    assert_eq!(queue.tasks().await, [row("completed", 3, None)]);
    assert_eq!(queue.traces().await, ["done"]);
    assert_eq!(queue.video_state(video_id).await, ("completed".to_owned(), None, None));
    worker.stopped().await;
}

#[tokio::test]
async fn what_fails_every_time_is_given_up_after_four_tries() {
    let queue = Queue::create(fail_added).await;
    let handler = Fail { times: AtomicUsize::new(usize::MAX), permanent: false };
    // The clock is moved quickly here; no lease may run out with it.
    let settings = WorkerSettings { lease: Duration::from_secs(36_000), ..brisk() };
    let worker = queue.worker(Registry::default().with(handler), settings);
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    for _ in 0..400 {
        if queue.task_count("failed").await == 1 {
            break;
        }
        queue.clock.advance(TimeDelta::seconds(5));
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(queue.tasks().await, [row("failed", 4, Some("film_stuck"))]);
    let failed = ("failed".to_owned(), Some("film_stuck".to_owned()), Some("The film is stuck.".to_owned()));
    assert_eq!(queue.video_state(video_id).await, failed);
    assert!(queue.traces().await.is_empty());
    worker.stopped().await;
}

#[tokio::test]
async fn a_permanent_failure_settles_the_video_at_once_and_a_retry_starts_anew() {
    let queue = Queue::create(fail_added).await;
    let handler = Fail { times: AtomicUsize::new(1), permanent: true };
    let worker = queue.worker(Registry::default().with(handler), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    queue.until("failed", 1).await;
    assert_eq!(queue.tasks().await, [row("failed", 1, Some("film_torn"))]);
    let failed = ("failed".to_owned(), Some("film_torn".to_owned()), Some("The film is torn.".to_owned()));
    assert_eq!(queue.video_state(video_id).await, failed);
    assert!(queue.traces().await.is_empty());

    let mut tx = queue.begin().await;
    assert_eq!(retry_failed_tasks(&mut tx, video_id.uuid(), queue.clock.now()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    queue.until("completed", 1).await;
    assert_eq!(queue.video_state(video_id).await, ("completed".to_owned(), None, None));
    worker.stopped().await;
}

/// Panics at the first try.
struct Stumble(AtomicUsize);

#[async_trait]
impl Handle for Stumble {
    const KIND: &'static str = "fail";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "as intended");
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        run.finish(tx, &[]).await
    }
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_task_and_not_the_worker() {
    let queue = Queue::create(fail_added).await;
    let worker = queue.worker(Registry::default().with(Stumble(AtomicUsize::new(0))), brisk());
    queue.emit(added(queue.video().await)).await;
    for _ in 0..200 {
        if queue.tasks().await == [row("pending", 1, Some("internal"))] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    queue.clock.advance(TimeDelta::seconds(13));
    queue.until("completed", 1).await;
    assert_eq!(queue.traces().await, ["done"]);
    worker.stopped().await;
}

/// Waits at a gate before it writes.
#[derive(Clone)]
struct Gate {
    name: &'static str,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
    outcome: Arc<Mutex<Option<&'static str>>>,
}

impl Gate {
    fn new(name: &'static str) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { name, entered: closed(), open: closed(), outcome: Arc::default() }
    }

    async fn entered(&self) {
        let permit = tokio::time::timeout(Duration::from_secs(20), self.entered.acquire()).await;
        permit.expect("a task comes").unwrap().forget();
    }
}

#[async_trait]
impl Handle for Gate {
    const KIND: &'static str = "gate";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, _: Note) -> Result<Finished, TaskFailure> {
        self.entered.add_permits(1);
        tokio::select! {
            permit = self.open.acquire() => permit.unwrap().forget(),
            () = run.cancelled().cancelled() => return Err(TaskFailure::transient("cancelled", "Stopped.")),
        }
        let mut tx = run.begin().await?;
        trace(run, &mut tx, self.name).await?;
        let finished = run.finish(tx, &[Event::SummaryReady { video_id: VideoId(run.subject_id()) }]).await;
        let outcome = finished.as_ref().map_or_else(|failure| failure.code, |_| "finished");
        *self.outcome.lock().unwrap() = Some(outcome);
        finished
    }
}

fn gate_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("gate", video_id, "")],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let queue = Queue::create(gate_added).await;
    let (first, second) = (Gate::new("first"), Gate::new("second"));
    let slow = queue.worker(Registry::default().with(first.clone()), hanging());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    first.entered().await;
    queue.clock.advance(TimeDelta::seconds(39));
    let fast = queue.worker(Registry::default().with(second.clone()), brisk());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(second.entered.available_permits(), 0, "the lease still holds");
    queue.clock.advance(TimeDelta::seconds(2));
    second.entered().await;

    first.open.add_permits(1);
    for _ in 0..200 {
        if first.outcome.lock().unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(*first.outcome.lock().unwrap(), Some("lease_lost"));
    assert!(queue.traces().await.is_empty());
    assert_eq!(queue.task_count("running").await, 1, "the second worker still has it");

    second.open.add_permits(1);
    queue.until("completed", 1).await;
    assert_eq!(queue.traces().await, ["second"]);
    let summaries: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE kind = 'summary_ready'")
        .fetch_one(&mut queue.database.superuser().await.unwrap())
        .await
        .unwrap();
    assert_eq!(summaries, 1);
    assert_eq!(queue.tasks().await, [row("completed", 2, None)]);
    slow.stopped().await;
    fast.stopped().await;
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease_of_a_long_task() {
    let queue = Queue::create(gate_added).await;
    let (first, second) = (Gate::new("first"), Gate::new("second"));
    let one = queue.worker(Registry::default().with(first.clone()), brisk());
    queue.emit(added(queue.video().await)).await;
    first.entered().await;
    let two = queue.worker(Registry::default().with(second.clone()), brisk());
    for _ in 0..5 {
        queue.clock.advance(TimeDelta::seconds(30));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    first.open.add_permits(1);
    queue.until("completed", 1).await;
    assert_eq!(queue.traces().await, ["first"]);
    assert_eq!(queue.tasks().await, [row("completed", 1, None)]);
    assert_eq!(second.entered.available_permits(), 0);
    one.stopped().await;
    two.stopped().await;
}

#[tokio::test]
async fn cancelling_takes_waiting_tasks_out_and_stops_running_ones() {
    let queue = Queue::create(gate_added).await;
    let gate = Gate::new("gate");
    let worker = queue.worker(Registry::default().with(gate.clone()), brisk());
    let (running, waiting) = (queue.video().await, queue.video().await);
    queue.emit(added(running)).await;
    gate.entered().await;
    queue.emit(added(waiting)).await;
    // The one that runs last: its place is free at once.
    for video_id in [waiting, running] {
        let mut tx = queue.begin().await;
        cancel_tasks(&mut tx, video_id.uuid(), &["other"], queue.clock.now()).await.unwrap();
        cancel_tasks(&mut tx, video_id.uuid(), &["gate"], queue.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }
    queue.until("cancelled", 2).await;
    gate.open.add_permits(2);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(queue.traces().await.is_empty());
    assert_eq!(gate.entered.available_permits(), 0);
    worker.stopped().await;
}

#[tokio::test]
async fn shutdown_puts_running_tasks_back_without_counting_the_try() {
    let queue = Queue::create(gate_added).await;
    let gate = Gate::new("gate");
    let worker = queue.worker(Registry::default().with(gate.clone()), brisk());
    queue.emit(added(queue.video().await)).await;
    gate.entered().await;
    assert_eq!(queue.task_count("running").await, 1);
    worker.stopped().await;
    assert_eq!(queue.tasks().await, [row("pending", 0, None)]);

    let worker = queue.worker(Registry::default().with(gate.clone()), brisk());
    gate.entered().await;
    gate.open.add_permits(1);
    queue.until("completed", 1).await;
    assert_eq!(queue.tasks().await, [row("completed", 1, None)]);
    worker.stopped().await;
}

#[tokio::test]
async fn shutdown_lets_short_tasks_finish() {
    let queue = Queue::create(gate_added).await;
    let gate = Gate::new("gate");
    let patient = WorkerSettings { grace: Duration::from_secs(10), ..brisk() };
    let worker = queue.worker(Registry::default().with(gate.clone()), patient);
    queue.emit(added(queue.video().await)).await;
    gate.entered().await;
    worker.stop.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.open.add_permits(1);
    worker.stopped().await;
    assert_eq!(queue.tasks().await, [row("completed", 1, None)]);
}

fn say_by_priority(event: &Event) -> Vec<NewTask> {
    let Event::VideoAdded { video_id, .. } = *event else { return Vec::new() };
    // The index in the id's last byte says which of the three it is.
    match video_id.uuid().as_bytes()[15] {
        0 => vec![note("say", video_id, "later").priority(-10)],
        1 => vec![note("say", video_id, "soon")],
        _ => vec![note("say", video_id, "first").priority(20)],
    }
}

#[tokio::test]
async fn what_is_urgent_runs_first() {
    let queue = Queue::create(say_by_priority).await;
    for index in 0..3_u8 {
        let mut bytes = *VideoId::new(queue.clock.now()).uuid().as_bytes();
        bytes[15] = index;
        queue.emit(added(VideoId(Uuid::from_bytes(bytes)))).await;
    }
    let worker = queue.worker(Registry::default().with(Say), brisk());
    queue.until("completed", 3).await;
    assert_eq!(queue.traces().await, ["first", "soon", "later"]);
    worker.stopped().await;
}

/// Counts how many run at once.
#[derive(Clone, Default)]
struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    runs: Arc<AtomicUsize>,
}

#[async_trait]
impl Handle for Crowd {
    const KIND: &'static str = "crowd";
    const CONCURRENCY: usize = 3;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let here = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(here, Ordering::SeqCst);
        if note.said == "slow" {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
        let mut tx = run.begin().await?;
        trace(run, &mut tx, "crowd").await?;
        run.finish(tx, &[]).await
    }
}

#[tokio::test]
async fn no_more_of_a_kind_run_at_once_than_it_allows() {
    let queue = Queue::create(say_added).await;
    queue.crowd(12, "slow").await;
    queue.emit(added(queue.video().await)).await;
    let crowd = Crowd::default();
    let worker = queue.worker(Registry::default().with(crowd.clone()).with(Say), brisk());
    queue.until("completed", 13).await;
    assert_eq!(crowd.most.load(Ordering::SeqCst), 3);
    // The other kind did not have to wait for its turn behind twelve.
    let place = queue.traces().await.iter().position(|said| said == "added");
    assert!(place.is_some_and(|place| place < 6), "{place:?}");
    worker.stopped().await;
}

#[tokio::test]
async fn two_workers_share_a_thousand_tasks_and_run_each_once() {
    let queue = Queue::create(say_added).await;
    queue.crowd(1_000, "quick").await;
    let (one, two) = (Crowd::default(), Crowd::default());
    let first = queue.worker(Registry::default().with(one.clone()), brisk());
    let second = queue.worker(Registry::default().with(two.clone()), brisk());
    queue.until("completed", 1_000).await;
    let (by_first, by_second) = (one.runs.load(Ordering::SeqCst), two.runs.load(Ordering::SeqCst));
    assert_eq!(by_first + by_second, 1_000);
    assert!(by_first > 50 && by_second > 50, "{by_first} and {by_second}");
    assert_eq!(queue.traces().await.len(), 1_000);
    let subjects: i64 = sqlx::query_scalar("SELECT count(DISTINCT subject_id) FROM traces")
        .fetch_one(&mut queue.database.superuser().await.unwrap())
        .await
        .unwrap();
    assert_eq!(subjects, 1_000);
    first.stopped().await;
    second.stopped().await;
}

#[tokio::test]
async fn what_was_planned_for_an_empty_queue_finds_each_of_thousands_at_once() {
    let queue = Queue::create(say_added).await;
    let mut superuser = queue.database.superuser().await.unwrap();
    sqlx::raw_sql("VACUUM ANALYZE tasks").execute(&mut superuser).await.unwrap();
    let worker = queue.worker(Registry::default().with(Crowd::default()), WorkerSettings::default());
    // Each connection keeps its plans.
    queue.crowd(60, "slow").await;
    queue.until("completed", 60).await;
    queue.crowd(1_500, "quick").await;
    queue.until("completed", 1_560).await;
    worker.stopped().await;
    queue.db.close().await;
    // Connections tell what they read when they end: each task was found twice, by its key and by its subject. What was written since and
    // is not tidied up yet counts, too, which is a few rows a task on a busy machine; all of them would be hundreds.
    let told = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let read: (i64, i64) = sqlx::query_as(
                "SELECT sum(idx_scan)::bigint, sum(idx_tup_fetch)::bigint FROM pg_stat_user_indexes
                 WHERE indexrelname IN ('tasks_pkey', 'tasks_subject')",
            )
            .fetch_one(&mut superuser)
            .await
            .unwrap();
            if read.0 >= 3_000 {
                return read;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let (scans, rows) = told.await.expect("the connections have not told what they read");
    assert!(rows < 20 * scans, "{rows} rows in {scans} scans");
}

#[tokio::test]
async fn a_task_of_a_step_does_not_run_beside_another_of_the_same_subject() {
    let queue = Queue::create(gate_added).await;
    let (first, second) = (Gate::new("first"), Gate::new("second"));
    let one = queue.worker(Registry::default().with(first.clone()), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    first.entered().await;
    queue.emit(added(video_id)).await;
    let two = queue.worker(Registry::default().with(second.clone()), brisk());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((queue.task_count("running").await, queue.task_count("pending").await), (1, 1));
    assert_eq!(queue.video_state(video_id).await.0, "pending");
    first.open.add_permits(2);
    second.open.add_permits(2);
    queue.until("completed", 2).await;
    assert_eq!(queue.traces().await.len(), 2);
    one.stopped().await;
    two.stopped().await;
}

/// Holds the subject's row before it ends, as indexing does.
struct Hold;

#[async_trait]
impl Handle for Hold {
    const KIND: &'static str = "hold";
    const CONCURRENCY: usize = 4;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        hold(run, true, &note.said).await
    }
}

/// Refers to the subject's row, as summarising does.
struct Refer;

#[async_trait]
impl Handle for Refer {
    const KIND: &'static str = "refer";
    const CONCURRENCY: usize = 4;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        hold(run, false, &note.said).await
    }
}

async fn hold(run: &TaskRun, share: bool, said: &str) -> Result<Finished, TaskFailure> {
    for step in 0..10 {
        run.progress(step as f32 / 10.0);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut tx = run.begin().await?;
    let query = if share {
        memoreel_tasks::lock_subject(&mut tx, run.subject_id()).await?;
        "SELECT title FROM videos WHERE id = $1 FOR SHARE"
    } else {
        "SELECT title FROM videos WHERE id = $1 FOR KEY SHARE"
    };
    sqlx::query(query).bind(run.subject_id()).execute(&mut *tx).await?;
    trace(run, &mut tx, said).await?;
    run.finish(tx, &[]).await
}

fn hold_and_refer(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => {
            vec![note("hold", video_id, "held"), note("refer", video_id, "referred")]
        }
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn steps_of_one_video_that_end_together_do_not_block_each_other() {
    let queue = Queue::create(hold_and_refer).await;
    for _ in 0..60 {
        queue.emit(added(queue.video().await)).await;
    }
    let eager = WorkerSettings { heartbeat: Duration::from_millis(5), ..brisk() };
    let registry = Registry::default().with(Hold).with(Refer);
    let worker = queue.worker(registry, eager);
    // No try failed: the clock stands still, so a second one would never come.
    queue.until("completed", 120).await;
    worker.stopped().await;
}
