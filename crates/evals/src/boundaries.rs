//! How well a text was divided: Pk (Beeferman, Berger and Lafferty 1999) and WindowDiff (Pevzner and Hearst 2002).
//!
//! A text is a row of units (turns, sentences), a division the indexes of the units that open a part. The first unit
//! always does and need not be named.

use serde::Serialize;

/// Two error rates from 0 for the same division.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Division {
    /// How often two units half a part apart are put together where they belong apart, or the other way round.
    pub pk: f64,
    /// How often a window of that width holds another number of borders than it should.
    pub windowdiff: f64,
}

/// Scores a division of `units` units against the true one. The window is half of the mean true part.
#[expect(clippy::cast_precision_loss, reason = "counts of units are far below 2^53")]
pub fn division(reference: &[usize], found: &[usize], units: usize) -> Division {
    let (reference, found) = (parts(reference, units), parts(found, units));
    let part_count = reference.last().map_or(1, |last| last + 1);
    let window = (units as f64 / (2 * part_count) as f64).round().max(1.0) as usize;
    let places = units.saturating_sub(window);
    if places == 0 {
        return Division::default();
    }
    let borders = |parts: &[usize], at: usize| parts[at + window] - parts[at];
    let count = |differs: &dyn Fn(usize, usize) -> bool| {
        (0..places).filter(|at| differs(borders(&reference, *at), borders(&found, *at))).count() as f64
    };
    Division {
        pk: count(&|one, other| (one == 0) != (other == 0)) / places as f64,
        windowdiff: count(&|one, other| one != other) / places as f64,
    }
}

/// The mean of scores; 0 of none.
#[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^53")]
pub fn mean_division(scores: &[Division]) -> Division {
    let mean = |part: fn(&Division) -> f64| scores.iter().map(part).sum::<f64>() / scores.len().max(1) as f64;
    Division { pk: mean(|score| score.pk), windowdiff: mean(|score| score.windowdiff) }
}

/// The units that open a part when `count` parts have as even a length as can be.
pub fn even(count: usize, units: usize) -> Vec<usize> {
    (0..count).map(|part| part * units / count).collect()
}

/// The part of each unit, counted from 0.
fn parts(starts: &[usize], units: usize) -> Vec<usize> {
    let mut opens = vec![false; units];
    for start in starts.iter().filter(|start| (1..units).contains(*start)) {
        opens[*start] = true;
    }
    let mut part = 0;
    opens
        .into_iter()
        .map(|opens| {
            part += usize::from(opens);
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_division_is_without_error() {
        assert_eq!(division(&[0, 4, 8], &[4, 8], 12), Division { pk: 0.0, windowdiff: 0.0 });
    }

    #[test]
    fn a_border_too_few_and_a_border_beside_are_counted_as_nltk_does() {
        // nltk.metrics.segmentation with k = 2: pk and windowdiff of 000100010000 against the others.
        let missed = division(&[0, 4, 8], &[4], 12);
        assert_eq!(missed, Division { pk: 0.2, windowdiff: 0.2 });
        let beside = division(&[0, 4, 8], &[5, 8], 12);
        assert_eq!(beside, Division { pk: 0.2, windowdiff: 0.2 });
    }

    #[test]
    fn windowdiff_sees_two_borders_where_pk_sees_one_difference() {
        let doubled = division(&[0, 5], &[5, 6], 10);
        assert!(doubled.windowdiff > doubled.pk, "{doubled:?}");
    }

    #[test]
    fn even_parts_cover_everything() {
        assert_eq!(even(3, 10), [0, 3, 6]);
        assert_eq!(division(&[], &[], 1), Division::default());
    }
}
