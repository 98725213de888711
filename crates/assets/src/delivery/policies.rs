//! The policies of this process: what was read of them, for a few seconds.

use super::standing::Deliverer;
use crate::{AssetsError, delivery::OriginPattern, keys::Part, store};
use memoreel_blob::{BlobKey, Grant};
use memoreel_db::SystemReason;
use memoreel_kernel::{Caller, OrganizationId};
use memoreel_web::App;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

/// After so long it is asked again what a policy says. What changed in this process is known at once.
const FRESH_FOR: Duration = Duration::from_secs(3);
/// How much is remembered at most.
const REMEMBERED: usize = 4096;

/// The policies of all organizations, as far as this process was asked for them lately. Cheap to clone; the clones share what is
/// remembered.
#[derive(Debug, Clone, Default)]
pub struct DeliveryPolicies {
    deliverers: Remembered<OrganizationId, Arc<Deliverer>>,
    origins: Remembered<(String, bool), bool>,
    /// Folders and files of what is outside the bin, each with whether that holds for what was given in private alone.
    shown: Remembered<(BlobKey, bool), ()>,
}

impl DeliveryPolicies {
    /// What the organization says, or the default, and how it stands. Asked many times a second it takes a statement in a few seconds; if
    /// that fails, what was known goes on to hold.
    pub(crate) async fn of(
        &self,
        app: &App,
        organization_id: OrganizationId,
    ) -> Result<Arc<Deliverer>, AssetsError> {
        let (known, since) = self.deliverers.look_up(&organization_id);
        let known = match known {
            Known::Fresh(deliverer) => return Ok(deliverer),
            Known::Old(deliverer, reading) => Some((deliverer, reading)),
            Known::Nothing => None,
        };
        // What is done seldom is kept out of the future that each request makes.
        let read = Box::pin(async {
            let mut tx = app.db.tenant(&Caller::service(organization_id)).await?;
            Ok::<_, AssetsError>(store::find_deliverer(&mut tx).await?)
        });
        match (read.await, known) {
            (Ok(deliverer), _) => {
                let deliverer = Arc::new(deliverer);
                self.deliverers.put(organization_id, Arc::clone(&deliverer), since);
                Ok(deliverer)
            }
            (Err(error), Some((deliverer, _))) => {
                self.deliverers.hold(&organization_id);
                tracing::warn!(%error, "a policy of delivery could not be read again");
                Ok(deliverer)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Whether the files that are opened by the grant, which are part of this, are of something outside the bin that did not become its author's
    /// alone since. That they are is remembered like a policy; that they are not is asked each time, so that what is taken out of the bin is
    /// shown at once.
    pub(crate) async fn is_shown(
        &self,
        app: &App,
        grant: &Grant,
        part: Option<Part>,
    ) -> Result<bool, AssetsError> {
        let Some(part) = part else { return Ok(false) };
        let opened = (grant.prefix.clone(), grant.is_private);
        let (known, since) = self.shown.look_up(&opened);
        let known = match known {
            Known::Fresh(()) => return Ok(true),
            Known::Old((), reading) => Some(reading),
            Known::Nothing => None,
        };
        let read = Box::pin(async {
            let mut tx = app.db.tenant(&Caller::service(grant.organization_id)).await?;
            Ok::<_, AssetsError>(store::is_shown(&mut tx, &part, grant.is_private).await?)
        });
        match read.await {
            Ok(true) => {
                self.shown.put(opened, (), since);
                Ok(true)
            }
            Ok(false) => {
                self.shown.remove(&opened);
                Ok(false)
            }
            Err(error) if known.is_some() => {
                self.shown.hold(&opened);
                tracing::warn!(%error, "whether a file is shown could not be read again");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// The organization's was changed.
    pub(crate) fn forget(&self, organization_id: OrganizationId) {
        self.deliverers.forget(&organization_id);
        self.origins.clear();
    }

    /// Whether any organization admits the origin; if `exactly`, by naming it.
    pub(crate) async fn is_admitted_somewhere(
        &self,
        app: &App,
        origin: &str,
        exactly: bool,
    ) -> Result<bool, AssetsError> {
        let asked = (origin.to_owned(), exactly);
        let (known, since) = self.origins.look_up(&asked);
        let known = match known {
            Known::Fresh(is_admitted) => return Ok(is_admitted),
            Known::Old(is_admitted, reading) => Some((is_admitted, reading)),
            Known::Nothing => None,
        };
        let read = async {
            let mut tx = app.db.system(SystemReason::AdmitOrigin).await?;
            let patterns = if exactly { vec![origin.to_owned()] } else { OriginPattern::all_for(origin) };
            Ok::<_, AssetsError>(store::is_origin_admitted(&mut tx, &patterns).await?)
        };
        match (read.await, known) {
            (Ok(is_admitted), _) => {
                self.origins.put(asked, is_admitted, since);
                Ok(is_admitted)
            }
            (Err(_), Some((is_admitted, _))) => {
                self.origins.hold(&asked);
                Ok(is_admitted)
            }
            (Err(error), None) => Err(error),
        }
    }
}

enum Known<V> {
    Fresh(V),
    /// Whoever is told so reads it again, and keeps this until then: meanwhile it counts as fresh for others. Requests end at any moment, and the
    /// next one reads it then.
    Old(V, Reading),
    Nothing,
}

/// Since when something is read again.
type Reading = Arc<Instant>;

/// What was read, and when.
#[derive(Debug)]
struct Remembered<K, V>(Arc<Mutex<Memory<K, V>>>);

#[derive(Debug)]
struct Memory<K, V> {
    all: HashMap<K, Entry<V>>,
    /// How often something changed that may have been read.
    changes: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    read_at: Instant,
    reading: Weak<Instant>,
}

impl<K, V> Clone for Remembered<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Memory { all: HashMap::new(), changes: 0 })))
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// What is known, and how much changed until now, which whoever reads it again says when it is put.
    fn look_up(&self, key: &K) -> (Known<V>, u64) {
        let mut memory = self.memory();
        let since = memory.changes;
        let Some(entry) = memory.all.get_mut(key) else { return (Known::Nothing, since) };
        let is_fresh = |then: Instant| then.elapsed() < FRESH_FOR;
        if is_fresh(entry.read_at) || entry.reading.upgrade().is_some_and(|reading| is_fresh(*reading)) {
            return (Known::Fresh(entry.value.clone()), since);
        }
        let reading = Arc::new(Instant::now());
        entry.reading = Arc::downgrade(&reading);
        (Known::Old(entry.value.clone(), reading), since)
    }

    /// Remembers what was read after `since`, unless something changed meanwhile: it may have been read before that.
    fn put(&self, key: K, value: V, since: u64) {
        let mut memory = self.memory();
        if memory.changes != since {
            return;
        }
        let all = &mut memory.all;
        if all.len() >= REMEMBERED {
            all.retain(|_, entry| entry.read_at.elapsed() < FRESH_FOR);
        }
        // Whoever asks for thousands in three seconds gains nothing but that others are read again.
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(key, Entry { value, read_at: Instant::now(), reading: Weak::new() });
    }

    /// Could not be read just now, and is not asked for again at once.
    fn hold(&self, key: &K) {
        if let Some(entry) = self.memory().all.get_mut(key) {
            entry.read_at = Instant::now();
        }
    }

    /// Was read just now, and is not to be remembered.
    fn remove(&self, key: &K) {
        self.memory().all.remove(key);
    }

    /// Was changed just now.
    fn forget(&self, key: &K) {
        let mut memory = self.memory();
        memory.changes += 1;
        memory.all.remove(key);
    }

    /// Anything may have changed just now.
    fn clear(&self) {
        let mut memory = self.memory();
        memory.changes += 1;
        memory.all.clear();
    }

    fn memory(&self) -> MutexGuard<'_, Memory<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let remembered = Remembered::<usize, bool>::default();
        for number in 0..3 * REMEMBERED {
            let (_, since) = remembered.look_up(&number);
            remembered.put(number, true, since);
        }
        assert!(remembered.memory().all.len() <= REMEMBERED);
        assert!(matches!(remembered.look_up(&(3 * REMEMBERED - 1)).0, Known::Fresh(true)));
        remembered.remove(&(3 * REMEMBERED - 1));
        assert!(matches!(remembered.look_up(&(3 * REMEMBERED - 1)).0, Known::Nothing));
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let remembered = Remembered::<usize, bool>::default();
        let (_, since) = remembered.look_up(&1);
        remembered.forget(&1);
        remembered.put(1, true, since);
        assert!(matches!(remembered.look_up(&1).0, Known::Nothing));
        let (_, since) = remembered.look_up(&1);
        remembered.clear();
        remembered.put(1, true, since);
        assert!(matches!(remembered.look_up(&1).0, Known::Nothing));
        let (_, since) = remembered.look_up(&1);
        remembered.put(1, true, since);
        assert!(matches!(remembered.look_up(&1).0, Known::Fresh(true)));
    }

    #[test]
    fn what_nobody_read_to_the_end_is_read_by_the_next() {
        let remembered = Remembered::<usize, bool>::default();
        let (_, since) = remembered.look_up(&1);
        remembered.put(1, true, since);
        let long_ago = Instant::now().checked_sub(FRESH_FOR).unwrap();
        remembered.memory().all.get_mut(&1).unwrap().read_at = long_ago;
        let (Known::Old(true, reading), _) = remembered.look_up(&1) else { panic!("it is not old") };
        assert!(matches!(remembered.look_up(&1).0, Known::Fresh(true)), "somebody reads it");
        drop(reading);
        let (Known::Old(true, reading), _) = remembered.look_up(&1) else { panic!("it is not old") };
        remembered.hold(&1);
        drop(reading);
        assert!(matches!(remembered.look_up(&1).0, Known::Fresh(true)), "it could not be read");
    }
}
