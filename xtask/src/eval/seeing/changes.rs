//! Changes that were found, held against those that are there.

use serde::Serialize;

/// How a recording's changes were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Changes that are there.
    pub expected: usize,
    /// Of these, found.
    pub right: usize,
    /// Found where there is none.
    pub wrong: usize,
    /// How far off those are that were found, in milliseconds, together.
    pub off_ms: u64,
}

impl Changes {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            expected: self.expected + other.expected,
            right: self.right + other.right,
            wrong: self.wrong + other.wrong,
            off_ms: self.off_ms + other.off_ms,
        }
    }
}

/// Each change is found by one key frame at most, the nearest within `tolerance_ms`. The beginning of the recording is no change, and
/// what is found in a stretch that moves counts for nothing unless it finds one.
pub fn compare(expected: &[u64], found: &[u64], moving: &[[u64; 2]], tolerance_ms: u64) -> Changes {
    let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
    for (place, change) in expected.iter().enumerate() {
        for (number, at) in found.iter().enumerate().filter(|(_, at)| at.abs_diff(*change) <= tolerance_ms) {
            pairs.push((at.abs_diff(*change), place, number));
        }
    }
    pairs.sort_unstable();
    let (mut is_found, mut is_used) = (vec![false; expected.len()], vec![false; found.len()]);
    let mut off_ms = 0;
    for (off, place, number) in pairs {
        if !is_found[place] && !is_used[number] {
            (is_found[place], is_used[number]) = (true, true);
            off_ms += off;
        }
    }
    let is_excused = |at: u64| at == 0 || moving.iter().any(|[from, to]| (*from..*to).contains(&at));
    let wrong = found.iter().zip(&is_used).filter(|(at, is_used)| !**is_used && !is_excused(**at));
    Changes {
        expected: expected.len(),
        right: is_found.iter().filter(|is_found| **is_found).count(),
        wrong: wrong.count(),
        off_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_found_once_and_nothing_is_expected_of_film() {
        let changes = compare(
            &[2_000, 5_000, 9_000],
            &[0, 2_250, 2_500, 5_900, 12_000, 15_000],
            &[[14_000, 16_000]],
            1_000,
        );
        assert_eq!(changes, Changes { expected: 3, right: 2, wrong: 2, off_ms: 1_150 });
        assert_eq!(compare(&[], &[0], &[], 1_000), Changes::default());
    }
}
