//! What must be true of every store.

use crate::service::{GarageService, S3Service};
use crate::{broken, chunks, content, key};
use futures::TryStreamExt;
use memoreel_blob::{BlobError, BlobFacts, BlobRead, BlobStore, RangeRequest};
use sha2::{Digest, Sha256};

/// Runs each test against the disk store and against the S3 store, with each server.
macro_rules! on_every_store {
    ($($name:ident)*) => {
        mod on_disk {
            $(#[tokio::test]
            async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                super::$name(super::BlobStore::disk(dir.path()).unwrap()).await;
                let leftovers = std::fs::read_dir(dir.path().join("scratch")).unwrap().count();
                assert_eq!(leftovers, 0, "temporary files are left");
            })*
        }
        mod on_s3 {
            $(#[tokio::test]
            async fn $name() {
                let service = super::S3Service::start().await;
                super::$name(service.store()).await;
                assert_eq!(service.scratch_files(), 0, "temporary files are left");
                assert_eq!(service.server.open_uploads(), 0, "uploads are left");
            })*
        }
        mod on_garage {
            $(#[tokio::test]
            async fn $name() {
                let service = super::GarageService::start().await;
                super::$name(service.store()).await;
                assert_eq!(service.scratch_files(), 0, "temporary files are left");
                let unfinished = service.single().unfinished(&super::key("a")).await.unwrap();
                assert!(unfinished.is_empty(), "uploads are left: {unfinished:?}");
            })*
        }
    };
}

on_every_store! {
    a_blob_comes_back_as_it_was_put_however_it_was_put
    ranges_are_exact_and_cut_off_at_the_end
    ranges_without_a_byte_are_refused_with_the_size
    an_empty_blob_is_a_blob
    what_does_not_exist_is_not_found
    putting_again_replaces_the_blob
    a_broken_stream_leaves_nothing
    a_directory_is_stored_whole
    a_directory_with_an_unsafe_name_is_refused_whole
    listing_is_complete_and_in_key_order
    deleting_a_prefix_spares_its_neighbours
    a_local_file_has_the_bytes_and_the_extension
    the_check_passes_and_leaves_nothing
    blobs_put_and_deleted_at_once_in_one_folder_are_all_there_at_the_end
}

async fn bytes(read: BlobRead) -> Vec<u8> {
    let expected = read.range.end - read.range.start;
    let chunks: Vec<_> = read.into_bytes().try_collect().await.unwrap();
    let bytes = chunks.concat();
    assert_eq!(bytes.len() as u64, expected);
    bytes
}

async fn keys(store: &BlobStore, prefix: Option<&str>) -> Vec<String> {
    let prefix = prefix.map(key);
    store.list(prefix.as_ref()).map_ok(|blob| blob.key.to_string()).try_collect().await.unwrap()
}

fn facts(content: &[u8]) -> BlobFacts {
    BlobFacts { size_bytes: content.len() as u64, sha256: Sha256::digest(content).into() }
}

async fn a_blob_comes_back_as_it_was_put_however_it_was_put(store: BlobStore) {
    // Beyond two parts of a stream on S3, and not a multiple of anything.
    let content = content((33 << 20) + 12_345);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("recording");
    std::fs::write(&path, &content).unwrap();

    let written = [
        store.put_file(&key("a/file"), &path).await.unwrap(),
        store.put_stream(&key("a/stream"), chunks(&content, 70_001)).await.unwrap(),
        store.put_bytes(&key("a/bytes"), content.clone()).await.unwrap(),
    ];
    std::fs::remove_file(&path).unwrap();

    for (written, name) in written.into_iter().zip(["a/file", "a/stream", "a/bytes"]) {
        assert_eq!(written, facts(&content), "{name}");
        let read = store.get(&key(name), None).await.unwrap();
        assert_eq!(read.meta.size_bytes, content.len() as u64);
        assert!(bytes(read).await == content, "{name} differs");
        let meta = store.head(&key(name)).await.unwrap().unwrap();
        assert_eq!((meta.key.as_str(), meta.size_bytes), (name, content.len() as u64));
        assert!(meta.etag.unwrap().starts_with('"'));
    }
}

