//! How long to wait before the next try.

use chrono::TimeDelta;
use rand::RngExt;

const FIRST_SECONDS: f64 = 10.0;
const LONGEST_SECONDS: f64 = 3600.0;

/// Exponential from 10 s to 1 h, spread by up to a fifth either way so that tasks that failed together do not return together.
pub(crate) fn delay_after(attempts: i32) -> TimeDelta {
    let doubled = FIRST_SECONDS * 2f64.powi(attempts.saturating_sub(1).clamp(0, 20));
    let spread = rand::rng().random_range(0.8..1.2);
    TimeDelta::milliseconds((doubled.min(LONGEST_SECONDS) * spread * 1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_ten_seconds_to_an_hour() {
        for (attempts, seconds) in [(1, 10), (2, 20), (3, 40), (9, 2560), (10, 3600), (i32::MAX, 3600)] {
            let waited = delay_after(attempts).num_seconds();
            assert!((seconds * 8 / 10 - 1..=seconds * 12 / 10).contains(&waited), "{attempts}: {waited}");
        }
    }
}
