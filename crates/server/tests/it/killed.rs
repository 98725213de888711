//! Workers and their database killed at random for a while, as a machine that loses power would: no task is lost, and none
//! completes twice.

use crate::queue::{Note, brisk, note, trace};
use async_trait::async_trait;
use memoreel_db::embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres};
use memoreel_db::{DatabaseAccess, Db, DbError, PoolSizes, prepare};
use memoreel_kernel::{AssetId, Caller, Clock, Event, OrganizationId, SystemClock, VideoId};
use memoreel_library::VideoObserver;
use memoreel_parts::Parts;
use memoreel_tasks::{Events, Finished, Handle, NewTask, Registry, TaskFailure, TaskRun, Worker};
use memoreel_testkit::SECRET;
use rand::RngExt;
use sqlx::{Connection, PgConnection};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long the killing goes on, in seconds, if not for the few that suit every run of the tests.
const SECONDS: &str = "MEMOREEL_TEST_KILL_SECONDS";
/// The address by which this program knows that it is to be a worker.
const WORKER: &str = "MEMOREEL_TEST_KILLED_WORKER";
const WORKERS: usize = 3;
/// Longer than a recovery and the retries after it.
const PATIENCE: Duration = Duration::from_secs(90);

/// Leaves a trace after a moment.
struct Work;

#[async_trait]
impl Handle for Work {
    const KIND: &'static str = "work";
    const CONCURRENCY: usize = 4;
    type Payload = Note;

    async fn run(&self, run: &TaskRun, note: Note) -> Result<Finished, TaskFailure> {
        let moment = rand::rng().random_range(0..20);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let mut tx = run.begin().await?;
        trace(run, &mut tx, &note.said).await?;
        run.finish(tx, &[]).await
    }
}

fn work_added(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, .. } => vec![note(Work::KIND, video_id, "worked")],
        _ => Vec::new(),
    }
}

fn events() -> Events {
    Events::new(work_added, Arc::new(VideoObserver(Arc::new(SystemClock))), Arc::new(SystemClock))
}