async fn ranges_are_exact_and_cut_off_at_the_end(store: BlobStore) {
    let content = content(300_000);
    let blob = key("a/b.mp4");
    store.put_bytes(&blob, content.clone()).await.unwrap();
    for (range, expected) in [
        (RangeRequest::Between { start: 0, last: 0 }, 0..1),
        (RangeRequest::Between { start: 131_071, last: 262_144 }, 131_071..262_145),
        (RangeRequest::Between { start: 299_999, last: u64::MAX }, 299_999..300_000),
        (RangeRequest::From(1), 1..300_000),
        (RangeRequest::Suffix(10), 299_990..300_000),
        (RangeRequest::Suffix(300_000), 0..300_000),
    ] {
        let read = store.get(&blob, Some(range)).await.unwrap();
        assert_eq!((read.range.clone(), read.meta.size_bytes), (expected.clone(), 300_000), "{range:?}");
        let expected =
            &content[usize::try_from(expected.start).unwrap()..usize::try_from(expected.end).unwrap()];
        assert!(bytes(read).await == expected, "{range:?}");
    }
}

async fn ranges_without_a_byte_are_refused_with_the_size(store: BlobStore) {
    let blob = key("a/b");
    store.put_bytes(&blob, "ten bytes.").await.unwrap();
    for range in
        [RangeRequest::From(10), RangeRequest::Between { start: 10, last: 20 }, RangeRequest::Suffix(0)]
    {
        let error = store.get(&blob, Some(range)).await.unwrap_err();
        assert!(matches!(error, BlobError::RangeInvalid { size_bytes: Some(10) }), "{range:?}: {error:?}");
    }
}

async fn an_empty_blob_is_a_blob(store: BlobStore) {
    let blob = key("a/empty");
    assert_eq!(store.put_bytes(&blob, "").await.unwrap(), facts(b""));
    assert_eq!(bytes(store.get(&blob, None).await.unwrap()).await, b"");
    assert_eq!(store.head(&blob).await.unwrap().unwrap().size_bytes, 0);
}

async fn what_does_not_exist_is_not_found(store: BlobStore) {
    store.put_bytes(&key("a/b/c"), "x").await.unwrap();
    for name in ["nothing", "a/b/nothing", "a/b/c-nothing"] {
        let missing = key(name);
        assert!(
            matches!(store.get(&missing, None).await.unwrap_err(), BlobError::NotFound { key } if key == missing)
        );
        let range = Some(RangeRequest::From(0));
        assert!(matches!(store.get(&missing, range).await.unwrap_err(), BlobError::NotFound { .. }));
        assert!(matches!(store.local_path(&missing).await.unwrap_err(), BlobError::NotFound { .. }));
        assert_eq!(store.head(&missing).await.unwrap(), None);
        store.delete(&missing).await.unwrap();
    }
    assert_eq!(store.delete_prefix(&key("nothing")).await.unwrap(), 0);
    assert_eq!(keys(&store, Some("nothing")).await, Vec::<String>::new());
    assert_eq!(keys(&store, None).await, ["a/b/c"]);
}

async fn putting_again_replaces_the_blob(store: BlobStore) {
    let blob = key("a/b");
    store.put_bytes(&blob, "first").await.unwrap();
    let opened = store.get(&blob, None).await.unwrap();
    store.put_bytes(&blob, "second, longer").await.unwrap();
    assert_eq!(bytes(store.get(&blob, None).await.unwrap()).await, b"second, longer");
    assert_eq!(bytes(opened).await, b"first");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, "third").unwrap();
    for _ in 0..2 {
        store.put_file(&blob, &path).await.unwrap();
    }
    assert_eq!(store.get_bytes(&blob, 5).await.unwrap(), "third");
    assert!(matches!(
        store.get_bytes(&blob, 4).await.unwrap_err(),
        BlobError::TooLarge { size_bytes_max: 4 }
    ));
}

async fn a_broken_stream_leaves_nothing(store: BlobStore) {
    for size in [100, 40 << 20] {
        let error = store.put_stream(&key("a/b"), broken(&content(size), 100_000)).await.unwrap_err();
        assert!(matches!(error, BlobError::SourceBroken(_)), "{error:?}");
    }
    let error = store.put_file(&key("a/b"), std::path::Path::new("/nonexistent")).await.unwrap_err();
    assert!(matches!(error, BlobError::SourceBroken(_)), "{error:?}");
    assert_eq!(keys(&store, None).await, Vec::<String>::new());
}

