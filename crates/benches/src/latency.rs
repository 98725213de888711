//! How long something took, many times over.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Percentiles in milliseconds, each the smallest measurement that the share of all does not exceed (nearest rank).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The median.
    pub p50_ms: f64,
    /// 19 of 20 were no slower.
    pub p95_ms: f64,
    /// 99 of 100 were no slower.
    pub p99_ms: f64,
}

impl Latency {
    /// Of at least one measurement; zeros of none.
    pub fn of(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (taken.len() * percent).div_ceil(100).max(1);
            taken.get(rank - 1).map_or(0.0, |taken| taken.as_secs_f64() * 1_000.0)
        };
        Self { p50_ms: percentile(50), p95_ms: percentile(95), p99_ms: percentile(99) }
    }

    /// The median of several runs, percentile by percentile.
    pub fn median(runs: &[Self]) -> Self {
        let middle = |of: fn(&Self) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(of).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self {
            p50_ms: middle(|run| run.p50_ms),
            p95_ms: middle(|run| run.p95_ms),
            p99_ms: middle(|run| run.p99_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measurements_in_any_order() {
        let latency = Latency::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!((latency.p50_ms, latency.p95_ms, latency.p99_ms), (100.0, 190.0, 198.0));
        assert_eq!(Latency::of(vec![Duration::from_millis(7)]).p99_ms, 7.0);
        assert_eq!(Latency::of(Vec::new()).p50_ms, 0.0);
    }
}
