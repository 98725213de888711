//! What the fuzz targets hold against any text.

use crate::retry::{next_attempt, retry_after};
use chrono::{DateTime, TimeDelta};

/// Reads a text as `Retry-After` of an answer to one of `attempts` tries, at a second since 1970; `random` is from 0 to 1. Whatever is asked
/// for, the next try is no earlier for it, and within twelve hours.
///
/// # Panics
/// When that is not so.
pub fn retry(text: &str, attempts: i32, random: f64, now_seconds: u32) {
    let now = DateTime::from_timestamp(now_seconds.into(), 0).expect("a time");
    let asked_for = retry_after(text, now);
    assert!(asked_for.is_none_or(|wait| wait >= TimeDelta::zero()), "{text:?}");
    let next = next_attempt(attempts, asked_for, random, now);
    assert!(next >= next_attempt(attempts, None, random, now), "{text:?} {next:?}");
    assert!(next.is_none_or(|at| at > now && at - now <= TimeDelta::hours(12)), "{text:?} {next:?}");
}
