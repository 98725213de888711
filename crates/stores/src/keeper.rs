//! What every process does that reads or writes files: it looks again and again where organizations' files lie, and says what it
//! knows and what it changed.
//!
//! It does so by asking rather than by listening: it takes part in every move, whose steps wait for it, and a notification that
//! was missed would be one more case. While nothing is moved that is a statement every two seconds.

use crate::{StoresError, model::KnownPlacement, model::MoveState, store};
use memoreel_blob::{BlobError, BlobStore, Change, Placement, Placements, WRITING_LEASE};
use memoreel_db::Db;
use memoreel_kernel::OrganizationId;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// A process that was not heard of for so long does not write any more: its lease ended long before.
pub const MISSED_AFTER: Duration = Duration::from_secs(15);
/// How long writing may be held by one who does not go on.
pub(crate) const HELD_MAX: Duration = Duration::from_secs(20);
const QUIET_EVERY: Duration = Duration::from_secs(2);
const MOVING_EVERY: Duration = Duration::from_millis(100);
/// The longest a process is silent that is well.
const REPORT_EVERY: Duration = Duration::from_secs(4);

/// Keeps what one process knows of all placements. It ends with [`Keeper::end`], after everything that writes.
#[derive(Debug)]
pub struct Keeper {
    work: Arc<Work>,
    looking: JoinHandle<()>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Work {
    db: Db,
    blobs: BlobStore,
    process: Uuid,
    is_told_of: AtomicBool,
}

/// What was said last.
#[derive(Debug, Clone, Copy)]
struct Said {
    generation: i64,
    at: Instant,
    is_lagging: bool,
}

impl Keeper {
    /// Learns where everything lies, before anything is read or written, and goes on looking.
    ///
    /// # Errors
    /// When the database cannot be asked, or an organization lies in a store that is not configured here.
    pub async fn start(db: &Db, blobs: &BlobStore) -> Result<Self, StoresError> {
        const { assert!(WRITING_LEASE.as_secs() * 2 < MISSED_AFTER.as_secs()) };
        let work = Work {
            db: db.clone(),
            blobs: blobs.clone(),
            process: Uuid::now_v7(),
            is_told_of: AtomicBool::new(false),
        };
        let mut tx = store::begin(db).await?;
        store::forget_processes(&mut tx).await?;
        // Before it is asked how things stand: who moves something from then on waits for this process.
        store::report(&mut tx, work.process, 0, &[], &[], false).await?;
        tx.commit().await?;
        let (said, is_moving, unknown) = work.look(None).await?;
        if let Some(unknown) = unknown {
            return Err(unknown);
        }
        let work = Arc::new(work);
        let stop = CancellationToken::new();
        let looking = tokio::spawn(Arc::clone(&work).run(said, is_moving, stop.clone()));
        Ok(Self { work, looking, _stop: stop.drop_guard() })
    }

    /// Writes nothing any more, and tells what was noted.
    ///
    /// # Errors
    /// When the database cannot be told; whoever moves something takes the process for one that was killed.
    pub async fn end(self) -> Result<(), StoresError> {
        self.looking.abort();
        let Self { work, looking, .. } = self;
        // Whatever it was at is over, and what it was about to tell is noted again.
        drop(looking.await);
        let changes = work.blobs.placements().end();
        let mut tx = store::begin(&work.db).await?;
        store::report(&mut tx, work.process, i64::MAX, &changes, &[], true).await?;
        Ok(tx.commit().await?)
    }
}

impl Work {
    async fn run(self: Arc<Self>, said: Said, is_moving: bool, stop: CancellationToken) {
        let (mut said, mut is_moving) = (said, is_moving);
        loop {
            let pause = if is_moving { MOVING_EVERY } else { QUIET_EVERY };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            match self.look(Some(said)).await {
                Ok((now, moving, unknown)) => {
                    (said, is_moving) = (now, moving);
                    if let Some(error) = unknown {
                        self.tell_once(&error);
                    }
                }
                // Without the database nothing works, and others say so.
                Err(error) => tracing::debug!(%error, "it is not known where organizations' files lie"),
            }
        }
    }

