//! Blobs as files on this machine. Several steps of one recording work at once, and all of them on one copy.

use super::S3;
use crate::batches::{BATCH_BYTES, Batches};
use crate::error::blocking;
use crate::scratch::Download;
use crate::{BlobError, BlobKey, LocalFile, Result};
use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The content of a blob: written again under its key it has another tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Content {
    key: BlobKey,
    etag: Option<String>,
}

/// A copy that is being made or in use.
#[derive(Default)]
struct Slot {
    /// Held by whoever makes it, for which all others wait.
    copy: tokio::sync::Mutex<Weak<Download>>,
    /// How often it could not be made.
    failures: AtomicU64,
}

#[derive(Default)]
pub(super) struct Downloads(Mutex<HashMap<Content, Arc<Slot>>>);

impl Downloads {
    fn slot(&self, content: Content) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits for a copy has its slot, and whoever makes one has it locked.
        slots.retain(|_, slot| {
            Arc::strong_count(slot) > 1 || slot.copy.try_lock().is_ok_and(|copy| copy.strong_count() > 0)
        });
        slots.entry(content).or_default().clone()
    }
}

impl S3 {
    pub(crate) async fn local_path(&self, key: &BlobKey) -> Result<LocalFile> {
        let meta = self.head(key).await?.ok_or_else(|| BlobError::NotFound { key: key.clone() })?;
        let slot = self.downloads.slot(Content { key: key.clone(), etag: meta.etag });
        let failures_before = slot.failures.load(Ordering::Relaxed);
        let mut copy = slot.copy.lock().await;
        if let Some(download) = copy.upgrade() {
            return Ok(LocalFile::downloaded(download));
        }
        if slot.failures.load(Ordering::Relaxed) > failures_before {
            // One after the other, all who waited would wait for the same in vain.
            return Err(BlobError::unavailable("the download that all waited for failed"));
        }
        let download = self.download(key).await.inspect_err(|_| {
            slot.failures.fetch_add(1, Ordering::Relaxed);
        })?;
        let download = Arc::new(download);
        *copy = Arc::downgrade(&download);
        Ok(LocalFile::downloaded(download))
    }

    async fn download(&self, key: &BlobKey) -> Result<Download> {
        let read = self.get(key, None).await?;
        let scratch = self.scratch.clone();
        let extension = key.extension().map(str::to_owned);
        let mut download = blocking(move || scratch.download(extension.as_deref())).await?;
        let mut batches = Batches::new(read.into_bytes());
        let mut batch = Vec::new();
        loop {
            let more = batches.fill(&mut batch, BATCH_BYTES).await.map_err(BlobError::unavailable)?;
            (download, batch) = blocking(move || {
                download.write_all(&batch)?;
                batch.clear();
                Ok((download, batch))
            })
            .await?;
            if !more {
                return Ok(download);
            }
        }
    }
}
