//! A stage for the tests: one database, two organizations, the three slices' routes and a worker.

use crate::engines::{Directions, Listener};
use axum::{Extension, Router, body::Body, body::to_bytes};
use http::{Request, StatusCode};
use memoreel_ai::{Embed, Generate};
use memoreel_blob::{BlobKey, BlobStore, Staging, UrlSigner};
use memoreel_db::{Db, TenantTx};
use memoreel_insights::{Summarise, SummarisePayload};
use memoreel_kernel::{Actor, ApiKeyId, AssetId, Caller, Clock, Event, Role, SystemClock, UserId, VideoId};
use memoreel_search::{Index, IndexPayload, PassageIndex};
use memoreel_tasks::{Events, Handle, NewTask, Registry, SubjectObserver, Worker, WorkerSettings};
use memoreel_testkit::TestDatabase;
use memoreel_transcripts::{Transcribe, TranscribePayload};
use memoreel_web::{App, AppParts, Documents, LiveHub, RateLimits, Secrets};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

/// Longer than all steps of a video take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub app: App,
    pub ana: Caller,
    /// Of Ana's organization.
    pub ben: Caller,
    /// Of another organization.
    pub eve: Caller,
    admin: PgConnection,
    _folder: tempfile::TempDir,
    _database: TestDatabase,
}

struct Nobody;

#[async_trait::async_trait]
impl SubjectObserver for Nobody {
    async fn advanced(&self, _: &mut TenantTx, _: Uuid) -> Result<(), sqlx::Error> {
        Ok(())
    }

    async fn settled(
        &self,
        _: &mut TenantTx,
        _: Uuid,
        _: Option<(String, String)>,
    ) -> Result<Option<Event>, sqlx::Error> {
        Ok(None)
    }
}

fn next_tasks(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::SpeechAudioReady { video_id, asset_id } => {
            vec![NewTask::new(Transcribe::KIND, video_id, json!(TranscribePayload { video_id, asset_id }))]
        }
        Event::TranscriptReady { video_id } => vec![
            NewTask::new(Index::KIND, video_id, json!(IndexPayload { video_id })),
            NewTask::new(Summarise::KIND, video_id, json!(SummarisePayload { video_id })),
        ],
        _ => Vec::new(),
    }
}

fn caller(organization: u128, user: u128) -> Caller {
    Caller {
        organization_id: Uuid::from_u128(organization).into(),
        user_id: Some(Uuid::from_u128(user).into()),
        role: Some(Role::Member),
        actor: Actor::ApiKey(ApiKeyId::new(SystemClock.now())),
    }
}

