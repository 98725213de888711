//! Sounds of a private recording are made by tasks of the asset: they are stopped, and waited for, before it is erased.

use super::{killed::now, marks, upload_to, uuid};
use crate::{app::TestApp, process::wait_until};
use chrono::TimeDelta;
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, Subject};
use serde_json::json;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn sounds_that_are_being_made_of_a_private_recording_are_waited_for_and_go_with_it() {
    let app = TestApp::with(now()).await;
    app.work().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let organization_id = &ada.organization_id;
    let video = upload_to(&bob, organization_id, "Alone.wav").await;
    app.idle().await;
    let private = json!({ "visibility": "private" });
    bob.ask(organization_id, "PATCH", &format!("/videos/{video}"), private).await.is(200);
    // Nobody works any more.
    let app = app.restart().await;
    let bob = app.signed_in(&bob).await;
    let mut database = app.superuser().await;
    let asset_id: Uuid = sqlx::query_scalar("SELECT asset_id FROM videos WHERE id = $1")
        .bind(uuid(&video))
        .fetch_one(&mut database)
        .await
        .unwrap();
    let path = format!("/assets/{asset_id}/renditions");
    bob.ask(organization_id, "POST", &path, json!({ "format": "mp3" })).await.is(202);
    // In the hands of a worker.
    sqlx::query(
        "UPDATE tasks SET status = 'running', attempts = 1, lease = gen_random_uuid(), leased_until = $1, started_at = $2
         WHERE kind = 'make_sounds'",
    )
    .bind(app.now() + TimeDelta::hours(1))
    .bind(app.now())
    .execute(&mut database)
    .await
    .unwrap();
    let folder = app.folder().join("blobs/blobs/organizations").join(organization_id);
    let folder = folder.join("assets").join(asset_id.to_string());
    let late =
        format!("organizations/{organization_id}/assets/{asset_id}/sounds/sound-mp3.mp3").parse().unwrap();
    let id = UserId(uuid(&bob.user_id));
    memoreel_identity::close_account_now(app.db(), id, app.now()).await.unwrap();
    let eraser = app.eraser();
    let erasing = tokio::spawn(async move { eraser.erase(Subject::Person(id), AskedBy::Operator).await });
    wait_until("the task is asked to stop", async || {
        let asked = sqlx::query_scalar("SELECT cancel_requested FROM tasks WHERE kind = 'make_sounds'");
        asked.fetch_optional(&mut app.superuser().await).await.unwrap().unwrap_or(false)
            || erasing.is_finished()
    })
    .await;
    assert!(!erasing.is_finished(), "it did not wait");
    assert!(!marks::files(&folder).is_empty());
    // It stores what it has, and ends.
    app.app.blobs.put_bytes(&late, "sound").await.unwrap();
    sqlx::query("UPDATE tasks SET status = 'cancelled', lease = NULL, leased_until = NULL, finished_at = $1 WHERE kind = 'make_sounds'")
        .bind(app.now())
        .execute(&mut database)
        .await
        .unwrap();
    erasing.await.unwrap().unwrap();
    assert_eq!(marks::files(&folder).len(), 0);
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM tasks WHERE subject_id = ANY($1)) + (SELECT count(*) FROM outbox WHERE aggregate_id = ANY($1))",
    )
    .bind(vec![uuid(&video), asset_id])
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!(left, 0);
    assert!(app.eraser().erasures().await.unwrap()[0].finished_at.is_some());

    // And whatever a worker writes that could not be told.
    app.app.blobs.put_bytes(&late, "sound").await.unwrap();
    app.clock.advance(TimeDelta::hours(49));
    app.sweep().await;
    assert_eq!(marks::files(&folder).len(), 0);
}
