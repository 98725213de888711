//! Recordings that get another file: the video stays as it is, and everything that was made of the old file is made of the new one.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    at_once::app_that_may_reach_this_machine,
    client::{Client, Person, send},
    receiver::Receiver,
    replaced::{asset, found, kept, replace, sending, settled, sum},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use memoreel_assets::{AssetStep, MediaEngine, Picture, ReplaceRecording};
use memoreel_kernel::{Event, UploadId};
use memoreel_media::{Ffmpeg, Limits};
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// A video that is done, and its asset.
async fn recorded(app: &TestApp, person: &Person, filename: &str, bytes: Vec<u8>) -> (String, String) {
    let video = person.upload(filename, bytes).await;
    let done = app.settled(person, &video).await;
    assert_eq!(done["status"], "completed");
    app.idle().await;
    let asset = done["asset_id"].as_str().unwrap().to_owned();
    (video, asset)
}

async fn video(client: &Client, id: &str) -> Value {
    client.get(&format!("/videos/{id}")).await.is(200).json()
}

async fn transcript(client: &Client, id: &str) -> String {
    client.get(&format!("/videos/{id}/captions.txt")).await.is(200).text()
}

/// The addresses of what is shown of a video.
fn addresses(video: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![video];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => left.extend(fields.values()),
            Value::Array(items) => left.extend(items),
            Value::String(text) if text.starts_with("/media/") && !text.contains('{') => {
                found.push(text.clone())
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

/// Reads what a cookie opens, and returns where that is.
async fn opened_by_cookie(app: &TestApp, person: &Person, asset_id: &str) -> Vec<String> {
    let cookie = person.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    let mut read = Vec::new();
    for url in ["hls_url", "dash_url", "captions_url"] {
        let path = cookie[url].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
        let value = format!("memoreel_media={}", cookie["value"].as_str().unwrap());
        send(app.visitor().request("GET", path).header("cookie", value)).await.is(200);
        read.push(path.to_owned());
    }
    read
}

/// How many rows there are of what is made of recordings, of this organization.
async fn made(connection: &mut PgConnection, person: &Person) -> Vec<(String, i64)> {
    let mut counts = Vec::new();
    for table in [
        "renditions",
        "key_frames",
        "transcripts",
        "transcript_segments",
        "speakers",
        "chunks",
        "chunk_embeddings",
        "video_summaries",
    ] {
        let query = format!("SELECT count(*) FROM {table} WHERE organization_id = $1::uuid");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(&person.organization_id);
        counts.push((table.to_owned(), count.fetch_one(&mut *connection).await.unwrap()));
    }
    counts
}

#[tokio::test]
async fn a_video_keeps_what_it_is_and_shows_and_says_what_its_new_file_does() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (before, after) = (sample("video-call.mp4"), sample("two-voices.wav"));
    let (id, asset_id) = recorded(&app, &ada, "Weekly_call.mp4", before.clone()).await;
    // What the same file leaves for somebody who never had another.
    let (same, same_asset) = recorded(&app, &bob, "Voices.wav", after.clone()).await;
    let folder = ada.post("/folders", &json!({ "name": "Calls" })).await.is(201).json()["id"].clone();
    ada.patch(&format!("/assets/{asset_id}"), &json!({ "folder_id": folder, "tags": ["north"] }))
        .await
        .is(200);
    let described = json!({ "title": "The call", "description": "Of penguins." });
    ada.patch(&format!("/videos/{id}"), &described).await.is(200);
    bob.patch(&format!("/videos/{same}"), &described).await.is(200);
    let vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ada>The walrus sleeps in the harbour.\n";
    send(ada.request("PUT", &format!("/videos/{id}/captions")).body(vtt)).await.is(200);
    app.idle().await;
    let was = video(&ada, &id).await;
    let old = addresses(&was);
    assert!(old.len() >= 6, "{was:#}");
    assert_eq!(found(&ada, "walrus").await, 1);

    assert_eq!(was["file_version"], 1);
    let sound = json!({ "format": "mp3" });
    ada.post(&format!("/assets/{asset_id}/renditions"), &sound).await.is(202);
    app.idle().await;
    let before_cookie = opened_by_cookie(&app, &ada, &asset_id).await;

    // While nobody works, everything is as it was.
    let app = app.restart().await;
    let (ada, bob) = (app.signed_in(&ada).await, app.signed_in(&bob).await);
    replace(&ada, "video", &asset_id, after.clone()).await;
    let waiting = asset(&ada, &asset_id).await;
    assert_eq!((&waiting["version"], &waiting["replacement"]["status"]), (&json!(1), &json!("pending")));
    assert_eq!(waiting["sha256"], sum(&before));
    let captions = send(ada.request("PUT", &format!("/videos/{id}/captions")).body(vtt)).await;
    captions.refuses(409, "replacement_pending");
    let now = video(&ada, &id).await;
    assert_eq!((&now["status"], &now["playable"]), (&json!("completed"), &json!(true)));
    for address in &old {
        app.visitor().get(address).await.is(200);
    }

    app.work().await;
    let replaced = settled(&ada, &asset_id).await;
    assert_eq!(
        (&replaced["id"], &replaced["version"], &replaced["replacement"], &replaced["status"]),
        (&json!(asset_id), &json!(2), &Value::Null, &json!("ready"))
    );
    let now = app.settled(&ada, &id).await;
    app.idle().await;
    let replaced = asset(&ada, &asset_id).await;
    assert_eq!(
        (&replaced["kind"], &replaced["content_type"], &replaced["sha256"], &replaced["width"]),
        (&json!("audio"), &json!("audio/wav"), &sum(&after), &Value::Null)
    );
    assert_eq!(
        (&replaced["filename"], &replaced["folder_id"], &replaced["tags"], &replaced["created_at"]),
        (&json!("Weekly_call.wav"), &folder, &json!(["north"]), &waiting["created_at"])
    );
    assert_eq!(
        (&now["title"], &now["description"], &now["status"], &now["playable"], &now["kind"]),
        (&described["title"], &described["description"], &json!("completed"), &json!(true), &json!("audio"))
    );
    let theirs = video(&bob, &same).await;
    assert_eq!((&now["duration_ms"], &now["stages"]), (&theirs["duration_ms"], &theirs["stages"]));
    let new = addresses(&now);
    assert_eq!(new.len(), addresses(&theirs).len());
    for address in &new {
        assert!(!old.contains(address), "{address}");
        app.visitor().get(address).await.is(200);
    }
    for address in &old {
        app.visitor().get(address).await.refuses(404, "not_found");
    }
    let told = (&now["file_version"], &now["filename"], &now["playback"]["playable_after_ms"]);
    assert_eq!(told, (&json!(2), &json!("Weekly_call.wav"), &Value::Null));
    for address in opened_by_cookie(&app, &ada, &asset_id).await {
        assert!(!before_cookie.contains(&address), "{address}");
    }
    // What was asked for of the file is made of the new one.
    bob.post(&format!("/assets/{same_asset}/renditions"), &sound).await.is(202);
    app.idle().await;
    // Nothing is left of what the old one said and showed, but what everybody has who had the new one alone.
    assert_eq!(transcript(&ada, &id).await, transcript(&bob, &same).await);
    assert_eq!((found(&ada, "walrus").await, found(&ada, "budget").await), (0, 1));
    assert_eq!(found(&ada, "penguins").await, 1, "what is said of the video stays");
    let mut connection = app.superuser().await;
    assert_eq!(made(&mut connection, &ada).await, made(&mut connection, &bob).await);
    assert_eq!(kept(&app, &ada).await, kept(&app, &bob).await);
    let log = ada.get("/audit-log").await.is(200).json();
    let is_told =
        |entry: &Value| entry["action"] == "asset.updated" && entry.to_string().contains("replacement_id");
    assert!(log["items"].as_array().unwrap().iter().any(is_told), "{log:#}");

    // And back again: a third file is in a place of its own, too.
    replace(&ada, "video", &asset_id, before.clone()).await;
    assert_eq!(settled(&ada, &asset_id).await["version"], 3);
    let now = app.settled(&ada, &id).await;
    app.idle().await;
    assert_eq!(
        (&now["kind"], &now["status"], &now["width"]),
        (&json!("video"), &json!("completed"), &was["width"])
    );
    assert_eq!(addresses(&now).len(), old.len());
    for address in addresses(&now) {
        app.visitor().get(&address).await.is(200);
    }
    let hits =
        send(ada.request("GET", "/search").query(&[("q", "budget"), ("mode", "keyword")])).await.json();
    app.visitor().get(hits["items"][0]["poster_url"].as_str().unwrap()).await.is(200);
    let clip =
        ada.get(&format!("/assets/{asset_id}/clip-address?from_seconds=1&to_seconds=3")).await.is(200).json();
    app.visitor().get(clip["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap()).await.is(200);
    let still = now["playback"]["frame_url_template"].as_str().unwrap().replace("{second}", "2");
    app.visitor().get(&still).await.is(200);
    ada.delete(&format!("/videos/{id}")).await.is(204);
}

#[tokio::test]
async fn a_file_that_is_no_recording_replaces_none_and_the_video_goes_on() {
    let app = app_that_may_reach_this_machine().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, asset_id) = recorded(&app, &ada, "Voices.wav", sample("two-voices.wav")).await;
    let (was, before) = (video(&ada, &id).await, kept(&app, &ada).await);
    let mut cut_off = sample("video-call.mp4");
    cut_off.truncate(2_000);
    // Its header is in front and tells of a whole recording, of which nothing came.
    let whole = sample("video-call.mp4");
    let place = |name: &[u8; 4]| whole.windows(4).position(|word| word == name).unwrap() - 4;
    let (data, header) = (place(b"mdat"), place(b"moov"));
    let header_alone = [&whole[..data], &whole[header..], &whole[data..data + 200]].concat();
    for (bytes, code) in [
        (b"%PDF-1.7 nothing of the kind".to_vec(), "media_not_a_recording"),
        (vec![0xFF; 999], "media_unknown"),
        (cut_off, "media_damaged"),
        (header_alone, "media_damaged"),
    ] {
        // What was tried last decides, by the time at which it ended.
        app.clock.advance(TimeDelta::seconds(1));
        replace(&ada, "video", &asset_id, bytes).await;
        let now = settled(&ada, &asset_id).await;
        assert_eq!((&now["version"], &now["sha256"]), (&json!(1), &sum(&sample("two-voices.wav"))));
        assert_eq!(now["replacement"]["status"], "failed");
        assert_eq!(now["replacement"]["error"]["code"], code, "{now:#}");
        let now = video(&ada, &id).await;
        assert_eq!((&now["status"], &now["playable"]), (&json!("completed"), &json!(true)), "{now:#}");
        assert_eq!(now["stages"], was["stages"]);
    }
    // From where nothing can be fetched, either.
    app.clock.advance(TimeDelta::seconds(1));
    let nowhere = Receiver::start().await;
    nowhere.answers_with(404);
    let wanted = json!({ "kind": "video", "url": nowhere.url(), "replaces": asset_id });
    let told = ada.post("/imports", &wanted).await.is(202).json();
    assert_eq!((&told["asset_id"], &told["video_id"]), (&json!(asset_id), &json!(id)));
    let now = settled(&ada, &asset_id).await;
    assert_eq!(now["replacement"]["status"], "failed", "{now:#}");
    assert_eq!(video(&ada, &id).await["status"], "completed");
    app.idle().await;
    assert_eq!(kept(&app, &ada).await, before);

    replace(&ada, "video", &asset_id, sample("sonnet.mp3")).await;
    let now = settled(&ada, &asset_id).await;
    assert_eq!((&now["version"], &now["replacement"]), (&json!(2), &Value::Null));
    assert_eq!(app.settled(&ada, &id).await["status"], "completed");
}

/// Takes pictures of the file it was asked for first only after that was replaced, and then has it that these are of the video.
#[derive(Debug)]
struct Late {
    picture: Picture,
    is_first: AtomicBool,
    begun: Arc<Notify>,
    go: Arc<Notify>,
    ended: Arc<Notify>,
}

#[async_trait]
impl Handle for Late {
    const KIND: &'static str = Picture::KIND;
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        if !self.is_first.swap(false, Ordering::Relaxed) {
            return self.picture.run(run, step).await;
        }
        self.begun.notify_one();
        self.go.notified().await;
        let mut tx = run.begin().await?;
        sqlx::query(
            "INSERT INTO renditions (organization_id, asset_id, kind, name, blob_key, content_type, byte_size)
             VALUES ($1, $2, 'poster', 'late', 'organizations/late.jpg', 'image/jpeg', 1)",
        )
        .bind(run.caller().organization_id.uuid())
        .bind(step.asset_id.uuid())
        .execute(&mut *tx)
        .await?;
        let result = run.finish(tx, &[Event::VideoChanged { video_id: step.video_id }]).await;
        assert!(result.is_err(), "{result:?}");
        self.ended.notify_one();
        result
    }
}

#[tokio::test]
async fn the_file_of_a_recording_that_failed_has_failed_too_and_may_be_replaced() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload("Noise.mp3", vec![0xFF; 999]).await;
    let failed = app.settled(&ada, &id).await;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("media_unknown")));
    let asset_id = failed["asset_id"].as_str().unwrap();
    let file = asset(&ada, asset_id).await;
    assert_eq!((&file["status"], &file["error"]), (&json!("failed"), &failed["error"]), "{file:#}");
    let listed = ada.get("/assets?status=failed").await.is(200).json();
    assert_eq!(listed["items"][0]["id"], asset_id);
    // Once more it is waited for, and has failed again.
    ada.post(&format!("/videos/{id}/retry"), &json!({})).await.is(200);
    assert_eq!(app.settled(&ada, &id).await["status"], "failed");
    assert_eq!(asset(&ada, asset_id).await["status"], "failed");

    replace(&ada, "video", asset_id, sample("two-voices.wav")).await;
    let replaced = settled(&ada, asset_id).await;
    assert_eq!(
        (&replaced["status"], &replaced["error"], &replaced["filename"], &replaced["sha256"]),
        (&json!("ready"), &Value::Null, &json!("Noise.wav"), &sum(&sample("two-voices.wav")))
    );
    let done = app.settled(&ada, &id).await;
    assert_eq!(
        (&done["status"], &done["error"], &done["title"]),
        (&json!("completed"), &Value::Null, &json!("Noise"))
    );
}

