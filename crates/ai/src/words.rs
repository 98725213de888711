//! Word times where the engine gives none.

use crate::RecognizedWord;

/// Splits `text` at white space and shares the time from `start_ms` to `end_ms` out over the words in
/// proportion to their length in characters, plus one for the gap after each. The words touch, lie inside
/// the span and are marked as interpolated.
#[must_use]
pub fn interpolate_words(text: &str, start_ms: u64, end_ms: u64) -> Vec<RecognizedWord> {
    let span = u128::from(end_ms.saturating_sub(start_ms));
    let weights: Vec<(&str, u128)> =
        text.split_whitespace().map(|word| (word, word.chars().count() as u128 + 1)).collect();
    let total: u128 = weights.iter().map(|(_, weight)| weight).sum();
    let at = |done: u128| start_ms + u64::try_from(span * done / total).unwrap_or(0);
    let mut done = 0;
    weights
        .iter()
        .map(|(word, weight)| {
            let start = at(done);
            done += weight;
            RecognizedWord { text: (*word).to_owned(), start_ms: start, end_ms: at(done), interpolated: true }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_share_the_span_by_length_and_touch() {
        let words = interpolate_words(" a  abc abcdefg ", 1_000, 2_400);
        let times: Vec<_> =
            words.iter().map(|word| (word.text.as_str(), word.start_ms, word.end_ms)).collect();
        assert_eq!(times, [("a", 1_000, 1_200), ("abc", 1_200, 1_600), ("abcdefg", 1_600, 2_400)]);
        assert!(words.iter().all(|word| word.interpolated));
    }

    #[test]
    fn no_words_and_no_time_are_survived() {
        assert!(interpolate_words("  ", 5, 10).is_empty());
        let words = interpolate_words("two words", 7, 3);
        assert!(words.iter().all(|word| word.start_ms == 7 && word.end_ms == 7));
        let huge = interpolate_words("to the end", 0, u64::MAX);
        assert_eq!(huge.last().map(|word| word.end_ms), Some(u64::MAX));
    }
}
