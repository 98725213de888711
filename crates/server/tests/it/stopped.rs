//! Tasks that somebody stopped: they stay stopped, and their video says so as long as that is how it stands.

use crate::queue::{Note, Queue, brisk, note, row, trace};
use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_kernel::{AssetId, Clock, Event, VideoId};
use memoreel_tasks::{Finished, Handle, NewTask, Registry, TaskFailure, TaskRun};
use uuid::Uuid;

/// Leaves its note and is done.
struct Say;

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

fn say_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("say", video_id, "added")],
        _ => Vec::new(),
    }
}

fn added(video_id: VideoId) -> Event {
    Event::VideoAdded { video_id, asset_id: AssetId(Uuid::nil()) }
}

#[tokio::test]
async fn what_was_asked_to_stop_is_not_started_again_when_its_worker_dies() {
    let queue = Queue::create(say_added).await;
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    sqlx::query(
        "UPDATE tasks SET status = 'running', lease = gen_random_uuid(), leased_until = $1, attempts = 1, started_at = $1",
    )
    .bind(queue.clock.now() - TimeDelta::seconds(1))
    .execute(&mut queue.database.superuser().await.unwrap())
    .await
    .unwrap();
    let id: Uuid = sqlx::query_scalar("SELECT id FROM tasks")
        .fetch_one(&mut queue.database.superuser().await.unwrap())
        .await
        .unwrap();
    let mut tx = queue.begin().await;
    assert!(queue.events.cancel(&mut tx, id.into()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(queue.video_state(video_id).await.0, "pending");

    let worker = queue.worker(Registry::default().with(Say), brisk());
    queue.until("cancelled", 1).await;
    assert_eq!(queue.tasks().await, [row("cancelled", 1, Some("task_cancelled"))]);
    assert_eq!(queue.video_state(video_id).await.0, "failed");
    let mut tx = queue.begin().await;
    assert!(queue.events.retry(&mut tx, id.into()).await.unwrap());
    tx.commit().await.unwrap();
    queue.until("completed", 1).await;
    assert_eq!(queue.video_state(video_id).await, ("completed".to_owned(), None, None));
    worker.stopped().await;
}

#[tokio::test]
async fn a_step_that_was_stopped_and_completed_since_leaves_its_video_completed() {
    let queue = Queue::create(say_added).await;
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    let id: Uuid = sqlx::query_scalar("SELECT id FROM tasks")
        .fetch_one(&mut queue.database.superuser().await.unwrap())
        .await
        .unwrap();
    let mut tx = queue.begin().await;
    assert!(queue.events.cancel(&mut tx, id.into()).await.unwrap());
    tx.commit().await.unwrap();
    let (status, code, _) = queue.video_state(video_id).await;
    assert_eq!((status.as_str(), code.as_deref()), ("failed", Some("task_cancelled")));
    queue.clock.advance(TimeDelta::seconds(1));
    queue.emit(added(video_id)).await;
    let worker = queue.worker(Registry::default().with(Say), brisk());
    queue.until("completed", 1).await;
    assert_eq!(queue.video_state(video_id).await, ("completed".to_owned(), None, None));
    worker.stopped().await;
}