#[tokio::test]
async fn who_changes_a_video_while_its_file_is_replaced_has_the_right_of_way() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, asset_id) = recorded(&app, &ada, "Voices.wav", sample("two-voices.wav")).await;
    let mut other = app.superuser().await;
    sqlx::query("BEGIN").execute(&mut other).await.unwrap();
    let held = sqlx::query("SELECT id FROM transcripts WHERE video_id = $1::uuid FOR UPDATE").bind(&id);
    held.execute(&mut other).await.unwrap();
    replace(&ada, "video", &asset_id, sample("sonnet.mp3")).await;
    let waits = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()";
    let mut onlooker = app.superuser().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut onlooker).await.unwrap() == 0 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // It has the video at this moment, and waits for the transcript.
    let change = sqlx::query("UPDATE videos SET title = 'Voices of May' WHERE id = $1::uuid").bind(&id);
    change.execute(&mut other).await.unwrap();
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    let now = settled(&ada, &asset_id).await;
    assert_eq!((&now["version"], &now["sha256"]), (&json!(2), &sum(&sample("sonnet.mp3"))), "{now:#}");
    assert_eq!(video(&ada, &id).await["title"], "Voices of May");
    let tasks = ada.get("/tasks?kind=replace_recording").await.is(200).json();
    assert_eq!(tasks["items"][0]["status"], "completed", "{tasks:#}");
    assert!(!tasks.to_string().contains("transient"), "{tasks:#}");
}

