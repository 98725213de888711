//! How often requests go to the database, and with how many statements. Each round trip is a wait for everybody who asks, and
//! what is read row by row shows here first.

use crate::{
    app::{Options, PUBLIC_URL, TestApp},
    client::{Client, Person, send},
    provider::Provider,
    search::video_of,
};
use memoreel_db::{DatabaseAccess, PoolSizes};
use memoreel_testkit::SECRET;
use serde_json::json;
use sqlx::{PgConnection, postgres::PgConnectOptions};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{UnixListener, UnixStream},
};

/// How long nothing is asked for before a request is taken for done: transactions end behind its answer.
const QUIET: Duration = Duration::from_millis(40);

/// Round trips (a simple query, or the Sync that ends what was sent together) and prepared statements carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    round_trips: usize,
    statements: usize,
}

/// Stands between the server and its database, and counts.
#[derive(Debug)]
pub struct Counted {
    folder: TempDir,
    round_trips: AtomicUsize,
    statements: AtomicUsize,
}

impl Counted {
    pub fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        Arc::new(Self { folder, round_trips: AtomicUsize::new(0), statements: AtomicUsize::new(0) })
    }

    /// The same database, by way of this; it goes on for as long as the runtime does.
    pub fn access(self: &Arc<Self>, access: &DatabaseAccess) -> DatabaseAccess {
        let behind = access.maintenance();
        let name = format!(".s.PGSQL.{}", behind.get_port());
        let database = socket_folder(&behind).join(&name);
        let listener = UnixListener::bind(self.folder.path().join(name)).unwrap();
        let counted = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&database).await.unwrap();
                tokio::spawn(Arc::clone(&counted).pass_on(client, server));
            }
        });
        DatabaseAccess::new(behind.socket(self.folder.path()), access.database(), SECRET)
    }

    /// What the client sends is read message by message (PostgreSQL documentation, "Message Formats"); only the first one has
    /// no byte for its type.
    async fn pass_on(self: Arc<Self>, client: UnixStream, server: UnixStream) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
        let mut is_first = true;
        loop {
            let mut message = Vec::new();
            if !is_first {
                let Ok(kind) = from_client.read_u8().await else { return };
                message.push(kind);
                match kind {
                    b'Q' | b'S' => self.round_trips.fetch_add(1, Ordering::SeqCst),
                    b'E' => self.statements.fetch_add(1, Ordering::SeqCst),
                    _ => 0,
                };
            }
            is_first = false;
            let Ok(length) = from_client.read_u32().await else { return };
            message.extend(length.to_be_bytes());
            let start = message.len();
            message.resize(start + length as usize - 4, 0);
            if from_client.read_exact(&mut message[start..]).await.is_err()
                || to_server.write_all(&message).await.is_err()
            {
                return;
            }
        }
    }

    fn so_far(&self) -> Asked {
        Asked {
            round_trips: self.round_trips.load(Ordering::SeqCst),
            statements: self.statements.load(Ordering::SeqCst),
        }
    }

    /// Once nothing is on its way any more.
    async fn settled(&self) -> Asked {
        loop {
            let before = self.so_far();
            tokio::time::sleep(QUIET).await;
            if self.so_far() == before {
                return before;
            }
        }
    }
}

fn socket_folder(options: &PgConnectOptions) -> PathBuf {
    options.get_socket().map_or_else(|| Path::new(options.get_host()).to_owned(), Clone::clone)
}

/// Reads: the path, round trips and statements, the look at the session among them. Nobody waits for those that end a
/// transaction and try a connection before it goes back into its pool: three of six, two of four.
const READS: [(&str, usize, usize); 18] = [
    ("/me", 4, 2),
    ("/videos", 6, 2),
    ("/videos?sort=title&status=completed", 6, 2),
    ("/videos/{id}", 7, 3),
    ("/videos/{id}/transcript", 7, 3),
    ("/videos/{id}/summary", 7, 3),
    ("/videos/{id}/key-frames", 6, 2),
    ("/videos/{id}/captions.vtt", 7, 3),
    ("/search?q=budget&mode=keyword", 6, 2),
    ("/search?q=budget&mode=semantic", 6, 2),
    ("/search?q=budget&mode=hybrid", 6, 2),
    ("/channels", 6, 2),
    ("/members", 6, 2),
    ("/invitations", 6, 2),
    ("/sessions", 6, 2),
    ("/api-keys", 6, 2),
    ("/audit-log", 6, 2),
    ("/me/preferences", 6, 2),
];

