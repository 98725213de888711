//! A server for one test: its own database and folders, the real router on a port of its own.

use crate::{
    client::{Client, Person},
    engines::{Lines, engines, libre_office},
    round_trips::Counted,
};
use ipnet::IpNet;
use memoreel_ai::Embed;
use memoreel_blob::{BlobStore, DEFAULT_STORE, Staging, StoreConfig, Stores};
use memoreel_db::{Db, PoolSizes};
use memoreel_kernel::{AssetId, Clock, FakeClock, Timestamp};
use memoreel_mail::{MailFolder, Mailer, SmtpSettings};
use memoreel_media::{Ffmpeg, Limits};
use memoreel_ocr::Ocr;
use memoreel_office::Office;
use memoreel_operations::{AddressPolicy, RequestLog};
use memoreel_outbound::{Outbound, OutboundSettings};
use memoreel_privacy::{Eraser, Journal};
use memoreel_search::PassageIndex;
use memoreel_server::{
    assemble::{self, Ingredients},
    engines::Engines,
    health, maintenance, router,
};
use memoreel_stores::Keeper;
use memoreel_tasks::{Registry, Worker, WorkerSettings};
use memoreel_testkit::{SECRET, TestDatabase};
use memoreel_web::{App, Documents, RateLimits, SignInSettings, behind_proxies};
use memoreel_webhooks::{DispatchSettings, Dispatcher};
use sqlx::PgConnection;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// A recording that comes with the repository.
pub fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where links lead.
pub const PUBLIC_URL: &str = "https://memoreel.example";

/// What outlives a restart.
struct Installation {
    database: TestDatabase,
    folder: TempDir,
}

/// What a test may choose.
#[derive(Clone)]
pub struct Options {
    pub rate_limit_factor: u32,
    /// Changes other limits.
    pub limits: fn(&mut RateLimits),
    pub lines: Lines,
    /// Small enough for many tests at once.
    pub pool: PoolSizes,
    /// Whether people reach it by https.
    pub is_https: bool,
    /// A mail server; without it mails are files.
    pub smtp: Option<SmtpSettings>,
    pub breached_passwords: Option<PathBuf>,
    pub sign_in: SignInSettings,
    /// Where webhooks may go.
    pub outbound: OutboundSettings,
    pub documents: Documents,
    /// Proxies whose word about who asks is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// What the clock says first; in the year of the tests if nothing else.
    pub begins_at: Option<Timestamp>,
    /// What counts the ways to the database.
    pub counted: Option<Arc<Counted>>,
    /// Whether requests are logged.
    pub logs_requests: bool,
    /// What lays out documents.
    pub office: Office,
    /// What looks for text in pictures; tesseract if nothing else.
    pub ocr: Option<Ocr>,
    /// Further stores, between which organizations can be moved, or the default one as well.
    pub stores: Option<BTreeMap<String, StoreConfig>>,
    /// What makes vectors; words make theirs if nothing else.
    pub embed: Option<Arc<dyn Embed>>,
}

impl Default for Options {
    fn default() -> Self {
        let lines = vec![
            (0, "The harbour project was approved on Monday by the whole committee."),
            (1, "Its budget is four million, which is less than we asked for."),
            (0, "Construction begins in spring after the bridge has been inspected."),
        ];
        let pool = PoolSizes { app: 6, system: 5 };
        Self {
            rate_limit_factor: 1_000,
            limits: |_| (),
            lines,
            pool,
            is_https: false,
            smtp: None,
            breached_passwords: None,
            sign_in: SignInSettings::default(),
            outbound: OutboundSettings::default(),
            documents: Documents::default(),
            trusted_proxies: Vec::new(),
            begins_at: None,
            counted: None,
            logs_requests: false,
            office: libre_office(),
            ocr: None,
            stores: None,
            embed: None,
        }
    }
}

