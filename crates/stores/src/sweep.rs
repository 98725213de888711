//! The search for what has lost its other half: files that no row names, and rows whose file is not there; and for uploads to
//! buckets that nobody finishes.
//!
//! A file is written before the row that names it, and a row goes before its file. So a file counts as an orphan only when it
//! is older than a grace period and no row names it after everything was listed; and a row as bereft only when it was there
//! before and after the listing, and its file still is not.

use crate::{
    StoresError,
    model::MoveState,
    mover::folder_of,
    store::{self, NamedFile},
    turn::Turn,
};
use chrono::TimeDelta;
use futures::{StreamExt, TryStreamExt};
use memoreel_blob::{
    BlobError, BlobKey, BlobMeta, DEFAULT_STORE, Place, SingleStore, Stores, UnfinishedUpload,
};
use memoreel_db::Db;
use memoreel_kernel::{OrganizationId, Timestamp};
use std::{
    collections::{BTreeSet, HashSet},
    error::Error,
    iter,
};
use uuid::Uuid;

/// The folder in which everybody's files lie.
const ORGANIZATIONS: &str = "organizations";
/// Keys that are handed to the database at once.
const BATCH: usize = 500;
/// Files of a store by which it is told from others without writing to it.
const SAMPLES: usize = 16;

/// What a sweep does.
#[derive(Debug, Clone, Copy)]
pub struct SweepOptions {
    /// Only says what it would do.
    pub is_dry_run: bool,
    /// Files and uploads that are younger are left alone.
    pub grace: TimeDelta,
    /// Notes in rows that their file is missing: an asset has failed, and an image that was made of it is made anew.
    pub marks_missing: bool,
    /// Removes the files of organizations that the database does not know, which it may have forgotten by a restore.
    pub removes_unknown: bool,
}

/// What a sweep finds.
#[derive(Debug, Clone)]
pub enum Finding {
    /// A file that no row names.
    Orphan {
        /// Where it lies.
        place: Place,
        /// The file.
        blob: BlobMeta,
        /// Whether it was removed.
        is_removed: bool,
    },
    /// A row whose file is not there.
    Missing {
        /// The table.
        source: String,
        /// The row's id.
        id: Uuid,
        /// The file.
        key: String,
    },
    /// An organization that is being moved, which is looked at afterwards.
    Skipped {
        /// Its name in addresses.
        slug: String,
    },
    /// A file that was sent to a bucket in part, as a killed process leaves it.
    Unfinished {
        /// Where it lies.
        place: Place,
        /// What was begun.
        upload: UnfinishedUpload,
        /// Whether it was aborted.
        is_aborted: bool,
    },
    /// A store whose unfinished uploads could not be listed or aborted.
    Unchecked {
        /// Which.
        place: Place,
        /// Why.
        reason: String,
    },
}

/// What a sweep came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Organizations that were looked at.
    pub organizations: u64,
    /// Files that were looked at.
    pub files: u64,
    /// Files that no row names.
    pub orphans: u64,
    /// Their bytes.
    pub orphan_bytes: u64,
    /// Those of them that were removed.
    pub removed: u64,
    /// Rows whose file is not there.
    pub missing: u64,
    /// Rows in which this was noted.
    pub marked: u64,
    /// Organizations that are being moved.
    pub skipped: u64,
    /// Uploads that nobody finishes.
    pub unfinished: u64,
    /// Those of them that were aborted.
    pub aborted: u64,
    /// Stores whose unfinished uploads could not be listed or aborted.
    pub unchecked: u64,
}

/// Sweeps.
#[derive(Debug)]
pub struct Sweeper<'a> {
    /// The database.
    pub db: &'a Db,
    /// The stores.
    pub stores: &'a Stores,
    /// What it does.
    pub options: SweepOptions,
    /// The time.
    pub now: Timestamp,
}

/// A store by one of its names.
struct Shelf {
    place: Place,
    store: SingleStore,
    /// The same for all names of one store.
    physical: usize,
}

/// Organizations by their ids.
struct Whose {
    /// The database has them.
    known: HashSet<String>,
    /// They are being moved.
    moving: HashSet<String>,
}

