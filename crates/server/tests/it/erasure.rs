//! Erasing people and organizations: nothing of them is left anywhere, and nothing of others is touched.

pub mod killed;
pub mod marks;
pub mod named;
mod received;
mod restored;
mod sounds;
mod taken_back;
mod twice;

use crate::{
    app::{Options, TestApp, sample},
    client::{Person, metadata, send},
    isolation::{rows_of, things_of},
    organizations::new_organization,
};
use chrono::TimeDelta;
use marks::{MARK, Owner};
use memoreel_kernel::{OrganizationId, UserId};
use memoreel_privacy::{AskedBy, PrivacyError, Subject};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use uuid::Uuid;

fn uuid(text: &str) -> Uuid {
    text.parse().unwrap()
}

/// Somebody whose name and address are the mark, with something of every kind, in two organizations.
struct World {
    app: TestApp,
    marked: Person,
    bob: Person,
    /// Bob's, where the marked one is a member.
    shared_id: String,
    /// The marked one's, there.
    private_video: String,
    shared_video: String,
    carol: Person,
}

async fn upload_to(person: &Person, organization_id: &str, filename: &str) -> String {
    // Of its own, because one content is stored once.
    let mut bytes = sample("two-voices.wav");
    bytes.extend(filename.as_bytes());
    let request = person
        .tus("POST", "/uploads")
        .header("memoreel-organization", organization_id)
        .header("upload-length", bytes.len())
        .header("upload-metadata", metadata(&[("filename", filename)]))
        .header("content-type", "application/offset+octet-stream")
        .body(bytes);
    send(request).await.is(201).header("memoreel-video-id").to_owned()
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

impl World {
    async fn make() -> Self {
        Self::make_with(Options::default()).await
    }

    async fn make_with(options: Options) -> Self {
        let app = TestApp::with(options).await;
        app.work().await;
        let marked = app.person(MARK).await;
        let (bob, carol) = (app.person("bob").await, app.person("carol").await);
        let shared_id = new_organization(&bob, "Harbour").await;
        // Invited, and so in an answer that is kept for repeated requests and in the log.
        let invited = json!({ "email": marked.email.to_uppercase(), "role": "member" });
        let invitation = bob
            .request("POST", "/invitations")
            .header("memoreel-organization", &shared_id)
            .header("idempotency-key", "once")
            .json(&invited);
        let invitation = send(invitation).await.is(201).json();
        let (_, token) = invitation["link"].as_str().unwrap().split_once('#').unwrap();
        marked.post("/invitations/accept", &json!({ "token": token })).await.is(200);
        let private_video = upload_to(&marked, &shared_id, "zqmark7391x alone.wav").await;
        let shared_video = upload_to(&marked, &shared_id, "Minutes.wav").await;
        upload_to(&bob, &shared_id, "Bob's.wav").await;
        let his = carol.upload("Carol's.wav", sample("two-voices.wav")).await;
        app.settled(&carol, &his).await;
        app.idle().await;
        let path = format!("/videos/{private_video}");
        marked
            .ask(&shared_id, "PATCH", &path, json!({ "visibility": "private", "title": MARK }))
            .await
            .is(200);
        things_of(&app, &marked, "zqmark7391x.mp3").await;
        Self { app, marked, bob, shared_id, private_video, shared_video, carol }.with_an_account().await
    }

    /// What the account itself has.
    async fn with_an_account(self) -> Self {
        let Self { app, marked, shared_id, shared_video, private_video, .. } = &self;
        let keyed = marked
            .request("POST", "/channels")
            .header("idempotency-key", MARK)
            .json(&json!({ "name": MARK }));
        send(keyed).await.is(201);
        marked.patch("/me/preferences", &json!({ "theme": "dark" })).await.is(200);
        let consent = json!({ "document": "marketing", "version": "1", "is_given": true });
        let consent = marked.request("POST", "/me/consents").header("user-agent", MARK).json(&consent);
        send(consent).await.is(200);
        let change = json!({ "email": format!("{MARK}@example.org"), "password": crate::client::PASSWORD });
        let changed = marked.put("/me/email", &change).await;
        assert!((200..300).contains(&changed.status), "{}", changed.text());
        marked.post("/me/totp", &json!({})).await.is(201);
        let upload = marked
            .tus("POST", "/uploads")
            .header("memoreel-organization", shared_id)
            .header("upload-length", 100)
            .header("upload-metadata", metadata(&[("filename", "half.mp4")]))
            .header("content-type", "application/offset+octet-stream")
            .body(MARK);
        send(upload).await.is(201);
        app.idle().await;
        // What takes more than a test can do, or is not done in the product yet.
        let (user_id, organization_id) = (&marked.user_id, &marked.organization_id);
        let mut connection = app.superuser().await;
        run(
            &mut connection,
            format!(
                "INSERT INTO user_recovery_codes (user_id, code_hash) VALUES ('{user_id}', sha256('code'));
                 INSERT INTO user_passkeys (user_id, credential_id, credential, name, backed_up)
                     VALUES ('{user_id}', 'id', '{{}}', 'Laptop', false);
                 INSERT INTO passkey_ceremonies (token_hash, purpose, user_id, state, expires_at)
                     VALUES (sha256('token'), 'register', '{user_id}', '{{}}', now() + interval '1 year');
                 INSERT INTO user_identities (user_id, provider, subject, email) VALUES ('{user_id}', 'harbour', 'a', 'a@example.com');
                 INSERT INTO organization_domains (organization_id, domain, verification_token)
                     VALUES ('{organization_id}', 'example.com', 'token');
                 INSERT INTO user_preferences (user_id) VALUES ('{user_id}') ON CONFLICT DO NOTHING;
                 INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason) VALUES ('{organization_id}', 'old', now(), 'old');
                 INSERT INTO request_logs (organization_id, user_id, request_id, method, route, path, status_code, user_agent)
                     VALUES ('{organization_id}', '{user_id}', 'a', 'GET', '/x', '/x', 200, 'a');
                 UPDATE assets SET filename = '{MARK}' WHERE id = (SELECT asset_id FROM videos WHERE id = '{private_video}');
                 UPDATE videos SET status = 'failed', error_code = '{MARK}', error_message = '{MARK}'
                     WHERE organization_id = '{organization_id}';
                 UPDATE chunks SET speakers = array_replace(speakers, (SELECT min(label) FROM speakers WHERE video_id = '{shared_video}'), '{MARK}')
                     WHERE video_id = '{shared_video}';
                 UPDATE speakers SET user_id = '{user_id}', name = '{MARK}', label = '{MARK}' WHERE video_id = '{shared_video}'
                     AND label = (SELECT min(label) FROM speakers WHERE video_id = '{shared_video}');"
            ),
        )
        .await;
        self
    }

    fn owner(&self) -> Owner {
        Owner {
            organization_id: uuid(&self.marked.organization_id),
            user_id: Some(uuid(&self.marked.user_id)),
        }
    }

    /// Puts the mark everywhere; returns how many files in the blob store hold it, and their bytes.
    async fn mark(&self) -> (u64, u64) {
        let mut connection = self.app.superuser().await;
        let assets: Vec<Uuid> =
            sqlx::query_scalar("SELECT asset_id FROM videos WHERE id = $1 AND asset_id IS NOT NULL")
                .bind(uuid(&self.private_video))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        assert_eq!(assets.len(), 1);
        // So that entries of the log have places in their chains.
        memoreel_audit::seal(self.app.db()).await.unwrap();
        marks::mark_rows(&mut connection, &self.owner()).await;
        let blobs = self.blobs();
        let contents: Vec<String> = sqlx::query_scalar(
            "SELECT b.blob_key FROM blobs b JOIN assets a ON a.organization_id = b.organization_id AND a.blob_id = b.id WHERE a.id = ANY($1)",
        )
        .bind(&assets)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(contents.len(), 1);
        let own = marks::mark_files(&blobs.join(&self.marked.organization_id));
        let private =
            marks::mark_files(&blobs.join(&self.shared_id).join("assets").join(assets[0].to_string()));
        let content = self.app.folder().join("blobs/blobs").join(&contents[0]);
        let content = marks::mark_files(content.parent().unwrap());
        let private = (private.0 + content.0, private.1 + content.1);
        assert!(own.0 > 5 && private.0 > 3, "{own:?} {private:?}");
        // In the blob store, in the staging folder and among the mails.
        let marked = marks::marked_files(&self.app.folder());
        for folder in ["blobs", "staging", "mails"] {
            let folder = self.app.folder().join(folder);
            assert!(marked.iter().any(|path| path.starts_with(&folder)), "{} {marked:?}", folder.display());
        }
        (own.0 + private.0, own.1 + private.1)
    }

    fn blobs(&self) -> PathBuf {
        self.app.folder().join("blobs/blobs/organizations")
    }

    async fn close(&self) {
        let wish = json!({ "email": self.marked.email, "password": crate::client::PASSWORD });
        self.marked.post("/me/erasure", &wish).await.is(200);
        // Which is counted.
        let wrong = json!({ "email": self.marked.email, "password": "not the password" });
        self.app.visitor().post("/sessions", &wrong).await.is(401);
    }

    async fn nothing_is_left(&self) {
        let mut connection = self.app.superuser().await;
        let lines = marks::marked_lines(&mut connection).await;
        assert!(lines.is_empty(), "{} lines of the dump:\n{}", lines.len(), lines.join("\n"));
        let files = marks::marked_files(&self.app.folder());
        assert!(files.is_empty(), "{files:?}");
    }
}

