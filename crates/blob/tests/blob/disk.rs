//! What is true of the disk store only.

use crate::{chunks, content, key};
use futures::StreamExt;
use memoreel_blob::{BlobError, BlobStore, RangeRequest, Staging};
use memoreel_kernel::UploadId;
use std::os::unix::fs::MetadataExt;

#[tokio::test]
async fn a_finished_upload_becomes_a_blob_without_being_copied() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path().join("store")).unwrap();
    let staging = Staging::new(dir.path().join("staging")).unwrap();
    let id = UploadId::new(Default::default());
    let content = content(2 << 20);
    let _ = staging.append(id, 0, chunks(&content, 10_000), u64::MAX, None).await.unwrap();
    let staged = std::fs::metadata(staging.path(id)).unwrap().ino();

    store.put_file(&key("a/original"), &staging.path(id)).await.unwrap();
    assert!(staging.remove(id).await.unwrap());

    let local = store.local_path(&key("a/original")).await.unwrap();
    assert_eq!(std::fs::metadata(&local).unwrap().ino(), staged);
    assert!(std::fs::read(&local).unwrap() == content);
}

#[tokio::test]
async fn a_symbolic_link_is_stored_as_what_it_points_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path().join("store")).unwrap();
    std::fs::write(dir.path().join("file"), "content").unwrap();
    std::os::unix::fs::symlink(dir.path().join("file"), dir.path().join("link")).unwrap();
    store.put_file(&key("a"), &dir.path().join("link")).await.unwrap();
    let local = store.local_path(&key("a")).await.unwrap();
    assert!(std::fs::symlink_metadata(&local).unwrap().is_file());
    assert_eq!(std::fs::read(&local).unwrap(), b"content");
    drop(local);
    assert_eq!(std::fs::read_dir(dir.path().join("store/scratch")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_end_that_is_longer_than_the_blob_is_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    store.put_bytes(&key("a"), "ten bytes.").await.unwrap();
    let read = store.get(&key("a"), Some(RangeRequest::Suffix(u64::MAX))).await.unwrap();
    assert_eq!(read.range, 0..10);
}

#[tokio::test]
async fn folders_are_removed_at_once_though_each_removes_what_others_are_removing() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    for _ in 0..50 {
        let folders: Vec<_> = (0..8).map(|number| key(&format!("{number}/hls"))).collect();
        for folder in &folders {
            store.put_bytes(&key(&format!("{folder}/a")), "x").await.unwrap();
        }
        let removed = folders.iter().map(|folder| store.delete_prefix(folder));
        assert_eq!(futures::future::try_join_all(removed).await.unwrap(), [1; 8]);
    }
    assert_eq!(std::fs::read_dir(dir.path().join("scratch")).unwrap().count(), 0);
}

/// The system is asked to forget it, wholly and in part; where it does not, this reads from memory, as the other tests do.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_the_system_does_not_have_in_memory_is_read_from_the_disk() {
    use rustix::fs::{Advice, fadvise};
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    let content = content(3 << 20);
    store.put_bytes(&key("a"), content.clone()).await.unwrap();
    for (from, length) in [(0, 0), (1 << 20, 1 << 20), ((100 << 10) + 1, 50 << 10)] {
        let file = std::fs::File::open(dir.path().join("blobs/a")).unwrap();
        file.sync_all().unwrap();
        fadvise(&file, from, std::num::NonZero::new(length), Advice::DontNeed).unwrap();
        let read = store.get(&key("a"), None).await.unwrap().into_bytes();
        let bytes = read.map(Result::unwrap).collect::<Vec<_>>().await.concat();
        assert!(bytes == content, "{from} {length}");
    }
}

#[tokio::test]
async fn a_folder_of_blobs_is_no_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    store.put_bytes(&key("a/b/c"), "x").await.unwrap();
    for name in ["a/b", "a/b/c/d"] {
        assert!(matches!(store.get(&key(name), None).await.unwrap_err(), BlobError::NotFound { .. }));
        assert!(matches!(store.local_path(&key(name)).await.unwrap_err(), BlobError::NotFound { .. }));
        assert_eq!(store.head(&key(name)).await.unwrap(), None);
        store.delete(&key(name)).await.unwrap();
    }
    assert!(store.head(&key("a/b/c")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_cannot_be_a_blob_and_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    store.put_bytes(&key("a/b"), "x").await.unwrap();
    for name in ["a", "a/b/c", "a/b/c/d"] {
        let error = store.put_bytes(&key(name), "y").await.unwrap_err();
        assert!(matches!(error, BlobError::KeyConflict { .. }), "{name}: {error:?}");
        assert!(error.is_permanent());
    }
    assert_eq!(store.get_bytes(&key("a/b"), 1).await.unwrap(), "x");
}

#[tokio::test]
async fn deleting_the_last_blob_removes_the_folders_above_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    store.put_bytes(&key("a/b/c"), "x").await.unwrap();
    store.delete(&key("a/b/c")).await.unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    store.put_bytes(&key("a/b/c"), "x").await.unwrap();
    store.delete_prefix(&key("a/b")).await.unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_blob_that_shrinks_while_it_is_read_fails_the_stream() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    store.put_bytes(&key("a"), content(1 << 20)).await.unwrap();
    let mut bytes = store.get(&key("a"), None).await.unwrap().into_bytes();
    let first = bytes.next().await.unwrap().unwrap();
    assert!((64 << 10..=256 << 10).contains(&first.len()));
    let file = std::fs::OpenOptions::new().write(true).open(dir.path().join("blobs/a")).unwrap();
    file.set_len(first.len() as u64 + 10).unwrap();
    let mut rest = bytes.collect::<Vec<_>>().await;
    let error = rest.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(rest.into_iter().map(|chunk| chunk.unwrap().len()).sum::<usize>() <= 10);
}

#[tokio::test]
async fn a_dropped_put_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::disk(dir.path()).unwrap();
    let endless = chunks(&content(3 << 20), 100_000).chain(futures::stream::pending());
    let blob = key("a");
    let put = store.put_stream(&blob, endless);
    tokio::time::timeout(std::time::Duration::from_millis(200), put).await.unwrap_err();
    assert_eq!(std::fs::read_dir(dir.path().join("scratch")).unwrap().count(), 0);
    assert_eq!(store.head(&blob).await.unwrap(), None);
}
