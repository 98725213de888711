//! How much of something costly goes on at once: so much per process, and a part of it per organization (or person, or
//! address), so that nobody takes all of it. Whoever finds no place waits for a moment and is then told to come back.

use crate::{Problem, limits::counted_as, sentence};
use axum::http::{StatusCode, header};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Beyond so many remembered names, those that have nothing under way are forgotten at once.
const NAMES_KEPT: usize = 1024;
/// When to come back, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The places for one kind of work.
#[derive(Debug, Clone)]
pub struct Permits {
    /// What goes on, in the plural: "searches".
    work: &'static str,
    places: Arc<Semaphore>,
    share: usize,
    wait: Duration,
    shares: Arc<Mutex<HashMap<String, Weak<Semaphore>>>>,
}

/// A place that is taken until this is dropped. It goes along with the work, which may outlive its request.
#[derive(Debug)]
pub struct Permit {
    place: OwnedSemaphorePermit,
    share: OwnedSemaphorePermit,
}

impl Permit {
    /// Leaves all but so many places to others.
    pub fn shrink_to(&mut self, places: u64) {
        for held in [&mut self.place, &mut self.share] {
            let kept = usize::try_from(places).unwrap_or(usize::MAX).max(1);
            drop(held.split(held.num_permits().saturating_sub(kept)));
        }
    }
}

/// Why there was no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The one who asked has as much under way as they may.
    #[error("your organization has as many {work} under way as it may have at once")]
    ShareTaken {
        /// What goes on.
        work: &'static str,
    },
    /// Others have.
    #[error("the server has as many {work} under way as it can take")]
    AllTaken {
        /// What goes on.
        work: &'static str,
    },
}

impl Permits {
    /// `total` at once, of which one name has at most `share` (both at least one); whoever finds no place waits for `wait`.
    pub fn new(work: &'static str, total: usize, share: usize, wait: Duration) -> Self {
        let total = total.max(1);
        Self {
            work,
            places: Arc::new(Semaphore::new(total)),
            share: share.clamp(1, total),
            wait,
            shares: Arc::default(),
        }
    }

    /// Takes a place for somebody, in the order in which they came.
    ///
    /// # Errors
    /// [`NoPlace`] when none became free in time.
    pub async fn enter(&self, whose: &str) -> Result<Permit, NoPlace> {
        self.enter_with(whose, 1).await
    }

    /// Takes so many places for somebody, as where they are counted in bytes: one at least, and no more than their share.
    ///
    /// # Errors
    /// As [`Permits::enter`].
    pub async fn enter_with(&self, whose: &str, places: u64) -> Result<Permit, NoPlace> {
        let until = Instant::now() + self.wait;
        let wanted = u32::try_from(places.clamp(1, self.share as u64)).unwrap_or(u32::MAX);
        let (share, all) = (self.share_of(&counted_as(whose)), Arc::clone(&self.places));
        // The share comes first: of those who wait for a place nobody has more than theirs.
        let share = timeout_at(until, share.acquire_many_owned(wanted)).await;
        let Ok(Ok(share)) = share else { return Err(NoPlace::ShareTaken { work: self.work }) };
        let place = timeout_at(until, all.acquire_many_owned(wanted)).await;
        let Ok(Ok(place)) = place else { return Err(NoPlace::AllTaken { work: self.work }) };
        Ok(Permit { place, share })
    }

    /// Forgets names that have nothing under way.
    pub fn forget_idle(&self) {
        self.shares().retain(|_, share| share.strong_count() > 0);
    }

    fn share_of(&self, whose: &str) -> Arc<Semaphore> {
        let mut shares = self.shares();
        if let Some(share) = shares.get(whose).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= NAMES_KEPT {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Semaphore::new(self.share));
        shares.insert(whose.to_owned(), Arc::downgrade(&share));
        share
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<String, Weak<Semaphore>>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<NoPlace> for Problem {
    fn from(refusal: NoPlace) -> Self {
        let (status, code) = match refusal {
            NoPlace::ShareTaken { .. } => (StatusCode::TOO_MANY_REQUESTS, "organization_busy"),
            NoPlace::AllTaken { .. } => (StatusCode::SERVICE_UNAVAILABLE, "server_busy"),
        };
        Problem::new(status, code, sentence(refusal))
            .hint("Try again in a few seconds.")
            .header(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(total: usize, share: usize) -> Permits {
        Permits::new("searches", total, share, Duration::from_millis(50))
    }

    #[tokio::test]
    async fn nobody_has_more_than_their_share_and_all_no_more_than_there_is() {
        let permits = permits(3, 2);
        let first = permits.enter("harbour").await.expect("a place");
        let _second = permits.enter("harbour").await.expect("a place");
        let refused = permits.enter("harbour").await.expect_err("more than the share");
        assert_eq!(refused, NoPlace::ShareTaken { work: "searches" });
        let _third = permits.enter("lighthouse").await.expect("a place");
        let refused = permits.enter("lighthouse").await.expect_err("more than there is");
        assert_eq!(refused, NoPlace::AllTaken { work: "searches" });
        drop(first);
        permits.enter("lighthouse").await.expect("a place that became free");
    }

    #[tokio::test]
    async fn whoever_waits_in_vain_leaves_nothing_taken() {
        let permits = permits(1, 1);
        let held = permits.enter("harbour").await.expect("a place");
        for _ in 0..3 {
            permits.enter("lighthouse").await.expect_err("no place");
        }
        drop(held);
        drop(permits.enter("lighthouse").await.expect("their share is free"));
        permits.forget_idle();
        assert!(permits.shares().is_empty(), "nobody has anything under way");
    }

    #[tokio::test]
    async fn what_takes_many_places_takes_no_more_than_a_share_and_leaves_what_it_does_not_need() {
        let permits = permits(4, 3);
        let mut many = permits.enter_with("harbour", 1_000).await.expect("a share");
        permits.enter("harbour").await.expect_err("the share is taken");
        permits.enter_with("lighthouse", 2).await.expect_err("one is left");
        many.shrink_to(2);
        let one = permits.enter_with("harbour", 0).await.expect("what was left");
        permits.enter_with("lighthouse", 2).await.expect_err("one is left");
        drop((many, one));
        permits.enter_with("lighthouse", 3).await.expect("places that became free");
    }

    #[tokio::test]
    async fn a_place_that_becomes_free_in_time_is_taken() {
        let permits = Permits::new("searches", 1, 1, Duration::from_secs(5));
        let held = permits.enter("harbour").await.expect("a place");
        let (entered, ()) = tokio::join!(permits.enter("lighthouse"), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(held);
        });
        entered.expect("it waited for it");
    }
}
