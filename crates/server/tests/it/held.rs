//! Tasks of an organization in which nothing is to be done: they wait, whatever they were about to do, and go on with it.

use crate::{
    app::{TestApp, sample},
    client::Person,
    organizations::new_organization,
    queue::{Note, Queue, brisk, note, row, trace},
};
use async_trait::async_trait;
use memoreel_identity::{resume_organization, suspend_organization};
use memoreel_kernel::{AssetId, Clock, Event, VideoId};
use memoreel_tasks::{Finished, Handle, NewTask, Registry, TaskFailure, TaskRun, cancel_tasks};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Works until it is let go.
#[derive(Clone)]
struct Linger {
    begun: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    /// Whether it goes on when it is told to stop.
    is_deaf: bool,
}

impl Linger {
    fn new(is_deaf: bool) -> Self {
        Self { begun: Arc::default(), gate: Arc::new(Semaphore::new(0)), is_deaf }
    }

    async fn begun(&self, times: usize) {
        for _ in 0..400 {
            if self.begun.load(Ordering::SeqCst) == times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("begun {} times instead of {times}", self.begun.load(Ordering::SeqCst));
    }
}

#[async_trait]
impl Handle for Linger {
    const KIND: &'static str = "linger";
    const CONCURRENCY: usize = 1;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        tokio::select! {
            permit = self.gate.acquire() => permit.unwrap().forget(),
            () = run.cancelled().cancelled(), if !self.is_deaf => {
                return Err(TaskFailure::transient("stopped", "Stopped."));
            }
        }
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        run.finish(tx, &[Event::SummaryReady { video_id: VideoId(run.subject_id()) }]).await
    }
}

/// Is done at once.
struct Say;

#[async_trait]
impl Handle for Say {
    const KIND: &'static str = "say";
    const CONCURRENCY: usize = 2;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        // What follows is asked for once.
        let follows = Event::TranscriptReady { video_id: VideoId(run.subject_id()) };
        run.finish(tx, if note.said == "first" { std::slice::from_ref(&follows) } else { &[] }).await
    }
}

fn next(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("linger", video_id, "lingered")],
        Event::SummaryReady { video_id } => vec![note("say", video_id, "followed")],
        _ => Vec::new(),
    }
}

fn say_twice(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note("say", video_id, "first")],
        Event::TranscriptReady { video_id } => vec![note("say", video_id, "second")],
        _ => Vec::new(),
    }
}

fn added(video_id: VideoId) -> Event {
    Event::VideoAdded { video_id, asset_id: AssetId(Uuid::nil()) }
}

async fn a_while() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}

#[tokio::test]
async fn what_waits_when_an_organization_is_suspended_or_comes_afterwards_goes_on_when_it_is_resumed() {
    let queue = Queue::create(say_twice).await;
    let (before, after) = (queue.video().await, queue.video().await);
    queue.emit(added(before)).await;
    suspend_organization(&queue.db, "test").await.unwrap();
    let worker = queue.worker(Registry::default().with(Say), brisk());
    queue.emit(added(after)).await;
    // Asking once more for what is held adds nothing.
    queue.emit(added(after)).await;
    a_while().await;
    assert_eq!(queue.tasks().await, [row("held", 0, None), row("held", 0, None)]);
    assert!(queue.traces().await.is_empty());
    assert_eq!(queue.video_state(before).await.0, "pending");
    resume_organization(&queue.db, "test").await.unwrap();
    queue.until("completed", 4).await;
    for video_id in [before, after] {
        assert_eq!(queue.video_state(video_id).await.0, "completed");
    }
    worker.stopped().await;
}

