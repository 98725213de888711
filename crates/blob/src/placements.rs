//! Where each organization's blobs lie, as this process knows it: in memory, so that reading and writing ask nobody.
//!
//! An organization's blobs are read and written in one store, its home, at any time; a move copies them to another one
//! while this goes on, and then changes the home. What a process must do for that is here: it notes what it wrote and
//! deleted while a copy is made, lets writing wait while the last of it is copied, and sees to a write that began
//! before the home changed and ended after it. Who tells it how things stand, and who copies, is not known here.

use crate::single::SingleStore;
use crate::{BlobError, BlobKey, Result};
use memoreel_kernel::OrganizationId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long after it last heard how things stand a process may still write.
pub const WRITING_LEASE: Duration = Duration::from_secs(6);
/// How long a write waits to be allowed.
const WAIT_MAX: Duration = Duration::from_secs(90);
/// The longest wait between two looks at whether the lease ended.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Where one organization's blobs lie.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Where they are read and written.
    pub home: SingleStore,
    /// Where they are copied to, or were copied from. What is deleted is deleted there, too.
    pub other: Option<SingleStore>,
    /// Whether what is written and deleted is noted.
    pub is_tracked: bool,
    /// Whether writing and deleting wait.
    pub is_held: bool,
}

/// A blob, or everything below a key, that was written or deleted while its organization was copied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What was written or deleted.
    pub key: BlobKey,
    /// Whether everything below the key is meant.
    pub is_folder: bool,
}

/// What this process knows of all placements. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Placements(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Of organizations without a placement.
    default: SingleStore,
    table: RwLock<Table>,
    /// What is being written, and where to: looked at and changed while the table is locked, if only for reading.
    under_way: Mutex<UnderWay>,
    /// Counts what was heard.
    heard: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct UnderWay {
    begun: u64,
    writes: HashMap<u64, (OrganizationId, SingleStore)>,
}

/// Something that is being written to or deleted from a store. While it is there, the store is known to be needed.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) store: SingleStore,
    number: u64,
    placements: Placements,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.placements.under_way().writes.remove(&self.number);
    }
}

#[derive(Debug)]
struct Table {
    placements: HashMap<OrganizationId, Placement>,
    changes: BTreeSet<Change>,
    keeping: Keeping,
}

#[derive(Debug, Clone, Copy)]
enum Keeping {
    /// Nobody moves anything: a store of tests, or of a command.
    Never,
    /// Somebody says how things stand, and last did then.
    Since(Instant),
    /// The process ends.
    Ended,
}

/// How a write stands.
enum Verdict {
    Free { home: SingleStore, is_tracked: bool },
    Wait,
}

impl Table {
    fn verdict(&self, default: &SingleStore, organization_id: Option<OrganizationId>) -> Result<Verdict> {
        match self.keeping {
            Keeping::Since(heard) if heard.elapsed() > WRITING_LEASE => return Ok(Verdict::Wait),
            Keeping::Ended => return Err(BlobError::unavailable("this process is ending")),
            Keeping::Since(_) | Keeping::Never => {}
        }
        let placement = organization_id.and_then(|id| self.placements.get(&id));
        Ok(match placement {
            None => Verdict::Free { home: default.clone(), is_tracked: false },
            Some(placement) if placement.is_held => Verdict::Wait,
            Some(Placement { home, is_tracked, .. }) => {
                Verdict::Free { home: home.clone(), is_tracked: *is_tracked }
            }
        })
    }
}

impl Placements {
    pub(crate) fn new(default: SingleStore) -> Self {
        let table = Table { placements: HashMap::new(), changes: BTreeSet::new(), keeping: Keeping::Never };
        let (table, under_way) = (RwLock::new(table), Mutex::default());
        Self(Arc::new(Shared { default, table, under_way, heard: watch::Sender::new(0) }))
    }

    /// Takes over how things stand, and returns what was noted until then; it is the caller's to pass on. What ends from then on
    /// goes by the new state. An organization that is not told of any more stays where it was: it was erased, and what is
    /// still deleted of it lies there.
    pub fn apply(&self, placements: HashMap<OrganizationId, Placement>) -> Vec<Change> {
        let mut table = self.write();
        for placement in table.placements.values_mut() {
            (placement.is_tracked, placement.is_held) = (false, false);
        }
        table.placements.extend(placements);
        let changes = std::mem::take(&mut table.changes);
        drop(table);
        self.tell();
        changes.into_iter().collect()
    }

