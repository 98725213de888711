//! What owners take along of an organization: everything they may see in it, and nothing else.

use crate::{
    app::{TestApp, sample},
    client::{Person, send},
    erasure::marks,
    exports::{fetched, upload},
    isolation::things_of,
    organizations::new_organization,
};
use chrono::TimeDelta;
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, Subject};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};
use uuid::Uuid;

/// Every table that holds things of organizations, with the file of the export that holds them or the reason why none does.
const TABLES: &[(&str, Part)] = &[
    ("api_keys", Left("people's own: in their own exports")),
    ("asset_terms", Left("a copy of the tags and the metadata of assets")),
    // Of each kind: see `ROWS_OF_ASSETS`.
    ("assets", Taken("video.json")),
    ("audit_logs", Taken("audit-log.jsonl")),
    ("blob_deletions", Left("files that are about to go")),
    ("blobs", Left("where files lie on the server")),
    ("channels", Taken("channels.json")),
    ("chunk_embeddings", Left("computed from the chunks")),
    ("chunks", Left("computed from transcripts, documents and key frames")),
    ("delivery_policies", Left("web sites that play from this server, which the next one is told anew")),
    ("document_pages", Left("read from the documents, whose files are taken")),
    ("encoding_settings", Left("which sizes are made of videos, which the next server is told anew")),
    ("folders", Taken("folders.json")),
    ("idempotency_keys", Left("answers to programs, kept for a day")),
    ("image_presets", Taken("image-presets.json")),
    ("key_frames", Left("seen in the recordings, whose files are taken")),
    ("memberships", Taken("members.json")),
    ("organization_chunk_counts", Left("a count of the chunks")),
    ("organization_domains", Taken("domains.json")),
    ("organization_exports", Left("exports themselves")),
    ("organization_invitations", Taken("invitations.json")),
    ("organizations", Taken("organization.json")),
    ("outbox", Left("what happened, for those who listen at that moment")),
    ("renditions", Left("computed from the files")),
    ("request_logs", Left("kept for thirty days, and exported by itself")),
    ("speakers", Taken("video.json")),
    ("subtitles", Taken("video.json")),
    ("tasks", Left("work that goes on")),
    ("transcript_segments", Taken("video.json")),
    ("transcripts", Taken("video.json")),
    ("upload_limits", Left("how large the files are that are taken, which the next server is told anew")),
    ("uploads", Left("of a day; what became of them is in the videos")),
    ("video_summaries", Taken("video.json")),
    ("videos", Taken("video.json")),
    ("webhook_deliveries", Left("messages about what is in the videos, kept for thirty days")),
    ("webhook_endpoints", Left("other systems, which are told where to listen anew")),
    ("webhook_secrets", Left("shared with those systems alone")),
];

/// Columns of taken tables that are not in the export, and why.
const COLUMNS_LEFT: &[(&str, &str)] = &[
    ("assets.blob_key", "where the file lies on the server"),
    ("assets.status", "whether the file is stored"),
    ("assets.kind", "follows from its type"),
    ("audit_logs.details_digest", "what the hash of the entry is made of"),
    ("organization_invitations.token_hash", "opens the organization"),
    ("organizations.status", "an export is one of an organization that is at work"),
    ("organizations.region", "of the storage"),
    ("organizations.storage_bucket", "of the storage"),
    ("organizations.storage_prefix", "of the storage"),
];

/// Columns that are one of a list or have a form no mark has; that they are told is looked at by name.
const TOLD_BY_NAME: &[&str] = &[
    "assets.sha256",
    "assets.visibility",
    "audit_logs.actor_kind",
    "audit_logs.details",
    "audit_logs.hash",
    "image_presets.name",
    "memberships.role",
    "organization_domains.join_role",
    "organization_domains.verified_by",
    "organization_invitations.role",
    "organization_invitations.status",
    "videos.source",
    "videos.status",
    "videos.visibility",
];

/// A recording's file is told with its video, every other by itself.
const ROWS_OF_ASSETS: &[(&str, &str)] = &[("kind = 'audio'", "video.json"), ("kind = 'image'", "image.json")];

