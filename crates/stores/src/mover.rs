//! The move of an organization from one store to another, while it is at work.
//!
//! Its files are read and written in one store at any time. Copies are made while every process notes what changes (`copying`);
//! when little is left, writing waits (`held`) for the last of it to be copied, then the other store becomes the organization's
//! (`switched`), and once every process reads there, writing goes on and the old store is emptied (`clearing`). Each step waits
//! until every process knows of the one before. What is killed goes on with the same command, from where it was; nothing is
//! lost by it, since what is copied is not used before everything is.

use crate::{
    StoresError,
    keeper::{HELD_MAX, MISSED_AFTER, is_behind},
    model::{KnownPlacement, MoveProgress, MoveReport, MoveState},
    passes::Copier,
    store,
    turn::Turn,
};
use chrono::TimeDelta;
use memoreel_blob::{BlobError, BlobKey, Change, DEFAULT_STORE, Place, SingleStore, Stores};
use memoreel_db::{Db, DbError, SystemTx};
use memoreel_kernel::{OrganizationId, Timestamp};
use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};
use tokio::time::Instant;
use uuid::Uuid;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a step waits for all processes; one that was killed is not waited for after [`MISSED_AFTER`].
const KNOWN_WITHIN: Duration = Duration::from_secs(30);
/// How long writing waits at most for the last of it to be copied, before it goes on for a while.
const HELD_WITHIN: Duration = Duration::from_secs(8);
/// As many changes as are copied while writing waits, however long they take.
const FEW_CHANGES: usize = 20;
/// And as many as were copied in so long the last time: about as many came meanwhile.
const SHORT_ROUND: Duration = Duration::from_secs(2);
const ROUNDS_MAX: u32 = 200;
/// How long one who moves waits for another who does, who may have been killed a moment ago.
const TURN_WITHIN: Duration = Duration::from_secs(5);
/// What clocks of stores and of the database may differ by.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::hours(1);

/// Moves organizations between stores.
#[derive(Debug, Clone)]
pub struct Mover {
    db: Db,
    stores: Stores,
}

/// Why writing cannot be held now.
enum NotYet {
    /// Too much changed, or somebody did not take note in time.
    Busy,
    /// Somebody who changed things was killed, so that it is not known what.
    Lost,
}

impl Mover {
    /// Over these stores, which every process has to know as well.
    pub fn new(db: Db, stores: Stores) -> Self {
        Self { db, stores }
    }

