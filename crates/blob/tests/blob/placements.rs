//! An organization's blobs while it is moved: what the process that reads and writes them does for it.

use crate::{content, key};
use memoreel_blob::{BlobKey, BlobStore, Change, Place, Placement, SingleStore, StoreConfig, Stores};
use memoreel_kernel::OrganizationId;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

struct Moving {
    store: BlobStore,
    id: OrganizationId,
    old: SingleStore,
    new: SingleStore,
    _folder: tempfile::TempDir,
}

impl Moving {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = |name: &str| (name.to_owned(), StoreConfig::Disk(folder.path().join(name)));
        let stores = Stores::new(BTreeMap::from([disk("default"), disk("archive")])).unwrap();
        let store = BlobStore::with_stores(stores.clone()).unwrap();
        let id: OrganizationId = "0192b3c4-0000-7000-8000-000000000001".parse().unwrap();
        let (old, new) =
            (stores.at(&Place::of("default")).unwrap(), stores.at(&Place::of("archive")).unwrap());
        Self { store, id, old, new, _folder: folder }
    }

    fn key(&self, rest: &str) -> BlobKey {
        key(&format!("organizations/{}/{rest}", self.id))
    }

    /// Says how things stand, and returns what was noted before.
    fn apply(&self, is_at_new: bool, is_tracked: bool, is_held: bool) -> Vec<Change> {
        let (home, other) = if is_at_new { (&self.new, &self.old) } else { (&self.old, &self.new) };
        let placement = Placement { home: home.clone(), other: Some(other.clone()), is_tracked, is_held };
        self.store.placements().apply(HashMap::from([(self.id, placement)]))
    }
}

#[tokio::test]
async fn what_is_written_and_deleted_while_a_copy_is_made_is_noted_and_deleted_in_both() {
    let moving = Moving::begin();
    moving.store.put_bytes(&moving.key("a/before"), "x").await.unwrap();
    assert_eq!(moving.apply(false, true, false), []);
    moving
        .new
        .put_file(
            &moving.key("a/before"),
            moving.old.local_path(&moving.key("a/before")).await.unwrap().path(),
        )
        .await
        .unwrap();
    moving.store.put_bytes(&moving.key("a/during"), "y").await.unwrap();
    moving.store.delete(&moving.key("a/before")).await.unwrap();
    moving.store.delete_prefix(&moving.key("b")).await.unwrap();
    moving.store.put_bytes(&key("probes/one"), "of nobody").await.unwrap();
    assert!(moving.old.head(&moving.key("a/during")).await.unwrap().is_some());
    assert!(
        moving.new.head(&moving.key("a/during")).await.unwrap().is_none(),
        "only who copies writes there"
    );
    assert!(moving.new.head(&moving.key("a/before")).await.unwrap().is_none());
    let noted: Vec<_> = moving
        .apply(false, true, true)
        .into_iter()
        .map(|change| (change.key.file_name().to_owned(), change.is_folder))
        .collect();
    assert_eq!(noted, [("before".into(), false), ("during".into(), false), ("b".into(), true)]);
}

#[tokio::test]
async fn writing_waits_while_the_rest_is_copied_and_reading_does_not() {
    let moving = Moving::begin();
    let blob = moving.key("a");
    moving.store.put_bytes(&blob, "first").await.unwrap();
    moving.apply(false, true, true);
    let (store, late) = (moving.store.clone(), moving.key("b"));
    let writing = tokio::spawn(async move { store.put_bytes(&late, "second").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writing.is_finished());
    assert_eq!(moving.store.get_bytes(&blob, 10).await.unwrap(), "first");
    moving.new.copy_from(&moving.old, &blob).await.unwrap().unwrap();
    // Everybody reads from the new one before anybody writes to it.
    moving.apply(true, false, true);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writing.is_finished());
    assert_eq!(moving.store.get_bytes(&blob, 10).await.unwrap(), "first");
    moving.apply(true, false, false);
    writing.await.unwrap().unwrap();
    assert!(moving.old.head(&moving.key("b")).await.unwrap().is_none());
    assert_eq!(moving.store.get_bytes(&moving.key("b"), 10).await.unwrap(), "second");
}

