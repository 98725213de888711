//! How many messages may be on their way to each endpoint, so that one that is slow holds up no other.
//!
//! An endpoint begins with a few. With each that it takes quickly it may have one more, as a TCP connection begins; with each that
//! it does not take, half as many. So one that hangs soon holds one place.

use memoreel_kernel::WebhookEndpointId;
use std::{collections::HashMap, time::Duration};

/// What an endpoint begins with.
pub(crate) const FIRST: usize = 4;
const PER_ENDPOINT_MAX: usize = 64;
const QUICK: Duration = Duration::from_secs(1);
/// So many endpoints are remembered that nothing is on its way to.
const REMEMBERED_MAX: usize = 1_000;

/// The places of a process.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: HashMap<WebhookEndpointId, Lane>,
    in_flight: usize,
    in_flight_max: usize,
}

#[derive(Debug, Clone, Copy)]
struct Lane {
    in_flight: usize,
    allowance: usize,
}

impl Lanes {
    pub(crate) fn new(in_flight_max: usize) -> Self {
        Self { lanes: HashMap::new(), in_flight: 0, in_flight_max }
    }

    /// Places that are free in all.
    pub(crate) fn free(&self) -> usize {
        self.in_flight_max.saturating_sub(self.in_flight)
    }

    /// Places that are free at each endpoint that does not have what all begin with.
    pub(crate) fn free_by_endpoint(&self) -> impl Iterator<Item = (WebhookEndpointId, usize)> {
        self.lanes.iter().map(|(id, lane)| (*id, lane.allowance.saturating_sub(lane.in_flight)))
    }

    /// How many are on their way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// One leaves.
    pub(crate) fn begin(&mut self, id: WebhookEndpointId) {
        self.in_flight += 1;
        self.lanes.entry(id).or_insert(Lane { in_flight: 0, allowance: FIRST }).in_flight += 1;
    }

    /// One has come to its end.
    pub(crate) fn end(&mut self, id: WebhookEndpointId, is_taken: bool, duration: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            lane.allowance = match (is_taken, duration < QUICK) {
                (true, true) => (lane.allowance + 1).min(PER_ENDPOINT_MAX),
                (true, false) => lane.allowance.min(FIRST),
                (false, _) => (lane.allowance / 2).max(1),
            };
        }
        if self.lanes.len() > REMEMBERED_MAX {
            self.lanes.retain(|_, lane| lane.in_flight > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn free_at(lanes: &Lanes, id: WebhookEndpointId) -> usize {
        lanes.free_by_endpoint().find(|(known, _)| *known == id).map_or(FIRST, |(_, free)| free)
    }

    #[test]
    fn who_takes_quickly_gets_more_and_who_does_not_soon_holds_one_place() {
        let (quick, dead) = (WebhookEndpointId(Uuid::from_u128(1)), WebhookEndpointId(Uuid::from_u128(2)));
        let mut lanes = Lanes::new(100);
        for _ in 0..200 {
            lanes.begin(quick);
            lanes.end(quick, true, Duration::from_millis(1));
            lanes.begin(dead);
            lanes.end(dead, false, Duration::from_secs(30));
        }
        assert_eq!((free_at(&lanes, quick), free_at(&lanes, dead)), (PER_ENDPOINT_MAX, 1));
        lanes.begin(dead);
        assert_eq!((free_at(&lanes, dead), lanes.free(), lanes.in_flight()), (0, 99, 1));
        lanes.end(dead, true, Duration::from_millis(1));
        assert_eq!(free_at(&lanes, dead), 2);
        lanes.begin(quick);
        lanes.end(quick, true, Duration::from_secs(2));
        assert_eq!(free_at(&lanes, quick), FIRST);
    }
}