#[tokio::test]
async fn who_may_not_see_a_video_any_more_does_not_replace_its_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, asset_id) = recorded(&app, &ada, "Voices.wav", sample("two-voices.wav")).await;
    let bob = app.colleague(&ada, "bob", "admin").await;
    // Nobody works until it is private.
    let app = app.restart().await;
    let (ada, bob) = (app.signed_in(&ada).await, app.signed_in(&bob).await);
    let said = [("filename", "other"), ("kind", "video"), ("replaces", asset_id.as_str())];
    let request = sending(&bob, &said, sample("sonnet.mp3"));
    send(request.header("memoreel-organization", &ada.organization_id)).await.is(201);
    assert_eq!(asset(&ada, &asset_id).await["replacement"]["status"], "pending");
    ada.patch(&format!("/videos/{id}"), &json!({ "visibility": "private" })).await.is(200);
    let path = format!("/assets/{asset_id}");
    bob.ask(&ada.organization_id, "GET", &path, Value::Null).await.refuses(404, "not_found");
    let now = asset(&ada, &asset_id).await;
    assert_eq!((&now["version"], &now["replacement"]), (&json!(1), &Value::Null));
    app.work().await;
    app.idle().await;
    let now = asset(&ada, &asset_id).await;
    assert_eq!((&now["version"], &now["sha256"]), (&json!(1), &sum(&sample("two-voices.wav"))));
    // Its author does.
    replace(&ada, "video", &asset_id, sample("sonnet.mp3")).await;
    ada.patch(&format!("/videos/{id}"), &json!({ "visibility": "organization" })).await.is(200);
    ada.patch(&format!("/videos/{id}"), &json!({ "visibility": "private" })).await.is(200);
    assert_eq!(settled(&ada, &asset_id).await["version"], 2);
}

