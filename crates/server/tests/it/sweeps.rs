//! What maintenance removes, and what it must not: bytes in staging.

use crate::{
    app::{TestApp, sample},
    erasure::killed::now,
};
use chrono::TimeDelta;
use memoreel_identity::{resume_organization, suspend_organization};
use memoreel_kernel::UploadId;
use std::{collections::BTreeSet, fs};
use uuid::Uuid;

/// What is in the staging folder.
async fn staged(app: &TestApp) -> BTreeSet<UploadId> {
    app.app.staging.ids().await.unwrap().into_iter().collect()
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
