//! A queue for one test: a database with one organization, a clock that is moved by hand, and handlers' traces.

use memoreel_db::{Db, TenantTx};
use memoreel_kernel::{Caller, Clock, Event, FakeClock, OrganizationId, VideoId};
use memoreel_library::VideoObserver;
use memoreel_tasks::{Events, NewTask, Registry, TaskFailure, TaskRun, Worker, WorkerSettings};
use memoreel_testkit::TestDatabase;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A database with one organization and a table in which handlers leave traces.
pub struct Queue {
    pub db: Db,
    pub clock: FakeClock,
    pub events: Events,
    pub caller: Caller,
    pub database: TestDatabase,
}

#[derive(Debug, PartialEq, sqlx::FromRow)]
pub struct TaskRow {
    pub status: String,
    pub attempts: i32,
    pub error_code: Option<String>,
    pub leased: bool,
}

pub fn row(status: &str, attempts: i32, error_code: Option<&str>) -> TaskRow {
    TaskRow { status: status.to_owned(), attempts, error_code: error_code.map(str::to_owned), leased: false }
}

impl Queue {
    pub async fn create(next: fn(&Event) -> Vec<NewTask>) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let clock = FakeClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let organization_id = OrganizationId::new(clock.now());
        let mut connection = database.superuser().await.unwrap();
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
        let observer = Arc::new(VideoObserver(Arc::new(clock.clone())));
        let events = Events::new(next, observer, Arc::new(clock.clone()));
        let caller = Caller::service(organization_id);
        Self { db: database.open().await.unwrap(), clock, events, caller, database }
    }

    /// A pending video to work on.
    pub async fn video(&self) -> VideoId {
        let id = VideoId::new(self.clock.now());
        sqlx::query("INSERT INTO videos (organization_id, id, title) VALUES ($1, $2, 'Subject')")
            .bind(self.caller.organization_id.uuid())
            .bind(id.uuid())
            .execute(&mut self.database.superuser().await.unwrap())
            .await
            .unwrap();
        id
    }

    pub async fn begin(&self) -> TenantTx {
        self.db.tenant(&self.caller).await.unwrap()
    }

    pub async fn emit(&self, event: Event) {
        let mut tx = self.begin().await;
        self.events.emit(&mut tx, &event).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub fn worker(&self, registry: Registry, settings: WorkerSettings) -> Running {
        let stop = CancellationToken::new();
        let clock = Arc::new(self.clock.clone());
        let worker = Worker::new(self.db.clone(), self.events.clone(), clock, registry, settings);
        Running { stop: stop.clone(), handle: tokio::spawn(worker.run(stop)) }
    }

    pub async fn tasks(&self) -> Vec<TaskRow> {
        sqlx::query_as(
            "SELECT status, attempts, error_code, lease IS NOT NULL AS leased FROM tasks ORDER BY created_at, id",
        )
        .fetch_all(&mut self.database.superuser().await.unwrap())
        .await
        .unwrap()
    }

    pub async fn task_count(&self, status: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM tasks WHERE status = $1")
            .bind(status)
            .fetch_one(&mut self.database.superuser().await.unwrap())
            .await
            .unwrap()
    }

    /// Waits until so many tasks have the status.
    pub async fn until(&self, status: &str, count: i64) {
        for _ in 0..600 {
            if self.task_count(status).await == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{:?}", self.tasks().await);
    }

    pub async fn traces(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT said FROM traces ORDER BY ctid")
            .fetch_all(&mut self.database.superuser().await.unwrap())
            .await
            .unwrap()
    }

    pub async fn video_state(&self, id: VideoId) -> (String, Option<String>, Option<String>) {
        sqlx::query_as("SELECT status, error_code, error_message FROM videos WHERE id = $1")
            .bind(id.uuid())
            .fetch_one(&mut self.database.superuser().await.unwrap())
            .await
            .unwrap()
    }
}

pub struct Running {
    pub stop: CancellationToken,
    pub handle: JoinHandle<()>,
}

impl Running {
    pub async fn stopped(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.handle).await.expect("the worker stops").unwrap();
    }
}

pub fn brisk() -> WorkerSettings {
    WorkerSettings {
        lease: Duration::from_secs(40),
        heartbeat: Duration::from_millis(100),
        poll: Duration::from_millis(50),
        grace: Duration::from_millis(200),
        quick: Duration::from_millis(5),
    }
}

/// A worker that never renews its leases, like one whose machine hangs.
pub fn hanging() -> WorkerSettings {
    WorkerSettings { heartbeat: Duration::from_secs(3_600), ..brisk() }
}

#[derive(Serialize, Deserialize)]
pub struct Note {
    pub said: String,
}

pub fn note(kind: &'static str, video_id: VideoId, said: &str) -> NewTask {
    NewTask::new(kind, video_id, serde_json::json!({ "said": said }))
}

pub async fn trace(run: &TaskRun, tx: &mut TenantTx, said: &str) -> Result<(), TaskFailure> {
    sqlx::query("INSERT INTO traces VALUES ($1, $2, $3)")
        .bind(run.caller().organization_id.uuid())
        .bind(run.subject_id())
        .bind(said)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Queue {
    pub async fn crowd(&self, count: i32, said: &str) {
        sqlx::query(
            "INSERT INTO tasks (organization_id, kind, subject_id, payload, scheduled_for, created_at)
             SELECT $1, 'crowd', gen_random_uuid(), jsonb_build_object('said', $2::text), $3, $3 FROM generate_series(1, $4)",
        )
        .bind(self.caller.organization_id.uuid())
        .bind(said)
        .bind(self.clock.now())
        .bind(count)
        .execute(&mut self.database.superuser().await.unwrap())
        .await
        .unwrap();
    }
}
