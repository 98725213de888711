//! Time as a parameter, so that tests decide what time it is.

use chrono::Datelike;
use std::sync::{Arc, Mutex, PoisonError};

/// A moment in UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Whether both the database and calendars know the time. Text may name years of which one of them has never heard.
pub fn is_known_time(time: &Timestamp) -> bool {
    (0..=9999).contains(&time.year())
}

/// Where the current time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current moment, in whole microseconds, which is what PostgreSQL keeps.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        whole_microseconds(chrono::Utc::now())
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub struct FakeClock(Arc<Mutex<Timestamp>>);

impl FakeClock {
    /// A clock standing at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(whole_microseconds(now))))
    }

    /// Moves the clock forward, or back if `by` is negative.
    pub fn advance(&self, by: chrono::TimeDelta) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole_microseconds(time: Timestamp) -> Timestamp {
    chrono::DurationRound::duration_trunc(time, chrono::TimeDelta::microseconds(1)).unwrap_or(time)
}
