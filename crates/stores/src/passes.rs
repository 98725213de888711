//! The copying of one organization: everything once, and then what changed. Each part may be done again, and only one who copies
//! writes to the new store, so that nothing that is copied is ever newer there.

use crate::{MoveProgress, MoveReport, StoresError};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use memoreel_blob::{BlobError, BlobKey, BlobMeta, Change, SingleStore};
use memoreel_kernel::Timestamp;
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    time::Duration,
};

/// Files on their way at once; each large one takes some 64 MiB of memory.
const AT_ONCE: usize = 4;
/// Folders that are compared at once.
const LISTED_AT_ONCE: usize = 16;
/// Files between two words about how far it is.
const TOLD_EVERY: usize = 256;
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What is to be done to one file in the new store.
enum Step {
    Copy(BlobKey),
    Delete(BlobKey),
}

/// One organization on its way from one store to another.
pub(crate) struct Copier<'a> {
    pub(crate) from: &'a SingleStore,
    pub(crate) to: &'a SingleStore,
    /// What was recorded of files when they were uploaded.
    pub(crate) checksums: HashMap<String, Vec<u8>>,
    pub(crate) report: MoveReport,
    pub(crate) tell: &'a mut (dyn FnMut(MoveProgress) + Send),
}

impl Copier<'_> {
    /// Makes everything below `folder` in the new store as it is in the old one. What is there in the same size, and was not
    /// written in the old one since `unless_since`, is taken for copied; without that, nothing is.
    pub(crate) async fn whole(
        &mut self,
        folder: &BlobKey,
        unless_since: Option<Timestamp>,
    ) -> Result<(), StoresError> {
        let mut differences = Differences::of(self.from, self.to, folder, unless_since).await?;
        let mut steps = Vec::with_capacity(TOLD_EVERY);
        while let Some(step) = differences.next().await? {
            steps.push(step);
            if steps.len() >= TOLD_EVERY {
                self.carry_out(std::mem::take(&mut steps)).await?;
            }
        }
        self.carry_out(steps).await
    }

    /// Makes the new store as the old one is where something changed.
    pub(crate) async fn catch_up(&mut self, changes: BTreeSet<Change>) -> Result<(), StoresError> {
        let (folders, files): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| change.is_folder);
        let mut steps: Vec<Step> = files.into_iter().map(|change| Step::Copy(change.key)).collect();
        // Most are of assets that were deleted, and take two lists each to find little.
        let (from, to) = (self.from, self.to);
        let mut found = futures::stream::iter(folders)
            .map(|folder| async move { Differences::of(from, to, &folder.key, None).await?.all().await })
            .buffer_unordered(LISTED_AT_ONCE);
        while let Some(more) = found.try_next().await? {
            steps.extend(more);
        }
        self.carry_out(steps).await
    }

    async fn carry_out(&mut self, steps: Vec<Step>) -> Result<(), StoresError> {
        let (from, to) = (self.from, self.to);
        let mut done =
            futures::stream::iter(steps).map(|step| carried_out(from, to, step)).buffer_unordered(AT_ONCE);
        while let Some(copied) = done.try_next().await? {
            let Some((key, copied)) = copied else { continue };
            self.report.files += 1;
            self.report.size_bytes += copied.size_bytes;
            if let (Some(expected), Some(found)) = (self.checksums.get(key.as_str()), copied.sha256)
                && expected.as_slice() != found
                && !self.report.damaged.contains(&key)
            {
                self.report.damaged.push(key);
            }
        }
        let (files, size_bytes) = (self.report.files, self.report.size_bytes);
        (self.tell)(MoveProgress::Copying { files, size_bytes });
        Ok(())
    }
}

/// Tried again for a while where that may help: a move is long, and the network it goes over is not always well.
async fn carried_out(
    from: &SingleStore,
    to: &SingleStore,
    step: Step,
) -> Result<Option<(BlobKey, memoreel_blob::CopiedBlob)>, BlobError> {
    let mut pause = FIRST_PAUSE;
    let mut attempt = 1;
    loop {
        let done = match &step {
            Step::Copy(key) => match to.copy_from(from, key).await {
                Ok(Some(copied)) => Ok(Some((key.clone(), copied))),
                // Deleted, or never there.
                Ok(None) => to.delete(key).await.map(|()| None),
                Err(error) => Err(error),
            },
            Step::Delete(key) => to.delete(key).await.map(|()| None),
        };
        match done {
            Err(error) if attempt < ATTEMPTS && !error.is_permanent() => {
                tracing::debug!(%error, attempt, "copying a file is tried again");
                tokio::time::sleep(pause).await;
                pause *= 2;
                attempt += 1;
            }
            done => return done,
        }
    }
}

/// What is to be done to a folder of the new store, file by file.
struct Differences {
    old: Listing,
    new: Listing,
    unless_since: Option<Timestamp>,
}

impl Differences {
    async fn of(
        from: &SingleStore,
        to: &SingleStore,
        folder: &BlobKey,
        unless_since: Option<Timestamp>,
    ) -> Result<Self, BlobError> {
        let (old, new) =
            tokio::try_join!(Listing::of(from.list(Some(folder))), Listing::of(to.list(Some(folder))))?;
        Ok(Self { old, new, unless_since })
    }

    async fn next(&mut self) -> Result<Option<Step>, BlobError> {
        loop {
            let order = match (&self.old.next, &self.new.next) {
                (None, None) => return Ok(None),
                (Some(blob), Some(copy)) => blob.key.cmp(&copy.key),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            let blob = if order.is_le() { self.old.advance().await? } else { None };
            let copy = if order.is_ge() { self.new.advance().await? } else { None };
            match (blob, copy) {
                (Some(blob), Some(copy))
                    if blob.size_bytes == copy.size_bytes
                        && self.unless_since.is_some_and(|since| blob.modified_at < since) => {}
                (Some(blob), _) => return Ok(Some(Step::Copy(blob.key))),
                (None, Some(copy)) => return Ok(Some(Step::Delete(copy.key))),
                (None, None) => {}
            }
        }
    }

    async fn all(mut self) -> Result<Vec<Step>, BlobError> {
        let mut steps = Vec::new();
        while let Some(step) = self.next().await? {
            steps.push(step);
        }
        Ok(steps)
    }
}

/// A listing, one file ahead.
struct Listing {
    stream: BoxStream<'static, Result<BlobMeta, BlobError>>,
    next: Option<BlobMeta>,
}

impl Listing {
    async fn of(stream: BoxStream<'static, Result<BlobMeta, BlobError>>) -> Result<Self, BlobError> {
        let mut listing = Self { stream, next: None };
        listing.advance().await?;
        Ok(listing)
    }

    /// The file that was next.
    async fn advance(&mut self) -> Result<Option<BlobMeta>, BlobError> {
        let next = self.stream.try_next().await?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}
