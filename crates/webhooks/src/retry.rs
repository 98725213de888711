//! When a message that was not taken is sent again.

use chrono::{DateTime, TimeDelta};
use memoreel_kernel::Timestamp;

/// The waits before the second try, the third, and so on; after the last one the delivery has failed.
const WAITS: [TimeDelta; 7] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(10),
];
/// By how much a wait is longer at most, so that what failed together does not come back together.
const JITTER: f64 = 0.2;
/// A receiver may ask for no longer wait.
const ASKED_FOR_MAX: TimeDelta = TimeDelta::hours(10);

/// When to try again after `attempts` tries; `None` when that was the last. `asked_for` is what the receiver wants, `random` is
/// from 0 to 1.
pub(crate) fn next_attempt(
    attempts: i32,
    asked_for: Option<TimeDelta>,
    random: f64,
    now: Timestamp,
) -> Option<Timestamp> {
    let wait = *WAITS.get(usize::try_from(attempts.checked_sub(1)?).ok()?)?;
    #[expect(clippy::cast_precision_loss, reason = "at most ten hours")]
    #[expect(clippy::cast_possible_truncation, reason = "at most twelve hours")]
    let jittered = TimeDelta::milliseconds((wait.num_milliseconds() as f64 * (1.0 + JITTER * random)) as i64);
    let asked_for = asked_for.unwrap_or_default().min(ASKED_FOR_MAX);
    Some(now + jittered.max(asked_for))
}

/// What a header `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a time.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<TimeDelta> {
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let at = DateTime::parse_from_rfc2822(value).ok()?;
    Some(at.to_utc() - now).filter(|wait| *wait > TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn tries_are_spread_over_a_day_and_come_to_an_end() {
        let waits: Vec<i64> = (1..=7)
            .map(|attempts| {
                (next_attempt(attempts, None, 0.0, noon()).expect("another try") - noon()).num_seconds()
            })
            .collect();
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
        assert_eq!(next_attempt(8, None, 0.0, noon()), None);
        assert_eq!(next_attempt(0, None, 0.0, noon()), None);
        let latest = next_attempt(2, None, 1.0, noon()).expect("another try");
        assert_eq!(latest - noon(), TimeDelta::seconds(360));
    }

    #[test]
    fn receivers_may_ask_for_a_longer_wait_but_not_for_any() {
        let wait = |seconds| {
            let at = next_attempt(2, Some(TimeDelta::seconds(seconds)), 0.0, noon()).expect("another try");
            (at - noon()).num_seconds()
        };
        assert_eq!([wait(1), wait(600), wait(10_000_000)], [300, 600, 36_000]);
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_by_a_time() {
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 01 Mar 2026 12:01:00 GMT", Some(60)),
            ("Sun, 01 Mar 2026 11:59:00 GMT", None),
            ("-5", None),
            ("soon", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(retry_after(value, noon()).map(|wait| wait.num_seconds()), seconds, "{value}");
        }
    }
}