impl Stage {
    pub async fn new() -> Self {
        let database = TestDatabase::create().await.expect("a database");
        let db: Db = database.open().await.expect("pools");
        let mut admin = database.superuser().await.expect("a superuser");
        let (ana, ben, eve) = (caller(1, 11), caller(1, 12), caller(2, 21));
        for (organization, users) in [(1_u128, vec![11_u128, 12]), (2, vec![21])] {
            sqlx::query("INSERT INTO organizations (id, name, slug) VALUES ($1, 'Org', $2)")
                .bind(Uuid::from_u128(organization))
                .bind(format!("org-{organization}"))
                .execute(&mut admin)
                .await
                .expect("organization");
            for user in users {
                sqlx::query("INSERT INTO users (id, email) VALUES ($1, $2)")
                    .bind(Uuid::from_u128(user))
                    .bind(format!("{user}@example.org"))
                    .execute(&mut admin)
                    .await
                    .expect("user");
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let app = App::new(AppParts {
            db,
            blobs: BlobStore::disk(folder.path().join("blobs")).expect("a store"),
            staging: Staging::new(folder.path().join("staging")).expect("staging"),
            scratch: folder.path().join("scratch"),
            outbound: memoreel_outbound::Outbound::new(memoreel_outbound::OutboundSettings::default())
                .expect("a client"),
            signer: UrlSigner::new([1; 32]),
            secrets: Secrets::new([1; 32], &[]),
            events: Events::new(next_tasks, Arc::new(Nobody), Arc::clone(&clock)),
            clock,
            live: LiveHub::default(),
            limits: RateLimits::standard(100),
            secure_cookies: false,
            public_url: "http://localhost".to_owned(),
            sends_mail: false,
            breached_passwords: None,
            sign_in: memoreel_web::SignInSettings::default(),
            documents: Documents::default(),
        });
        Self { app, ana, ben, eve, admin, _folder: folder, _database: database }
    }

    /// A statement behind the back of row-level security.
    pub async fn sql(&mut self, statement: &'static str, video_id: VideoId) {
        sqlx::query(statement).bind(video_id.uuid()).execute(&mut self.admin).await.expect("statement");
    }

    /// How many rows a statement about a video counts.
    pub async fn count(&mut self, statement: &'static str, video_id: VideoId) -> i64 {
        sqlx::query_scalar(statement).bind(video_id.uuid()).fetch_one(&mut self.admin).await.expect("count")
    }

    /// A video with sound that was prepared for listening.
    pub async fn video(&mut self, owner: &Caller, title: &str) -> (VideoId, AssetId) {
        let now = self.app.clock.now();
        let (video_id, asset_id) = (VideoId::new(now), AssetId::new(now));
        let key: BlobKey = format!("speech/{asset_id}.wav").parse().expect("a key");
        let mut sound = memoreel_ai::wav::header(1, 320).to_vec();
        sound.extend([0; 320]);
        self.app.blobs.put_bytes(&key, sound).await.expect("stored");
        let statements = [
            "INSERT INTO assets (organization_id, id, filename, original_filename, byte_size, duration_seconds) VALUES ($1, $3, 'f', 'f', 1, 60)",
            "INSERT INTO renditions (organization_id, asset_id, kind, name, blob_key, content_type, byte_size)
             VALUES ($1, $3, 'speech_audio', 'speech-audio', 'speech/' || $3::uuid || '.wav', 'audio/wav', 364)",
            "INSERT INTO videos (organization_id, id, asset_id, author_id, title, status) VALUES ($1, $2, $3, $4, $5, 'processing')",
        ];
        for statement in statements {
            let statement = format!(
                "WITH given AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text) {statement}"
            );
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .bind(owner.organization_id.uuid())
                .bind(video_id.uuid())
                .bind(asset_id.uuid())
                .bind(owner.user_id.map(UserId::uuid))
                .bind(title)
                .execute(&mut self.admin)
                .await
                .expect("inserted");
        }
        (video_id, asset_id)
    }

    /// A video in which this is said, with everything that follows from it.
    pub async fn spoken(&mut self, owner: &Caller, title: &str, lines: &[(u32, &'static str)]) -> VideoId {
        let (video_id, asset_id) = self.video(owner, title).await;
        self.emit(owner, Event::SpeechAudioReady { video_id, asset_id }).await;
        self.work(Listener(Ok(lines.to_vec())), None).await;
        let undone = "SELECT count(*) FROM tasks WHERE subject_id = $1 AND status <> 'completed'";
        assert_eq!(
            self.count(undone, video_id).await,
            0,
            "what follows from it failed, or is to be tried again later"
        );
        video_id
    }

    pub async fn emit(&self, caller: &Caller, event: Event) {
        let mut tx =
            self.app.db.tenant(&Caller::service(caller.organization_id)).await.expect("a transaction");
        self.app.events.emit(&mut tx, &event).await.expect("emitted");
        tx.commit().await.expect("committed");
    }

    /// Works until the queue is empty.
    pub async fn work(&mut self, listener: Listener, generate: Option<Arc<dyn Generate>>) {
        let embed: Arc<dyn Embed> = Arc::new(Directions);
        let registry = Registry::default()
            .with(Transcribe::new(self.app.clone(), Arc::new(listener)))
            .with(Index::new(self.app.clone(), Arc::clone(&embed)))
            .with(Summarise::new(embed, generate));
        let settings = WorkerSettings { poll: Duration::from_millis(20), ..WorkerSettings::default() };
        let worker = Worker::new(
            self.app.db.clone(),
            self.app.events.clone(),
            Arc::clone(&self.app.clock),
            registry,
            settings,
        );
        let stop = CancellationToken::new();
        let working = tokio::spawn(worker.run(stop.clone()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left: i64 = sqlx::query_scalar("SELECT count(*) FROM tasks WHERE status = 'running' OR (status = 'pending' AND scheduled_for <= now())")
                .fetch_one(&mut self.admin)
                .await
                .expect("count");
            if left == 0 {
                break;
            }
            // Whoever went on would look for what is not there yet.
            assert!(Instant::now() < deadline, "{left} tasks are left after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
        working.await.expect("the worker ends");
    }

    pub async fn request(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, String) {
        let (router, _): (Router<App>, _) = OpenApiRouter::new()
            .merge(memoreel_transcripts::router())
            .merge(memoreel_search::router(Arc::new(Directions), PassageIndex::new(0)))
            .merge(memoreel_insights::router())
            .split_for_parts();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(body.into())
            .expect("a request");
        let router = router.with_state(self.app.clone()).layer(Extension(*caller));
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 24).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Value {
        let (status, body) = self.request(caller, "GET", path, Body::empty()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// `title@second` of each hit.
    pub async fn search(&self, caller: &Caller, parameters: &str) -> Vec<String> {
        let found = self.get(caller, &format!("/search?{parameters}")).await;
        let hits = found["items"].as_array().expect("a list").clone();
        hits.iter()
            .map(|hit| {
                let second = hit["start_ms"].as_i64().unwrap_or(-1_000) / 1_000;
                format!("{}@{second}", hit["video_title"].as_str().unwrap_or_default())
            })
            .collect()
    }
}
