//! Meetings cut into passages of about two hundred words, and which of them answer a question.
//!
//! People judged turns of speech, and no search shows single turns. Whatever a search finds is therefore taken for the
//! passage that it lies in, so that every method is judged on the same passages and against the same ideal ranking.

use std::collections::HashSet;
use std::ops::Range;

/// A passage is closed with the turn that brings it to so many words.
const WORDS_ENOUGH: usize = 200;

/// Turns of one meeting that lie one after the other, by their position.
pub type Passage = Range<usize>;

/// Cuts a meeting, given as the number of words of each turn.
#[must_use]
pub fn passages(turn_words: &[usize]) -> Vec<Passage> {
    let mut passages = Vec::new();
    let (mut start, mut words) = (0, 0);
    for (turn, count) in turn_words.iter().enumerate() {
        words += count;
        if words >= WORDS_ENOUGH {
            passages.push(start..turn + 1);
            (start, words) = (turn + 1, 0);
        }
    }
    if start < turn_words.len() {
        passages.push(start..turn_words.len());
    }
    passages
}

/// Positions of the passages that answer a question whose answer lies in `relevant_turns`: at least half of the passage
/// is relevant, or at least half of what is relevant lies in it.
#[must_use]
pub fn relevant_passages(passages: &[Passage], relevant_turns: &HashSet<usize>) -> Vec<usize> {
    let answers = |passage: &Passage| {
        let shared = passage.clone().filter(|turn| relevant_turns.contains(turn)).count();
        shared > 0 && (shared * 2 >= passage.len() || shared * 2 >= relevant_turns.len())
    };
    passages
        .iter()
        .enumerate()
        .filter(|(_, passage)| answers(passage))
        .map(|(position, _)| position)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_ends_with_the_turn_that_fills_it() {
        assert_eq!(passages(&[150, 60, 10, 300, 5, 0]), [0..2, 2..4, 4..6]);
        assert!(passages(&[]).is_empty());
    }

    #[test]
    fn half_of_either_side_makes_a_passage_relevant() {
        let cut = [0..2, 2..6, 6..10];
        let relevant = |turns: &[usize]| relevant_passages(&cut, &turns.iter().copied().collect());
        assert_eq!(relevant(&[1, 2, 3]), [0, 1]);
        assert_eq!(relevant(&[5, 6]), [1, 2]);
        assert_eq!(relevant(&[1, 2, 6, 7, 8, 9]), [0, 2]);
        assert!(relevant(&[]).is_empty());
    }
}