#[tokio::test]
async fn what_was_begun_with_the_old_file_does_not_end_with_the_new_one() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let ffmpeg = Ffmpeg::locate(Limits::default()).await.unwrap();
    let engine = MediaEngine { ffmpeg, blobs: app.app.blobs.clone(), scratch: app.app.scratch.clone() };
    let [begun, go, ended] = [(); 3].map(|()| Arc::new(Notify::new()));
    let late = Late {
        picture: Picture(engine),
        is_first: AtomicBool::new(true),
        begun: Arc::clone(&begun),
        go: Arc::clone(&go),
        ended: Arc::clone(&ended),
    };
    app.work_with(|registry| registry.with(late)).await;
    let id = ada.upload("Call.mp4", sample("video-call.mp4")).await;
    tokio::time::timeout(Duration::from_secs(60), begun.notified()).await.unwrap();
    let asset_id = video(&ada, &id).await["asset_id"].as_str().unwrap().to_owned();
    replace(&ada, "video", &asset_id, sample("lecture.mov")).await;
    let replaced = settled(&ada, &asset_id).await;
    assert_eq!((&replaced["version"], &replaced["sha256"]), (&json!(2), &sum(&sample("lecture.mov"))));
    go.notify_one();
    tokio::time::timeout(Duration::from_secs(60), ended.notified()).await.unwrap();
    let now = app.settled(&ada, &id).await;
    assert_eq!(now["status"], "completed", "{now:#}");
    app.idle().await;
    let renditions = ada.get(&format!("/assets/{asset_id}/renditions?limit=100")).await.is(200).json();
    let names: Vec<&str> =
        renditions["items"].as_array().unwrap().iter().map(|made| made["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"poster") && !names.contains(&"late"), "{names:?}");
    let keys: Vec<String> = sqlx::query_scalar("SELECT blob_key FROM renditions WHERE kind <> 'file'")
        .fetch_all(&mut app.superuser().await)
        .await
        .unwrap();
    assert!(keys.iter().all(|key| key.contains(&format!("/assets/{asset_id}/v2/"))), "{keys:?}");
}

/// Puts a file in place of another only when it is let go.
#[derive(Debug)]
struct Gated {
    replacing: ReplaceRecording,
    begun: Arc<Notify>,
    go: Arc<Notify>,
}

#[async_trait]
impl Handle for Gated {
    const KIND: &'static str = ReplaceRecording::KIND;
    const CONCURRENCY: usize = 1;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        self.begun.notify_one();
        self.go.notified().await;
        self.replacing.run(run, step).await
    }
}

