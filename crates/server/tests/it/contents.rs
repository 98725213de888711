//! The contents of images and documents while they come: by runs that were taken for dead, by several at once, stopped, and tried again.

use crate::{
    app::{Options, TestApp, sample},
    client::{Client, Person, metadata, send},
    document_files::pdf,
    page_pictures::picture,
};
use chrono::TimeDelta;
use memoreel_kernel::{Clock, SystemClock};
use serde_json::{Value, json};
use sqlx::Connection;
use std::{path::PathBuf, time::Duration};

async fn asset(client: &Client, id: &str) -> Value {
    client.get(&format!("/assets/{id}")).await.is(200).json()
}

async fn until(client: &Client, id: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let found = asset(client, id).await;
        if is_wanted(&found) {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{found:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The only task of this kind.
async fn task(client: &Client, kind: &str) -> String {
    let found = client.get(&format!("/tasks?kind={kind}")).await.is(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found:#}");
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn ask(client: &Client, task: &str, what: &str) {
    client.post(&format!("/tasks/{task}/{what}"), &json!({})).await.is(200);
}

/// Says that a file follows, and of which asset; returns where it is sent to.
async fn announce(client: &Client, id: &str, size_bytes: usize) -> String {
    let said = metadata(&[("filename", "b"), ("kind", "image"), ("replaces", id)]);
    let begun = client.tus("POST", "/uploads").header("upload-length", size_bytes);
    let begun = send(begun.header("upload-metadata", said)).await;
    begun.is(201).header("location").trim_start_matches("/api/v1").to_owned()
}

async fn bring(client: &Client, upload: &str, bytes: Vec<u8>) {
    let request = client.tus("PATCH", upload).header("upload-offset", 0);
    send(request.header("content-type", "application/offset+octet-stream").body(bytes)).await.is(204);
}

/// Sends five bytes that nobody waits for any more.
async fn refused(client: &Client, upload: &str) {
    let request = client.tus("PATCH", upload).header("upload-offset", 0);
    let sent = send(request.header("content-type", "application/offset+octet-stream").body("bytes")).await;
    sent.refuses(404, "not_found");
    assert_eq!(client.get(upload).await.is(200).json()["status"], "terminated");
}

/// The folder of what an upload brought.
fn content(app: &TestApp, person: &Person, upload_id: &str) -> PathBuf {
    let organizations = app.folder().join("blobs/blobs/organizations");
    organizations.join(&person.organization_id).join("contents").join(upload_id)
}

async fn uploads(app: &TestApp) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT status, count(*) FROM uploads GROUP BY status ORDER BY status")
        .fetch_all(&mut app.superuser().await)
        .await
        .unwrap()
}

/// How many sessions of the database wait for another one's lock.
pub async fn waiting(app: &TestApp) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap()
}

pub async fn until_waiting(app: &TestApp, sessions: i64) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while waiting(app).await < sessions {
        assert!(tokio::time::Instant::now() < deadline, "fewer than {sessions} wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_run_that_was_taken_for_dead_leaves_the_file_to_the_one_that_followed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    // The first to store a content is held at that, long enough to lose its task.
    sqlx::raw_sql(
        "CREATE SEQUENCE storing; GRANT USAGE ON storing TO public;
         CREATE FUNCTION hold_the_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('storing') = 1 THEN PERFORM pg_advisory_xact_lock(42); END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER hold_the_first BEFORE INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION hold_the_first();
         SELECT pg_advisory_lock(42);",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let bytes = sample("still-photo.heic");
    let id = ada.upload_image("a.heic", bytes.clone()).await;
    app.work().await;
    until_waiting(&app, 1).await;
    sqlx::query(
        "UPDATE tasks SET status = 'pending', lease = NULL, leased_until = NULL WHERE kind = 'read_image'",
    )
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    // The one that follows has stored the file, or waits to say so.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while waiting(&app).await < 2 && asset(&ada, &id).await["status"] != "ready" {
        assert!(tokio::time::Instant::now() < deadline, "nobody took over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sqlx::query("SELECT pg_advisory_unlock(42)").execute(&mut connection).await.unwrap();
    let found = until(&ada, &id, |found| found["status"] == "ready").await;
    app.idle().await;
    app.clock.advance(TimeDelta::days(3));
    app.sweep().await;
    let found = asset(&ada, found["id"].as_str().unwrap()).await;
    assert_eq!(app.visitor().get(found["file_url"].as_str().unwrap()).await.is(200).body, bytes);
}

#[tokio::test]
async fn what_a_late_run_writes_of_an_asset_that_is_gone_goes_too() {
    let app = TestApp::with(Options { begins_at: Some(SystemClock.now()), ..Options::default() }).await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    app.sweep().await;
    let late = content(&app, &ada, &id);
    std::fs::create_dir_all(&late).unwrap();
    std::fs::write(late.join("original.heic"), b"late").unwrap();
    app.clock.advance(TimeDelta::days(3));
    app.sweep().await;
    assert!(!late.join("original.heic").exists());
}

#[tokio::test]
async fn of_two_files_that_replace_another_at_the_same_moment_one_is_waited_for() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    until(&ada, &id, |found| found["status"] == "ready").await;
    app.idle().await;
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let files = [picture("One").await, picture("Two").await];
    let places = [announce(&ada, &id, files[0].len()).await, announce(&ada, &id, files[1].len()).await];
    let mut connection = app.superuser().await;
    sqlx::raw_sql("BEGIN; SELECT FROM assets FOR UPDATE").execute(&mut connection).await.unwrap();
    let bringing = async {
        tokio::join!(bring(&ada, &places[0], files[0].clone()), bring(&ada, &places[1], files[1].clone()))
    };
    let releasing = async {
        until_waiting(&app, 2).await;
        sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap();
    };
    tokio::join!(bringing, releasing);
    let expected = [("received", 1), ("stored", 1), ("terminated", 1)];
    assert_eq!(uploads(&app).await, expected.map(|(status, count)| (status.to_owned(), count)));
    let awaited = asset(&ada, &id).await["replacement"]["upload_id"].as_str().unwrap().to_owned();
    assert_eq!(ada.get(&format!("/uploads/{awaited}")).await.is(200).json()["status"], "received");
    // What may be written of the other one meanwhile goes.
    let other =
        places.iter().map(|place| place.rsplit('/').next().unwrap()).find(|id| *id != awaited).unwrap();
    let late = content(&app, &ada, other);
    std::fs::create_dir_all(&late).unwrap();
    std::fs::write(late.join("original.png"), b"late").unwrap();

    app.work().await;
    let found = until(&ada, &id, |found| found["replacement"].is_null()).await;
    assert_eq!(found["version"], 2);
    app.idle().await;
    app.clock.advance(TimeDelta::days(3));
    app.sweep().await;
    assert!(!late.join("original.png").exists());
    assert!(content(&app, &ada, &awaited).join("original.png").exists());
}

#[tokio::test]
async fn the_failure_of_one_replacement_is_not_that_of_the_next() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    until(&ada, &id, |found| found["status"] == "ready").await;
    app.idle().await;
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let useless = b"\x89PNG\r\n\x1a\nnothing of the kind\0\x01".to_vec();
    let places = [announce(&ada, &id, useless.len()).await, announce(&ada, &id, useless.len()).await];
    let next = places[1].rsplit('/').next().unwrap();
    // Another one is announced, and not yet committed, when the first fails.
    let mut connection = app.superuser().await;
    bring(&ada, &places[0], useless).await;
    let mut announced = connection.begin().await.unwrap();
    sqlx::query("UPDATE assets SET replacement_id = $1::uuid WHERE id = $2::uuid")
        .bind(next)
        .bind(&id)
        .execute(&mut *announced)
        .await
        .unwrap();
    app.work().await;
    until_waiting(&app, 1).await;
    sqlx::query(
        "INSERT INTO tasks (organization_id, id, kind, subject_id, payload, scheduled_for, status)
         SELECT organization_id, uuidv7(), 'read_image', subject_id, payload, 'infinity', 'pending' FROM tasks
         WHERE subject_id = $1::uuid LIMIT 1",
    )
    .bind(&id)
    .execute(&mut *announced)
    .await
    .unwrap();
    announced.commit().await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while ada.get("/tasks?status=failed").await.is(200).json()["items"] == json!([]) {
        assert!(tokio::time::Instant::now() < deadline, "the first does not fail");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = asset(&ada, &id).await;
    assert_eq!(
        (&found["replacement"]["status"], &found["replacement"]["upload_id"]),
        (&json!("pending"), &json!(next))
    );
}

#[tokio::test]
async fn what_was_stopped_is_read_when_it_is_tried_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let image = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    let document = ada.upload_document("a.pdf", pdf(&["The submarine dives."])).await;
    for (id, kind) in [(&image, "read_image"), (&document, "read_document")] {
        let task = task(&ada, kind).await;
        ask(&ada, &task, "cancel").await;
        let stopped = asset(&ada, id).await;
        assert_eq!(
            (&stopped["status"], &stopped["error"]["code"]),
            (&json!("failed"), &json!("task_cancelled"))
        );
        ask(&ada, &task, "retry").await;
        let waiting = asset(&ada, id).await;
        assert_eq!((&waiting["status"], &waiting["error"]), (&json!("pending"), &Value::Null));
    }
    app.work().await;
    for id in [&image, &document] {
        until(&ada, id, |found| found["status"] == "ready").await;
    }
    app.idle().await;

    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let after = picture("The zeppelin lands").await;
    let place = announce(&ada, &image, after.len()).await;
    bring(&ada, &place, after).await;
    let found = ada.get("/tasks?kind=read_image&status=pending").await.is(200).json();
    let task = found["items"][0]["id"].as_str().unwrap();
    ask(&ada, task, "cancel").await;
    let stopped = asset(&ada, &image).await;
    assert_eq!((&stopped["status"], &stopped["version"]), (&json!("ready"), &json!(1)));
    assert_eq!(stopped["replacement"]["error"]["code"], "task_cancelled");
    ask(&ada, task, "retry").await;
    assert_eq!(asset(&ada, &image).await["replacement"]["status"], "pending");
    app.work().await;
    let found = until(&ada, &image, |found| found["replacement"].is_null()).await;
    assert_eq!((&found["version"], &found["content_type"]), (&json!(2), &json!("image/png")));
}

#[tokio::test]
async fn what_is_read_again_is_not_given_up_for_a_file_that_comes_too_early() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let before = sample("still-photo.heic");
    let id = ada.upload_image("a.heic", before.clone()).await;
    let task = task(&ada, "read_image").await;
    ask(&ada, &task, "cancel").await;
    let place = announce(&ada, &id, 5).await;
    ask(&ada, &task, "retry").await;
    refused(&ada, &place).await;
    app.work().await;
    let found = until(&ada, &id, |found| found["status"] != "pending").await;
    assert_eq!(found["status"], "ready", "{found:#}");
    app.idle().await;
    app.sweep().await;
    let file = found["file_url"].as_str().unwrap();
    assert_eq!(app.visitor().get(file).await.is(200).body, before);
}

#[tokio::test]
async fn what_replaces_a_file_is_not_given_up_for_another_that_comes_while_that_is_in_the_bin() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    until(&ada, &id, |found| found["status"] == "ready").await;
    app.idle().await;
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let after = picture("The zeppelin lands").await;
    let places = [announce(&ada, &id, after.len()).await, announce(&ada, &id, 5).await];
    bring(&ada, &places[0], after).await;
    ada.delete(&format!("/assets/{id}")).await.is(204);
    refused(&ada, &places[1]).await;
    ada.post(&format!("/assets/{id}/restore"), &json!({})).await.is(200);
    app.work().await;
    let found = until(&ada, &id, |found| found["replacement"].is_null()).await;
    assert_eq!((&found["version"], &found["content_type"]), (&json!(2), &json!("image/png")));
}

#[tokio::test]
async fn whoever_is_tried_again_after_its_bytes_are_gone_says_so() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    let task = task(&ada, "read_image").await;
    ask(&ada, &task, "cancel").await;
    app.app.staging.remove(id.parse().unwrap()).await.unwrap();
    ask(&ada, &task, "retry").await;
    app.work().await;
    let found = until(&ada, &id, |found| found["status"] == "failed").await;
    assert_eq!(found["error"]["code"], "upload_lost");
}

#[tokio::test]
async fn what_replaces_a_content_that_never_came_ends_the_wait_for_that() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let useless = b"\x89PNG\r\n\x1a\nnothing of the kind\0\x01".to_vec();
    let id = ada.upload_image("a.png", useless).await;
    until(&ada, &id, |found| found["status"] == "failed").await;
    let after = picture("The zeppelin lands").await;
    let place = announce(&ada, &id, after.len()).await;
    bring(&ada, &place, after).await;
    let found = until(&ada, &id, |found| found["replacement"].is_null()).await;
    assert_eq!((&found["status"], &found["error"]), (&json!("ready"), &Value::Null));
    assert_eq!(ada.get(&format!("/uploads/{id}")).await.is(200).json()["status"], "terminated");
}
