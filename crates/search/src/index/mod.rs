//! The passages of large organizations, chosen in memory.
//!
//! A process that searches keeps the passages of the organizations that are being searched: their vectors in short forms
//! ([`codes`], about 450 bytes for one with 384 components), and their words ([`words`], about 300 bytes for one that is spoken).
//! The database compares what is chosen here, and everything that was written since the passages were read, under its own rules
//! of who may see what: nothing here is an answer, and nothing new is missing from one. Until the passages have been read, and
//! where they find no room, the database looks at all.

mod codes;
mod passages;
mod words;

pub use passages::Nearby;
pub(crate) use passages::{Passages, Worded};
pub(crate) use words::{Passage, Reader, Term};

use crate::store::passages::{self as store, State};
use memoreel_db::Db;
use memoreel_kernel::{Caller, EmbeddingModelId, OrganizationId};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::error::Error;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Up to so many passages, the database compares all as quickly.
const COMPARED_MAX: usize = 1_000;
/// Passages are read anew when more than so many passages have been written or deleted since, and more than one in so many.
const TOLERATED_MIN: usize = 3_000;
const TOLERATED_PER: usize = 20;
/// How long what is known of an organization's passages is good for.
const CHECKED_FOR: Duration = Duration::from_secs(5);
/// Passages nobody searched for so long are dropped.
const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
/// Passages searched within so long do not make room for others: two organizations would drive each other out for ever.
const SPARED_FOR: Duration = Duration::from_secs(60);
/// Whoever reads passages for longer waits for a database that is gone.
const READ_TIME_MAX: Duration = Duration::from_secs(600);

type Key = (OrganizationId, EmbeddingModelId);

/// The passages of the organizations that are being searched. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PassageIndex {
    memory_bytes_max: usize,
    threads: usize,
    entries: Arc<Mutex<HashMap<Key, Entry>>>,
    /// Passages are read one organization at a time, on one connection.
    reading: Arc<Semaphore>,
}

/// An organization that was searched not long ago.
#[derive(Debug)]
struct Entry {
    passages: Option<Arc<Passages>>,
    used_at: Instant,
    checked_at: Option<Instant>,
    /// Whether somebody is looking after it now.
    busy: bool,
}

impl PassageIndex {
    /// Holds nothing yet, and never more than so much memory; but while an organization's passages are read anew, the old ones
    /// still serve.
    #[must_use]
    pub fn new(memory_bytes_max: usize) -> Self {
        Self {
            memory_bytes_max,
            threads: available_parallelism().map_or(1, NonZero::get),
            entries: Arc::default(),
            reading: Arc::new(Semaphore::new(1)),
        }
    }

    /// The `count` passages of the caller's organization that are nearest to the query, whoever may see them and whatever else
    /// is asked of them, so that more are to be asked for than are wanted. Nothing where there are fewer, or while they are
    /// not in memory; they are then read in the background.
    pub async fn choose(
        &self,
        db: &Db,
        caller: &Caller,
        model_id: EmbeddingModelId,
        query: &[f32],
        count: usize,
    ) -> Option<Nearby> {
        let passages = self.held(db, caller, model_id, query.len())?;
        self.nearest(&passages, query, count).await
    }

    /// The passages of these that are nearest to the query, as in [`Self::choose`].
    pub(crate) async fn nearest(
        &self,
        passages: &Arc<Passages>,
        query: &[f32],
        count: usize,
    ) -> Option<Nearby> {
        passages.nearest(self.threads, query, count).await
    }

    /// The passages of the caller's organization with vectors of so many dimensions, if they are in memory; otherwise they are read
    /// in the background where they are many.
    pub(crate) fn held(
        &self,
        db: &Db,
        caller: &Caller,
        model_id: EmbeddingModelId,
        dimensions: usize,
    ) -> Option<Arc<Passages>> {
        let key = (caller.organization_id, model_id);
        let (passages, stale) = self.used(key);
        if stale {
            tokio::spawn(self.clone().look_after(db.clone(), key, dimensions));
        }
        passages
    }

