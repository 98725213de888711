//! Whoever is erased has no file left, wherever their files lie or were on the way to.

use super::sweep::with_stores;
use crate::{
    app::{TestApp, sample},
    client::Person,
};
use futures::TryStreamExt;
use memoreel_blob::{BlobKey, Place, SingleStore};
use memoreel_kernel::UserId;
use memoreel_privacy::{AskedBy, Subject};
use memoreel_stores::{Mover, StoresError};
use std::time::Duration;

struct Moved {
    app: TestApp,
    ada: Person,
    slug: String,
    _archive: tempfile::TempDir,
}

impl Moved {
    async fn new() -> Self {
        let archive = tempfile::tempdir().unwrap();
        let app = with_stores(&archive).await;
        app.work().await;
        let ada = app.person("ada").await;
        ada.upload_image("Harbour.heic", sample("still-photo.heic")).await;
        app.idle().await;
        let slug: String = sqlx::query_scalar("SELECT slug FROM organizations WHERE id = $1::uuid")
            .bind(ada.organization_id.parse::<uuid::Uuid>().unwrap())
            .fetch_one(&mut app.superuser().await)
            .await
            .unwrap();
        Self { app, ada, slug, _archive: archive }
    }

    fn mover(&self) -> Mover {
        Mover::new(self.app.db().clone(), self.app.app.blobs.stores().clone())
    }

    fn store(&self, name: &str) -> SingleStore {
        self.app.app.blobs.stores().at(&Place::of(name)).unwrap()
    }

    async fn files(&self, store: &str) -> Vec<BlobKey> {
        let folder: BlobKey = format!("organizations/{}", self.ada.organization_id).parse().unwrap();
        let listed = self.store(store).list(Some(&folder));
        listed.map_ok(|blob| blob.key).try_collect().await.unwrap()
    }

    async fn erase(&self) {
        let id = UserId(self.ada.user_id.parse().unwrap());
        memoreel_identity::close_account_now(self.app.db(), id, self.app.now()).await.unwrap();
        self.app.eraser().erase(Subject::Person(id), AskedBy::Operator).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_moved_is_erased_where_they_are() {
    let moved = Moved::new().await;
    let before = moved.files("default").await;
    assert!(!before.is_empty());
    moved.mover().move_to(&moved.slug, &Place::of("archive"), &mut |_| {}).await.unwrap();
    assert_eq!((moved.files("default").await, moved.files("archive").await), (Vec::new(), before));
    // Moving to where it is already does nothing.
    let again = moved.mover().move_to(&moved.slug, &Place::of("archive"), &mut |_| {}).await.unwrap();
    assert_eq!((again.files, again.cleared), (0, 0));
    let image = moved.ada.get("/assets?kind=image").await.is(200).json();
    let url = image["items"][0]["file_url"].as_str().unwrap().to_owned();
    let url = url.strip_prefix(crate::app::PUBLIC_URL).unwrap_or(&url).to_owned();
    assert!(moved.app.visitor().get(&url).await.is(200).body == sample("still-photo.heic"));
    moved.erase().await;
    assert_eq!((moved.files("default").await, moved.files("archive").await), (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_on_the_way_is_erased_in_both_stores() {
    let moved = Moved::new().await;
    let (mover, slug) = (moved.mover(), moved.slug.clone());
    let moving =
        tokio::spawn(async move { mover.move_to(&slug, &Place::of("archive"), &mut |_| {}).await.is_ok() });
    let mut database = moved.app.superuser().await;
    loop {
        let states: Vec<String> = sqlx::query_scalar("SELECT state FROM organization_stores")
            .fetch_all(&mut database)
            .await
            .unwrap();
        if states == ["copying"] {
            break;
        }
        assert!(!moving.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // As if whoever moved it was killed with some of it copied.
    moving.abort();
    assert!(moving.await.is_err());
    for key in moved.files("default").await {
        moved.store("archive").copy_from(&moved.store("default"), &key).await.unwrap().unwrap();
    }
    // Until the process knows of the move.
    tokio::time::sleep(Duration::from_secs(3)).await;
    moved.erase().await;
    assert_eq!((moved.files("default").await, moved.files("archive").await), (Vec::new(), Vec::new()));
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM organization_stores")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_move_or_cancel_one_waits_and_is_told_so() {
    let moved = Moved::new().await;
    let (mover, target) = (moved.mover(), Place::of("archive"));
    // One that is at work.
    let mut other = moved.app.superuser().await;
    sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
        .bind(format!("move of {}", moved.ada.organization_id))
        .execute(&mut other)
        .await
        .unwrap();
    let refused = mover.move_to(&moved.slug, &target, &mut |_| {}).await.unwrap_err();
    assert!(matches!(refused, StoresError::Contended), "{refused}");
    let refused = mover.cancel(&moved.slug).await.unwrap_err();
    assert!(matches!(refused, StoresError::Contended), "{refused}");
    assert!(moved.files("archive").await.is_empty());
    // It is killed, and whoever waits goes on.
    let mut tell = |_| {};
    let moving = mover.move_to(&moved.slug, &target, &mut tell);
    let killing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(other);
    };
    let (done, ()) = tokio::join!(moving, killing);
    done.unwrap();
    assert!(moved.files("default").await.is_empty() && !moved.files("archive").await.is_empty());
}