/// A running server. It ends with this value, and its database and files with it.
pub struct TestApp {
    pub app: App,
    pub clock: FakeClock,
    pub base: String,
    options: Options,
    engines: Engines,
    stop: CancellationToken,
    _stop: DropGuard,
    _keeper: Option<Keeper>,
    installation: Arc<Installation>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = FakeClock::at(options.begins_at.unwrap_or(noon));
        Self::open(Arc::new(Installation { database, folder }), options, clock).await
    }

    /// Stops what works and serves; database and files stay.
    pub fn halt(&self) {
        self.stop.cancel();
    }

    /// Stops, and starts again over the same database and files.
    pub async fn restart(self) -> Self {
        self.stop.cancel();
        self.app.db.close().await;
        Self::open(Arc::clone(&self.installation), self.options.clone(), self.clock.clone()).await
    }

    /// The same with other options.
    pub async fn restart_with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self.restart().await
    }

    async fn open(installation: Arc<Installation>, options: Options, clock: FakeClock) -> Self {
        health::install_metrics();
        // Shown by the test runner when a test fails. Another test of the process may have been first.
        drop(tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init());
        let folder = installation.folder.path();
        let direct = installation.database.access();
        let access =
            options.counted.as_ref().map_or_else(|| direct.clone(), |counted| counted.access(direct));
        let db = Db::connect(&access, options.pool).await.unwrap();
        let (blobs, keeper) = match &options.stores {
            None => (BlobStore::disk(folder.join("blobs")).unwrap(), None),
            Some(further) => {
                let mut stores = further.clone();
                let disk = || StoreConfig::Disk(folder.join("blobs"));
                stores.entry(DEFAULT_STORE.to_owned()).or_insert_with(disk);
                let blobs = BlobStore::with_stores(Stores::new(stores).unwrap()).unwrap();
                let keeper = Keeper::start(&db, &blobs).await.unwrap();
                (blobs, Some(keeper))
            }
        };
        let mut limits = RateLimits::standard(options.rate_limit_factor);
        (options.limits)(&mut limits);
        let app = assemble::app(Ingredients {
            db,
            blobs,
            staging: Staging::new(folder.join("staging")).unwrap(),
            scratch: folder.join("scratch"),
            outbound: Outbound::new(options.outbound.clone()).unwrap(),
            secret: SECRET,
            former_secrets: Vec::new(),
            clock: Arc::new(clock.clone()),
            limits,
            secure_cookies: options.is_https,
            public_url: PUBLIC_URL.to_owned(),
            sends_mail: options.smtp.is_some(),
            breached_passwords: options.breached_passwords.clone(),
            sign_in: options.sign_in.clone(),
            documents: options.documents.clone(),
        });
        let mut engines = engines(options.lines.clone(), options.office.clone());
        if let Some(embed) = &options.embed {
            engines.embed = Arc::clone(embed);
        }
        if let Some(ocr) = &options.ocr {
            engines.ocr = ocr.clone();
        }
        let stop = CancellationToken::new();
        let receiver = assemble::receiver(Arc::clone(&app.clock));
        let mails = MailFolder::new(folder.join("mails"));
        let log = options.logs_requests.then(|| {
            let clock: Arc<dyn Clock> = Arc::new(clock.clone());
            let (log, writer) = RequestLog::new(app.db.clone(), clock, AddressPolicy::Truncated);
            tokio::spawn(writer.run(stop.clone()));
            log
        });
        let routes = router::router(app.clone(), &engines, receiver, Some(mails), log);
        let routes = behind_proxies(routes, &options.trusted_proxies);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(memoreel_web::serve(listener, routes, stop.clone()));
        tokio::spawn(app.live.clone().run(app.db.clone(), stop.clone()));
        tokio::spawn(maintenance::forget_erased(app.clone(), engines.passages.clone(), stop.clone()));
        listening(&installation.database).await;
        let guard = stop.clone().drop_guard();
        Self { app, clock, base, options, engines, stop, _stop: guard, _keeper: keeper, installation }
    }

    /// Runs a worker with every kind of task and the real ffmpeg until the server ends.
    pub async fn work(&self) {
        self.work_with(|registry| registry).await;
    }

    /// The same with handlers that a test changes.
    pub async fn work_with(&self, changed: impl FnOnce(Registry) -> Registry) {
        let ffmpeg = Ffmpeg::locate(Limits::default()).await.unwrap();
        let mailer = match &self.options.smtp {
            Some(smtp) => Mailer::smtp(smtp),
            None => Mailer::folder(self.mails()),
        };
        let registry = assemble::registry(&self.app, &self.engines, ffmpeg, mailer.unwrap());
        let settings = WorkerSettings { poll: Duration::from_millis(250), ..WorkerSettings::default() };
        let worker = Worker::new(
            self.app.db.clone(),
            self.app.events.clone(),
            Arc::clone(&self.app.clock),
            changed(registry),
            settings,
        );
        tokio::spawn(worker.run(self.stop.clone()));
    }

    /// Sends webhooks until the server ends.
    pub fn deliver(&self) {
        self.deliver_with(DispatchSettings {
            poll: Duration::from_millis(100),
            ..DispatchSettings::default()
        });
    }

    pub fn deliver_with(&self, settings: DispatchSettings) {
        tokio::spawn(Dispatcher::new(self.app.clone(), settings).run(self.stop.clone()));
    }

    /// What removes people and organizations.
    pub fn eraser(&self) -> Eraser {
        let journal = Journal::new(self.folder().join("erasures.jsonl"));
        Eraser::new(self.app.clone(), Some(self.mails()), journal)
    }

    /// What is done every hour.
    pub async fn sweep(&self) {
        assert_eq!(self.sweep_steps().await, Vec::<&str>::new());
    }

    /// The same; the steps that failed.
    pub async fn sweep_steps(&self) -> Vec<&'static str> {
        maintenance::sweep(&self.app, &self.eraser(), 30).await
    }

    /// The passages that are in memory.
    pub fn passages(&self) -> &PassageIndex {
        &self.engines.passages
    }

    /// Data of this installation.
    pub fn folder(&self) -> PathBuf {
        self.installation.folder.path().to_owned()
    }

    /// Mails that were kept as files.
    pub fn mails(&self) -> MailFolder {
        MailFolder::new(self.folder().join("mails"))
    }

    pub fn db(&self) -> &Db {
        &self.app.db
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A connection that row-level security does not bind.
    pub async fn superuser(&self) -> PgConnection {
        self.installation.database.superuser().await.unwrap()
    }

    /// A browser that nobody is signed in with.
    pub fn visitor(&self) -> Client {
        Client::new(&self.base)
    }

    /// Signs `name` up.
    pub async fn person(&self, name: &str) -> Person {
        let client = self.visitor();
        let email = format!("{name}@example.com");
        let account =
            serde_json::json!({ "email": email, "name": name, "password": crate::client::PASSWORD });
        let me = client.post("/users", &account).await.is(201).json();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        Person {
            user_id: text(&me["user"]["id"]),
            organization_id: text(&me["organization"]["id"]),
            email,
            client,
        }
    }

    /// The same person with a new session, as after a restart.
    pub async fn signed_in(&self, person: &Person) -> Person {
        let client = self.visitor();
        let credentials = serde_json::json!({ "email": person.email, "password": crate::client::PASSWORD });
        client.post("/sessions", &credentials).await.is(201);
        Person { client, ..person.clone() }
    }

    /// Somebody new who also belongs to the organization of `person`.
    pub async fn colleague(&self, person: &Person, name: &str, role: &str) -> Person {
        let colleague = self.person(name).await;
        self.add_member(&person.organization_id, &colleague, role).await;
        colleague
    }

    /// Makes `person` a member of an organization, straight in the database.
    pub async fn add_member(&self, organization_id: &str, person: &Person, role: &str) {
        sqlx::query(
            "INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(organization_id.parse::<Uuid>().unwrap())
        .bind(person.user_id.parse::<Uuid>().unwrap())
        .bind(role)
        .bind(self.now())
        .execute(&mut self.superuser().await)
        .await
        .unwrap();
    }

    /// A finished video without a file, put straight into the database.
    pub async fn insert_video(&self, author: &Person, title: &str) -> Uuid {
        let id = memoreel_kernel::VideoId::new(self.now()).uuid();
        sqlx::query(
            "INSERT INTO videos (organization_id, id, author_id, title, status, created_at, updated_at)
             VALUES ($1::uuid, $2, $3::uuid, $4, 'completed', $5, $5)",
        )
        .bind(author.organization_id.parse::<Uuid>().unwrap())
        .bind(id)
        .bind(author.user_id.parse::<Uuid>().unwrap())
        .bind(title)
        .bind(self.now())
        .execute(&mut self.superuser().await)
        .await
        .unwrap();
        id
    }

    /// An asset without a file, put straight into the database: what lies in its folder can be had.
    pub async fn insert_asset(&self, organization_id: &str, id: AssetId) {
        sqlx::query(
            "INSERT INTO assets (organization_id, id, filename, original_filename, byte_size)
             VALUES ($1::uuid, $2, 'test', 'test', 0)",
        )
        .bind(organization_id)
        .bind(id.uuid())
        .execute(&mut self.superuser().await)
        .await
        .unwrap();
    }

    /// Waits until no task waits or runs.
    pub async fn idle(&self) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        let mut connection = self.superuser().await;
        loop {
            let open: Vec<String> = sqlx::query_scalar(
                "SELECT kind || ' ' || coalesce(error_message, status) FROM tasks WHERE status IN ('pending', 'running')",
            )
            .fetch_all(&mut connection)
            .await
            .unwrap();
            if open.is_empty() {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "still open: {open:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until nothing of the video is left to do, and returns it.
    pub async fn settled(&self, client: &Client, video_id: &str) -> serde_json::Value {
        let is_settled =
            |video: &serde_json::Value| matches!(video["status"].as_str(), Some("completed" | "failed"));
        self.until(client, video_id, is_settled).await
    }

    /// The video once it is as wanted.
    pub async fn until(
        &self,
        client: &Client,
        video_id: &str,
        is_wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let video = client.get(&format!("/videos/{video_id}")).await.is(200).json();
            if is_wanted(&video) {
                return video;
            }
            assert!(tokio::time::Instant::now() < deadline, "not so in time: {video:#}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Waits until live events are heard. Before that a connection is on its way, which would hold up the end of a short test.
async fn listening(database: &TestDatabase) {
    let mut connection = database.superuser().await.unwrap();
    for _ in 0..500 {
        let heard: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%')",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        if heard {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody listens for live events");
}