    /// About the bytes that so many spoken passages take, with vectors of `dimensions`: for so many, room is made.
    #[must_use]
    pub fn size_bytes(dimensions: usize, count: usize) -> usize {
        Passages::size_bytes(dimensions, count)
    }

    /// Forgets the organization's passages, as though nobody had searched it.
    pub fn forget(&self, organization_id: OrganizationId) {
        self.entries().retain(|(of, _), _| *of != organization_id);
    }

    /// The bytes that the organization's passages take, 0 where the database looks at all; nothing until that is known.
    #[must_use]
    pub fn held_bytes(&self, organization_id: OrganizationId, model_id: EmbeddingModelId) -> Option<usize> {
        let entries = self.entries();
        let entry = entries.get(&(organization_id, model_id)).filter(|entry| entry.checked_at.is_some())?;
        Some(entry.held_bytes())
    }

    /// What is held, and whether the caller of this is to look after it.
    fn used(&self, key: Key) -> (Option<Arc<Passages>>, bool) {
        let now = Instant::now();
        let mut entries = self.entries();
        let entry = entries.entry(key).or_insert_with(|| {
            tokio::spawn(forget_when_idle(Arc::downgrade(&self.entries), key));
            Entry { passages: None, used_at: now, checked_at: None, busy: false }
        });
        entry.used_at = now;
        let fresh = entry.checked_at.is_some_and(|checked_at| now - checked_at < CHECKED_FOR);
        let stale = !fresh && !entry.busy;
        entry.busy |= stale;
        (entry.passages.clone(), stale)
    }

