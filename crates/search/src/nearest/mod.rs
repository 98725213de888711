//! The nearest passages of large organizations, chosen in memory.
//!
//! A process that searches keeps the vectors of the organizations that are being searched in short forms ([`codes`]): about 450
//! bytes for a passage with 384 components. The database compares what is chosen here, and everything that was written since
//! the vectors were read, under its own rules of who may see what: nothing here is an answer, and nothing new is missing from
//! one. Until the vectors have been read, and where they find no room, the database compares all.

mod codes;

use crate::store::vectors::{self, State};
use codes::{Codes, Query};
use futures::future::try_join_all;
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
use uuid::Uuid;

/// Up to so many passages, the database compares all as quickly.
const COMPARED_MAX: usize = 1_000;
/// Vectors are read anew when more than so many passages have been written or deleted since, and more than one in so many.
const TOLERATED_MIN: usize = 3_000;
const TOLERATED_PER: usize = 20;
/// How long what is known of an organization's passages is good for.
const CHECKED_FOR: Duration = Duration::from_secs(5);
/// Vectors nobody searched for so long are dropped.
const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
/// Vectors searched within so long do not make room for others: two organizations would drive each other out for ever.
const SPARED_FOR: Duration = Duration::from_secs(60);
/// Whoever reads vectors for longer waits for a database that is gone.
const READ_TIME_MAX: Duration = Duration::from_secs(600);

type Key = (OrganizationId, EmbeddingModelId);

/// The vectors of the organizations that are being searched. Cheap to clone.
#[derive(Debug, Clone)]
pub struct NearestChunks {
    memory_bytes_max: usize,
    threads: usize,
    entries: Arc<Mutex<HashMap<Key, Entry>>>,
    /// Vectors are read one organization at a time, on one connection.
    reading: Arc<Semaphore>,
}

/// What is chosen for a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearby {
    /// Passages of the organization, about nearest first.
    pub chunk_ids: Vec<Uuid>,
    /// They were chosen among everything written by transactions before this one.
    pub written_before: i64,
}

/// An organization that was searched not long ago.
#[derive(Debug)]
struct Entry {
    vectors: Option<Vectors>,
    used_at: Instant,
    checked_at: Option<Instant>,
    /// Whether somebody is looking after it now.
    busy: bool,
}

#[derive(Debug, Clone)]
struct Vectors {
    codes: Arc<Codes>,
    written_before: i64,
}

impl NearestChunks {
    /// Holds nothing yet, and never more than so much memory; but while an organization's vectors are read anew, the old ones
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
    /// is asked of them, so that more are to be asked for than are wanted. Nothing where there are fewer, or while its vectors are
    /// not in memory; they are then read in the background.
    pub async fn choose(
        &self,
        db: &Db,
        caller: &Caller,
        model_id: EmbeddingModelId,
        query: &[f32],
        count: usize,
    ) -> Option<Nearby> {
        let key = (caller.organization_id, model_id);
        let (vectors, stale) = self.used(key);
        if stale {
            tokio::spawn(self.clone().look_after(db.clone(), key, query.len()));
        }
        let Vectors { codes, written_before } = vectors?;
        let query = Arc::new(codes.query(query)?);
        let near = if codes.are_many() {
            self.nearest_of_parts(&codes, &query, count).await?
        } else {
            codes.nearest(&query, count, 0..codes.len())
        };
        (near.len() == count)
            .then(|| Nearby { chunk_ids: near.iter().map(|(_, id)| *id).collect(), written_before })
    }

    async fn nearest_of_parts(
        &self,
        codes: &Arc<Codes>,
        query: &Arc<Query>,
        count: usize,
    ) -> Option<Vec<(f32, Uuid)>> {
        let parts = codes.parts(self.threads).into_iter().map(|places| {
            let (codes, query) = (Arc::clone(codes), Arc::clone(query));
            spawn_blocking(move || codes.nearest(&query, count, places))
        });
        let mut near = try_join_all(parts).await.ok()?.concat();
        near.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
        near.truncate(count);
        Some(near)
    }

    /// Forgets the organization's vectors, as though nobody had searched it.
    pub fn forget(&self, organization_id: OrganizationId) {
        self.entries().retain(|(of, _), _| *of != organization_id);
    }

    /// The bytes that the organization's vectors take, 0 where the database compares them; nothing until that is known.
    #[must_use]
    pub fn held_bytes(&self, organization_id: OrganizationId, model_id: EmbeddingModelId) -> Option<usize> {
        let entries = self.entries();
        let entry = entries.get(&(organization_id, model_id)).filter(|entry| entry.checked_at.is_some())?;
        Some(entry.held_bytes())
    }

    /// What is held, and whether the caller of this is to look after it.
    fn used(&self, key: Key) -> (Option<Vectors>, bool) {
        let now = Instant::now();
        let mut entries = self.entries();
        let entry = entries.entry(key).or_insert_with(|| {
            tokio::spawn(forget_when_idle(Arc::downgrade(&self.entries), key));
            Entry { vectors: None, used_at: now, checked_at: None, busy: false }
        });
        entry.used_at = now;
        let fresh = entry.checked_at.is_some_and(|checked_at| now - checked_at < CHECKED_FOR);
        let stale = !fresh && !entry.busy;
        entry.busy |= stale;
        (entry.vectors.clone(), stale)
    }