/// What rows name.
struct Named {
    exact: HashSet<String>,
    folders: HashSet<String>,
}

impl Named {
    fn of(files: &[NamedFile]) -> Self {
        let keys = |is_folder: bool| {
            let wanted = files.iter().filter(move |file| file.is_folder == is_folder);
            wanted.map(|file| file.blob_key.clone()).collect()
        };
        Self { exact: keys(false), folders: keys(true) }
    }

    fn has(&self, key: &str) -> bool {
        self.exact.contains(key)
            || key.match_indices('/').any(|(place, _)| self.folders.contains(&key[..place]))
    }
}

impl Sweeper<'_> {
    /// Looks at one organization, or at all of them and at what lies in the stores beside.
    ///
    /// # Errors
    /// What the database or a store raises; what was not looked at is looked at the next time.
    pub async fn sweep(
        &self,
        only: Option<&str>,
        tell: &mut (dyn FnMut(&Finding) + Send),
    ) -> Result<SweepReport, StoresError> {
        let mut tx = store::begin(self.db).await?;
        let placements = store::placements(&mut tx).await?;
        let mut organizations = store::organizations(&mut tx).await?;
        drop(tx);
        // Those with a bucket of their own, too.
        for known in &placements {
            self.stores.at(&known.home)?;
        }
        if let Some(slug) = only {
            organizations.retain(|(_, known)| known == slug);
            if organizations.is_empty() {
                return Err(StoresError::OrganizationNotFound(slug.to_owned()));
            }
        }
        let shelves = self.shelves().await?;
        let mut report = SweepReport::default();
        let known: HashSet<String> = organizations.iter().map(|(id, _)| id.to_string()).collect();
        let mut moving = HashSet::new();
        for (id, slug) in &organizations {
            // Until all is done: files that are moved meanwhile would be missing where they are looked for.
            let Some((turn, home)) = self.settled(*id).await? else {
                report.skipped += 1;
                moving.insert(id.to_string());
                tell(&Finding::Skipped { slug: slug.clone() });
                continue;
            };
            turn.keep(self.organization(*id, home, &shelves, &mut report, tell)).await?;
        }
        if only.is_none() {
            self.beside(&known, &shelves, &mut report, tell).await?;
        }
        let folder: BlobKey = match (only, organizations.first()) {
            (Some(_), Some((id, _))) => folder_of(*id)?,
            _ => ORGANIZATIONS.parse()?,
        };
        let whose = Whose { known, moving };
        for (index, shelf) in shelves.iter().enumerate() {
            // Once for each store, however many names it has.
            if shelf.physical == index {
                self.unfinished(shelf, &folder, &whose, &mut report, tell).await;
            }
        }
        Ok(report)
    }

    /// Where the files of an organization lie for as long as this turn of it is kept, unless it is being moved.
    async fn settled(&self, id: OrganizationId) -> Result<Option<(Turn, Place)>, StoresError> {
        let Some(mut turn) = Turn::take(self.db, id).await? else { return Ok(None) };
        Ok(match turn.placement().await? {
            None => Some((turn, Place::of(DEFAULT_STORE))),
            Some(known) if known.state == MoveState::Settled => Some((turn, known.home)),
            Some(_) => None,
        })
    }

    async fn organization(
        &self,
        id: OrganizationId,
        home: Place,
        shelves: &[Shelf],
        report: &mut SweepReport,
        tell: &mut (dyn FnMut(&Finding) + Send),
    ) -> Result<(), StoresError> {
        report.organizations += 1;
        let store = self.stores.at(&home)?;
        let folder = folder_of(id)?;
        let before = self.named(id).await?;
        let mut awaited: HashSet<&str> =
            before.iter().filter(|file| file.is_promised).map(|file| file.blob_key.as_str()).collect();
        let named = Named::of(&before);
        let mut candidates = Vec::new();
        let mut listed = store.list(Some(&folder));
        while let Some(blob) = listed.try_next().await? {
            report.files += 1;
            awaited.remove(blob.key.as_str());
            if !named.has(blob.key.as_str()) && self.is_old(&blob) {
                candidates.push((home.clone(), store.clone(), blob));
            }
        }
        let own = shelves.iter().find(|shelf| shelf.store.is(&store)).map(|shelf| shelf.physical);
        for Shelf { place, store: elsewhere, physical } in shelves {
            if own.is_none_or(|own| own == *physical) {
                continue;
            }
            let mut listed = elsewhere.list(Some(&folder));
            while let Some(blob) = listed.try_next().await? {
                report.files += 1;
                if self.is_old(&blob) {
                    candidates.push((place.clone(), elsewhere.clone(), blob));
                }
            }
        }
        let after = self.named(id).await?;
        let still = Named::of(&after);
        for (place, lies_in, blob) in candidates {
            // What lies in another store is named by nothing, whatever its key.
            if lies_in.is(&store) && still.has(blob.key.as_str()) {
                continue;
            }
            self.orphan(place, &lies_in, blob, !self.options.is_dry_run, report, tell).await?;
        }
        let promised: HashSet<&str> =
            after.iter().filter(|file| file.is_promised).map(|file| file.blob_key.as_str()).collect();
        let mut missing = BTreeSet::new();
        for key in awaited {
            if promised.contains(key) && store.head(&key.parse::<BlobKey>()?).await?.is_none() {
                missing.insert(key);
            }
        }
        // Of several rows that name one file, each is told.
        for file in before.iter().filter(|file| file.is_promised && missing.contains(file.blob_key.as_str()))
        {
            report.missing += 1;
            let (source, key) = (file.source.clone(), file.blob_key.clone());
            tell(&Finding::Missing { source, id: file.id, key });
        }
        if self.options.marks_missing && !self.options.is_dry_run {
            let keys: Vec<String> = missing.iter().map(ToString::to_string).collect();
            for keys in keys.chunks(BATCH) {
                let mut tx = store::begin(self.db).await?;
                report.marked += u64::try_from(store::mark_missing(&mut tx, id, keys).await?).unwrap_or(0);
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// What lies in the stores for organizations that the database does not know.
    async fn beside(
        &self,
        known: &HashSet<String>,
        shelves: &[Shelf],
        report: &mut SweepReport,
        tell: &mut (dyn FnMut(&Finding) + Send),
    ) -> Result<(), StoresError> {
        let organizations: BlobKey = ORGANIZATIONS.parse()?;
        for Shelf { place, store, .. } in shelves {
            let mut listed = store.list(Some(&organizations));
            while let Some(blob) = listed.try_next().await? {
                let whose = blob.key.segments().nth(1).unwrap_or_default();
                if known.contains(whose) || !self.is_old(&blob) {
                    continue;
                }
                report.files += 1;
                let removes = self.options.removes_unknown && !self.options.is_dry_run;
                self.orphan(place.clone(), store, blob, removes, report, tell).await?;
            }
        }
        Ok(())
    }

    async fn orphan(
        &self,
        place: Place,
        store: &SingleStore,
        blob: BlobMeta,
        removes: bool,
        report: &mut SweepReport,
        tell: &mut (dyn FnMut(&Finding) + Send),
    ) -> Result<(), StoresError> {
        if removes {
            // Of thousands, it may be long since it was listed: whoever begins again what was killed writes the same names.
            if !store.head(&blob.key).await?.is_some_and(|found| self.is_old(&found)) {
                return Ok(());
            }
            store.delete(&blob.key).await?;
            report.removed += 1;
        }
        report.orphans += 1;
        report.orphan_bytes += blob.size_bytes;
        tell(&Finding::Orphan { place, blob, is_removed: removes });
        Ok(())
    }

    /// What was begun in a store and is not finished. Not every service lists that, and not every key may ask: that is told, and
    /// keeps nothing else from being done.
    async fn unfinished(
        &self,
        shelf: &Shelf,
        folder: &BlobKey,
        whose: &Whose,
        report: &mut SweepReport,
        tell: &mut (dyn FnMut(&Finding) + Send),
    ) {
        if let Err(error) = self.try_unfinished(shelf, folder, whose, report, tell).await {
            report.unchecked += 1;
            tell(&Finding::Unchecked { place: shelf.place.clone(), reason: reason(&error) });
        }
    }

    async fn try_unfinished(
        &self,
        Shelf { place, store, .. }: &Shelf,
        folder: &BlobKey,
        whose: &Whose,
        report: &mut SweepReport,
        tell: &mut (dyn FnMut(&Finding) + Send),
    ) -> Result<(), BlobError> {
        let begun_before = self.now - self.options.grace;
        for upload in store.unfinished(folder).await? {
            let organization = upload.key.segments().nth(1).unwrap_or_default();
            // A move may be at it for longer.
            if upload.begun_at >= begun_before || whose.moving.contains(organization) {
                continue;
            }
            let may_go = whose.known.contains(organization) || self.options.removes_unknown;
            let is_aborted = may_go && !self.options.is_dry_run;
            if is_aborted {
                store.abandon(&upload).await?;
                report.aborted += 1;
            }
            report.unfinished += 1;
            tell(&Finding::Unfinished { place: place.clone(), upload, is_aborted });
        }
        Ok(())
    }

    /// Whether nobody can be about to name it.
    fn is_old(&self, blob: &BlobMeta) -> bool {
        blob.modified_at < self.now - self.options.grace
    }

    /// Every store, and which of them are one and the same under several names. In such a one nothing is an orphan for lying elsewhere.
    /// Before anything is removed, that is proven by writing; a dry run only reads.
    async fn shelves(&self) -> Result<Vec<Shelf>, StoresError> {
        let mut shelves: Vec<Shelf> = Vec::new();
        for (place, store) in self.stores.opened() {
            let same = if self.options.is_dry_run {
                seen_among(&shelves, &place, &store).await?
            } else {
                proven_among(&shelves, &place, &store).await?
            };
            let physical = same.unwrap_or(shelves.len());
            shelves.push(Shelf { place, store, physical });
        }
        Ok(shelves)
    }

    async fn named(&self, id: OrganizationId) -> Result<Vec<NamedFile>, StoresError> {
        Ok(store::named_files(&mut *store::begin(self.db).await?, id).await?)
    }
}

/// Which of the shelves the store is: what was written to the one is in the other.
async fn proven_among(
    shelves: &[Shelf],
    place: &Place,
    store: &SingleStore,
) -> Result<Option<usize>, StoresError> {
    let unusable = |source| StoresError::Unusable { place: place.to_string(), source };
    let probe: BlobKey = format!("probes/sweep-{}", Uuid::now_v7()).parse()?;
    let content = futures::stream::iter([Ok(probe.to_string().into_bytes().into())]);
    store.put_stream(&probe, content).await.map_err(unusable)?;
    let mut same = None;
    for shelf in shelves {
        if shelf.store.head(&probe).await?.is_some() {
            same = Some(shelf.physical);
            break;
        }
    }
    store.delete(&probe).await.map_err(unusable)?;
    Ok(same)
}

/// Which of the shelves the store is as far as reading tells: its first files are there as well, of the same times. A copy has a time of
/// its own.
async fn seen_among(
    shelves: &[Shelf],
    place: &Place,
    store: &SingleStore,
) -> Result<Option<usize>, StoresError> {
    let unusable = |source| StoresError::Unusable { place: place.to_string(), source };
    let organizations: BlobKey = ORGANIZATIONS.parse()?;
    let listed = store.list(Some(&organizations)).take(SAMPLES);
    let samples: Vec<BlobMeta> = listed.try_collect().await.map_err(unusable)?;
    for shelf in shelves {
        let mut is_same = false;
        for sample in &samples {
            let there = shelf.store.head(&sample.key).await?;
            // Asked again, and last: what was removed meanwhile says nothing.
            let Some(here) = store.head(&sample.key).await.map_err(unusable)? else { continue };
            is_same = there.is_some_and(|there| {
                (there.size_bytes, there.modified_at) == (here.size_bytes, here.modified_at)
            });
            if !is_same {
                break;
            }
        }
        if is_same {
            return Ok(Some(shelf.physical));
        }
    }
    Ok(None)
}

/// An error with everything that led to it.
fn reason(error: &BlobError) -> String {
    let first: &dyn Error = error;
    let chain = iter::successors(Some(first), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
