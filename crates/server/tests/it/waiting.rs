//! What is asked for while it waits already is done once, and done with all that it was asked for.

use crate::{
    queue::{Queue, brisk, row},
    tasks::{Say, added, say_added},
};
use memoreel_tasks::Registry;
use std::time::Duration;

#[tokio::test]
async fn asking_twice_for_what_waits_adds_nothing() {
    let queue = Queue::create(say_added).await;
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    queue.emit(added(video_id)).await;
    assert_eq!(queue.tasks().await, [row("pending", 0, None)]);
}

#[tokio::test]
async fn what_waits_does_not_begin_before_it_sees_all_that_it_stands_for() {
    let queue = Queue::create(say_added).await;
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    let mut tx = queue.begin().await;
    queue.events.emit(&mut tx, &added(video_id)).await.unwrap();

    let worker = queue.worker(Registry::default().with(Say), brisk());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(queue.tasks().await, [row("pending", 0, None)]);
    tx.commit().await.unwrap();
    queue.until("completed", 1).await;
    assert_eq!(queue.tasks().await, [row("completed", 1, None)]);
    worker.stopped().await;
}
