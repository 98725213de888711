//! Resumable uploads: what is acknowledged is on disk, and nothing else counts.

use crate::{broken, chunks, content};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use memoreel_blob::{AppendOutcome, BlobError, Checksum, Staging};
use memoreel_kernel::{Timestamp, UploadId};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::time::{Duration, SystemTime};

struct Fixture {
    staging: Staging,
    id: UploadId,
    dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let staging = Staging::new(dir.path()).unwrap();
        Self { staging, id: UploadId::new(Timestamp::default()), dir }
    }

    async fn append(&self, offset: u64, bytes: &[u8]) -> Result<AppendOutcome, BlobError> {
        self.staging.append(self.id, offset, chunks(bytes, 1000), 1 << 30, None).await
    }

    fn staged(&self) -> Vec<u8> {
        std::fs::read(self.staging.path(self.id)).unwrap()
    }
}

#[tokio::test]
async fn appends_join_into_the_upload() {
    let fixture = Fixture::new();
    let content = content(3_000_000);
    assert_eq!(fixture.staging.len(fixture.id).await.unwrap(), None);
    assert_eq!(fixture.append(0, b"").await.unwrap().new_offset, 0);
    assert_eq!(fixture.staging.len(fixture.id).await.unwrap(), Some(0));
    let mut offset = 0;
    for part in content.chunks(1_100_000) {
        let outcome = fixture.append(offset, part).await.unwrap();
        assert!(outcome.interrupted.is_none());
        offset = outcome.new_offset;
    }
    assert_eq!(offset, 3_000_000);
    assert!(fixture.staged() == content);
}

#[tokio::test]
async fn bytes_beyond_the_acknowledged_offset_are_cut_off() {
    let fixture = Fixture::new();
    let _ = fixture.append(0, b"acknowledged, leftover").await.unwrap();
    let outcome = fixture.append(12, b"!").await.unwrap();
    assert_eq!(outcome.new_offset, 13);
    assert_eq!(fixture.staged(), b"acknowledged!");
}

#[tokio::test]
async fn an_offset_beyond_the_end_is_refused_with_the_size() {
    let fixture = Fixture::new();
    assert!(matches!(fixture.append(1, b"x").await.unwrap_err(), BlobError::UploadNotFound));
    let _ = fixture.append(0, b"12345").await.unwrap();
    assert!(matches!(fixture.append(6, b"x").await.unwrap_err(), BlobError::OffsetInvalid { size_bytes: 5 }));
    assert_eq!(fixture.staged(), b"12345");
}

#[tokio::test]
async fn a_broken_stream_keeps_what_arrived() {
    let fixture = Fixture::new();
    let content = content(2_500_000);
    let outcome =
        fixture.staging.append(fixture.id, 0, broken(&content, 70_000), u64::MAX, None).await.unwrap();
    assert_eq!(outcome.new_offset, 2_500_000);
    assert!(matches!(outcome.interrupted, Some(BlobError::SourceBroken(_))));
    assert!(fixture.staged() == content);
    assert_eq!(fixture.append(2_500_000, b"rest").await.unwrap().new_offset, 2_500_004);
}

#[tokio::test]
async fn more_bytes_than_announced_are_refused_and_not_kept() {
    let fixture = Fixture::new();
    let _ = fixture.append(0, b"12345").await.unwrap();
    for (size, limit) in [(6, 10), (5_000_000, 2_000_000)] {
        let stream = chunks(&content(size), 1 << 20);
        let error = fixture.staging.append(fixture.id, 5, stream, limit, None).await.unwrap_err();
        assert!(matches!(error, BlobError::TooLarge { size_bytes_max } if size_bytes_max == limit));
        assert_eq!(fixture.staged(), b"12345");
    }
    let error = fixture.staging.append(fixture.id, 5, chunks(b"", 1), 4, None).await.unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { size_bytes_max: 4 }));
    let exact = fixture.staging.append(fixture.id, 5, chunks(b"67890", 2), 10, None).await.unwrap();
    assert_eq!(exact.new_offset, 10);
}

#[tokio::test]
async fn a_chunk_that_does_not_match_its_checksum_is_not_kept() {
    let fixture = Fixture::new();
    let content = content(1_500_000);
    let sha1 = format!("sha1 {}", BASE64_STANDARD.encode(Sha1::digest(&content)));
    let sha256 = format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(&content)));
    let mut offset = 0;
    for header in [sha1, sha256] {
        let checksum = Some(Checksum::parse(&header).unwrap());
        let append =
            async |stream| fixture.staging.append(fixture.id, offset, stream, u64::MAX, checksum).await;
        let error = append(chunks(&content[1..], 9_000)).await.unwrap_err();
        assert!(matches!(error, BlobError::ChecksumMismatch));
        assert_eq!(fixture.staging.len(fixture.id).await.unwrap(), Some(offset));

        let outcome = fixture
            .staging
            .append(fixture.id, offset, broken(&content, 9_000), u64::MAX, checksum)
            .await
            .unwrap();
        assert!(outcome.interrupted.is_some());
        assert_eq!(outcome.new_offset, offset, "what cannot be compared is not acknowledged");
        assert_eq!(fixture.staging.len(fixture.id).await.unwrap(), Some(offset));

        let outcome = append(chunks(&content, 9_000)).await.unwrap();
        assert_eq!(outcome.new_offset, offset + 1_500_000);
        offset = outcome.new_offset;
    }
    assert!(fixture.staged() == [content.clone(), content].concat());
}