#[tokio::test]
async fn a_first_file_that_is_stored_at_last_leaves_the_one_that_is_to_replace_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (first, second) = (sample("two-voices.wav"), sample("sonnet.mp3"));
    let id = ada.upload("Voices.wav", first.clone()).await;
    let upload: UploadId = app.app.staging.ids().await.unwrap()[0];
    let aside = app.folder().join("aside");
    fs::rename(app.app.staging.path(upload), &aside).unwrap();
    let ffmpeg = Ffmpeg::locate(Limits::default()).await.unwrap();
    let engine = MediaEngine { ffmpeg, blobs: app.app.blobs.clone(), scratch: app.app.scratch.clone() };
    let [begun, go] = [(); 2].map(|()| Arc::new(Notify::new()));
    let gated = Gated {
        replacing: ReplaceRecording { engine, app: app.app.clone() },
        begun: Arc::clone(&begun),
        go: Arc::clone(&go),
    };
    app.work_with(|registry| registry.with(gated)).await;
    let failed = app.settled(&ada, &id).await;
    assert_eq!(failed["error"]["code"], "upload_lost", "{failed:#}");
    let asset_id = failed["asset_id"].as_str().unwrap();
    replace(&ada, "video", asset_id, second.clone()).await;
    tokio::time::timeout(Duration::from_secs(60), begun.notified()).await.unwrap();

    fs::rename(&aside, app.app.staging.path(upload)).unwrap();
    ada.post(&format!("/videos/{id}/retry"), &json!({})).await.is(200);
    let stored = async {
        loop {
            let now = asset(&ada, asset_id).await;
            if now["status"] == "ready" {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let now = tokio::time::timeout(Duration::from_secs(60), stored).await.unwrap();
    assert_eq!((&now["version"], &now["sha256"]), (&json!(1), &sum(&first)), "{now:#}");
    assert_eq!(now["replacement"]["status"], "pending", "{now:#}");

    go.notify_one();
    let now = settled(&ada, asset_id).await;
    assert_eq!((&now["version"], &now["sha256"]), (&json!(2), &sum(&second)), "{now:#}");
    assert_eq!(app.settled(&ada, &id).await["status"], "completed");
}
