//! Quick tasks are claimed a few at once, and none waits in a process that does not come to it.

use crate::queue::{Note, Queue, brisk, trace};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_tasks::{Finished, Handle, NewTask, Registry, TaskFailure, TaskRun, WorkerSettings};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Is done at once, unless its note tells it to wait until it may go on.
#[derive(Clone)]
struct OneAtATime {
    gate: Arc<Semaphore>,
}

#[async_trait]
impl Handle for OneAtATime {
    const KIND: &'static str = "crowd";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        if note.said == "waits" {
            self.gate.acquire().await.unwrap().forget();
        }
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        run.finish(tx, &[]).await
    }
}

fn nothing(_: &Event) -> Vec<NewTask> {
    Vec::new()
}

/// A worker that has learned how quick its tasks are and now hangs in one, with others claimed.
async fn hanging_worker(queue: &Queue, handler: &OneAtATime) -> crate::queue::Running {
    queue.crowd(20, "quick").await;
    // On a machine that is busy with other tests, nothing else is quick.
    let settings = WorkerSettings { quick: Duration::from_millis(900), ..brisk() };
    let worker = queue.worker(Registry::default().with(handler.clone()), settings);
    queue.until("completed", 20).await;
    queue.crowd(1, "waits").await;
    queue.until("running", 1).await;
    queue.crowd(5, "quick").await;
    queue.until("running", 3).await;
    assert_eq!(queue.task_count("pending").await, 3);
    worker
}

#[tokio::test]
async fn tasks_claimed_ahead_of_one_that_does_not_end_are_given_to_others() {
    let queue = Queue::create(nothing).await;
    let handler = OneAtATime { gate: Arc::new(Semaphore::new(0)) };
    let hanging = hanging_worker(&queue, &handler).await;
    let other = queue.worker(Registry::default().with(handler.clone()), brisk());
    queue.until("completed", 25).await;
    assert_eq!(queue.task_count("running").await, 1);
    handler.gate.add_permits(1);
    queue.until("completed", 26).await;
    // To be given back is no try that failed.
    assert!(queue.tasks().await.iter().all(|task| task.attempts == 1), "{:?}", queue.tasks().await);
    assert_eq!(queue.traces().await.len(), 26);
    hanging.stopped().await;
    other.stopped().await;
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_it_claimed_ahead() {
    let queue = Queue::create(nothing).await;
    let handler = OneAtATime { gate: Arc::new(Semaphore::new(0)) };
    let hanging = hanging_worker(&queue, &handler).await;
    hanging.stop.cancel();
    // The one that hangs has its time of grace; the others are back before it is over.
    queue.until("pending", 5).await;
    handler.gate.add_permits(1);
    hanging.stopped().await;
    assert_eq!(queue.task_count("pending").await, 5);
    assert_eq!(queue.task_count("completed").await, 21);
}