    /// Reads an organization's vectors where they are missing or out of date. Whatever happens, it can be tried again.
    async fn look_after(self, db: Db, key: Key, dimensions: usize) {
        let _alone = self.reading.acquire().await;
        // It may have made room for others in the meantime.
        let Some(held) = self.entries().get(&key).map(|entry| entry.vectors.clone()) else { return };
        let wanted = timeout(READ_TIME_MAX, self.wanted(&db, key, dimensions, held.clone())).await;
        let wanted = wanted.unwrap_or_else(|elapsed| Err(elapsed.into())).unwrap_or_else(|error| {
            tracing::warn!(%error, organization_id = %key.0, "vectors could not be read");
            held
        });
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&key) else { return };
        entry.checked_at = Some(Instant::now());
        entry.busy = false;
        let before = std::mem::replace(&mut entry.vectors, wanted);
        // Giving back much memory takes a while, during which others may search.
        drop(entries);
        drop(before);
    }

    /// The vectors that should be held: those that are, others, or none.
    async fn wanted(
        &self,
        db: &Db,
        key: Key,
        dimensions: usize,
        held: Option<Vectors>,
    ) -> Result<Option<Vectors>, Box<dyn Error + Send + Sync>> {
        let (organization_id, model_id) = key;
        let service = Caller::service(organization_id);
        let since = held.as_ref().map(|held| held.written_before);
        let state = vectors::state(&mut db.tenant(&service).await?, model_id, since).await?;
        let size_bytes = Codes::size_bytes(dimensions, state.chunk_count);
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
        let mut codes =
            Codes::with_capacity(dimensions, state.chunk_count + state.chunk_count / TOLERATED_PER);
        let mut last = Uuid::nil();
        loop {
            // Each page in a transaction of its own, so that nobody who closes the database waits for all of them. What a later
            // one sees is never older.
            let page = vectors::page(&mut db.tenant(&service).await?, model_id, last).await?;
            let Some((id, _)) = page.last() else { break };
            last = *id;
            codes = spawn_blocking(move || with_page(codes, page)).await?;
        }
        tracing::info!(%organization_id, passages = codes.len(), "vectors are in memory");
        Ok(Some(Vectors { codes: Arc::new(codes), written_before: state.written_before }))
    }

    /// Drops what was not used for longest until there is room for so much beside what is left; false where there is none.
    fn make_room(&self, size_bytes: usize, key: Key, now: Instant) -> bool {
        let mut dropped = Vec::new();
        let mut entries = self.entries();
        loop {
            let others = entries.iter().filter(|(other, entry)| **other != key && entry.vectors.is_some());
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
        self.vectors.as_ref().map_or(0, |vectors| vectors.codes.held_bytes())
    }
}

/// Whether comparing what was written since, and leaving out what is gone, costs less than reading all anew.
fn is_good(held: &Vectors, state: &State) -> bool {
    let tolerated = TOLERATED_MIN.max(state.chunk_count / TOLERATED_PER);
    let gone = (held.codes.len() + state.written_since).saturating_sub(state.chunk_count);
    match state.written_before.cmp(&held.written_before) {
        // Another database than was read, such as a standby that lagged behind.
        Ordering::Less => false,
        // Reading helps only when transactions have ended in the meantime.
        Ordering::Equal => true,
        Ordering::Greater => state.written_since <= tolerated && gone <= tolerated,
    }
}

fn with_page(mut codes: Codes, page: Vec<(Uuid, Vec<u8>)>) -> Codes {
    for (id, vector) in page {
        codes.push(id, vectors::received(&vector));
    }
    codes
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

    fn key(organization: u128) -> Key {
        (Uuid::from_u128(organization).into(), Uuid::nil().into())
    }

    #[test]
    fn whoever_was_searched_longest_ago_makes_room_and_nobody_within_a_minute() {
        let mut codes = Codes::with_capacity(1, 1);
        codes.push(Uuid::nil(), vec![1.0]);
        let (bytes, begun) = (codes.held_bytes(), Instant::now());
        let nearest = NearestChunks::new(3 * bytes);
        for (organization, second) in [(1, 20), (2, 0), (3, 40)] {
            let used_at = begun + Duration::from_secs(second);
            let vectors = Some(Vectors { codes: Arc::new(codes.clone()), written_before: 0 });
            let entry = Entry { vectors, used_at, checked_at: None, busy: false };
            nearest.entries().insert(key(organization), entry);
        }
        let held = || {
            let mut held: Vec<Key> = nearest.entries().keys().copied().collect();
            held.sort_unstable();
            held
        };
        let at = |second| begun + Duration::from_secs(second);
        assert!(!nearest.make_room(bytes, key(4), at(50)));
        assert_eq!(held(), [key(1), key(2), key(3)]);
        assert!(nearest.make_room(bytes, key(4), at(90)));
        assert_eq!(held(), [key(1), key(3)]);
        assert!(!nearest.make_room(3 * bytes, key(4), at(90)));
        assert_eq!(held(), [key(3)]);
        assert!(nearest.make_room(3 * bytes, key(3), at(90)));
    }
}
