//! Words under the wrong speaker.

use serde::Serialize;

use super::{Agreement, Stretch, Turn};

/// A word of a transcript with the speaker that it is shown under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidWord {
    /// When it begins.
    pub start_ms: u64,
    /// When it is over.
    pub end_ms: u64,
    /// As in the turns found; nobody where the transcript names nobody.
    pub speaker: Option<String>,
    /// Whether the transcript says that the speaker is a guess.
    pub is_uncertain: bool,
}

/// How many words were given to somebody who does not speak at that moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WordErrors {
    /// Words in whose middle a true speaker speaks.
    pub words: usize,
    /// Those of them under another speaker than those who speak there, or under none.
    pub wrong: usize,
    /// Words whose speaker is shown as a guess.
    pub uncertain: usize,
    /// Wrong ones whose speaker is shown as a guess.
    pub wrong_and_uncertain: usize,
}

impl WordErrors {
    /// The share of the words that is wrong. Absent where there are none.
    pub fn rate(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of words are far below 2^53")]
        (self.words > 0).then(|| self.wrong as f64 / self.words as f64)
    }

    /// Those of two recordings together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            words: self.words + other.words,
            wrong: self.wrong + other.wrong,
            uncertain: self.uncertain + other.uncertain,
            wrong_and_uncertain: self.wrong_and_uncertain + other.wrong_and_uncertain,
        }
    }
}

/// Judges each word by its middle: where true speakers speak there, its own must stand for one of them. Words outside of
/// the stretches and words where nobody speaks are not judged; the latter are a matter of the word error rate.
pub fn word_errors(
    words: &[SaidWord],
    agreement: &Agreement,
    reference: &[Turn],
    within: &[Stretch],
) -> WordErrors {
    let mut errors = WordErrors::default();
    for word in words {
        let middle_ms = u64::midpoint(word.start_ms, word.end_ms);
        if !within.iter().any(|stretch| stretch.contains(middle_ms)) {
            continue;
        }
        let active = |turn: &&Turn| (turn.start_ms..turn.end_ms).contains(&middle_ms);
        let speaking: Vec<&str> = reference.iter().filter(active).map(|turn| turn.speaker.as_str()).collect();
        if speaking.is_empty() {
            continue;
        }
        let stands_for = word.speaker.as_ref().and_then(|speaker| agreement.true_speakers.get(speaker));
        let is_wrong = stands_for.is_none_or(|speaker| !speaking.contains(&speaker.as_str()));
        errors.words += 1;
        errors.wrong += usize::from(is_wrong);
        errors.uncertain += usize::from(word.is_uncertain);
        errors.wrong_and_uncertain += usize::from(is_wrong && word.is_uncertain);
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::super::agree;
    use super::*;

    fn turn(start_ms: u64, end_ms: u64, speaker: &str) -> Turn {
        Turn { start_ms, end_ms, speaker: speaker.to_owned() }
    }

    fn word(start_ms: u64, end_ms: u64, speaker: Option<&str>, is_uncertain: bool) -> SaidWord {
        SaidWord { start_ms, end_ms, speaker: speaker.map(str::to_owned), is_uncertain }
    }

    #[test]
    fn a_word_belongs_to_whoever_speaks_in_its_middle() {
        let reference = [turn(0, 2_000, "Ana"), turn(1_500, 3_000, "Ben")];
        let found = [turn(0, 1_600, "1"), turn(1_600, 3_000, "2")];
        let within = [Stretch { start_ms: 0, end_ms: 4_000 }];
        let agreement = agree(&reference, &found, &within);
        let words = [
            word(0, 500, Some("1"), false),
            // Both speak: either is right.
            word(1_600, 1_800, Some("1"), false),
            word(1_600, 1_800, Some("2"), false),
            // Only Ben speaks.
            word(2_500, 2_900, Some("1"), true),
            word(2_500, 2_900, None, false),
            // Nobody speaks, and beyond what is scored.
            word(3_100, 3_500, Some("1"), true),
            word(4_500, 5_000, Some("1"), true),
        ];
        let errors = word_errors(&words, &agreement, &reference, &within);
        assert_eq!(errors, WordErrors { words: 5, wrong: 2, uncertain: 1, wrong_and_uncertain: 1 });
        assert_eq!(errors.rate(), Some(0.4));
        assert_eq!(WordErrors::default().rate(), None);
    }

    #[test]
    fn a_speaker_who_stands_for_nobody_is_wrong_everywhere() {
        let reference = [turn(0, 2_000, "Ana")];
        let found = [turn(0, 1_500, "1"), turn(1_500, 2_000, "2")];
        let within = [Stretch { start_ms: 0, end_ms: 2_000 }];
        let agreement = agree(&reference, &found, &within);
        let words = [word(100, 200, Some("1"), false), word(1_600, 1_700, Some("2"), false)];
        assert_eq!(word_errors(&words, &agreement, &reference, &within).wrong, 1);
    }
}