    /// Reads an organization's passages where they are missing or out of date. Whatever happens, it can be tried again.
    async fn look_after(self, db: Db, key: Key, dimensions: usize) {
        let _alone = self.reading.acquire().await;
        // It may have made room for others in the meantime.
        let Some(held) = self.entries().get(&key).map(|entry| entry.passages.clone()) else { return };
        let wanted = timeout(READ_TIME_MAX, self.wanted(&db, key, dimensions, held.clone())).await;
        let wanted = wanted.unwrap_or_else(|elapsed| Err(elapsed.into())).unwrap_or_else(|error| {
            tracing::warn!(%error, organization_id = %key.0, "passages could not be read");
            held
        });
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&key) else { return };
        entry.checked_at = Some(Instant::now());
        entry.busy = false;
        let before = std::mem::replace(&mut entry.passages, wanted);
        // Giving back much memory takes a while, during which others may search.
        drop(entries);
        drop(before);
    }

    /// The passages that should be held: those that are, others, or none.
    async fn wanted(
        &self,
        db: &Db,
        key: Key,
        dimensions: usize,
        held: Option<Arc<Passages>>,
    ) -> Result<Option<Arc<Passages>>, Box<dyn Error + Send + Sync>> {
        let (organization_id, model_id) = key;
        let service = Caller::service(organization_id);
        let since = held.as_ref().map(|held| held.written_before);
        let state = store::state(&mut db.tenant(&service).await?, model_id, since).await?;
        let size_bytes = Passages::size_bytes(dimensions, state.chunk_count);
        if state.chunk_count <= COMPARED_MAX {
            return Ok(None);
        }
        if let Some(held) = held.filter(|held| is_good(held, &state)) {
            return Ok(Some(held));
        }
        if !self.make_room(size_bytes, key, Instant::now()) {
            return Ok(None);
        }
        // And for some that are written meanwhile.
        let capacity = state.chunk_count + state.chunk_count / TOLERATED_PER;
        let mut passages = Passages::with_capacity(dimensions, capacity, state.written_before);
        let mut last = None;
        loop {
            // Each page in a transaction of its own, so that nobody who closes the database waits for all of them. What a later
            // one sees is never older.
            let page = store::page(&mut db.tenant(&service).await?, model_id, last).await?;
            let Some(read) = page.last() else { break };
            last = Some(read.place());
            passages = spawn_blocking(move || with_page(passages, page)).await?;
        }
        let passages = spawn_blocking(move || finished(passages)).await?;
        tracing::info!(%organization_id, passages = passages.len(), "passages are in memory");
        Ok(Some(Arc::new(passages)))
    }

    /// Drops what was not used for longest until there is room for so much beside what is left; false where there is none.
    fn make_room(&self, size_bytes: usize, key: Key, now: Instant) -> bool {
        let mut dropped = Vec::new();
        let mut entries = self.entries();
        loop {
            let others = entries.iter().filter(|(other, entry)| **other != key && entry.passages.is_some());
            let held_bytes: usize = others.clone().map(|(_, entry)| entry.held_bytes()).sum();
            if held_bytes + size_bytes <= self.memory_bytes_max {
                return true;
            }
            let oldest = others
                .filter(|(_, entry)| now - entry.used_at >= SPARED_FOR)
                .min_by_key(|(_, entry)| entry.used_at)
                .map(|(key, _)| *key);
            let Some(oldest) = oldest else { return false };
            dropped.extend(entries.remove(&oldest));
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn held_bytes(&self) -> usize {
        self.passages.as_ref().map_or(0, |passages| passages.held_bytes())
    }
}

/// Whether looking at what was written since, and leaving out what is gone, costs less than reading all anew.
fn is_good(held: &Passages, state: &State) -> bool {
    let tolerated = TOLERATED_MIN.max(state.chunk_count / TOLERATED_PER);
    let gone = (held.len() + state.written_since).saturating_sub(state.chunk_count);
    match state.written_before.cmp(&held.written_before) {
        // Another database than was read, such as a standby that lagged behind.
        Ordering::Less => false,
        // Reading helps only when transactions have ended in the meantime.
        Ordering::Equal => true,
        Ordering::Greater => state.written_since <= tolerated && gone <= tolerated,
    }
}

fn with_page(mut passages: Passages, page: Vec<store::Read>) -> Passages {
    for read in page {
        let vector = read.vector.as_deref().map(store::received);
        passages.push(&read.passage, vector);
    }
    passages
}

fn finished(mut passages: Passages) -> Passages {
    passages.finish();
    passages
}

/// Drops what nobody has searched for a while.
async fn forget_when_idle(entries: Weak<Mutex<HashMap<Key, Entry>>>, key: Key) {
    loop {
        tokio::time::sleep(IDLE_TIME_MAX / 5).await;
        let Some(entries) = entries.upgrade() else { return };
        let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get(&key) {
            Some(entry) if entry.used_at.elapsed() < IDLE_TIME_MAX => {}
            _ => {
                entries.remove(&key);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn key(organization: u128) -> Key {
        (Uuid::from_u128(organization).into(), Uuid::nil().into())
    }

    #[test]
    fn whoever_was_searched_longest_ago_makes_room_and_nobody_within_a_minute() {
        let mut passages = Passages::with_capacity(1, 1, 0);
        let said = Passage { configuration: "simple".to_owned(), ..Passage::default() };
        passages.push(&said, Some(vec![1.0]));
        let passages = Arc::new(passages);
        let (bytes, begun) = (passages.held_bytes(), Instant::now());
        let index = PassageIndex::new(3 * bytes);
        for (organization, second) in [(1, 20), (2, 0), (3, 40)] {
            let used_at = begun + Duration::from_secs(second);
            let passages = Some(Arc::clone(&passages));
            let entry = Entry { passages, used_at, checked_at: None, busy: false };
            index.entries().insert(key(organization), entry);
        }
        let held = || {
            let mut held: Vec<Key> = index.entries().keys().copied().collect();
            held.sort_unstable();
            held
        };
        let at = |second| begun + Duration::from_secs(second);
        assert!(!index.make_room(bytes, key(4), at(50)));
        assert_eq!(held(), [key(1), key(2), key(3)]);
        assert!(index.make_room(bytes, key(4), at(90)));
        assert_eq!(held(), [key(1), key(3)]);
        assert!(!index.make_room(3 * bytes, key(4), at(90)));
        assert_eq!(held(), [key(3)]);
        assert!(index.make_room(3 * bytes, key(3), at(90)));
    }
}
