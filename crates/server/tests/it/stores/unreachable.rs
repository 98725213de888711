//! A store that is away: files of those in others go, and those are erased.

use crate::{
    app::{Options, TestApp, sample},
    client::Person,
    erasure::marks::files,
};
use chrono::TimeDelta;
use memoreel_blob::{Place, S3Config, StoreConfig};
use memoreel_kernel::UserId;
use memoreel_stores::Mover;
use memoreel_testkit::{Fault, FaultProxy, S3_ACCESS_KEY, S3_SECRET_KEY, S3Server};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;
use uuid::Uuid;

const BUCKET: &str = "talks";
/// A request is tried so often before its store is taken to be away.
const TRIES: usize = 5;

/// Ada's files lie in a bucket, and Bob's in the default store. Both have some.
struct Apart {
    app: TestApp,
    ada: Person,
    bob: Person,
    bucket: S3Server,
    proxy: FaultProxy,
    _scratch: TempDir,
}

impl Apart {
    async fn new() -> Self {
        let bucket = S3Server::start(&[BUCKET]).await.unwrap();
        let proxy = FaultProxy::start(bucket.address()).await.unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let archive = StoreConfig::S3(S3Config {
            endpoint: Some(proxy.endpoint()),
            bucket: BUCKET.to_owned(),
            region: "us-east-1".to_owned(),
            access_key: S3_ACCESS_KEY.to_owned(),
            secret_key: S3_SECRET_KEY.to_owned(),
            prefix: None,
            path_style: true,
            checksum_header: true,
            scratch_dir: scratch.path().to_owned(),
        });
        let stores = Some(BTreeMap::from([("archive".to_owned(), archive)]));
        let app = TestApp::with(Options { stores, ..Options::default() }).await;
        app.work().await;
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        for person in [&ada, &bob] {
            for number in 0..3 {
                person.upload_image(&format!("{number}.heic"), sample("still-photo.heic")).await;
            }
            person.post("/me/exports", &json!({})).await.is(201);
        }
        app.idle().await;
        let mover = Mover::new(app.db().clone(), app.app.blobs.stores().clone());
        mover.move_to("ada", &Place::of("archive"), &mut |_| {}).await.unwrap();
        let apart = Self { app, ada, bob, bucket, proxy, _scratch: scratch };
        assert!(apart.of_ada() > 1 && apart.of_bob() == apart.of_ada(), "{}", apart.of_ada());
        apart
    }

    fn of_ada(&self) -> usize {
        let folder = format!("organizations/{}/", self.ada.organization_id);
        self.bucket.keys(BUCKET).iter().filter(|key| key.starts_with(&folder)).count()
    }

    fn of_bob(&self) -> usize {
        files(&self.app.folder().join("blobs/blobs/organizations").join(&self.bob.organization_id)).len()
    }

    fn leave(&self) {
        self.proxy.set(|_| Fault::Status(503));
    }

    fn come_back(&self) {
        self.proxy.set(|_| Fault::None);
    }

    /// The organizations of which files are to go by now.
    async fn waiting(&self) -> BTreeSet<String> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT organization_id::text FROM blob_deletions WHERE not_before <= $1",
        )
        .bind(self.app.now())
        .fetch_all(&mut self.app.superuser().await)
        .await
        .unwrap();
        ids.into_iter().collect()
    }

    async fn finished(&self) -> Vec<Uuid> {
        let erasures = self.app.eraser().erasures().await.unwrap();
        erasures.into_iter().filter(|one| one.finished_at.is_some()).map(|one| one.subject_id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_a_store_that_is_away_is_waited_for_once_and_everything_else_is_done() {
    let apart = Apart::new().await;
    let app = &apart.app;
    let mut database = app.superuser().await;
    sqlx::query("UPDATE assets SET deleted_at = $1, retention_until = $1")
        .bind(app.now() - TimeDelta::hours(1))
        .execute(&mut database)
        .await
        .unwrap();
    // Removed in a step after the files.
    sqlx::query("UPDATE tasks SET scheduled_for = $1, finished_at = $1")
        .bind(app.now() - TimeDelta::days(31))
        .execute(&mut database)
        .await
        .unwrap();
    apart.leave();
    let (ada_before, asked_before) = (apart.of_ada(), apart.proxy.seen().len());
    assert_eq!(app.sweep_steps().await, ["deleted_files"]);
    // But his export.
    assert_eq!((apart.of_bob(), apart.of_ada()), (1, ada_before));
    assert_eq!(apart.waiting().await, BTreeSet::from([apart.ada.organization_id.clone()]));
    let asked = apart.proxy.seen().len() - asked_before;
    assert!((1..=TRIES).contains(&asked), "{asked} requests");
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM tasks").fetch_one(&mut database).await.unwrap();
    assert_eq!(tasks, 0);

    apart.come_back();
    app.sweep().await;
    assert_eq!((apart.of_bob(), apart.of_ada()), (1, 1));
    assert_eq!(apart.waiting().await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_elsewhere_is_erased_while_a_store_is_away_and_who_is_in_it_once_it_is_back() {
    let apart = Apart::new().await;
    let app = &apart.app;
    let subject = |person: &Person| person.user_id.parse::<Uuid>().unwrap();
    sqlx::query("DELETE FROM assets WHERE organization_id = $1::uuid")
        .bind(apart.ada.organization_id.parse::<Uuid>().unwrap())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    apart.leave();
    // The time of both exports is over as well.
    app.clock.advance(TimeDelta::days(8));
    for person in [&apart.ada, &apart.bob] {
        let id = UserId(subject(person));
        memoreel_identity::close_account_now(app.db(), id, app.now()).await.unwrap();
    }
    app.eraser().sweep().await.unwrap();
    assert_eq!(apart.finished().await, [subject(&apart.bob)]);
    assert_eq!(apart.of_bob(), 0);
    assert!(apart.of_ada() > 1);

    apart.come_back();
    app.eraser().sweep().await.unwrap();
    assert_eq!(apart.finished().await.len(), 2);
    assert_eq!(apart.of_ada(), 0);
}