/// Not a test: the worker that is killed, a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other test of this file starts it"]
async fn a_worker_to_be_killed() {
    let Ok(address) = std::env::var(WORKER) else { return };
    let access = DatabaseAccess::from_url(&address, SECRET).unwrap();
    // It may be started while the database is being started, too.
    let db = loop {
        match Db::connect(&access, PoolSizes { app: 6, system: 4 }).await {
            Ok(db) => break db,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let worker = Worker::new(db, events(), Arc::new(SystemClock), Registry::default().with(Work), brisk());
    worker.run(CancellationToken::new()).await;
}

/// A worker's process, which does not outlive the test.
struct WorkerProcess(Child);

impl WorkerProcess {
    fn start(address: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::a_worker_to_be_killed", "--ignored"])
            .env(WORKER, address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_workers_and_database_lose_no_task_and_complete_none_twice() {
    let seconds = std::env::var(SECONDS).map_or(10, |seconds| seconds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let options = EmbeddedOptions::new(Parts::locate().unwrap().postgres().unwrap(), folder.path(), "killed");
    let postgres = EmbeddedPostgres::start(options).await.unwrap();
    let address = postgres.connect_url("memoreel", ADMIN_USER, "killed");
    let access = DatabaseAccess::from_url(&address, SECRET).unwrap();
    prepare(&access).await.unwrap();
    let organization_id = OrganizationId::new(SystemClock.now());
    let mut connection = superuser(&access).await;
    sqlx::raw_sql(
        "CREATE TABLE traces (organization_id uuid NOT NULL, subject_id uuid NOT NULL, said text NOT NULL);
         GRANT SELECT, INSERT ON traces TO memoreel_app",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("INSERT INTO organizations (id, name, slug) VALUES ($1, 'Test', 'test')")
        .bind(organization_id.uuid())
        .execute(&mut connection)
        .await
        .unwrap();
    drop(connection);

    let mut workers: Vec<WorkerProcess> = (0..WORKERS).map(|_| WorkerProcess::start(&address)).collect();
    let db = Db::connect(&access, PoolSizes { app: 4, system: 2 }).await.unwrap();
    let stop = CancellationToken::new();
    let enqueuing = tokio::spawn(enqueue(db, Caller::service(organization_id), stop.clone()));
    let (mut worker_kills, mut database_kills) = (0, 0);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        let pause = rand::rng().random_range(100..1_000);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let victim = rand::rng().random_range(0..=WORKERS);
        if let Some(worker) = workers.get_mut(victim) {
            *worker = WorkerProcess::start(&address);
            worker_kills += 1;
        } else if let Some(pid) = postgres.postmaster_pid() {
            let killed =
                Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status();
            database_kills += u32::from(killed.unwrap().success());
        }
    }
    stop.cancel();
    let acknowledged = enqueuing.await.unwrap();
    let tasks = settled(&access).await;
    eprintln!("{tasks} tasks, {worker_kills} kills of workers, {database_kills} of the database");

    let mut connection = superuser(&access).await;
    let lost: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM UNNEST($1::uuid[]) AS acknowledged(id)
         WHERE NOT EXISTS (SELECT FROM tasks WHERE subject_id = acknowledged.id AND status = 'completed')
            OR NOT EXISTS (SELECT FROM videos WHERE videos.id = acknowledged.id AND status = 'completed')",
    )
    .bind(&acknowledged)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(lost, Vec::<Uuid>::new(), "of {}", acknowledged.len());
    // What was not acknowledged may have been committed; then it counts as well.
    let uneven: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT subject_id, count(traces.said) FROM tasks LEFT JOIN traces USING (subject_id)
         GROUP BY subject_id HAVING count(traces.said) <> 1 OR bool_or(tasks.status <> 'completed')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(uneven.is_empty(), "{uneven:?}");
    assert!(tasks > 100 && worker_kills > 0, "{tasks} tasks, {worker_kills} kills");
    drop((workers, connection));
    postgres.stop().await.unwrap();
}

async fn superuser(access: &DatabaseAccess) -> PgConnection {
    let begun = Instant::now();
    loop {
        match PgConnection::connect_with(&access.maintenance().database(access.database())).await {
            Ok(connection) => return connection,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Enqueues tasks without a pause until it is told to stop; returns the subjects of those that were acknowledged.
async fn enqueue(db: Db, caller: Caller, stop: CancellationToken) -> Vec<Uuid> {
    let events = events();
    let mut acknowledged = Vec::new();
    while !stop.is_cancelled() {
        let video_id = VideoId::new(SystemClock.now());
        match enqueue_one(&db, &events, &caller, video_id).await {
            Ok(()) => acknowledged.push(video_id.uuid()),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    acknowledged
}

async fn enqueue_one(db: &Db, events: &Events, caller: &Caller, video_id: VideoId) -> Result<(), DbError> {
    let mut tx = db.tenant(caller).await?;
    sqlx::query("INSERT INTO videos (organization_id, id, title) VALUES ($1, $2, 'Subject')")
        .bind(caller.organization_id.uuid())
        .bind(video_id.uuid())
        .execute(&mut *tx)
        .await?;
    let event = Event::VideoAdded { video_id, asset_id: AssetId(Uuid::nil()) };
    events.emit(&mut tx, &event).await?;
    tx.commit().await
}

/// Waits until no task waits or runs; returns how many there are.
async fn settled(access: &DatabaseAccess) -> i64 {
    let begun = Instant::now();
    loop {
        let mut connection = superuser(access).await;
        let counts: (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE status IN ('pending', 'running')) FROM tasks",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        match counts {
            (tasks, 0) => return tasks,
            (_, open) => assert!(begun.elapsed() < PATIENCE, "{open} tasks do not end"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