async fn a_directory_is_stored_whole(store: BlobStore) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("720p")).unwrap();
    std::fs::write(dir.path().join("master.m3u8"), "#EXTM3U").unwrap();
    for index in 0..20 {
        std::fs::write(dir.path().join(format!("720p/{index}.m4s")), content(1000 + index)).unwrap();
    }
    let facts = store.put_directory(&key("a/hls"), dir.path()).await.unwrap();
    assert_eq!((facts.files, facts.size_bytes), (21, 20 * 1000 + 190 + 7));
    assert_eq!(store.get_bytes(&key("a/hls/720p/19.m4s"), 1 << 20).await.unwrap(), content(1019));
    assert_eq!(store.get_bytes(&key("a/hls/master.m3u8"), 1 << 20).await.unwrap(), "#EXTM3U");
    assert_eq!(keys(&store, Some("a/hls")).await.len(), 21);
}

async fn a_directory_with_an_unsafe_name_is_refused_whole(store: BlobStore) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("good.m4s"), "x").unwrap();
    std::fs::write(dir.path().join("not good.m4s"), "x").unwrap();
    let error = store.put_directory(&key("a"), dir.path()).await.unwrap_err();
    assert!(matches!(error, BlobError::KeyInvalid { .. }), "{error:?}");
    std::fs::remove_file(dir.path().join("not good.m4s")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
    let error = store.put_directory(&key("a"), dir.path()).await.unwrap_err();
    assert!(matches!(error, BlobError::KeyInvalid { .. }), "{error:?}");
    assert_eq!(keys(&store, None).await, Vec::<String>::new());
}

async fn listing_is_complete_and_in_key_order(store: BlobStore) {
    let mut expected = ["a/b-c", "a/b/c", "a/b.c", "a/b0", "a/b/a/z", "ab/c", "z", "a/A"];
    for name in expected {
        store.put_bytes(&key(name), name.to_owned()).await.unwrap();
    }
    expected.sort_unstable();
    assert_eq!(keys(&store, None).await, expected);
    assert_eq!(keys(&store, Some("a/b")).await, ["a/b/a/z", "a/b/c"]);
    let sizes: Vec<u64> =
        store.list(Some(&key("ab"))).map_ok(|blob| blob.size_bytes).try_collect().await.unwrap();
    assert_eq!(sizes, [4]);
}

async fn deleting_a_prefix_spares_its_neighbours(store: BlobStore) {
    for name in ["a/b/1", "a/b/c/2", "a/b/c/3", "a/b/c/4", "a/bc", "a/d", "e"] {
        store.put_bytes(&key(name), "x").await.unwrap();
    }
    assert_eq!(store.delete_prefix(&key("a/b")).await.unwrap(), 4);
    assert_eq!(keys(&store, None).await, ["a/bc", "a/d", "e"]);
    assert_eq!(store.delete_prefix(&key("e")).await.unwrap(), 0);
    store.delete(&key("a/bc")).await.unwrap();
    assert_eq!(keys(&store, None).await, ["a/d", "e"]);
}

async fn a_local_file_has_the_bytes_and_the_extension(store: BlobStore) {
    let blob = key("a/original.mp4");
    let content = content(3 << 20);
    store.put_bytes(&blob, content.clone()).await.unwrap();
    let file = store.local_path(&blob).await.unwrap();
    assert_eq!(file.path().extension().unwrap(), "mp4");
    assert!(std::fs::read(&file).unwrap() == content);
    drop(file);
    assert!(store.head(&blob).await.unwrap().is_some());
}

async fn the_check_passes_and_leaves_nothing(store: BlobStore) {
    store.check().await.unwrap();
    assert_eq!(keys(&store, None).await, Vec::<String>::new());
}

async fn blobs_put_and_deleted_at_once_in_one_folder_are_all_there_at_the_end(store: BlobStore) {
    let work = (0..40).map(|index| {
        let store = store.clone();
        async move {
            let (kept, passing) = (key(&format!("a/b/{index}/kept")), key(&format!("a/b/{index}/passing")));
            store.put_bytes(&passing, "x").await.unwrap();
            let (put, deleted) = tokio::join!(store.put_bytes(&kept, "x"), store.delete(&passing));
            (put.unwrap(), deleted.unwrap())
        }
    });
    futures::future::join_all(work).await;
    assert_eq!(keys(&store, Some("a/b")).await.len(), 40);
}
