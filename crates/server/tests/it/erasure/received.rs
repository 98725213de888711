//! Files that arrived and are not stored yet when who uploaded them is erased: what others see is stored all the same.

use super::{killed::now, marks, upload_to, uuid};
use crate::app::TestApp;
use chrono::TimeDelta;
use memoreel_blob::BlobKey;
use memoreel_kernel::{UploadId, UserId};
use memoreel_privacy::{AskedBy, Subject};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

async fn upload_of(database: &mut PgConnection, video: &str) -> UploadId {
    let id = sqlx::query_scalar("SELECT id FROM uploads WHERE video_id = $1").bind(uuid(video));
    UploadId(id.fetch_one(database).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_see_is_stored_although_who_uploaded_it_was_erased() {
    let app = TestApp::with(now()).await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let organization_id = &ada.organization_id;
    let shared = upload_to(&bob, organization_id, "Minutes.wav").await;
    let private = upload_to(&bob, organization_id, "Alone.wav").await;
    let path = format!("/videos/{private}");
    bob.ask(organization_id, "PATCH", &path, json!({ "visibility": "private" })).await.is(200);
    let mut database = app.superuser().await;
    let (kept, gone) = (upload_of(&mut database, &shared).await, upload_of(&mut database, &private).await);
    let id = UserId(uuid(&bob.user_id));
    memoreel_identity::close_account_now(app.db(), id, app.now()).await.unwrap();
    let report = app.eraser().erase(Subject::Person(id), AskedBy::Operator).await.unwrap();
    assert_eq!(report.uploads.count, 1, "{report:?}");

    let left: Vec<(Uuid, Option<Uuid>)> =
        sqlx::query_as("SELECT id, user_id FROM uploads").fetch_all(&mut database).await.unwrap();
    assert_eq!(left, [(kept.uuid(), None)]);
    assert!(app.app.staging.path(kept).exists() && !app.app.staging.path(gone).exists());
    app.work().await;
    let video = app.settled(&ada, &shared).await;
    assert_eq!((&video["status"], &video["title"]), (&json!("completed"), &json!("Minutes")), "{video:#}");
    assert!(!video.to_string().contains(&bob.user_id));
    ada.ask(organization_id, "GET", &path, Value::Null).await.is(404);
}

#[tokio::test]
async fn what_was_stored_of_an_upload_whose_row_is_deleted_goes() {
    let app = TestApp::with(now()).await;
    let ada = app.person("ada").await;
    let video = upload_to(&ada, &ada.organization_id, "Minutes.wav").await;
    let mut database = app.superuser().await;
    let id = upload_of(&mut database, &video).await;
    let folder = format!("organizations/{}/contents/{id}", ada.organization_id);
    let key: BlobKey = format!("{folder}/original.wav").parse().unwrap();
    app.app.blobs.put_bytes(&key, "stored by who was killed then").await.unwrap();
    sqlx::query("DELETE FROM uploads").execute(&mut database).await.unwrap();
    let lies = app.folder().join("blobs/blobs").join(folder);
    app.sweep().await;
    assert_eq!(marks::files(&lies).len(), 0);
    app.app.blobs.put_bytes(&key, "late").await.unwrap();
    app.clock.advance(TimeDelta::hours(49));
    app.sweep().await;
    assert_eq!(marks::files(&lies).len(), 0);
}
