//! What is true of the S3 store only.

use crate::service::{BUCKET, OTHER_BUCKET, S3Service};
use crate::{chunks, content, key};
use futures::StreamExt;
use memoreel_blob::{BlobError, BlobStore, S3Config, SingleStore};
use memoreel_kernel::{Clock, SystemClock};
use memoreel_testkit::{Fault, S3_ACCESS_KEY, S3_SECRET_KEY};
use object_store::PutPayload;
use object_store::aws::AmazonS3Builder;
use object_store::multipart::MultipartStore;
use object_store::path::Path as ObjectPath;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test]
async fn blobs_lie_below_the_prefix_with_their_type_and_a_checksum() {
    let service = S3Service::start().await;
    let store = service.store();
    let checksums = || {
        let seen = service.proxy.seen();
        seen.iter().filter(|request| request.head.contains("x-amz-checksum-sha256")).count()
    };
    store.put_bytes(&key("a/poster.jpg"), "x").await.unwrap();
    assert_eq!(service.server.keys(BUCKET), ["tenants/one/a/poster.jpg"]);
    let stored_as = service.server.content_type(BUCKET, "tenants/one/a/poster.jpg");
    assert_eq!(stored_as.as_deref(), Some("image/jpeg"));
    assert_eq!(checksums(), 1);

    let plain = BlobStore::s3(S3Config { checksum_header: false, ..service.config() }).unwrap();
    plain.put_bytes(&key("b"), "x").await.unwrap();
    assert_eq!(checksums(), 1);
}

