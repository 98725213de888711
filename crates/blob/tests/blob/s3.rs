//! What is true of the S3 store only.

use crate::s3_server::S3Server;
use crate::{chunks, content, key};
use futures::StreamExt;
use memoreel_blob::{BlobError, BlobStore, S3Config};
use std::time::Duration;

#[tokio::test]
async fn blobs_lie_below_the_prefix_with_their_type_and_a_checksum() {
    let server = S3Server::start().await;
    let store = server.store();
    store.put_bytes(&key("a/poster.jpg"), "x").await.unwrap();
    assert_eq!(server.state().objects["tenants/one/a/poster.jpg"].1, "image/jpeg");
    assert_eq!(server.state().seen_checksum_headers, 1);

    let plain = BlobStore::s3(S3Config { checksum_header: false, ..server.config() }).unwrap();
    plain.put_bytes(&key("b"), "x").await.unwrap();
    assert_eq!(server.state().seen_checksum_headers, 1);
}

#[tokio::test]
async fn objects_that_are_not_ours_are_not_listed() {
    let server = S3Server::start().await;
    let store = server.store();
    for foreign in ["tenants/one2/a", "other", "tenants/one/not a key"] {
        server.state().objects.insert(foreign.into(), Default::default());
    }
    store.put_bytes(&key("a"), "x").await.unwrap();
    let seen: Vec<_> = store.list(None).map(|blob| blob.unwrap().key.to_string()).collect().await;
    assert_eq!(seen, ["a"]);
}

#[tokio::test]
async fn a_refused_part_aborts_the_upload() {
    let server = S3Server::start().await;
    server.state().refuse_parts_from = Some(2);
    let error = server.store().put_stream(&key("a"), chunks(&content(40 << 20), 1 << 20)).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
    assert!(!error.is_permanent());
    assert!(server.state().parts_put > 0, "the first part was taken");
    assert!(server.state().uploads.is_empty());
    assert!(server.state().objects.is_empty());
}

#[tokio::test]
async fn a_dropped_put_aborts_its_upload() {
    let server = S3Server::start().await;
    server.state().hang_on_complete = true;
    let store = server.store();
    let blob = key("a");
    let put = store.put_stream(&blob, chunks(&content(20 << 20), 1 << 20));
    tokio::time::timeout(Duration::from_secs(2), put).await.unwrap_err();
    assert_eq!(server.state().parts_put, 2, "all parts were on the server when the call was dropped");
    for _ in 0..100 {
        if server.state().uploads.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the upload was not aborted");
}

#[tokio::test]
async fn a_download_vanishes_with_its_guard() {
    let server = S3Server::start().await;
    let store = server.store();
    store.put_bytes(&key("a.mp4"), "x").await.unwrap();
    let file = store.local_path(&key("a.mp4")).await.unwrap();
    let path = file.path().to_owned();
    assert!(path.exists());
    drop(file);
    assert!(!path.exists());
}

#[tokio::test]
async fn the_check_tells_wrong_keys_from_a_wrong_bucket_from_no_service() {
    let server = S3Server::start().await;
    let check = async |config| BlobStore::s3(config).unwrap().check().await.unwrap_err();

    let error = check(S3Config { access_key: "stranger".into(), ..server.config() }).await;
    assert!(matches!(error, BlobError::Denied(_)), "{error:?}");

    let error = check(S3Config { bucket: "missing".into(), ..server.config() }).await;
    assert!(matches!(&error, BlobError::ConfigInvalid { reason } if reason.contains("missing")), "{error:?}");

    let error = check(S3Config { endpoint: Some("http://127.0.0.1:1".into()), ..server.config() }).await;
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
}