/// What belongs to others: the rows of an organization, and everybody's rows outside of organizations, line by line.
async fn others(connection: &mut PgConnection, without: &Person) -> BTreeMap<String, BTreeSet<String>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT EXISTS (
             SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped)",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    // What was erased, counts of accounts, of which only hers go, and processes of the program.
    let changing = ["erasures", "sign_in_attempts", "store_processes"];
    for table in tables.iter().filter(|table| !changing.contains(&table.as_str())) {
        let query = format!("SELECT t::text FROM {table} t");
        let lines: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut *connection).await.unwrap();
        let foreign =
            |line: &String| !line.contains(&without.user_id) && !line.contains(&without.organization_id);
        rows.insert(table.clone(), lines.into_iter().filter(foreign).collect());
    }
    rows
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    marks::files(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[tokio::test]
async fn of_a_person_who_was_erased_nothing_is_left_and_of_others_nothing_is_changed() {
    let world = World::make().await;
    let World { app, marked, bob, shared_id, shared_video, private_video, carol } = &world;
    world.close().await;
    let (blob_count, blob_bytes) = world.mark().await;
    let own = world.blobs().join(&marked.organization_id);
    let mut exports = contents(&own.join("exports"));
    exports.extend(contents(&own.join("organization-exports")));
    let export_bytes: u64 = exports.values().map(|content| content.len() as u64).sum();
    assert_eq!(exports.len(), 2);
    let mut connection = app.superuser().await;
    assert_eq!(marks::stale_excuses(&mut connection).await, Vec::<String>::new());
    let before_carol = rows_of(&mut connection, &carol.organization_id).await;
    let before_bob = rows_of(&mut connection, &bob.organization_id).await;
    let before_shared = rows_of(&mut connection, shared_id).await;
    let before_others = others(&mut connection, marked).await;
    let carols_files = contents(&world.blobs().join(&carol.organization_id));
    assert!(carols_files.len() > 3);
    let shared_files = marks::files(&world.blobs().join(shared_id));
    assert!(!marks::marked_lines(&mut connection).await.is_empty());

    // Until the time to take it back is over, everything is there.
    app.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    app.eraser().sweep().await.unwrap();
    assert!(!marks::marked_files(&world.blobs()).is_empty());
    app.clock.advance(TimeDelta::seconds(1));
    app.eraser().sweep().await.unwrap();

    world.nothing_is_left().await;
    let erasures = app.eraser().erasures().await.unwrap();
    let erasure = &erasures[0];
    assert_eq!((erasures.len(), erasure.subject_id), (1, uuid(&marked.user_id)));
    assert!(erasure.finished_at.is_some());
    let report = erasure.report.as_ref().unwrap();
    // All but the exports, whose week was over as well.
    assert_eq!((report.blobs.count + 2, report.blobs.bytes + export_bytes), (blob_count, blob_bytes));
    assert!(report.mails.count >= 2 && report.uploads.count == 2, "{report:?}");
    let removed: BTreeSet<&str> = report.rows.removed.keys().map(String::as_str).collect();
    for table in [
        "api_keys",
        "assets",
        "chunk_embeddings",
        "chunks",
        "consents",
        "email_tokens",
        "idempotency_keys",
        "memberships",
        "organization_invitations",
        "organizations",
        "outbox",
        "renditions",
        "sessions",
        "sign_in_attempts",
        "speakers",
        "tasks",
        "transcript_segments",
        "transcripts",
        "uploads",
        "user_extensions",
        "user_preferences",
        "user_recovery_codes",
        "user_totp",
        "users",
        "video_summaries",
        "videos",
    ] {
        assert!(removed.contains(table), "{table} is not in the report: {removed:?}");
    }
    assert_eq!(report.rows.removed["users"], 1);
    assert_eq!(report.rows.cleared["videos"], 1);
    assert!(report.rows.cleared["audit_logs"] > 0 && report.rows.cleared["speakers"] > 0, "{report:?}");
    assert!(report.kept.len() >= 3, "{report:?}");
    let journal = app.eraser().journal().entries().await.unwrap();
    assert_eq!((journal.len(), journal[0].subject_id), (1, uuid(&marked.user_id)));

    // Others.
    assert_eq!(before_carol, rows_of(&mut connection, &carol.organization_id).await);
    assert_eq!(carols_files, contents(&world.blobs().join(&carol.organization_id)));
    // Sessions are as they were: nobody asked for anything meanwhile.
    assert_eq!(before_others, others(&mut connection, marked).await);
    let after_bob = rows_of(&mut connection, &bob.organization_id).await;
    assert_eq!(before_bob, after_bob);
    // What was shared stays with the organization, without who added it.
    let after_shared = rows_of(&mut connection, shared_id).await;
    let changed: BTreeSet<&str> = before_shared
        .iter()
        .filter(|(table, rows)| after_shared[*table] != **rows)
        .map(|(table, _)| table.as_str())
        .collect();
    let may_change: BTreeSet<&str> = [
        "api_keys",
        "assets",
        "audit_logs",
        "blob_deletions",
        "blobs",
        "chunk_embeddings",
        "chunks",
        "idempotency_keys",
        "memberships",
        "organization_chunk_counts",
        "organization_invitations",
        "outbox",
        "renditions",
        "speakers",
        "tasks",
        "transcript_segments",
        "transcripts",
        "uploads",
        "video_summaries",
        "videos",
    ]
    .into();
    assert!(changed.is_subset(&may_change), "{changed:?}");
    let about_her = [marked.user_id.as_str(), private_video.as_str(), MARK];
    for table in ["memberships", "transcripts", "transcript_segments", "uploads"] {
        let lines = |rows: &BTreeMap<String, String>| -> BTreeSet<String> {
            rows[table].lines().map(str::to_owned).collect()
        };
        let (before, after) = (lines(&before_shared), lines(&after_shared));
        assert!(after.is_subset(&before), "{table}: {after:?}");
        for gone in before.difference(&after) {
            assert!(about_her.iter().any(|word| gone.contains(word)), "{table}: {gone}");
        }
    }
    let bob = app.signed_in(bob).await;
    let shown =
        bob.ask(shared_id, "GET", &format!("/videos/{shared_video}"), Value::Null).await.is(200).json();
    assert_eq!((&shown["title"], &shown["status"]), (&json!("Minutes"), &json!("completed")), "{shown:#}");
    assert!(!shown.to_string().contains(&marked.user_id));
    bob.ask(shared_id, "GET", &format!("/videos/{private_video}"), Value::Null).await.is(404);
    let left = marks::files(&world.blobs().join(shared_id));
    assert!(left.len() < shared_files.len() && left.len() > 6, "{} {}", left.len(), shared_files.len());
    // The chain of the log is whole.
    memoreel_audit::seal(app.db()).await.unwrap();
    let chains = memoreel_audit::verify(app.db(), None).await.unwrap();
    assert!(chains.iter().all(|chain| chain.broken_seq.is_none()), "{chains:?}");
    assert!(chains.iter().any(|chain| chain.slug == "harbour" && chain.erased > 0), "{chains:?}");
    // And the address is free.
    app.person(MARK).await;
}

#[tokio::test]
async fn an_erasure_that_is_killed_at_any_moment_ends_complete() {
    let world = World::make().await;
    let World { app, marked, .. } = &world;
    world.close().await;
    let (blob_count, blob_bytes) = world.mark().await;
    app.clock.advance(TimeDelta::days(7));
    let subject = Subject::Person(UserId(uuid(&marked.user_id)));
    let (mut interrupted, mut patience) = (0, 0);
    // Dropped where it waits, as a killed process drops it: what is not committed is undone, what is not synced may be lost.
    let report = loop {
        let eraser = app.eraser();
        let erasing = eraser.erase(subject, AskedBy::Themselves);
        match tokio::time::timeout(Duration::from_micros(patience), erasing).await {
            Err(_) => interrupted += 1,
            Ok(Ok(report)) => break report,
            // The last commit arrived, and its answer did not.
            Ok(Err(PrivacyError::NotDue)) => {
                let done = app.eraser().erasures().await.unwrap();
                break done.into_iter().find_map(|erasure| erasure.report).unwrap();
            }
            Ok(Err(error)) => panic!("{error}"),
        }
        patience += 700;
    };
    println!("interrupted {interrupted} times");
    assert!(interrupted >= 10, "{interrupted}");
    assert_eq!((report.blobs.count, report.blobs.bytes), (blob_count, blob_bytes));
    assert_eq!(report.rows.removed["export_requests"], 1);
    world.nothing_is_left().await;
    let erasures = app.eraser().erasures().await.unwrap();
    assert_eq!(erasures.len(), 1);
    assert_eq!(erasures[0].report.as_ref(), Some(&report));
    assert!(erasures[0].finished_at.is_some());
    assert_eq!(app.eraser().journal().entries().await.unwrap().len(), 1);
    let again = app.eraser().erase(subject, AskedBy::Themselves).await;
    assert!(matches!(again, Err(PrivacyError::NotDue)), "{again:?}");
}

/// An organization of Ada's that has something of every kind, is deleted, and holds the mark everywhere; and Carol, who has a
/// video in her own. The number of its files, and their bytes.
async fn marked_organization(options: Options) -> (TestApp, Person, Person, (u64, u64)) {
    let app = TestApp::with(options).await;
    app.work().await;
    let ada = app.person("ada").await;
    let carol = app.person("carol").await;
    let his = carol.upload("Carol's.wav", sample("two-voices.wav")).await;
    app.settled(&carol, &his).await;
    things_of(&app, &ada, "zqmark7391x.mp3").await;
    send(ada.request("POST", "/channels").header("idempotency-key", "once").json(&json!({ "name": "Port" })))
        .await
        .is(201);
    app.idle().await;
    let id = &ada.organization_id;
    let mut connection = app.superuser().await;
    // As though she had made it beside her own: it has something of every kind.
    run(
        &mut connection,
        format!(
            "UPDATE organizations SET personal_owner_id = NULL WHERE id = '{id}';
             INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason) VALUES ('{id}', 'old', now(), 'old');
             INSERT INTO request_logs (organization_id, request_id, method, route, path, status_code, user_agent)
                 VALUES ('{id}', 'a', 'GET', '/x', '/x', 200, 'a');
             UPDATE videos SET status = 'failed', error_code = '{MARK}', error_message = '{MARK}' WHERE organization_id = '{id}';"
        ),
    )
    .await;
    ada.ask(id, "DELETE", "/organization", json!({ "slug": "ada" })).await.is(204);
    memoreel_audit::seal(app.db()).await.unwrap();
    marks::mark_rows(&mut connection, &Owner { organization_id: uuid(id), user_id: None }).await;
    let blobs = app.folder().join("blobs/blobs/organizations");
    let marked = marks::mark_files(&blobs.join(id));
    let upload = marks::files(&app.folder().join("staging"));
    assert_eq!(upload.len(), 1);
    fs::write(upload.first().unwrap(), MARK).unwrap();
    assert!(marks::marked_files(&app.folder()).len() as u64 > marked.0);
    (app, ada, carol, marked)
}

