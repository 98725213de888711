//! The places of the steps that go through long texts, of which one organization leaves some to others. What is said in a day takes such a
//! step some minutes, and what is written to take long a quarter of an hour, for which nobody else waits.

use memoreel_tasks::{TaskFailure, TaskRun};
use memoreel_web::{Permit, Permits};
use std::time::Duration;

/// How many of the places are one organization's at most.
const SHARE: usize = 2;
/// How long a task waits for one of its organization to be done, which most are in a moment.
const SHARE_WAIT: Duration = Duration::from_secs(5);
/// How long the organization leaves the other places to others when none is.
const GIVES_WAY: Duration = Duration::from_secs(5);

/// The places of one step in a process.
#[derive(Debug)]
pub struct StepPlaces(Permits);

impl StepPlaces {
    /// How many tasks of such a step go on at once. They are no faster together: the engine takes what they have by turns.
    pub const COUNT: usize = 3;

    /// The places of a step whose tasks do this, in the plural: "summaries".
    pub fn new(work: &'static str) -> Self {
        Self(Permits::new(work, Self::COUNT, SHARE, SHARE_WAIT))
    }

    /// A place for the organization of a run.
    ///
    /// # Errors
    /// That it gives way, while the organization has its share under way.
    pub async fn enter(&self, run: &TaskRun) -> Result<Permit, TaskFailure> {
        let place = self.0.enter(&run.caller().organization_id.to_string()).await;
        place.map_err(|_| TaskFailure::gave_way(GIVES_WAY))
    }
}