    /// Where every organization lies that was ever moved.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn placements(&self) -> Result<Vec<KnownPlacement>, StoresError> {
        Ok(store::placements(&mut *self.begin().await?).await?)
    }

    /// Moves an organization, or goes on with a move that was interrupted. When it returns, the old store has nothing of the
    /// organization any more.
    ///
    /// # Errors
    /// What keeps it from going on; the organization works as before, and the same call goes on from there.
    pub async fn move_to(
        &self,
        slug: &str,
        target: &Place,
        tell: &mut (dyn FnMut(MoveProgress) + Send),
    ) -> Result<MoveReport, StoresError> {
        let id = self.organization(slug).await?;
        let done = self.alone(id, Box::pin(self.go_on(id, target, tell))).await;
        self.unless_erased(id, target, done).await
    }

    /// Stops a move whose files are still read from the old store, and empties the new one.
    ///
    /// # Errors
    /// [`StoresError::NothingToCancel`]; as [`Mover::move_to`].
    pub async fn cancel(&self, slug: &str) -> Result<MoveReport, StoresError> {
        let id = self.organization(slug).await?;
        self.alone(id, Box::pin(self.go_back(id))).await
    }

    /// Does something that nobody else does to this organization meanwhile: of two who copy, the slower one would overwrite what the other
    /// has copied since.
    async fn alone<T>(
        &self,
        id: OrganizationId,
        work: impl Future<Output = Result<T, StoresError>>,
    ) -> Result<T, StoresError> {
        let begun = Instant::now();
        loop {
            if let Some(turn) = Turn::take(&self.db, id).await? {
                return turn.keep(work).await;
            }
            if begun.elapsed() > TURN_WITHIN {
                return Err(StoresError::Contended);
            }
            tokio::time::sleep(LOOK_EVERY * 4).await;
        }
    }

    async fn go_back(&self, id: OrganizationId) -> Result<MoveReport, StoresError> {
        let known = self.known(id).await?.ok_or(StoresError::NothingToCancel)?;
        if !matches!(known.state, MoveState::Copying | MoveState::Held) {
            return Err(StoresError::NothingToCancel);
        }
        self.advance(id, known.generation, MoveState::Clearing).await?;
        Ok(MoveReport { cleared: self.clear(id).await?, ..MoveReport::default() })
    }

    async fn go_on(
        &self,
        id: OrganizationId,
        target: &Place,
        tell: &mut (dyn FnMut(MoveProgress) + Send),
    ) -> Result<MoveReport, StoresError> {
        let known = self.known(id).await?;
        let home = known.as_ref().map_or_else(|| Place::of(DEFAULT_STORE), |known| known.home.clone());
        let state = known.as_ref().map_or(MoveState::Settled, |known| known.state);
        let mut report = MoveReport::default();
        match (state, known) {
            (MoveState::Settled, _) if home == *target => return Ok(report),
            (MoveState::Settled, _) => {
                self.refuse_unfit(id, &home, target).await?;
                let mut tx = self.begin().await?;
                store::forget_changes(&mut tx, id, None).await?;
                let begun = store::begin_copying(&mut tx, id, &home, target).await?;
                tx.commit().await?;
                let generation = begun.ok_or(StoresError::Contended)?;
                report = self.copy(id, generation, true, tell).await?;
            }
            (MoveState::Copying | MoveState::Held, Some(known)) => {
                if known.other.as_ref() != Some(target) {
                    let to = known.other.map(|place| place.to_string()).unwrap_or_default();
                    return Err(StoresError::Underway(to));
                }
                let generation = self.advance(id, known.generation, MoveState::Copying).await?;
                report = self.copy(id, generation, false, tell).await?;
            }
            (MoveState::Switched | MoveState::Clearing, known) => {
                if home != *target {
                    let to = known.map(|known| known.home.to_string()).unwrap_or_default();
                    return Err(StoresError::Underway(to));
                }
            }
            (_, None) => return Err(StoresError::Contended),
        }
        let known = self.known(id).await?.ok_or(StoresError::Erased)?;
        if known.state == MoveState::Switched {
            self.until_known(known.generation).await?;
            tell(MoveProgress::Switched);
            // Somebody may have let it go on, having waited for so long.
            match self.advance(id, known.generation, MoveState::Clearing).await {
                Ok(_) | Err(StoresError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        tell(MoveProgress::Clearing);
        report.cleared = self.clear(id).await?;
        Ok(report)
    }

    /// Finds out whether the new place works, and is another one, before anything is begun.
    async fn refuse_unfit(
        &self,
        id: OrganizationId,
        home: &Place,
        target: &Place,
    ) -> Result<(), StoresError> {
        let unusable = |source| StoresError::Unusable { place: target.to_string(), source };
        let to = self.stores.at(target).map_err(unusable)?;
        let from = self.stores.at(home)?;
        let probe: BlobKey = format!("probes/move-{}", Uuid::now_v7()).parse()?;
        let content = futures::stream::iter([Ok(probe.to_string().into_bytes().into())]);
        to.put_stream(&probe, content).await.map_err(unusable)?;
        let is_same = from.head(&probe).await;
        to.delete(&probe).await.map_err(unusable)?;
        if is_same?.is_some() {
            return Err(StoresError::SamePlace(target.to_string()));
        }
        if store::is_taken(&mut *self.begin().await?, id, target).await? {
            return Err(StoresError::PlaceTaken);
        }
        Ok(())
    }

    /// From the first copy to the switch.
    async fn copy(
        &self,
        id: OrganizationId,
        generation: i64,
        is_new: bool,
        tell: &mut (dyn FnMut(MoveProgress) + Send),
    ) -> Result<MoveReport, StoresError> {
        self.until_known(generation).await?;
        let known = self.known(id).await?.ok_or(StoresError::Erased)?;
        let (from, to) = self.both(&known)?;
        let checksums = store::checksums(&mut *self.begin().await?, id).await?;
        let report = MoveReport::default();
        let mut copier = Copier { from: &from, to: &to, checksums, report, tell };
        let folder = folder_of(id)?;
        let since = known.began_at - CLOCKS_DIFFER;
        let mut lost = HashSet::new();
        self.lost(&known, &mut lost).await?;
        // What is there after an earlier move is not trusted; what this one copied is, but for what changed since.
        copier.whole(&folder, (!is_new).then_some(since)).await?;
        let mut generation = generation;
        for _ in 0..ROUNDS_MAX {
            if self.lost(&known, &mut lost).await? {
                copier.whole(&folder, Some(since)).await?;
            }
            let begun = Instant::now();
            let changes = self.catch_up(id, &mut copier).await?;
            if changes > FEW_CHANGES && begun.elapsed() > SHORT_ROUND {
                continue;
            }
            let held = self.advance(id, generation, MoveState::Held).await?;
            match self.finish(id, held, &known, &mut copier, &mut lost).await? {
                Ok(()) => return Ok(copier.report),
                Err(NotYet::Busy | NotYet::Lost) => {
                    generation = self.resume_copying(id, held).await?;
                    self.until_known(generation).await?;
                }
            }
        }
        Err(StoresError::NotCatchingUp)
    }

    /// While writing waits: copies the last of it, and makes the new store the organization's.
    async fn finish(
        &self,
        id: OrganizationId,
        held: i64,
        known: &KnownPlacement,
        copier: &mut Copier<'_>,
        lost: &mut HashSet<(Uuid, Timestamp)>,
    ) -> Result<Result<(), NotYet>, StoresError> {
        let begun = Instant::now();
        loop {
            if self.behind(held).await? == 0 {
                break;
            }
            if begun.elapsed() > HELD_WITHIN {
                return Ok(Err(NotYet::Busy));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        if self.lost(known, lost).await? {
            // What it changed is found by looking at everything, which takes longer than writing can wait.
            let since = known.began_at - CLOCKS_DIFFER;
            self.resume_copying(id, held).await?;
            copier.whole(&folder_of(id)?, Some(since)).await?;
            return Ok(Err(NotYet::Lost));
        }
        self.catch_up(id, copier).await?;
        let mut tx = self.begin().await?;
        let within = (HELD_MAX / 2).as_secs_f64();
        let switched = store::switch(&mut tx, id, held, within).await?;
        if switched.is_none() {
            return Ok(Err(NotYet::Busy));
        }
        store::forget_changes(&mut tx, id, None).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Lets writing go on in the old store. It may have been let go on already.
    async fn resume_copying(&self, id: OrganizationId, held: i64) -> Result<i64, StoresError> {
        let known = self.known(id).await?.ok_or(StoresError::Erased)?;
        match known.state {
            MoveState::Copying => Ok(known.generation),
            MoveState::Held if known.generation == held => self.advance(id, held, MoveState::Copying).await,
            _ => Err(StoresError::Contended),
        }
    }

    /// Copies what was noted, and returns how much that was.
    async fn catch_up(&self, id: OrganizationId, copier: &mut Copier<'_>) -> Result<usize, StoresError> {
        let mut tx = self.begin().await?;
        let noted = store::changes(&mut tx, id).await?;
        drop(tx);
        if noted.is_empty() {
            return Ok(0);
        }
        (copier.tell)(MoveProgress::CatchingUp { changes: noted.len() as u64 });
        let (ids, changes): (Vec<String>, BTreeSet<Change>) = noted.into_iter().unzip();
        copier.catch_up(changes).await?;
        // Only now: what is killed before does it again.
        let mut tx = self.begin().await?;
        store::forget_changes(&mut tx, id, Some(&ids)).await?;
        tx.commit().await?;
        Ok(ids.len())
    }

    /// Empties the other store of a move that is over.
    async fn clear(&self, id: OrganizationId) -> Result<u64, StoresError> {
        let known = self.known(id).await?.ok_or(StoresError::Erased)?;
        if known.state == MoveState::Settled {
            return Ok(0);
        }
        self.until_known(known.generation).await?;
        self.until_nothing_lags(id).await?;
        let (_, other) = self.both(&known)?;
        let cleared = other.delete_prefix(&folder_of(id)?).await?;
        let mut tx = self.begin().await?;
        if !store::settle(&mut tx, id, known.generation).await? {
            return Err(StoresError::Contended);
        }
        tx.commit().await?;
        Ok(cleared)
    }

    /// Whether a process was killed since the move began that is not in `lost` yet, which it then is. One that was silent for too
    /// long, went on, and is silent again has been lost twice.
    async fn lost(
        &self,
        known: &KnownPlacement,
        lost: &mut HashSet<(Uuid, Timestamp)>,
    ) -> Result<bool, StoresError> {
        let began_at = known.began_at - TimeDelta::seconds(60);
        let processes = self.processes().await?;
        let now_lost = processes
            .into_iter()
            .filter(|process| process.is_missed && !process.has_ended && process.seen_at > began_at);
        let before = lost.len();
        lost.extend(now_lost.map(|process| (process.id, process.seen_at)));
        Ok(lost.len() > before)
    }

    /// Waits until every process knows of a change.
    async fn until_known(&self, generation: i64) -> Result<(), StoresError> {
        let begun = Instant::now();
        while self.behind(generation).await? > 0 {
            if begun.elapsed() > KNOWN_WITHIN {
                return Err(StoresError::ProcessBehind);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until what began to be written to the old store before the switch is taken along, however long it takes.
    async fn until_nothing_lags(&self, id: OrganizationId) -> Result<(), StoresError> {
        let lags = |process: &store::SeenProcess| {
            !process.has_ended && !process.is_missed && process.lagging.contains(&id.uuid())
        };
        while self.processes().await?.iter().any(lags) {
            tokio::time::sleep(LOOK_EVERY * 4).await;
        }
        Ok(())
    }

    async fn behind(&self, generation: i64) -> Result<usize, StoresError> {
        Ok(self.processes().await?.iter().filter(|process| is_behind(process, generation)).count())
    }

    async fn processes(&self) -> Result<Vec<store::SeenProcess>, StoresError> {
        Ok(store::processes(&mut *self.begin().await?, MISSED_AFTER.as_secs_f64()).await?)
    }

    async fn organization(&self, slug: &str) -> Result<OrganizationId, StoresError> {
        let found = store::organization_by_slug(&mut *self.begin().await?, slug).await?;
        found.ok_or_else(|| StoresError::OrganizationNotFound(slug.to_owned()))
    }

    async fn known(&self, id: OrganizationId) -> Result<Option<KnownPlacement>, StoresError> {
        Ok(store::placement(&mut *self.begin().await?, id).await?)
    }

    async fn advance(&self, id: OrganizationId, generation: i64, to: MoveState) -> Result<i64, StoresError> {
        let mut tx = self.begin().await?;
        let advanced = store::advance(&mut tx, id, generation, to).await?;
        if advanced.is_none() && !store::exists(&mut tx, id).await? {
            return Err(StoresError::Erased);
        }
        tx.commit().await?;
        advanced.ok_or(StoresError::Contended)
    }

    /// The organization's store, and the other one.
    fn both(&self, known: &KnownPlacement) -> Result<(SingleStore, SingleStore), StoresError> {
        let other = known.other.as_ref().ok_or(StoresError::Contended)?;
        let open = |place: &Place| {
            let unusable = |source| StoresError::Unusable { place: place.to_string(), source };
            self.stores.at(place).map_err(unusable)
        };
        Ok((open(&known.home)?, open(other)?))
    }

    /// An organization that was erased while it was copied has nothing left where it was copied to.
    async fn unless_erased(
        &self,
        id: OrganizationId,
        target: &Place,
        done: Result<MoveReport, StoresError>,
    ) -> Result<MoveReport, StoresError> {
        if !matches!(done, Err(StoresError::Erased | StoresError::Contended)) {
            return done;
        }
        if store::exists(&mut *self.begin().await?, id).await? {
            return done;
        }
        self.stores.at(target)?.delete_prefix(&folder_of(id)?).await?;
        Err(StoresError::Erased)
    }

    async fn begin(&self) -> Result<SystemTx, DbError> {
        store::begin(&self.db).await
    }
}

/// Everything of an organization.
pub(crate) fn folder_of(id: OrganizationId) -> Result<BlobKey, BlobError> {
    format!("organizations/{id}").parse()
}