    fn tell_once(&self, error: &StoresError) {
        if !self.is_told_of.swap(true, Ordering::Relaxed) {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "a move cannot go on: this process does not know the store"
            );
        }
    }

    /// Looks, says what is known by that, and is sure of it for a while. Returns whether something is being moved, and why
    /// something cannot be known.
    async fn look(&self, said: Option<Said>) -> Result<(Said, bool, Option<StoresError>), StoresError> {
        let at = Instant::now();
        let mut tx = store::begin(&self.db).await?;
        let known = store::placements(&mut tx).await?;
        tx.commit().await?;
        let is_moving = known.iter().any(|known| known.state != MoveState::Settled);
        let is_waiting =
            known.iter().any(|known| matches!(known.state, MoveState::Held | MoveState::Switched));
        let mut placements = HashMap::new();
        let mut generation = known.iter().map(|known| known.generation).max().unwrap_or(0);
        let mut unknown = None;
        for known in &known {
            match self.resolve(known) {
                Ok(placement) => drop(placements.insert(known.organization_id, placement)),
                Err(error) => {
                    // Nobody goes on without this process.
                    generation = generation.min(known.generation - 1);
                    let place = known.other.as_ref().unwrap_or(&known.home).to_string();
                    unknown = Some(StoresError::Unusable { place, source: error });
                }
            }
        }
        let changes = Untold::apply(self.blobs.placements(), placements);
        let lagging = self.blobs.placements().lagging();
        let mut now = Said { generation, at, is_lagging: !lagging.is_empty() };
        let has_news = said.is_none_or(|said| {
            (said.generation, said.is_lagging) != (generation, now.is_lagging)
                || said.at.elapsed() > REPORT_EVERY
        });
        if has_news || !changes.0.is_empty() {
            self.tell(generation, changes, &lagging).await?;
            if is_waiting {
                self.release_abandoned().await?;
            }
        } else if let Some(said) = said {
            now.at = said.at;
        }
        self.blobs.placements().confirm(at);
        Ok((now, is_moving, unknown))
    }

    async fn tell(
        &self,
        generation: i64,
        changes: Untold<'_>,
        lagging: &[OrganizationId],
    ) -> Result<(), StoresError> {
        let mut tx = store::begin(&self.db).await?;
        store::report(&mut tx, self.process, generation, &changes.0, lagging, false).await?;
        tx.commit().await?;
        changes.are_told();
        Ok(())
    }

    async fn release_abandoned(&self) -> Result<(), StoresError> {
        let mut tx = store::begin(&self.db).await?;
        if store::release_abandoned(&mut tx, HELD_MAX.as_secs_f64()).await? > 0 {
            tracing::warn!("a move that was interrupted let writing wait; it goes on");
        }
        Ok(tx.commit().await?)
    }

    fn resolve(&self, known: &KnownPlacement) -> Result<Placement, BlobError> {
        let stores = self.blobs.stores();
        Ok(Placement {
            home: stores.at(&known.home)?,
            other: known.other.as_ref().map(|place| stores.at(place)).transpose()?,
            is_tracked: matches!(known.state, MoveState::Copying | MoveState::Held),
            is_held: matches!(known.state, MoveState::Held | MoveState::Switched),
        })
    }
}

/// What was noted and is not told yet. Whatever keeps it from being told, an error or the end of the process, it is noted again
/// then; what was told twice is copied twice.
struct Untold<'a>(Vec<Change>, &'a Placements);

impl<'a> Untold<'a> {
    fn apply(noted: &'a Placements, placements: HashMap<OrganizationId, Placement>) -> Self {
        Self(noted.apply(placements), noted)
    }

    fn are_told(mut self) {
        self.0.clear();
    }
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.1.give_back(std::mem::take(&mut self.0));
        }
    }
}

/// The state of one organization, as whoever moves it needs it.
pub(crate) fn is_behind(process: &store::SeenProcess, generation: i64) -> bool {
    !process.has_ended && !process.is_missed && process.generation < generation
}