#[tokio::test]
async fn a_write_that_began_before_the_home_changed_ends_in_the_new_one() {
    let moving = Moving::begin();
    let blob = moving.key("long");
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<bytes::Bytes>>(1);
    let (store, key) = (moving.store.clone(), blob.clone());
    let writing = tokio::spawn(async move {
        let stream = futures::stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        });
        store.put_stream(&key, stream).await
    });
    sender.send(Ok(content(2 << 20).into())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for (is_at_new, is_tracked, is_held) in
        [(false, true, false), (false, true, true), (true, false, true), (true, false, false)]
    {
        assert_eq!(moving.apply(is_at_new, is_tracked, is_held), []);
    }
    assert_eq!(moving.store.placements().lagging(), [moving.id], "the old store is still needed");
    sender.send(Ok(content(100).into())).await.unwrap();
    drop(sender);
    let facts = writing.await.unwrap().unwrap();
    assert_eq!(facts.size_bytes, (2 << 20) + 100);
    assert_eq!(moving.store.placements().lagging(), []);
    let stored = moving.store.get_bytes(&blob, facts.size_bytes).await.unwrap();
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&stored)), facts.sha256);
    assert!(moving.new.head(&blob).await.unwrap().is_some());
    assert!(moving.old.head(&blob).await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_that_is_worked_on_stays_while_its_store_is_emptied() {
    let moving = Moving::begin();
    let blob = moving.key("recording.mp4");
    moving.store.put_bytes(&blob, content(100_000)).await.unwrap();
    let file = moving.store.local_path(&blob).await.unwrap();
    moving.new.copy_from(&moving.old, &blob).await.unwrap().unwrap();
    moving.apply(true, false, false);
    moving.old.delete_prefix(&key(&format!("organizations/{}", moving.id))).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == content(100_000));
    assert_eq!(file.path().extension().unwrap(), "mp4");
    // Nor is it taken for what a killed process left.
    moving.old.sweep().await.unwrap();
    assert!(file.path().exists());
}

#[tokio::test]
async fn whoever_has_not_heard_for_a_while_does_not_write() {
    let moving = Moving::begin();
    let placements = moving.store.placements();
    let long_ago = Instant::now().checked_sub(memoreel_blob::WRITING_LEASE + Duration::from_secs(1)).unwrap();
    placements.confirm(long_ago);
    let (store, blob) = (moving.store.clone(), moving.key("a"));
    let writing = tokio::spawn(async move { store.put_bytes(&blob, "x").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writing.is_finished());
    placements.confirm(Instant::now());
    writing.await.unwrap().unwrap();
    placements.end();
    assert!(moving.store.put_bytes(&moving.key("b"), "x").await.is_err());
    assert_eq!(moving.store.get_bytes(&moving.key("a"), 10).await.unwrap(), "x");
}

#[tokio::test]
async fn an_organization_that_nobody_knows_any_more_is_deleted_everywhere() {
    let moving = Moving::begin();
    moving.old.put_file(&moving.key("a"), std::path::Path::new("Cargo.toml")).await.unwrap();
    moving.new.put_file(&moving.key("b"), std::path::Path::new("Cargo.toml")).await.unwrap();
    let all = key(&format!("organizations/{}", moving.id));
    assert_eq!(moving.store.delete_prefix(&all).await.unwrap(), 1);
    assert!(moving.new.head(&moving.key("b")).await.unwrap().is_some());
    moving.store.delete_prefix_everywhere(&all).await.unwrap();
    for store in [&moving.old, &moving.new] {
        for name in ["a", "b"] {
            assert!(store.head(&moving.key(name)).await.unwrap().is_none());
        }
    }
}
