//! The diarization error rate.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::assignment::best_pairs;
use super::{Stretch, Turn};

/// Time that was given to the wrong number of speakers or to the wrong ones. Two who speak at once count twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SpeakerErrors {
    /// What the true speakers speak.
    pub spoken_ms: u64,
    /// Spoken, and nobody found.
    pub missed_ms: u64,
    /// Somebody found, and nobody speaks.
    pub false_alarm_ms: u64,
    /// Somebody found, and somebody else speaks.
    pub confused_ms: u64,
}

impl SpeakerErrors {
    /// The share of the spoken time that is wrong; false alarms can bring it above 1. Absent where nobody speaks.
    pub fn rate(&self) -> Option<f64> {
        let wrong = self.missed_ms + self.false_alarm_ms + self.confused_ms;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^53")]
        (self.spoken_ms > 0).then(|| wrong as f64 / self.spoken_ms as f64)
    }

    /// Those of two recordings together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            spoken_ms: self.spoken_ms + other.spoken_ms,
            missed_ms: self.missed_ms + other.missed_ms,
            false_alarm_ms: self.false_alarm_ms + other.false_alarm_ms,
            confused_ms: self.confused_ms + other.confused_ms,
        }
    }
}

/// How well the speakers found in a recording agree with the true ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Where they do not.
    pub errors: SpeakerErrors,
    /// The true speaker that a speaker found stands for. One who shares no moment with a true one, or is one too many,
    /// stands for nobody.
    pub true_speakers: BTreeMap<String, String>,
}

/// Compares two lists of turns within the given stretches. Turns of one speaker that overlap count once.
pub fn agree(reference: &[Turn], found: &[Turn], within: &[Stretch]) -> Agreement {
    let moments = moments(reference, found, within);
    let true_speakers = true_speakers(&moments);
    let mut errors = SpeakerErrors::default();
    for moment in &moments {
        let (speaking, heard) = (moment.speaking.len() as u64, moment.heard.len() as u64);
        let right = moment
            .heard
            .iter()
            .filter_map(|speaker| true_speakers.get(*speaker))
            .filter(|speaker| moment.speaking.contains(speaker.as_str()))
            .count() as u64;
        errors.spoken_ms += speaking * moment.length_ms;
        errors.missed_ms += speaking.saturating_sub(heard) * moment.length_ms;
        errors.false_alarm_ms += heard.saturating_sub(speaking) * moment.length_ms;
        errors.confused_ms += (speaking.min(heard) - right) * moment.length_ms;
    }
    Agreement { errors, true_speakers }
}

/// A time in which nobody begins or ends.
struct Moment<'a> {
    length_ms: u64,
    speaking: BTreeSet<&'a str>,
    heard: BTreeSet<&'a str>,
}

fn moments<'a>(reference: &'a [Turn], found: &'a [Turn], within: &[Stretch]) -> Vec<Moment<'a>> {
    let turns = reference.iter().chain(found).flat_map(|turn| [turn.start_ms, turn.end_ms]);
    let edges = within.iter().flat_map(|stretch| [stretch.start_ms, stretch.end_ms]);
    let borders: Vec<u64> = turns.chain(edges).collect::<BTreeSet<u64>>().into_iter().collect();
    let at = |turns: &'a [Turn], moment_ms: u64| -> BTreeSet<&'a str> {
        let active = turns.iter().filter(|turn| (turn.start_ms..turn.end_ms).contains(&moment_ms));
        active.map(|turn| turn.speaker.as_str()).collect()
    };
    borders
        .windows(2)
        .filter(|pair| within.iter().any(|stretch| stretch.contains(pair[0])))
        .map(|pair| Moment {
            length_ms: pair[1] - pair[0],
            speaking: at(reference, pair[0]),
            heard: at(found, pair[0]),
        })
        .collect()
}

fn true_speakers(moments: &[Moment<'_>]) -> BTreeMap<String, String> {
    let heard: BTreeSet<&str> = moments.iter().flat_map(|moment| moment.heard.iter().copied()).collect();
    let speaking: BTreeSet<&str> =
        moments.iter().flat_map(|moment| moment.speaking.iter().copied()).collect();
    let (found, reference): (Vec<&str>, Vec<&str>) =
        (heard.into_iter().collect(), speaking.into_iter().collect());
    let shared_ms = |found: &str, reference: &str| -> u64 {
        let both = |moment: &&Moment<'_>| moment.heard.contains(found) && moment.speaking.contains(reference);
        moments.iter().filter(both).map(|moment| moment.length_ms).sum()
    };
    let values: Vec<Vec<u64>> = found
        .iter()
        .map(|found| reference.iter().map(|reference| shared_ms(found, reference)).collect())
        .collect();
    let pairs = best_pairs(&values).into_iter().zip(&found);
    pairs.filter_map(|(column, found)| Some(((*found).to_owned(), reference[column?].to_owned()))).collect()
}