#[tokio::test]
async fn of_an_organization_that_was_erased_nothing_is_left() {
    let (app, ada, carol, (count, bytes)) = marked_organization(Options::default()).await;
    let id = &ada.organization_id;
    let mut connection = app.superuser().await;
    let blobs = app.folder().join("blobs/blobs/organizations");
    let before = rows_of(&mut connection, &carol.organization_id).await;
    let files = contents(&blobs.join(&carol.organization_id));

    // Its export, whose week is over, goes before.
    let exports = contents(&blobs.join(id).join("organization-exports"));
    let export_bytes: u64 = exports.values().map(|content| content.len() as u64).sum();
    assert_eq!(exports.len(), 1);
    app.clock.advance(TimeDelta::days(30));
    app.eraser().sweep().await.unwrap();
    let lines = marks::marked_lines(&mut connection).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert_eq!(marks::marked_files(&app.folder()), Vec::<PathBuf>::new());
    let erasures = app.eraser().erasures().await.unwrap();
    assert_eq!((erasures[0].kind.as_str(), erasures[0].asked_by.as_str()), ("organization", "owner"));
    let report = erasures[0].report.as_ref().unwrap();
    assert_eq!((report.blobs.count + 1, report.blobs.bytes + export_bytes), (count, bytes));
    assert_eq!(report.uploads.count, 1);
    assert!(report.rows.removed["chunks"] > 0 && report.rows.removed["memberships"] == 1, "{report:?}");
    assert_eq!(before, rows_of(&mut connection, &carol.organization_id).await);
    assert_eq!(files, contents(&blobs.join(&carol.organization_id)));
}

