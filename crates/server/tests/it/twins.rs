//! Two tasks of one step and subject: the one that runs, and the newer one that waits behind it.

use crate::{
    queue::{Note, Queue, brisk, note, trace},
    tasks::added,
};
use async_trait::async_trait;
use memoreel_kernel::{Clock, Event};
use memoreel_tasks::{Finished, Handle, NewTask, Registry, TaskFailure, TaskRun};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// Fails when it is let: once for now, and after that for good.
#[derive(Clone)]
struct Falter {
    entered: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

#[async_trait]
impl Handle for Falter {
    const KIND: &'static str = "falter";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, _: &TaskRun, _: Note) -> Result<Finished, TaskFailure> {
        let is_first = self.entered.available_permits() == 0;
        self.entered.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Err(if is_first {
            TaskFailure::transient("film_stuck", "The film is stuck.")
        } else {
            TaskFailure::permanent("film_torn", "The film is torn.")
        })
    }
}

fn falter_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("falter", video_id, "")],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_run_that_gives_way_to_its_twin_leaves_what_is_said_of_the_video_to_that() {
    let queue = Queue::create(falter_added).await;
    let falter = Falter { entered: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
    let worker = queue.worker(Registry::default().with(falter.clone()), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    tokio::time::timeout(Duration::from_secs(20), falter.entered.acquire()).await.unwrap().unwrap().forget();
    falter.entered.add_permits(1);
    queue.emit(added(video_id)).await;
    falter.go.add_permits(2);
    queue.until("failed", 1).await;
    assert_eq!(queue.task_count("cancelled").await, 1);
    let tasks = queue.tasks().await;
    let gave_way = tasks.iter().find(|task| task.status == "cancelled").unwrap();
    assert_eq!(gave_way.error_code, None, "{tasks:?}");
    let told = ("failed".to_owned(), Some("film_torn".to_owned()), Some("The film is torn.".to_owned()));
    assert_eq!(queue.video_state(video_id).await, told);
    worker.stopped().await;
}

/// Goes on until it is stopped, the first time.
#[derive(Clone)]
struct Linger {
    entered: Arc<Semaphore>,
    is_again: Arc<AtomicBool>,
}

#[async_trait]
impl Handle for Linger {
    const KIND: &'static str = "linger";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        if !self.is_again.swap(true, Ordering::SeqCst) {
            self.entered.add_permits(1);
            run.cancelled().cancelled().await;
            return Err(TaskFailure::transient("film_stuck", "The film is stuck."));
        }
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        run.finish(tx, &[]).await
    }
}

fn linger_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("linger", video_id, "added")],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_video_waits_for_what_its_step_gives_way_to_though_that_was_to_be_done_beside_it() {
    let queue = Queue::create(linger_added).await;
    let linger = Linger { entered: Arc::new(Semaphore::new(0)), is_again: Arc::default() };
    let worker = queue.worker(Registry::default().with(linger.clone()), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    tokio::time::timeout(Duration::from_secs(20), linger.entered.acquire()).await.unwrap().unwrap().forget();
    // As though it had been enqueued at the moment at which the step began.
    sqlx::query(
        r#"INSERT INTO tasks (organization_id, kind, subject_id, payload, scheduled_for, created_at, priority, is_side)
           VALUES ($1, 'linger', $2, '{"said": "beside"}', $3, $3, -20, true)"#,
    )
    .bind(queue.caller.organization_id.uuid())
    .bind(video_id.uuid())
    .bind(queue.clock.now())
    .execute(&mut queue.database.superuser().await.unwrap())
    .await
    .unwrap();
    worker.stopped().await;
    assert_eq!((queue.task_count("cancelled").await, queue.task_count("pending").await), (1, 1));
    assert_eq!(queue.video_state(video_id).await.0, "processing");

    let worker = queue.worker(Registry::default().with(linger), brisk());
    queue.until("completed", 1).await;
    assert_eq!(queue.traces().await, ["beside"]);
    assert_eq!(queue.video_state(video_id).await, ("completed".to_owned(), None, None));
    worker.stopped().await;
}
