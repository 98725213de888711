//! What maintenance removes, and what it must not: bytes in staging, and files that come when their asset is gone.

use crate::{
    app::{TestApp, sample},
    client::{Person, metadata, send},
    contents::until_waiting,
    document_files::pdf,
    erasure::{killed::now, marks},
};
use chrono::TimeDelta;
use memoreel_identity::{resume_organization, suspend_organization};
use memoreel_kernel::UploadId;
use memoreel_server::maintenance;
use sqlx::Connection;
use std::{collections::BTreeSet, fs, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What is in the staging folder.
async fn staged(app: &TestApp) -> BTreeSet<UploadId> {
    app.app.staging.ids().await.unwrap().into_iter().collect()
}

/// Files of an organization in the store, below this folder.
fn files(app: &TestApp, person: &Person, folder: &str) -> usize {
    let organizations = app.folder().join("blobs/blobs/organizations");
    marks::files(&organizations.join(&person.organization_id).join(folder)).len()
}

/// Writes a file as a task does that was at it when its asset went, and that is killed before it learns of that.
async fn written_late(app: &TestApp, person: &Person, path: &str) {
    let key = format!("organizations/{}/{path}", person.organization_id).parse().unwrap();
    app.app.blobs.put_bytes(&key, "late").await.unwrap();
}

#[tokio::test]
async fn a_step_that_fails_keeps_no_other_from_being_done() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let upload = ada.announce(4, "left.mp4").await;
    ada.append(&upload, 0, "ab").await.is(204);
    fs::write(app.folder().join("scratch"), "not a folder").unwrap();
    app.clock.advance(TimeDelta::hours(25));
    assert_eq!(app.sweep_steps().await, ["scratch"]);
    assert_eq!(staged(&app).await, BTreeSet::new());
    assert_eq!(ada.get(&upload).await.is(200).json()["status"], "expired");
}