/// One connection each, on which everything has been prepared; the system's other two listen.
fn counting(counted: &Arc<Counted>) -> Options {
    let pool = PoolSizes { app: 1, system: 3 };
    Options { pool, counted: Some(Arc::clone(counted)), ..Options::default() }
}

/// What one request takes when it is not the first of its kind.
async fn asked_for(client: &Client, counted: &Counted, path: &str) -> (usize, usize) {
    for _ in 0..3 {
        client.get(path).await.is(200);
    }
    let before = counted.settled().await;
    client.get(path).await.is(200);
    let after = counted.settled().await;
    (after.round_trips - before.round_trips, after.statements - before.statements)
}

#[tokio::test]
async fn a_request_takes_as_many_round_trips_and_statements_as_are_listed() {
    let app = TestApp::start().await;
    app.work().await;
    let person = app.person("ada").await;
    let lines = [("Ada", "The budget of the harbour project was approved on Monday by the whole committee.")];
    let video = video_of(&app, &person, "Harbour", &lines).await;
    let counted = Counted::new();
    let app = app.restart_with(|options| *options = counting(&counted)).await;
    let person = app.signed_in(&person).await;
    let mut measured = Vec::new();
    for (path, _, _) in READS {
        let (round_trips, statements) =
            asked_for(&person.client, &counted, &path.replace("/videos/{id}", &video)).await;
        println!("{path:<40} {round_trips:>2} round trips, {statements} statements");
        measured.push((path, round_trips, statements));
    }
    assert_eq!(measured, READS);
}

#[tokio::test]
async fn a_search_by_meaning_asks_once_more_where_the_model_takes_pictures() {
    let counted = Counted::new();
    let embed = Provider::default().options(true).await.embed;
    let app = TestApp::with(Options { embed, ..counting(&counted) }).await;
    let person = app.person("ada").await;
    for (mode, expected) in [("keyword", (6, 2)), ("semantic", (7, 3)), ("hybrid", (7, 3))] {
        let path = format!("/search?q=budget&mode={mode}");
        assert_eq!(asked_for(&person.client, &counted, &path).await, expected, "{mode}");
    }
}

/// How many statements it takes until a file that is sent to its address is refused for its length.
async fn asked_for_sending(app: &TestApp, person: &Client, counted: &Counted, kind: &str) -> usize {
    let wanted = json!({ "kind": kind, "size_bytes": 9 });
    let made = person.post("/upload-addresses", &wanted).await.is(201).json();
    let address = made["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let sent = async || send(app.visitor().request("PUT", address).body("short")).await;
    for _ in 0..3 {
        sent().await.refuses(400, "upload_length_mismatch");
    }
    let before = counted.settled().await;
    sent().await.refuses(400, "upload_length_mismatch");
    counted.settled().await.statements - before.statements
}

#[tokio::test]
async fn the_limits_of_uploads_are_asked_for_of_recordings_alone_when_a_file_is_sent_to_its_address() {
    let counted = Counted::new();
    let app = TestApp::with(counting(&counted)).await;
    let person = app.person("ada").await;
    let mut asked = Vec::new();
    for kind in ["image", "document", "video"] {
        asked.push(asked_for_sending(&app, &person.client, &counted, kind).await);
    }
    assert_eq!(asked, [asked[0], asked[0], asked[0] + 1]);
}

#[tokio::test]
async fn a_list_takes_as_much_whatever_its_length() {
    let counted = Counted::new();
    let app = TestApp::with(counting(&counted)).await;
    let person = app.person("ada").await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        for number in 0..5 {
            let title = format!("Meeting {number}");
            person.client.post("/videos", &json!({ "title": title })).await.is(201);
        }
        asked.push(asked_for(&person.client, &counted, "/videos").await);
    }
    assert_eq!(asked[0], asked[1]);
}

/// How often an index was used, which the server counts some time after.
async fn uses(connection: &mut PgConnection, index: &str) -> i64 {
    sqlx::query_scalar("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1")
        .bind(index)
        .fetch_one(connection)
        .await
        .unwrap()
}