#[test]
fn a_checksum_header_is_read_as_tus_writes_it() {
    // From the tus 1.0 specification.
    let checksum = Checksum::parse("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap();
    assert_eq!(checksum, Checksum::Sha1(Sha1::digest(b"hello world").into()));
    for header in [
        "",
        "sha1",
        "sha1 ",
        "md5 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        "sha1 !!",
        "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
    ] {
        assert!(matches!(Checksum::parse(header).unwrap_err(), BlobError::ChecksumInvalid), "{header}");
    }
}

#[tokio::test]
async fn a_second_writer_is_locked_out_until_the_first_is_done() {
    let fixture = Fixture::new();
    let _ = fixture.append(0, b"start").await.unwrap();
    let endless = chunks(b"first writer", 100).chain(futures::stream::pending());
    let staging = fixture.staging.clone();
    let id = fixture.id;
    let first = tokio::spawn(async move { staging.append(id, 5, endless, u64::MAX, None).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(100)).await;

    // The same process, and another one that shares the folder.
    for other in [fixture.staging.clone(), Staging::new(fixture.dir.path()).unwrap()] {
        let error = other.append(id, 5, chunks(b"x", 1), u64::MAX, None).await.unwrap_err();
        assert!(matches!(error, BlobError::Locked), "{error:?}");
        assert!(matches!(other.remove(id).await.unwrap_err(), BlobError::Locked));
        assert!(matches!(
            other.remove_older(id, SystemTime::now().into()).await.unwrap_err(),
            BlobError::Locked
        ));
    }

    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(fixture.append(5, b"!").await.unwrap().new_offset, 6);
    assert_eq!(fixture.staged(), b"start!");
}

#[tokio::test]
async fn racing_appends_never_interleave() {
    let fixture = Fixture::new();
    let _ = fixture.append(0, b"").await.unwrap();
    let writers = (0..8_u8).map(|writer| {
        let staging = fixture.staging.clone();
        let id = fixture.id;
        tokio::spawn(async move {
            let mine = vec![writer; 200_000];
            staging
                .append(id, 0, chunks(&mine, 7_000), u64::MAX, None)
                .await
                .map(|outcome| outcome.new_offset)
        })
    });
    let outcomes: Vec<_> = futures::future::join_all(writers).await.into_iter().map(Result::unwrap).collect();
    assert!(outcomes.iter().any(Result::is_ok));
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(200_000) | Err(BlobError::Locked))));
    let staged = fixture.staged();
    assert_eq!(staged.len(), 200_000);
    assert!(staged.iter().all(|&byte| byte == staged[0]));
}

#[tokio::test]
async fn removing_takes_only_what_it_should() {
    let fixture = Fixture::new();
    let old = UploadId::new(SystemTime::now().into());
    let _ = fixture.append(0, b"young").await.unwrap();
    let _ = fixture.staging.append(old, 0, chunks(b"old", 9), u64::MAX, None).await.unwrap();
    let now = SystemTime::now();
    let hour_ago = (now - Duration::from_secs(3600)).into();
    std::fs::File::open(fixture.staging.path(old))
        .unwrap()
        .set_modified(now - Duration::from_secs(7200))
        .unwrap();
    assert!(fixture.staging.remove_older(old, hour_ago).await.unwrap());
    assert!(!fixture.staging.remove_older(old, hour_ago).await.unwrap());
    assert_eq!(fixture.staging.len(old).await.unwrap(), None);
    assert!(!fixture.staging.remove_older(fixture.id, hour_ago).await.unwrap());
    assert!(fixture.staging.remove(fixture.id).await.unwrap());
    assert!(!fixture.staging.remove(fixture.id).await.unwrap());
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn memory_stays_bounded_whatever_the_size() {
    let fixture = Fixture::new();
    let chunk = Bytes::from(vec![1; 256 << 10]);
    let size = 512_u64 << 20;
    let before = resident();
    let peak = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = peak.clone();
    let stream = futures::stream::iter(0..size / (256 << 10)).map(move |index| {
        if index % 64 == 0 {
            seen.fetch_max(resident(), std::sync::atomic::Ordering::Relaxed);
        }
        // A fresh buffer each time, as a network would give.
        Ok(Bytes::copy_from_slice(&chunk))
    });
    let started = std::time::Instant::now();
    let outcome = fixture.staging.append(fixture.id, 0, stream, size, None).await.unwrap();
    let growth = peak.load(std::sync::atomic::Ordering::Relaxed).saturating_sub(before);
    println!("{} MiB in {:?}, memory grew by {} KiB", size >> 20, started.elapsed(), growth >> 10);
    assert_eq!(outcome.new_offset, size);
    assert!(growth < 64 << 20, "memory grew by {growth} bytes");
}
