//! Listeners are told of what was committed, and of nothing else.

use crate::queue::Queue;
use memoreel_kernel::Event;
use memoreel_tasks::LIVE_CHANNEL;
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

async fn next(listener: &mut PgListener) -> String {
    timeout(PATIENCE, listener.recv()).await.expect("something is told").unwrap().payload().to_owned()
}

#[tokio::test]
async fn what_is_committed_is_told_once_and_what_is_rolled_back_is_not() {
    let queue = Queue::create(|_| Vec::new()).await;
    let mut listener = queue.db.listen(&[LIVE_CHANNEL]).await.unwrap();
    let (dropped, kept, last) = (queue.video().await, queue.video().await, queue.video().await);
    let mut tx = queue.begin().await;
    queue.events.emit(&mut tx, &Event::VideoChanged { video_id: dropped }).await.unwrap();
    drop(tx);
    let mut tx = queue.begin().await;
    for _ in 0..2 {
        queue.events.emit(&mut tx, &Event::VideoChanged { video_id: kept }).await.unwrap();
    }
    tx.commit().await.unwrap();
    queue.emit(Event::VideoChanged { video_id: last }).await;
    for video_id in [kept, last] {
        let told = next(&mut listener).await;
        assert!(told.contains(&video_id.to_string()), "{told} is not of {video_id}");
    }
}

#[tokio::test]
async fn a_commit_is_told_of_that_nobody_waits_for_any_more() {
    let queue = Queue::create(|_| Vec::new()).await;
    let mut listener = queue.db.listen(&[LIVE_CHANNEL]).await.unwrap();
    let video_id = queue.video().await;
    let mut tx = queue.begin().await;
    queue.events.emit(&mut tx, &Event::VideoChanged { video_id }).await.unwrap();
    // Long enough to send it, and not to hear what became of it.
    let _abandoned = timeout(Duration::ZERO, tx.commit()).await;
    assert!(next(&mut listener).await.contains(&video_id.to_string()));
}

#[tokio::test]
async fn what_was_committed_is_told_before_the_database_is_closed() {
    let queue = Queue::create(|_| Vec::new()).await;
    let observer = queue.database.open().await.unwrap();
    let mut listener = observer.listen(&[LIVE_CHANNEL]).await.unwrap();
    let video_id = queue.video().await;
    queue.emit(Event::VideoChanged { video_id }).await;
    queue.db.close().await;
    assert!(next(&mut listener).await.contains(&video_id.to_string()));
}