#[tokio::test]
async fn a_sweep_that_waits_keeps_no_log_from_being_sealed_and_no_process_from_ending() {
    let app = TestApp::start().await;
    app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE idempotency_keys IN EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(maintenance::run(app.app.clone(), app.eraser(), 30, stop.clone()));
    until_waiting(&app, 1).await;
    let mut database = app.superuser().await;
    let sealed = async {
        loop {
            let unsealed: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_logs WHERE seq IS NULL")
                .fetch_one(&mut database)
                .await
                .unwrap();
            if unsealed == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sealed).await.expect("the log is sealed meanwhile");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("it ends").unwrap();
    holding.rollback().await.unwrap();
    app.sweep().await;
}

#[tokio::test]
async fn received_bytes_stay_as_long_as_something_is_to_be_done_with_them() {
    // Files have their times from the real clock.
    let app = TestApp::with(now()).await;
    let (ada, bob, carol) = (app.person("ada").await, app.person("bob").await, app.person("carol").await);
    let video = ada.upload("Held.wav", sample("two-voices.wav")).await;
    suspend_organization(app.db(), "ada").await.unwrap();
    let mut database = app.superuser().await;
    let held: UploadId = sqlx::query_scalar::<_, Uuid>("SELECT id FROM uploads")
        .fetch_one(&mut database)
        .await
        .map(UploadId)
        .unwrap();
    let waiting = bob.upload_image("Waiting.heic", sample("still-photo.heic")).await;
    let given_up = carol.upload_image("Given up.heic", sample("still-photo.heic")).await;
    let [waits, fails] = [&waiting, &given_up].map(|id| id.parse::<UploadId>().unwrap());
    let lost = UploadId::new(app.now());
    fs::write(app.app.staging.path(lost), "of no upload").unwrap();
    app.clock.advance(TimeDelta::days(5));
    sqlx::query("UPDATE tasks SET status = 'failed', finished_at = $1, error_code = 'x', error_message = 'x' WHERE subject_id = $2")
        .bind(app.now() - TimeDelta::hours(1))
        .bind(fails.uuid())
        .execute(&mut database)
        .await
        .unwrap();
    app.sweep().await;
    assert_eq!(staged(&app).await, BTreeSet::from([held, waits, fails]));
    app.clock.advance(TimeDelta::days(2));
    app.sweep().await;
    assert_eq!(staged(&app).await, BTreeSet::from([held, waits]));

    resume_organization(app.db(), "ada").await.unwrap();
    app.work().await;
    let (ada, bob) = (app.signed_in(&ada).await, app.signed_in(&bob).await);
    assert_eq!(app.settled(&ada, &video).await["status"], "completed");
    app.idle().await;
    assert_eq!(bob.get(&format!("/assets/{waiting}")).await.is(200).json()["status"], "ready");
    assert_eq!(staged(&app).await, BTreeSet::new());
}

#[tokio::test]
async fn what_a_task_writes_after_its_asset_went_goes_and_what_others_share_stays() {
    let app = TestApp::with(now()).await;
    app.work().await;
    let ada = app.person("ada").await;
    let document = ada.upload_document("Minutes.pdf", pdf(&["Of the harbour board."])).await;
    let twin = ada.upload_document("Twin.pdf", pdf(&["Of the harbour board."])).await;
    app.idle().await;
    ada.delete(&format!("/assets/{document}?permanently=true")).await.is(204);
    let folder = format!("assets/{document}");
    assert_eq!((files(&app, &ada, &folder), files(&app, &ada, "contents")), (0, 1));
    let late = ["pages/7.webp", "hls/av1-720p/1.m4s", "sounds/sound-mp3.mp3", "frames/0.jpg", "images/0.png"];
    for path in late {
        written_late(&app, &ada, &format!("{folder}/{path}")).await;
    }
    app.sweep().await;
    // A task that is still at it would write some more.
    assert_eq!(files(&app, &ada, &folder), late.len());
    app.clock.advance(TimeDelta::hours(49));
    app.sweep().await;
    assert_eq!(files(&app, &ada, &folder), 0);
    let ada = app.signed_in(&ada).await;
    let kept = ada.get(&format!("/assets/{twin}")).await.is(200).json();
    assert_eq!(
        app.visitor().get(kept["file_url"].as_str().unwrap()).await.is(200).body,
        pdf(&["Of the harbour board."])
    );
}

#[tokio::test]
async fn what_was_stored_of_an_upload_that_becomes_nothing_goes() {
    let app = TestApp::with(now()).await;
    app.work().await;
    let ada = app.person("ada").await;
    let document = ada.upload_document("Minutes.pdf", pdf(&["Of the harbour board."])).await;
    app.idle().await;
    // Nobody works any more.
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let image = ada.upload_image("Harbour.heic", sample("still-photo.heic")).await;
    let mut replacing = Vec::new();
    for text in ["One.", "Another."] {
        let bytes = pdf(&[text]);
        let request = ada
            .tus("POST", "/uploads")
            .header("upload-length", bytes.len())
            .header(
                "upload-metadata",
                metadata(&[("filename", "a.pdf"), ("kind", "document"), ("replaces", &document)]),
            )
            .header("content-type", "application/offset+octet-stream")
            .body(bytes);
        let answer = send(request).await.is(201);
        let location = answer.header("location").to_owned();
        replacing.push(location.rsplit('/').next().unwrap().to_owned());
    }
    let pages = files(&app, &ada, &format!("assets/{document}"));
    assert!(pages > 0);
    // Killed when they had stored what they had, the first one before the second file came.
    let left = [
        format!("contents/{image}/original.heic"),
        format!("contents/{}/original.pdf", replacing[0]),
        format!("assets/{document}/pages-{}/1.webp", replacing[0]),
    ];
    for path in &left {
        written_late(&app, &ada, path).await;
    }
    ada.delete(&format!("/assets/{image}?permanently=true")).await.is(204);
    // Nothing but what the document has.
    assert_eq!((files(&app, &ada, "contents"), files(&app, &ada, "assets")), (1, pages));
    for path in &left {
        written_late(&app, &ada, path).await;
    }
    app.sweep().await;
    assert_eq!(files(&app, &ada, "contents"), 3);
    app.clock.advance(TimeDelta::hours(49));
    app.sweep().await;
    assert_eq!((files(&app, &ada, "contents"), files(&app, &ada, "assets")), (1, pages));
    // What replaces it is read and stored as ever.
    app.work().await;
    app.idle().await;
    app.clock.advance(TimeDelta::hours(49));
    app.sweep().await;
    let ada = app.signed_in(&ada).await;
    let kept = ada.get(&format!("/assets/{document}")).await.is(200).json();
    assert_eq!(app.visitor().get(kept["file_url"].as_str().unwrap()).await.is(200).body, pdf(&["Another."]));
    assert_eq!(files(&app, &ada, "contents"), 1);
}