/// How often an index was used, and how many of its entries were looked at by that.
async fn looks(connection: &mut PgConnection, index: &str) -> (i64, i64) {
    sqlx::query_as("SELECT idx_scan, idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = $1")
        .bind(index)
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Asks for a page of twenty until it is seen that it was read by an index.
async fn is_listed_by(person: &Person, connection: &mut PgConnection, path: &str, index: &str) {
    let before = uses(connection, index).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let page = person.client.get(path).await.is(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), 20, "{path}");
        if uses(connection, index).await > before {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{path}: all are read");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test]
async fn a_page_of_files_takes_no_look_at_the_others() {
    let app = TestApp::start().await;
    let person = app.person("ada").await;
    let mut connection = app.superuser().await;
    let new = serde_json::json!({ "name": "Old ones" });
    let folder = person.client.post("/folders", &new).await.is(201).json()["id"].as_str().unwrap().to_owned();
    sqlx::query(
        "INSERT INTO assets (organization_id, filename, original_filename, byte_size, created_at, folder_id)
         SELECT $1::uuid, 'File ' || number, 'a', number, now() - number * interval '1 second', CASE WHEN number > 19900 THEN $2::uuid END
         FROM generate_series(1, 20000) AS number",
    )
    .bind(&person.organization_id)
    .bind(&folder)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE assets").execute(&mut connection).await.unwrap();
    let in_folder = format!("folder_id={folder}");
    // In a folder its files are sorted, which are few, or read in their order.
    for (sort, index) in [
        ("newest", "assets_newest"),
        ("oldest", "assets_newest"),
        ("filename", "assets_filename"),
        ("largest", "assets_largest"),
    ] {
        for (narrowed, index) in
            [("is_deleted=false", index), (in_folder.as_str(), "assets_folder"), ("folder_id=none", index)]
        {
            let path = format!("/assets?sort={sort}&{narrowed}");
            is_listed_by(&person, &mut connection, &path, index).await;
        }
    }
}

#[tokio::test]
async fn the_tasks_of_a_video_take_no_look_at_those_of_others() {
    let app = TestApp::start().await;
    let person = app.person("ada").await;
    let mut connection = app.superuser().await;
    let new = json!({ "title": "Harbour" });
    let video = person.client.post("/videos", &new).await.is(201).json()["id"].as_str().unwrap().to_owned();
    sqlx::query(
        "INSERT INTO tasks (organization_id, kind, subject_id, status, finished_at)
         SELECT $1::uuid, 'encode', CASE WHEN number % 1000 = 0 THEN $2::uuid ELSE gen_random_uuid() END, 'completed', now()
         FROM generate_series(1, 20000) AS number",
    )
    .bind(&person.organization_id)
    .bind(&video)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE tasks").execute(&mut connection).await.unwrap();
    let path = format!("/tasks?subject_id={video}&kind=encode");
    is_listed_by(&person, &mut connection, &path, "tasks_subject").await;
}

#[tokio::test]
async fn what_somebody_deletes_takes_no_look_at_what_others_deleted() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let mut connection = app.superuser().await;
    sqlx::query(
        "INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
         SELECT $1::uuid, 'organizations/' || $1 || '/contents/' || number, 'epoch', 'a backlog' FROM generate_series(1, 20000) AS number",
    )
    .bind(&bob.organization_id)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE blob_deletions").execute(&mut connection).await.unwrap();
    let index = "blob_deletions_due_of_organization";
    let before = uses(&mut connection, index).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while uses(&mut connection, index).await == before {
        assert!(tokio::time::Instant::now() < deadline, "everybody's backlog is looked through");
        let image: String = sqlx::query_scalar(
            "INSERT INTO assets (organization_id, filename, original_filename, byte_size, kind)
             VALUES ($1::uuid, 'a.png', 'a.png', 0, 'image') RETURNING id::text",
        )
        .bind(&ada.organization_id)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        ada.client.delete(&format!("/assets/{image}?permanently=true")).await.is(204);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test]
async fn a_page_of_videos_takes_no_look_at_the_others() {
    let app = TestApp::start().await;
    let person = app.person("ada").await;
    let mut connection = app.superuser().await;
    let new = json!({ "name": "Old ones" });
    let channel =
        person.client.post("/channels", &new).await.is(201).json()["id"].as_str().unwrap().to_owned();
    sqlx::query(
        "INSERT INTO videos (organization_id, title, visibility, created_at, channel_id)
         SELECT $1::uuid, 'Talk ' || number, 'organization', now() - number * interval '1 second',
             CASE WHEN number > 19900 THEN $2::uuid END
         FROM generate_series(1, 20000) AS number",
    )
    .bind(&person.organization_id)
    .bind(&channel)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE videos").execute(&mut connection).await.unwrap();
    for (parameters, index) in [
        (String::new(), "videos_newest"),
        ("sort=oldest".to_owned(), "videos_newest"),
        ("sort=title".to_owned(), "videos_title"),
        (format!("channel_id={channel}"), "videos_channel"),
        (format!("channel_id={channel}&sort=oldest"), "videos_channel"),
        (format!("channel_id={channel}&sort=title"), "videos_channel_title"),
    ] {
        is_listed_by(&person, &mut connection, &format!("/videos?{parameters}"), index).await;
    }

    // Nor at those before it. A cursor of any order names a video, and that of the oldest stands behind 11,000 by its title.
    let oldest = person.client.get("/videos?sort=oldest&limit=1").await.is(200).json();
    let path = format!("/videos?sort=title&cursor={}", oldest["next_cursor"].as_str().unwrap());
    let before = looks(&mut connection, "videos_title").await;
    is_listed_by(&person, &mut connection, &path, "videos_title").await;
    let after = looks(&mut connection, "videos_title").await;
    let (pages, entries) = (after.0 - before.0, after.1 - before.1);
    assert!(entries <= 100 * pages, "{entries} entries for {pages} pages");
}

#[tokio::test]
async fn a_page_of_the_audit_log_takes_no_look_at_the_others() {
    let app = TestApp::start().await;
    let person = app.person("ada").await;
    let mut connection = app.superuser().await;
    sqlx::query(
        "INSERT INTO audit_logs (organization_id, occurred_at, actor_id, actor_kind, action, target_kind, target_id, details, details_digest)
         SELECT $1::uuid, now() - number * interval '1 second', md5((number % 1000)::text)::uuid, 'session', 'video.updated', 'video',
             md5((number % 1000)::text)::uuid, '{}', ''
         FROM generate_series(1, 20000) AS number",
    )
    .bind(&person.organization_id)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE audit_logs").execute(&mut connection).await.unwrap();
    let id: String =
        sqlx::query_scalar("SELECT md5('7')::uuid::text").fetch_one(&mut connection).await.unwrap();
    is_listed_by(&person, &mut connection, "/audit-log", "audit_logs_newest").await;
    is_listed_by(&person, &mut connection, &format!("/audit-log?target_id={id}"), "audit_logs_target").await;
    is_listed_by(&person, &mut connection, &format!("/audit-log?actor_id={id}"), "audit_logs_actor").await;
}

#[tokio::test]
async fn a_page_of_what_an_endpoint_was_told_takes_no_look_at_what_others_were() {
    let app = TestApp::start().await;
    let person = app.person("ada").await;
    let mut connection = app.superuser().await;
    let endpoints: Vec<String> = sqlx::query_scalar(
        "INSERT INTO webhook_endpoints (organization_id, url, events)
         SELECT $1::uuid, 'https://example.com/' || number, '{video.added}' FROM generate_series(1, 2) AS number RETURNING id::text",
    )
    .bind(&person.organization_id)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO webhook_deliveries (organization_id, endpoint_id, event, payload, status, created_at, finished_at)
         SELECT $1::uuid, CASE WHEN number > 19900 THEN $2::uuid ELSE $3::uuid END, 'video.added', '{}', 'delivered',
             now() - number * interval '1 second', now()
         FROM generate_series(1, 20000) AS number",
    )
    .bind(&person.organization_id)
    .bind(&endpoints[0])
    .bind(&endpoints[1])
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE webhook_deliveries").execute(&mut connection).await.unwrap();
    let path = format!("/webhook-deliveries?endpoint_id={}", endpoints[0]);
    is_listed_by(&person, &mut connection, "/webhook-deliveries", "webhook_deliveries_newest").await;
    is_listed_by(&person, &mut connection, &path, "webhook_deliveries_endpoint").await;
}

#[tokio::test]
async fn a_page_of_members_takes_no_look_at_the_others() {
    let app = TestApp::start().await;
    let person = app.person("ada").await;
    let mut connection = app.superuser().await;
    sqlx::query(
        "WITH joined AS (
             INSERT INTO users (email, name) SELECT 'member-' || number || '@example.com', 'Member'
             FROM generate_series(1, 20000) AS number RETURNING id
         )
         INSERT INTO memberships (organization_id, user_id, role) SELECT $1::uuid, id, 'member' FROM joined",
    )
    .bind(&person.organization_id)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE users, memberships").execute(&mut connection).await.unwrap();
    is_listed_by(&person, &mut connection, "/members", "memberships_joined").await;
}