#[tokio::test]
async fn what_a_restore_brings_back_is_erased_again() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let harbour = new_organization(&ada, "Harbour").await;
    let video = ada.upload("Talk.wav", sample("two-voices.wav")).await;
    app.settled(&ada, &video).await;
    app.idle().await;
    let mut connection = app.superuser().await;
    let kept = |table: &str| format!("SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM {table} t");
    let mut backup = Vec::new();
    for table in ["users", "organizations", "memberships", "videos"] {
        let rows: String =
            sqlx::query_scalar(AssertSqlSafe(kept(table))).fetch_one(&mut connection).await.unwrap();
        backup.push((table, rows));
    }
    let blobs = app.folder().join("blobs/blobs/organizations");
    let files = contents(&blobs);
    assert!(files.len() > 3);

    // Whoever owns something alone has to hand it over first.
    let wish = json!({ "email": "ada@example.com", "password": crate::client::PASSWORD });
    ada.post("/me/erasure", &wish).await.refuses(409, "sole_owner");
    ada.ask(&harbour, "DELETE", "/organization", json!({ "slug": "harbour" })).await.is(204);
    ada.post("/me/erasure", &wish).await.is(200);
    app.clock.advance(TimeDelta::days(30));
    app.eraser().sweep().await.unwrap();
    assert_eq!(app.eraser().erasures().await.unwrap().len(), 2);
    assert_eq!(marks::files(&blobs).len(), 0);

    // The database as it was, without any erasure, and all the files.
    run(&mut connection, "TRUNCATE erasures".to_owned()).await;
    for (table, rows) in &backup {
        let columns = marks::written_columns(&mut connection, table).await;
        let statement = format!(
            "SET session_replication_role = replica;
             INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, '{}');
             SET session_replication_role = origin",
            rows.replace('\'', "''")
        );
        run(&mut connection, statement).await;
    }
    for (path, content) in &files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    // The organization stands in the way of its owner, and comes first.
    for entry in app.eraser().journal().entries().await.unwrap().iter().rev() {
        let report = app.eraser().repeat(entry).await;
        if let Err(PrivacyError::Held(names)) = &report {
            assert_eq!(names, "Harbour");
            continue;
        }
        assert!(report.unwrap().is_some(), "{entry:?}");
    }
    for entry in app.eraser().journal().entries().await.unwrap() {
        app.eraser().repeat(&entry).await.unwrap();
    }
    for table in ["users", "organizations", "memberships", "videos"] {
        let query = format!("SELECT count(*) FROM {table}");
        let left: i64 = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!(marks::files(&blobs).len(), 0);
    assert_eq!(app.eraser().journal().entries().await.unwrap().len(), 2);
    // Once more finds nothing.
    for entry in app.eraser().journal().entries().await.unwrap() {
        assert_eq!(app.eraser().repeat(&entry).await.unwrap(), None);
    }
}

#[tokio::test]
async fn vectors_in_memory_are_forgotten_with_what_they_are_of() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let video = ada.upload("Talk.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &video).await;
    ada.get("/search?q=harbour+project&mode=semantic").await.is(200);
    let model: Uuid = sqlx::query_scalar("SELECT id FROM embedding_models WHERE status = 'live' LIMIT 1")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    let organization_id = OrganizationId(uuid(&ada.organization_id));
    let held = || app.passages().held_bytes(organization_id, memoreel_kernel::EmbeddingModelId(model));
    let until = async |wanted: bool| {
        for _ in 0..100 {
            if held().is_some() == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {wanted} in time");
    };
    until(true).await;
    memoreel_identity::close_account_now(app.db(), UserId(uuid(&ada.user_id)), app.now()).await.unwrap();
    app.eraser().erase(Subject::Person(UserId(uuid(&ada.user_id))), AskedBy::Operator).await.unwrap();
    until(false).await;
}