#[tokio::test]
async fn what_runs_when_an_organization_is_suspended_is_stopped_and_begins_again_when_it_is_resumed() {
    let queue = Queue::create(next).await;
    let linger = Linger::new(false);
    let worker = queue.worker(Registry::default().with(linger.clone()).with(Say), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    linger.begun(1).await;
    suspend_organization(&queue.db, "test").await.unwrap();
    queue.until("held", 1).await;
    a_while().await;
    // The try does not count, and the video is not given up.
    assert_eq!(queue.tasks().await, [row("held", 0, None)]);
    assert_eq!(queue.video_state(video_id).await.0, "processing");
    resume_organization(&queue.db, "test").await.unwrap();
    linger.begun(2).await;
    linger.gate.add_permits(1);
    queue.until("completed", 2).await;
    assert_eq!(queue.traces().await, ["lingered", "followed"]);
    assert_eq!(queue.video_state(video_id).await.0, "completed");
    worker.stopped().await;
}

#[tokio::test]
async fn what_follows_a_task_that_does_not_stop_is_held() {
    let queue = Queue::create(next).await;
    let linger = Linger::new(true);
    let worker = queue.worker(Registry::default().with(linger.clone()).with(Say), brisk());
    let video_id = queue.video().await;
    queue.emit(added(video_id)).await;
    linger.begun(1).await;
    suspend_organization(&queue.db, "test").await.unwrap();
    a_while().await;
    linger.gate.add_permits(1);
    queue.until("completed", 1).await;
    a_while().await;
    // They were made at one time, and so may be listed in either order.
    let mut tasks: Vec<(String, i32)> =
        queue.tasks().await.into_iter().map(|task| (task.status, task.attempts)).collect();
    tasks.sort();
    assert_eq!(tasks, [("completed".to_owned(), 1), ("held".to_owned(), 0)]);
    // Something is left to do, so the video is not done.
    assert_eq!(queue.video_state(video_id).await.0, "processing");
    resume_organization(&queue.db, "test").await.unwrap();
    queue.until("completed", 2).await;
    assert_eq!(queue.video_state(video_id).await.0, "completed");
    worker.stopped().await;
}

#[tokio::test]
async fn what_somebody_cancelled_is_not_held() {
    let queue = Queue::create(next).await;
    let linger = Linger::new(false);
    let (held, running) = (queue.video().await, queue.video().await);
    let worker = queue.worker(Registry::default().with(linger.clone()).with(Say), brisk());
    queue.emit(added(running)).await;
    linger.begun(1).await;
    queue.emit(added(held)).await;
    let mut tx = queue.begin().await;
    cancel_tasks(&mut tx, running.uuid(), &[], queue.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    suspend_organization(&queue.db, "test").await.unwrap();
    queue.until("cancelled", 1).await;
    queue.until("held", 1).await;
    let mut tx = queue.begin().await;
    cancel_tasks(&mut tx, held.uuid(), &[], queue.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    resume_organization(&queue.db, "test").await.unwrap();
    a_while().await;
    assert_eq!(queue.task_count("cancelled").await, 2, "{:?}", queue.tasks().await);
    worker.stopped().await;
}

#[tokio::test]
async fn no_task_is_lost_however_often_an_organization_is_suspended_and_resumed_while_it_works() {
    let queue = Queue::create(say_twice).await;
    let worker = queue.worker(Registry::default().with(Say), brisk());
    let mut videos = Vec::new();
    for _ in 0..60 {
        videos.push(queue.video().await);
    }
    let emitting = async {
        for video_id in &videos {
            queue.emit(added(*video_id)).await;
        }
    };
    let switching = async {
        for _ in 0..60 {
            suspend_organization(&queue.db, "test").await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
            resume_organization(&queue.db, "test").await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::join!(emitting, switching);
    queue.until("completed", 120).await;
    assert_eq!(queue.tasks().await.len(), 120);
    for video_id in videos {
        assert_eq!(queue.video_state(video_id).await.0, "completed");
    }
    worker.stopped().await;
}

async fn statuses(app: &TestApp, organization_id: &str) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT DISTINCT kind, status FROM tasks WHERE organization_id::text = $1 ORDER BY kind, status",
    )
    .bind(organization_id)
    .fetch_all(&mut app.superuser().await)
    .await
    .unwrap()
}

/// Adds a recording to an organization.
async fn upload_to(person: &Person, organization_id: &str) -> String {
    let request = person
        .tus("POST", "/uploads")
        .header("memoreel-organization", organization_id)
        .header("upload-length", sample("two-voices.wav").len())
        .header("content-type", "application/offset+octet-stream")
        .body(sample("two-voices.wav"));
    crate::client::send(request).await.is(201).header("memoreel-video-id").to_owned()
}

#[tokio::test]
async fn nothing_is_done_in_a_deleted_organization_until_it_is_restored() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = new_organization(&ada, "Harbour").await;
    let video_id = upload_to(&ada, &id).await;
    let kept = ada.upload("Kept.wav", sample("two-voices.wav")).await;
    ada.ask(&id, "DELETE", "/organization", json!({ "slug": "harbour" })).await.is(204);
    app.work().await;
    app.settled(&ada, &kept).await;
    app.idle().await;
    let held = statuses(&app, &id).await;
    assert!(!held.is_empty() && held.iter().all(|(_, status)| status == "held"), "{held:?}");

    ada.ask(&id, "POST", "/organization/restore", Value::Null).await.is(200);
    app.idle().await;
    let done = statuses(&app, &id).await;
    assert!(done.len() > 5 && done.iter().all(|(_, status)| status == "completed"), "{done:?}");
    let video = ada.ask(&id, "GET", &format!("/videos/{video_id}"), Value::Null).await.is(200).json();
    assert_eq!(video["status"], "completed", "{video:#}");
}

#[tokio::test]
async fn nothing_is_done_for_a_closed_account_but_what_is_about_the_account_itself() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video_id = ada.upload("Minutes.wav", sample("two-voices.wav")).await;
    let id = ada.organization_id.clone();
    let closing = json!({ "email": ada.email, "password": crate::client::PASSWORD });
    ada.post("/me/erasure", &closing).await.is(200);
    app.work().await;
    app.idle().await;
    let held = statuses(&app, &id).await;
    assert!(held.iter().any(|(kind, status)| kind == "send_mail" && status == "completed"), "{held:?}");
    assert!(held.iter().all(|(kind, status)| kind == "send_mail" || status == "held"), "{held:?}");
    assert!(held.iter().any(|(_, status)| status == "held"), "{held:?}");
    // Suspended as well, one of the two is not enough to go on.
    suspend_organization(app.db(), "ada").await.unwrap();
    ada.delete("/me/erasure").await.is(204);
    assert_eq!(statuses(&app, &id).await, held);
    // What is the person's own goes on.
    let made = ada.post("/me/exports", &json!({})).await.is(201).json();
    let path = format!("/me/exports/{}", made["id"].as_str().unwrap());
    app.idle().await;
    assert_eq!(ada.get(&path).await.is(200).json()["status"], "ready");
    resume_organization(app.db(), "ada").await.unwrap();
    app.settled(&ada, &video_id).await;
    app.idle().await;
    let done = statuses(&app, &id).await;
    assert!(done.len() > 5 && done.iter().all(|(_, status)| status == "completed"), "{done:?}");
}
