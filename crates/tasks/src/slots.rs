//! The places in which a process runs tasks of one kind, and how many it claims for them.
//!
//! A task that is finishing has left its place: the next one begins while the results are made durable, several of them at once
//! where the disk is slower than the work. So that work cannot run far ahead of the disk, few may be finishing.
//!
//! Of a kind that is done in no time, tasks are claimed a few at once, ahead of the places: claiming one takes the database about
//! as long as running it. Nothing else may wait for long in a process that holds it, so a kind that was slow of late is claimed
//! only when there is a place.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many tasks may be finishing for each place.
const FINISHING_PER_PLACE: usize = 2;
/// How many tasks of a quick kind may wait for each place.
const AHEAD_PER_PLACE: usize = 2;
/// The mean of late moves one in so many parts of the way to how long the last one took.
const MEAN_OF: u32 = 8;
/// How long a task that was claimed ahead waits before it is given back.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// The places for one kind.
#[derive(Debug)]
pub(crate) struct Slots {
    count: usize,
    quick_max: Duration,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    working: usize,
    finishing: usize,
    /// How long work took of late.
    mean: Option<Duration>,
}

/// One claimed task's way through the places.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    stage: Mutex<Stage>,
}

#[derive(Debug)]
enum Stage {
    Waiting,
    Working { since: Option<Instant>, _place: OwnedSemaphorePermit },
    Finishing,
}

impl Slots {
    /// `count` tasks may run at once; the kind is quick while work takes no longer than `quick_max`, as a mean of late.
    pub(crate) fn new(count: usize, quick_max: Duration) -> Arc<Self> {
        Arc::new(Self { count, quick_max, places: Arc::new(Semaphore::new(count)), state: Mutex::default() })
    }

    /// How many tasks to claim now.
    pub(crate) fn wanted(&self) -> usize {
        let state = self.state();
        let held = state.waiting + state.working;
        if state.mean.is_none_or(|mean| mean > self.quick_max) {
            self.count.saturating_sub(held)
        } else if state.waiting < self.count {
            // Several at once, or nothing was gained.
            (self.count * (1 + AHEAD_PER_PLACE)).saturating_sub(held)
        } else {
            0
        }
    }

    /// Takes in a task that was claimed.
    pub(crate) fn enter(self: &Arc<Self>) -> Slot {
        self.state().waiting += 1;
        Slot { slots: Arc::clone(self), stage: Mutex::new(Stage::Waiting) }
    }

    /// From now on nothing begins.
    pub(crate) fn close(&self) {
        self.places.close();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Learns from work that ended, unless it did before.
    fn worked(&mut self, since: Option<Instant>) {
        if let Some(took) = since.map(|since| since.elapsed()) {
            self.mean = Some(self.mean.map_or(took, |mean| (mean * (MEAN_OF - 1) + took) / MEAN_OF));
        }
    }
}

impl Slot {
    /// Waits for a place; false if there was none for long, or there will be none.
    pub(crate) async fn begin(&self) -> bool {
        let place = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.slots.places).acquire_owned()).await;
        let mut state = self.slots.state();
        let Ok(Ok(place)) = place else {
            // Whatever holds the places is not quick; nothing else is to be claimed ahead of it.
            state.mean = Some(WAIT_MAX);
            return false;
        };
        *self.stage() = Stage::Working { since: Some(Instant::now()), _place: place };
        state.waiting -= 1;
        state.working += 1;
        true
    }

    /// Leaves the place for the next task, unless too many are finishing already.
    pub(crate) fn finish(&self) {
        let mut stage = self.stage();
        let Stage::Working { since, .. } = &mut *stage else { return };
        let mut state = self.slots.state();
        state.worked(since.take());
        if state.finishing < self.slots.count * FINISHING_PER_PLACE {
            state.working -= 1;
            state.finishing += 1;
            *stage = Stage::Finishing;
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.slots.state();
        match self.stage.get_mut().unwrap_or_else(PoisonError::into_inner) {
            Stage::Waiting => state.waiting -= 1,
            Stage::Working { since, .. } => {
                state.working -= 1;
                state.worked(since.take());
            }
            Stage::Finishing => state.finishing -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK_MAX: Duration = Duration::from_millis(5);

    /// Places whose work took so long of late.
    fn slots(count: usize, mean: Duration) -> Arc<Slots> {
        let slots = Slots::new(count, QUICK_MAX);
        slots.state().mean = Some(mean);
        slots
    }

    fn enter(slots: &Arc<Slots>, count: usize) -> Vec<Slot> {
        (0..count).map(|_| slots.enter()).collect()
    }

    #[test]
    fn nothing_is_claimed_ahead_of_the_places_until_a_kind_is_known_to_be_quick() {
        let unknown = Slots::new(3, QUICK_MAX);
        assert_eq!(unknown.wanted(), 3);
        let _two = enter(&unknown, 2);
        assert_eq!(unknown.wanted(), 1);
        let slow = slots(3, QUICK_MAX * 2);
        let _three = enter(&slow, 3);
        assert_eq!(slow.wanted(), 0);
    }

    #[tokio::test]
    async fn of_a_quick_kind_a_few_wait_and_more_are_claimed_several_at_once() {
        let slots = slots(2, Duration::ZERO);
        assert_eq!(slots.wanted(), 6);
        let held = enter(&slots, 6);
        assert_eq!(slots.wanted(), 0);
        assert!(held[0].begin().await && held[1].begin().await);
        // Four wait, and it takes until one does.
        held[0].finish();
        assert!(held[2].begin().await);
        held[1].finish();
        assert!(held[3].begin().await);
        assert_eq!(slots.wanted(), 0);
        held[2].finish();
        assert!(held[4].begin().await);
        assert_eq!(slots.wanted(), 3);
    }

    #[tokio::test]
    async fn work_runs_ahead_of_what_is_finishing_only_so_far() {
        let slots = slots(1, Duration::from_secs(1));
        let mut held = Vec::new();
        for _ in 0..FINISHING_PER_PLACE {
            assert_eq!(slots.wanted(), 1);
            held.push(slots.enter());
            assert!(held.last().unwrap().begin().await);
            held.last().unwrap().finish();
        }
        let last = slots.enter();
        assert!(last.begin().await);
        last.finish();
        assert_eq!(slots.wanted(), 0, "it keeps its place until it is durable");
        drop(held);
        assert_eq!(slots.wanted(), 0);
        drop(last);
        assert_eq!(slots.wanted(), 1);
    }

    #[tokio::test]
    async fn who_waits_for_long_learns_that_the_kind_is_not_quick() {
        let slots = slots(1, Duration::ZERO);
        let (first, second) = (slots.enter(), slots.enter());
        assert!(first.begin().await);
        assert!(!second.begin().await);
        drop(second);
        assert_eq!(slots.wanted(), 0);
    }

    #[tokio::test]
    async fn nothing_begins_once_the_places_are_closed() {
        let slots = Slots::new(1, QUICK_MAX);
        let slot = slots.enter();
        slots.close();
        assert!(!slot.begin().await);
    }
}