#[tokio::test]
async fn objects_that_are_not_ours_are_not_listed() {
    let service = S3Service::start().await;
    let store = service.store();
    for foreign in ["tenants/one2/a", "other", "tenants/one/not a key"] {
        let path = service.server.bucket(BUCKET).join(foreign);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    store.put_bytes(&key("a"), "x").await.unwrap();
    let seen: Vec<_> = store.list(None).map(|blob| blob.unwrap().key.to_string()).collect().await;
    assert_eq!(seen, ["a"]);
}

#[tokio::test]
async fn a_listing_of_several_pages_is_whole_and_in_order() {
    let service = S3Service::start().await;
    let folder = service.server.bucket(BUCKET).join("tenants/one/a");
    std::fs::create_dir_all(&folder).unwrap();
    let names: Vec<String> = (0..2_345).map(|index| format!("{index:05}")).collect();
    for name in &names {
        std::fs::write(folder.join(name), "x").unwrap();
    }
    let seen: Vec<_> = service
        .store()
        .list(Some(&key("a")))
        .map(|blob| blob.unwrap().key.file_name().to_owned())
        .collect()
        .await;
    assert_eq!(seen, names);
    let pages = service.proxy.seen();
    assert_eq!(pages.iter().filter(|request| request.target.contains("list-type=2")).count(), 3);
}

#[tokio::test]
async fn a_refused_part_aborts_the_upload() {
    let service = S3Service::start().await;
    service.proxy.set(|request| match request.part() {
        Some(2..) => Fault::Status(400),
        _ => Fault::None,
    });
    let error = service.store().put_stream(&key("a"), chunks(&content(40 << 20), 1 << 20)).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
    assert!(!error.is_permanent());
    assert!(service.proxy.seen().iter().any(|request| request.part() == Some(1)), "the first part was sent");
    assert_eq!(service.server.open_uploads(), 0);
    assert!(service.server.keys(BUCKET).is_empty());
}

#[tokio::test]
async fn an_upload_that_is_gone_when_it_is_completed_is_no_missing_bucket() {
    let service = S3Service::start().await;
    service.proxy.set(|request| if request.completes() { Fault::Status(404) } else { Fault::None });
    let error = service.store().put_stream(&key("a"), chunks(&content(17 << 20), 1 << 20)).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
    assert_eq!(service.server.open_uploads(), 0);
}

#[tokio::test]
async fn a_dropped_put_aborts_its_upload() {
    let service = S3Service::start().await;
    service.proxy.set(|request| if request.completes() { Fault::Hang } else { Fault::None });
    let store = service.store();
    let blob = key("a");
    let put = store.put_stream(&blob, chunks(&content(20 << 20), 1 << 20));
    tokio::time::timeout(Duration::from_secs(4), put).await.unwrap_err();
    let parts = service.proxy.seen().iter().filter(|request| request.part().is_some()).count();
    assert_eq!(parts, 2, "all parts were on the server when the call was dropped");
    for _ in 0..100 {
        if service.server.open_uploads() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the upload was not aborted");
}

#[tokio::test]
async fn a_download_vanishes_with_its_guard() {
    let service = S3Service::start().await;
    let store = service.store();
    store.put_bytes(&key("a.mp4"), "x").await.unwrap();
    let file = store.local_path(&key("a.mp4")).await.unwrap();
    let path = file.path().to_owned();
    assert!(path.exists());
    drop(file);
    assert!(!path.exists());
}

#[tokio::test]
async fn all_who_want_a_blob_at_once_share_one_download() {
    let service = S3Service::start().await;
    let store = service.store();
    let blob = key("a.mp4");
    store.put_bytes(&blob, content(3 << 20)).await.unwrap();
    let downloads = || service.proxy.seen().iter().filter(|request| request.method == "GET").count();

    let wanted = (0..6).map(|_| store.local_path(&blob));
    let files = futures::future::try_join_all(wanted).await.unwrap();
    assert_eq!(downloads(), 1);
    assert!(files.iter().all(|file| file.path() == files[0].path()));
    let first = files.into_iter().next_back().unwrap();
    assert!(std::fs::read(&first).unwrap() == content(3 << 20));

    // What is written anew is another content, and what is deleted none, whoever still reads the old one.
    store.put_bytes(&blob, "anew").await.unwrap();
    let second = store.local_path(&blob).await.unwrap();
    assert_eq!(std::fs::read(&second).unwrap(), b"anew");
    assert!(std::fs::read(&first).unwrap() == content(3 << 20));
    store.delete(&blob).await.unwrap();
    assert!(matches!(store.local_path(&blob).await.unwrap_err(), BlobError::NotFound { .. }));
    assert_eq!(downloads(), 2);
}

#[tokio::test]
async fn who_waits_for_a_download_that_is_given_up_makes_it() {
    let service = S3Service::start().await;
    let store = service.store();
    let blob = key("a.mp4");
    store.put_bytes(&blob, "x").await.unwrap();
    let gets = AtomicUsize::new(0);
    service.proxy.set(move |request| {
        let is_first = request.method == "GET" && gets.fetch_add(1, Ordering::Relaxed) == 0;
        if is_first { Fault::Hang } else { Fault::None }
    });
    let given_up = tokio::time::timeout(Duration::from_millis(500), store.local_path(&blob));
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        store.local_path(&blob).await
    };
    let (given_up, file) = tokio::join!(given_up, waiting);
    assert!(given_up.is_err());
    assert_eq!(std::fs::read(file.unwrap()).unwrap(), b"x");
}

#[tokio::test]
async fn a_download_that_fails_is_not_tried_once_for_each_who_waits() {
    let service = S3Service::start().await;
    let store = service.store();
    let blob = key("a.mp4");
    store.put_bytes(&blob, "x").await.unwrap();
    service.proxy.set(|request| if request.method == "GET" { Fault::Status(403) } else { Fault::None });
    let wanted = futures::future::join_all((0..6).map(|_| store.local_path(&blob))).await;
    assert!(wanted.iter().all(Result::is_err));
    assert_eq!(service.proxy.seen().iter().filter(|request| request.method == "GET").count(), 1);

    service.proxy.set(|_| Fault::None);
    assert_eq!(std::fs::read(store.local_path(&blob).await.unwrap()).unwrap(), b"x");
}

#[tokio::test]
async fn the_check_tells_wrong_keys_from_a_wrong_bucket_from_no_service() {
    let service = S3Service::start().await;
    let check = async |config| BlobStore::s3(config).unwrap().check().await.unwrap_err();

    let error = check(S3Config { access_key: "stranger".into(), ..service.config() }).await;
    assert!(matches!(error, BlobError::Denied(_)), "{error:?}");

    // The server would make it; others do not.
    service.proxy.set(|request| match request.target.starts_with("/missing/") {
        true => Fault::Status(404),
        false => Fault::None,
    });
    let error = check(S3Config { bucket: "missing".into(), ..service.config() }).await;
    assert!(matches!(&error, BlobError::ConfigInvalid { reason } if reason.contains("missing")), "{error:?}");

    let error = check(S3Config { endpoint: Some("http://127.0.0.1:1".into()), ..service.config() }).await;
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
}

/// From one bucket to another of the same service, and what passed through here of it.
async fn copied_within(service: &S3Service, size: usize) -> u64 {
    let (from, to) = (
        service.single(),
        SingleStore::s3(S3Config {
            bucket: OTHER_BUCKET.into(),
            prefix: Some("moved".parse().unwrap()),
            ..service.config()
        })
        .unwrap(),
    );
    let blob = key("a/recording.mp4");
    let content = content(size);
    from.put_stream(&blob, chunks(&content, 1 << 20)).await.unwrap();
    let before = service.proxy.seen().len();
    let copied = to.copy_from(&from, &blob).await.unwrap().unwrap();
    assert_eq!((copied.size_bytes, copied.sha256), (size as u64, None));
    let requests = service.proxy.seen().split_off(before);
    assert!(
        requests.iter().all(|request| request.method != "GET"),
        "bytes passed through here: {requests:?}"
    );
    let there = service.server.bucket(OTHER_BUCKET).join("moved/a/recording.mp4");
    assert!(std::fs::read(there).unwrap() == content);
    assert_eq!(
        service.server.content_type(OTHER_BUCKET, "moved/a/recording.mp4").as_deref(),
        Some("video/mp4")
    );
    assert_eq!(service.server.open_uploads(), 0);
    requests.iter().filter(|request| request.head.contains("x-amz-copy-source:")).count() as u64
}

#[tokio::test]
async fn a_blob_is_copied_between_buckets_by_the_service() {
    let service = S3Service::start().await;
    assert_eq!(copied_within(&service, 300_000).await, 1);
}

#[tokio::test]
async fn a_large_blob_is_copied_between_buckets_in_parts() {
    let service = S3Service::start().await;
    assert_eq!(copied_within(&service, (130 << 20) + 77).await, 3);
}

#[tokio::test]
async fn what_is_not_there_is_not_copied_and_a_copy_that_fails_leaves_nothing() {
    let service = S3Service::start().await;
    let from = service.single();
    let config = S3Config { bucket: OTHER_BUCKET.into(), ..service.config() };
    let to = SingleStore::s3(config.clone()).unwrap();
    assert_eq!(to.copy_from(&from, &key("a/missing")).await.unwrap(), None);

    from.put_stream(&key("a/large"), chunks(&content(130 << 20), 1 << 20)).await.unwrap();
    // The second one is what is answered when the upload is gone, which does not mean that the blob is.
    for status in [400, 404] {
        service.proxy.set(move |request| match request.part() {
            Some(2..) => Fault::Status(status),
            _ => Fault::None,
        });
        let error = to.copy_from(&from, &key("a/large")).await.unwrap_err();
        assert!(matches!(error, BlobError::Unavailable(_)), "{status}: {error:?}");
        assert!(service.server.keys(OTHER_BUCKET).is_empty());
        assert_eq!(service.server.open_uploads(), 0);
    }

    service.proxy.set(|_| Fault::None);
    let missing = SingleStore::s3(S3Config { bucket: "missing".into(), ..config }).unwrap();
    from.put_stream(&key("a/small"), chunks(b"x", 1)).await.unwrap();
    let error = missing.copy_from(&from, &key("a/small")).await.unwrap_err();
    assert!(matches!(error, BlobError::ConfigInvalid { .. }), "{error:?}");
}

/// What a process leaves that is killed while it sends a large file: it has begun, and a part is there.
async fn left_behind(service: &S3Service, object: &str) {
    let client = AmazonS3Builder::new()
        .with_endpoint(service.server.endpoint())
        .with_allow_http(true)
        .with_bucket_name(BUCKET)
        .with_region("eu-central-1")
        .with_access_key_id(S3_ACCESS_KEY)
        .with_secret_access_key(S3_SECRET_KEY)
        .with_virtual_hosted_style_request(false)
        .build()
        .unwrap();
    let object = ObjectPath::parse(object).unwrap();
    let id = client.create_multipart(&object).await.unwrap();
    client.put_part(&object, &id, 0, PutPayload::from_static(b"a part")).await.unwrap();
}

#[tokio::test]
async fn uploads_that_nobody_finished_are_told_if_they_are_ours_and_go_when_they_are_abandoned() {
    let service = S3Service::start().await;
    let store = service.single();
    let ours = ["a/0.mp4", "a/0.mp4", "a/1.mp4", "a/b/2.mp4", "a/c.mp4"];
    for key in ours {
        left_behind(&service, &format!("tenants/one/{key}")).await;
    }
    for other in ["tenants/one2/a/0.mp4", "a/0.mp4", "tenants/one/ab/0.mp4"] {
        left_behind(&service, other).await;
    }
    // Once it is refused for a moment.
    let mut refused = 0;
    service.proxy.set(move |request| {
        refused += u32::from(request.target.contains("uploads="));
        if refused == 1 { Fault::Status(503) } else { Fault::None }
    });
    let found = store.unfinished(&key("a")).await.unwrap();
    let keys: Vec<&str> = found.iter().map(|upload| upload.key.as_str()).collect();
    assert_eq!(keys, ours);
    let age = SystemClock.now() - found[0].begun_at;
    assert!((-1..60).contains(&age.num_seconds()), "{age}");
    for upload in &found {
        store.abandon(upload).await.unwrap();
    }
    assert!(store.unfinished(&key("a")).await.unwrap().is_empty());
    assert_eq!(service.server.open_uploads(), 3);
    assert_eq!(store.unfinished(&key("ab")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn uploads_are_found_where_the_service_lists_none_by_the_beginning_of_their_names() {
    let service = S3Service::start().await;
    let store = service.single();
    for object in ["tenants/one/a/0.mp4", "tenants/one2/a/0.mp4", "other"] {
        left_behind(&service, object).await;
    }
    // As MinIO does, which takes the beginning for the whole name.
    service.proxy.set(|request| match request.target.contains("prefix=tenants") {
        true => Fault::Answer(
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>",
        ),
        false => Fault::None,
    });
    let found = store.unfinished(&key("a")).await.unwrap();
    let keys: Vec<&str> = found.iter().map(|upload| upload.key.as_str()).collect();
    assert_eq!(keys, ["a/0.mp4"]);

    // Whoever may ask for no more than that has been answered.
    service.proxy.set(|request| match request.target.contains("prefix=tenants") {
        true => Fault::None,
        false => Fault::Status(403),
    });
    assert_eq!(store.unfinished(&key("a")).await.unwrap().len(), 1);
    assert!(store.unfinished(&key("none")).await.unwrap().is_empty());
}