    /// What was returned could not be passed on, and is noted again.
    pub fn give_back(&self, changes: Vec<Change>) {
        self.write().changes.extend(changes);
    }

    /// Says that what is known here was right at that moment. From the first time on, writing waits whenever this was not
    /// said for [`WRITING_LEASE`].
    pub fn confirm(&self, at: Instant) {
        self.write().keeping = Keeping::Since(at);
        self.tell();
    }

    /// Refuses to write from now on, and returns what was noted.
    pub fn end(&self) -> Vec<Change> {
        let mut table = self.write();
        table.keeping = Keeping::Ended;
        let changes = std::mem::take(&mut table.changes);
        drop(table);
        self.tell();
        changes.into_iter().collect()
    }

    /// Where the organization's blobs are read.
    pub fn home(&self, organization_id: OrganizationId) -> SingleStore {
        let table = self.read();
        let placement = table.placements.get(&organization_id);
        placement.map_or_else(|| self.0.default.clone(), |placement| placement.home.clone())
    }

    /// The organizations of which something is still being written to a store that is not their home any more. It is taken
    /// along when it ends, so that store must not be emptied before.
    pub fn lagging(&self) -> Vec<OrganizationId> {
        let table = self.read();
        let under_way = self.under_way();
        let lagging = under_way.writes.values().filter(|(id, store)| {
            let home = table.placements.get(id).map_or(&self.0.default, |placement| &placement.home);
            !home.is(store)
        });
        lagging.map(|(id, _)| *id).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The placement, where there is one.
    pub(crate) fn get(&self, organization_id: OrganizationId) -> Option<Placement> {
        self.read().placements.get(&organization_id).cloned()
    }

    /// Where to write, once that is allowed.
    pub(crate) async fn writable(&self, organization_id: Option<OrganizationId>) -> Result<Writing> {
        self.when_free(|| {
            let table = self.read();
            let Verdict::Free { home, .. } = table.verdict(&self.0.default, organization_id)? else {
                return Ok(None);
            };
            let mut under_way = self.under_way();
            under_way.begun += 1;
            let number = under_way.begun;
            if let Some(id) = organization_id {
                under_way.writes.insert(number, (id, home.clone()));
            }
            drop(under_way);
            Ok(Some(Writing { store: home, number, placements: self.clone() }))
        })
        .await
    }

    /// Ends what was written to or deleted from `store`: notes it if a copy is being made. Returns the new home if there is
    /// one by now, where it is to be done as well.
    pub(crate) async fn settle(&self, store: &SingleStore, change: &Change) -> Result<Option<SingleStore>> {
        let id = Some(change.organization_id);
        self.when_free(|| {
            // Most often nobody moves anything.
            match self.read().verdict(&self.0.default, id)? {
                Verdict::Wait => return Ok(None),
                Verdict::Free { home, .. } if !home.is(store) => return Ok(Some(Some(home))),
                Verdict::Free { is_tracked: false, .. } => return Ok(Some(None)),
                Verdict::Free { is_tracked: true, .. } => {}
            }
            let mut table = self.write();
            match table.verdict(&self.0.default, id)? {
                Verdict::Wait => Ok(None),
                Verdict::Free { home, .. } if !home.is(store) => Ok(Some(Some(home))),
                Verdict::Free { is_tracked, .. } => {
                    if is_tracked {
                        table.changes.insert(change.clone());
                    }
                    Ok(Some(None))
                }
            }
        })
        .await
    }

    async fn when_free<T>(&self, look: impl Fn() -> Result<Option<T>>) -> Result<T> {
        if let Some(found) = look()? {
            return Ok(found);
        }
        let deadline = Instant::now() + WAIT_MAX;
        let mut heard = self.0.heard.subscribe();
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                let reason = "it could not be confirmed for too long where files are written to";
                return Err(BlobError::unavailable(reason));
            }
            // A sender that is gone cannot be: it is ours.
            drop(tokio::time::timeout(LOOK_EVERY, heard.changed()).await);
        }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.0.heard.send_modify(|count| *count += 1);
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}
