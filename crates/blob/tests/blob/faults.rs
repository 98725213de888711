//! Nothing is lost and nothing is half-visible, however requests to S3 go wrong: what was acknowledged is whole, what was
//! refused is absent or whole, and what is read is right or fails.

use crate::service::{GarageService, OTHER_BUCKET, S3Service, Service};
use crate::{chunks, content, key};
use futures::{StreamExt, TryStreamExt};
use memoreel_blob::{BlobError, BlobKey, BlobStore, S3Config, SingleStore};
use memoreel_testkit::{Fault, unreliable};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const SEEDS: [u64; 2] = [1, 2];
const KEYS: usize = 8;
const STEPS: usize = 12;

type Sum = [u8; 32];

/// What a blob may be by now, and what it is if nothing is unclear; `None` is no blob.
#[derive(Debug, Clone, Default)]
struct Known(Vec<Option<Sum>>);

impl Known {
    fn new() -> Self {
        Self(vec![None])
    }

    fn after(&mut self, outcome: Result<(), BlobError>, now: Option<Sum>) {
        match outcome {
            Ok(()) => self.0 = vec![now],
            Err(_) => self.0.push(now),
        }
    }
}

fn sum(content: &[u8]) -> Sum {
    Sha256::digest(content).into()
}

/// What is there, or an error if it could not be read to its end.
async fn read(store: &BlobStore, blob: &BlobKey) -> Result<Option<Sum>, BlobError> {
    let read = match store.get(blob, None).await {
        Ok(read) => read,
        Err(BlobError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let chunks: Vec<_> = read.into_bytes().try_collect().await.map_err(BlobError::from)?;
    Ok(Some(sum(&chunks.concat())))
}

/// Somebody's work on one blob, one thing after another.
async fn worked(store: &BlobStore, blob: &BlobKey, seed: u64) -> Known {
    let mut random = StdRng::seed_from_u64(seed);
    let mut known = Known::new();
    for step in 0..STEPS {
        let size = match random.random_range(0..6) {
            0 => (17 << 20) + step,
            1 => 0,
            _ => random.random_range(1..400_000),
        };
        match random.random_range(0..7) {
            0..=3 => {
                let mut bytes = content(size);
                bytes.extend_from_slice(format!("{blob} {step}").as_bytes());
                let put = store.put_stream(blob, chunks(&bytes, 100_000)).await;
                if let Ok(facts) = &put {
                    assert_eq!((facts.sha256, facts.size_bytes), (sum(&bytes), bytes.len() as u64));
                }
                known.after(put.map(drop), Some(sum(&bytes)));
            }
            4 => {
                let deleted = store.delete(blob).await;
                known.after(deleted, None);
            }
            _ => {
                if let Ok(seen) = read(store, blob).await {
                    assert!(known.0.contains(&seen), "seed {seed}, step {step}: {blob} is something else");
                    // Everybody sees the same from now on.
                    known.0 = vec![seen];
                }
            }
        }
    }
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn under_any_mix_of_faults_nothing_is_lost_or_half_visible() {
    for seed in SEEDS {
        nothing_is_lost_or_half_visible(S3Service::start().await, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_any_mix_of_faults_nothing_is_lost_or_half_visible_in_garage() {
    nothing_is_lost_or_half_visible(GarageService::start().await, SEEDS[0]).await;
}

async fn nothing_is_lost_or_half_visible<Server>(service: Service<Server>, seed: u64) {
    let store = service.store();
    service.proxy.set(unreliable(seed, 21, 300));
    let work = (0..KEYS).map(|index| {
        let (store, blob) = (store.clone(), key(&format!("a/{index}/blob")));
        async move {
            let known = worked(&store, &blob, seed * 1_000 + index as u64).await;
            (blob, known)
        }
    });
    let known: BTreeMap<BlobKey, Known> = futures::stream::iter(work).buffer_unordered(KEYS).collect().await;

    service.proxy.set(|_| Fault::None);
    let listed: Vec<BlobKey> = store.list(None).map_ok(|blob| blob.key).try_collect().await.unwrap();
    for (blob, known) in &known {
        let there = read(&store, blob).await.unwrap();
        assert!(known.0.contains(&there), "seed {seed}: {blob} is neither of {} things", known.0.len());
        assert_eq!(listed.contains(blob), there.is_some(), "seed {seed}: {blob}");
    }
    assert_eq!(service.scratch_files(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_between_stores_is_whole_or_is_no_copy_whatever_goes_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SingleStore::disk(dir.path()).unwrap();
    let contents: Vec<(BlobKey, Vec<u8>)> = [0, 5, 70_000, 9 << 20, (20 << 20) + 3]
        .into_iter()
        .map(|size| (key(&format!("a/{size}")), content(size)))
        .collect();
    for (blob, bytes) in &contents {
        disk.put_stream(blob, chunks(bytes, 1 << 20)).await.unwrap();
    }
    for seed in SEEDS {
        let service = S3Service::start().await;
        let bucket = service.single();
        let beside = SingleStore::s3(S3Config { bucket: OTHER_BUCKET.into(), ..service.config() }).unwrap();
        let back = tempfile::tempdir().unwrap();
        let back = SingleStore::disk(back.path()).unwrap();
        service.proxy.set(unreliable(seed, 21, 300));
        for (from, to) in [(&disk, &bucket), (&bucket, &beside), (&beside, &back)] {
            for (blob, bytes) in &contents {
                // As a move does it: again until it succeeds.
                let mut attempts = 0;
                loop {
                    match to.copy_from(from, blob).await {
                        Ok(copied) => {
                            assert_eq!(copied.unwrap().size_bytes, bytes.len() as u64);
                            break;
                        }
                        Err(error) => assert!(!error.is_permanent(), "{error:?}"),
                    }
                    attempts += 1;
                    assert!(attempts < 60, "seed {seed}: {blob} cannot be copied");
                }
            }
        }
        for (blob, bytes) in &contents {
            let read = back.get(blob, None).await.unwrap();
            let chunks: Vec<_> = read.into_bytes().try_collect().await.unwrap();
            assert!(chunks.concat() == *bytes, "seed {seed}: {blob} differs");
        }
    }
}