#[derive(Debug, Clone, Copy)]
enum Part {
    Taken(&'static str),
    Left(&'static str),
}
use Part::{Left, Taken};

async fn asked(owner: &Person, organization_id: &str) -> String {
    let made = owner.ask(organization_id, "POST", "/organization/exports", json!({})).await.is(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn ready(owner: &Person, organization_id: &str, id: &str) -> Value {
    for _ in 0..300 {
        let path = format!("/organization/exports/{id}");
        let export = owner.ask(organization_id, "GET", &path, Value::Null).await.is(200).json();
        match export["status"].as_str() {
            Some("ready") => return export,
            Some("failed") => panic!("{export:#}"),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("not ready in time");
}

async fn files_of(app: &TestApp, owner: &Person, organization_id: &str) -> BTreeMap<String, Vec<u8>> {
    let id = asked(owner, organization_id).await;
    let export = ready(owner, organization_id, &id).await;
    fetched(app, &export, "memoreel-organization.zip").await
}

fn zips(app: &TestApp, organization_id: &str) -> BTreeSet<PathBuf> {
    let folder = app.folder().join("blobs/blobs/organizations").join(organization_id);
    marks::files(&folder.join("organization-exports"))
}

#[tokio::test]
async fn every_table_of_an_organization_is_in_its_export_or_there_is_a_reason() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    things_of(&app, &ada, "Talk.mp3").await;
    let captioned = ada.upload("Read.mp3", sample("inaugural-address.mp3")).await;
    app.settled(&ada, &captioned).await;
    let captions = ada.request("PUT", &format!("/videos/{captioned}/captions"));
    let captions = captions.header("content-type", "text/vtt");
    send(captions.body("WEBVTT\n\nfirst\n00:00.000 --> 00:02.000 align:start\nRead aloud.\n")).await.is(200);
    app.idle().await;
    let mut connection = app.superuser().await;
    let id = &ada.organization_id;
    // Only what failed has an error.
    sqlx::query("UPDATE videos SET status = 'failed', error_code = 'torn', error_message = 'Torn.'")
        .execute(&mut connection)
        .await
        .unwrap();

    let known: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             AND (a.attname = 'organization_id' OR c.relname = 'organizations') ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(tables, known, "say in TABLES whether an organization's export holds it");

    // Another word in every column of what is taken, each of which is then looked for.
    let mut words = BTreeMap::new();
    for (table, part) in TABLES {
        let Taken(file) = part else { continue };
        for column in words_of(&mut connection, table).await {
            let name = format!("{table}.{column}");
            if COLUMNS_LEFT.iter().any(|(left, _)| *left == name) || TOLD_BY_NAME.contains(&name.as_str()) {
                continue;
            }
            let rows = if *table == "assets" { ROWS_OF_ASSETS } else { &[("true", *file)] };
            for (row, file) in rows {
                let word = format!("zq{}x", words.len());
                write_word(&mut connection, (table, row), &column, &word, id).await;
                words.insert(word, (name.clone(), *file));
            }
        }
    }
    assert!(words.len() > 25, "{words:?}");
    for name in COLUMNS_LEFT.iter().map(|(name, _)| name).chain(TOLD_BY_NAME) {
        let (table, column) = name.split_once('.').unwrap();
        assert!(words_of(&mut connection, table).await.contains(&column.to_owned()), "{name} is no column");
    }

    let files = files_of(&app, &ada, id).await;
    let text_of = |file: &str| -> String {
        let of_file = files.iter().filter(|(name, _)| name.rsplit('/').next() == Some(file));
        of_file.map(|(_, content)| String::from_utf8_lossy(content).into_owned()).collect()
    };
    for (word, (column, file)) in &words {
        assert!(text_of(file).contains(word.as_str()), "{column} is not in {file}");
    }
    for name in TOLD_BY_NAME {
        let (table, column) = name.split_once('.').unwrap();
        let Some((_, Taken(file))) = TABLES.iter().find(|(known, _)| *known == table) else {
            panic!("{name}")
        };
        let told = match *name {
            // Told by its parts, and by the name of who did it.
            "audit_logs.details" => "\"label\"",
            "audit_logs.actor_kind" => "\"kind\"",
            _ => column,
        };
        assert!(text_of(file).contains(told), "{name} is not in {file}");
    }
    for (table, part) in TABLES {
        match part {
            Taken(file) => assert!(!text_of(file).is_empty(), "{table} is not in {file}"),
            Left(reason) => assert!(reason.len() > 10),
        }
    }
}

/// The columns that hold words or JSON, and are not computed.
async fn words_of(connection: &mut PgConnection, table: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
             AND udt_name NOT IN ('uuid', 'timestamptz', 'bool', 'int2', 'int4', 'int8', 'float4', 'float8') ORDER BY 1",
    )
    .bind(table)
    .fetch_all(connection)
    .await
    .unwrap()
}

/// Into one row of the organization for which a condition holds, in whichever form the column takes it.
async fn write_word(
    connection: &mut PgConnection,
    (table, row): (&str, &str),
    column: &str,
    word: &str,
    organization_id: &str,
) {
    let whose = if table == "organizations" { "id" } else { "organization_id" };
    for value in [
        format!("'{word}'"),
        format!("'{word}@example.com'"),
        format!("'{{\"mark\": \"{word}\"}}'"),
        format!("'[{{\"mark\": \"{word}\"}}]'"),
        format!("ARRAY['{word}']"),
    ] {
        let statement = format!(
            "SET session_replication_role = replica;
             UPDATE {table} SET {column} = {value} WHERE ctid = (SELECT ctid FROM {table} WHERE {whose} = '{organization_id}' AND {row} LIMIT 1)"
        );
        let written = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await;
        sqlx::raw_sql("SET session_replication_role = origin").execute(&mut *connection).await.unwrap();
        if written.is_ok_and(|written| written.rows_affected() == 1) {
            return;
        }
    }
    panic!("{table}.{column} takes no word: make a row of it, or list it");
}

#[tokio::test]
async fn an_organizations_export_holds_what_any_owner_may_see_and_no_private_video() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let id = new_organization(&ada, "Harbour <&> Co").await;
    app.add_member(&id, &bob, "owner").await;
    let shared = upload(&bob, &id, "Minutes.wav", sample("two-voices.wav")).await;
    let hers = upload(&ada, &id, "Hers alone.wav", sample("two-voices.wav")).await;
    let his = upload(&bob, &id, "His alone.wav", sample("two-voices.wav")).await;
    let elsewhere = ada.upload("Elsewhere.wav", sample("two-voices.wav")).await;
    app.settled(&ada, &elsewhere).await;
    app.idle().await;
    for (person, video) in [(&ada, &hers), (&bob, &his)] {
        let private = json!({ "visibility": "private" });
        person.ask(&id, "PATCH", &format!("/videos/{video}"), private).await.is(200);
    }
    let invited = json!({ "email": "carol@example.com", "role": "member" });
    let invitation = ada.ask(&id, "POST", "/invitations", invited).await.is(201).json();
    let (_, token) = invitation["link"].as_str().unwrap().split_once('#').unwrap();
    let key = ada.ask(&id, "POST", "/api-keys", json!({ "name": "Nightly" })).await.is(201).json();

    let files = files_of(&app, &ada, &id).await;
    let json_of = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
    assert_eq!(json_of("organization.json")["slug"], "harbour-co");
    let members = json_of("members.json");
    let members: Vec<(&str, &str)> = members
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (member["email"].as_str().unwrap(), member["role"].as_str().unwrap()))
        .collect();
    assert_eq!(members, [("ada@example.com", "owner"), ("bob@example.com", "owner")]);
    assert_eq!(json_of("invitations.json")[0]["email"], "carol@example.com");
    let log: Vec<Value> = String::from_utf8(files["audit-log.jsonl"].clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for action in ["organization.created", "organization_export.created", "invitation.created"] {
        assert!(log.iter().any(|entry| entry["action"] == action), "{action}");
    }
    let video = json_of(&format!("videos/{shared}/video.json"));
    assert_eq!((&video["author"], &video["visibility"]), (&json!("bob"), &json!("organization")));
    assert!(!video["transcript"]["segments"].as_array().unwrap().is_empty(), "{video:#}");
    assert!(!video["transcript"]["segments"][0]["words"].as_array().unwrap().is_empty(), "{video:#}");
    assert_eq!(files[&format!("videos/{shared}/media/Minutes.wav")], sample("two-voices.wav"));
    let page = String::from_utf8(files["index.html"].clone()).unwrap();
    assert!(page.contains(&format!("href=\"videos/{shared}/index.html\"")), "{page}");
    assert!(
        page.contains("Harbour &lt;&amp;&gt; Co") && page.contains("Private videos are their authors"),
        "{page}"
    );

    // Nobody's private video, not that of who asked either, nothing of other organizations, and nothing that opens anything.
    let folders: BTreeSet<&str> =
        files.keys().filter_map(|name| name.strip_prefix("videos/")?.split('/').next()).collect();
    assert_eq!(folders, BTreeSet::from([shared.as_str()]));
    for (name, content) in files.iter().filter(|(name, _)| !name.contains("/media/")) {
        let text = String::from_utf8_lossy(content);
        for foreign in [elsewhere.as_str(), token, key["secret"].as_str().unwrap()] {
            assert!(!text.contains(foreign), "{name} tells {foreign}");
        }
        // The log tells its owners that there is such a video, as it does in the app.
        let tells_private = text.contains(&hers) || text.contains("Hers alone") || text.contains(&his);
        assert!(name == "audit-log.jsonl" || !tells_private, "{name}");
    }
}

#[tokio::test]
async fn exports_are_the_organizations_one_at_a_time_and_kept_for_a_week() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let id = new_organization(&ada, "Harbour").await;
    app.add_member(&id, &bob, "owner").await;
    let key = ada.ask(&id, "POST", "/api-keys", json!({ "name": "Nightly" })).await.is(201).json();
    let ask = |person: &Person| {
        let person = person.clone();
        let id = id.clone();
        async move { person.ask(&id, "POST", "/organization/exports", json!({})).await }
    };
    // Nobody works yet, so the first one waits.
    let (first, second) = tokio::join!(ask(&ada), ask(&bob));
    let (made, refused) = if first.status == 201 { (first, second) } else { (second, first) };
    let made = made.is(201).json();
    refused.refuses(409, "export_waiting");
    assert_eq!((&made["status"], &made["download_url"]), (&json!("waiting"), &Value::Null));
    let program = send(
        app.visitor().request("GET", "/organization/exports").bearer_auth(key["secret"].as_str().unwrap()),
    );
    program.await.refuses(403, "session_required");
    // Whoever owns it may give one up that waits.
    let path = format!("/organization/exports/{}", made["id"].as_str().unwrap());
    bob.ask(&id, "DELETE", &path, Value::Null).await.is(204);
    ada.ask(&id, "GET", &path, Value::Null).await.refuses(404, "not_found");

    let made = asked(&ada, &id).await;
    app.work().await;
    let export = ready(&bob, &id, &made).await;
    app.idle().await;
    assert_eq!((&export["requested_by"], &export["progress"]), (&json!("ada"), &json!(100)));
    assert_eq!(zips(&app, &id).len(), 1);
    app.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    let ada = app.signed_in(&ada).await;
    app.sweep().await;
    let listed = ada.ask(&id, "GET", "/organization/exports", Value::Null).await.is(200).json();
    assert_eq!(listed["items"][0]["id"], export["id"]);
    app.visitor().get(export["download_url"].as_str().unwrap()).await.refuses(410, "media_token_expired");
    app.visitor().get(listed["items"][0]["download_url"].as_str().unwrap()).await.is(200);
    app.clock.advance(TimeDelta::seconds(1));
    let listed = ada.ask(&id, "GET", "/organization/exports", Value::Null).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
    app.sweep().await;
    assert_eq!(zips(&app, &id), BTreeSet::new());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM organization_exports")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn three_exports_of_an_organization_are_kept_at_a_time() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let id = new_organization(&ada, "Harbour").await;
    app.add_member(&id, &bob, "owner").await;
    let mut made = String::new();
    for owner in [&ada, &bob, &ada] {
        made = asked(owner, &id).await;
        ready(owner, &id, &made).await;
        app.idle().await;
    }
    bob.ask(&id, "POST", "/organization/exports", json!({})).await.refuses(409, "exports_full");
    // Another organization's are its own.
    let other = new_organization(&bob, "Port").await;
    asked(&bob, &other).await;
    bob.ask(&id, "DELETE", &format!("/organization/exports/{made}"), Value::Null).await.is(204);
    bob.ask(&id, "POST", "/organization/exports", json!({})).await.is(201);
}

#[tokio::test]
async fn an_export_goes_with_everybody_who_may_be_named_in_it() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob, carol) = (app.person("ada").await, app.person("bob").await, app.person("carol").await);
    let (named, other) = (new_organization(&ada, "Harbour").await, new_organization(&ada, "Port").await);
    app.add_member(&named, &bob, "member").await;
    for id in [&named, &other] {
        let export = asked(&ada, id).await;
        ready(&ada, id, &export).await;
    }
    // Carol's own organization holds an export of hers that does not concern him.
    let own = carol.post("/me/exports", &json!({})).await.is(201).json();
    app.idle().await;
    let people = app.folder().join("blobs/blobs/organizations").join(&carol.organization_id).join("exports");
    assert_eq!(marks::files(&people).len(), 1, "{own}");
    let user_id = UserId(bob.user_id.parse::<Uuid>().unwrap());
    memoreel_identity::close_account_now(app.db(), user_id, app.now()).await.unwrap();
    let report = app.eraser().erase(Subject::Person(user_id), AskedBy::Operator).await.unwrap();
    assert_eq!(report.rows.removed["organization_exports"], 1, "{report:?}");
    assert_eq!((zips(&app, &named).len(), zips(&app, &other).len()), (0, 1));
    assert_eq!(marks::files(&people).len(), 1);
    let listed = ada.ask(&named, "GET", "/organization/exports", Value::Null).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
    let listed = ada.ask(&other, "GET", "/organization/exports", Value::Null).await.is(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);

    // One that is made since does not name him, and stays however often the journal is replayed.
    let export = asked(&ada, &named).await;
    ready(&ada, &named, &export).await;
    for entry in app.eraser().journal().entries().await.unwrap() {
        assert_eq!(app.eraser().repeat(&entry).await.unwrap(), None);
    }
    assert_eq!(zips(&app, &named).len(), 1);
}
