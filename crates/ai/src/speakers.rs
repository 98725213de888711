//! Which voice says a line: pure arithmetic over speaker turns and segments.

use std::collections::BTreeMap;

use crate::{RecognizedSegment, SpeakerTurn};

/// A line whose main voice holds less than this share of all voices' time in it is marked uncertain.
const CERTAIN_SHARE_OF_VOICES: f64 = 0.65;
/// A line of which its main voice covers less than this share is marked uncertain.
const CERTAIN_SHARE_OF_SEGMENT: f64 = 0.4;
/// A line that no turn touches takes the nearest voice within this distance, as uncertain.
const NEAREST_TURN_MS_MAX: u64 = 1_000;

/// Gives each segment the voice whose turns overlap it most, and marks it uncertain where another voice has
/// nearly as much of it, where turns cover little of it, or where only a nearby turn suggests the voice.
/// Segments far from every turn get no speaker.
pub fn assign_speakers(segments: &mut [RecognizedSegment], turns: &[SpeakerTurn]) {
    let mut sorted = turns.to_vec();
    sorted.sort_by_key(|turn| (turn.start_ms, turn.end_ms));
    for segment in segments {
        let (speaker, uncertain) = speaker_between(segment.start_ms, segment.end_ms, &sorted);
        segment.speaker = speaker;
        segment.speaker_uncertain = uncertain;
    }
}

fn speaker_between(start_ms: u64, end_ms: u64, turns: &[SpeakerTurn]) -> (Option<u32>, bool) {
    let mut shares: BTreeMap<u32, u64> = BTreeMap::new();
    let mut nearest: Option<(u64, u32)> = None;
    for turn in turns {
        if turn.start_ms > end_ms.saturating_add(NEAREST_TURN_MS_MAX) {
            break;
        }
        let overlap = turn.end_ms.min(end_ms).saturating_sub(turn.start_ms.max(start_ms));
        if overlap > 0 {
            *shares.entry(turn.speaker).or_default() += overlap;
        }
        let distance = turn.start_ms.saturating_sub(end_ms).max(start_ms.saturating_sub(turn.end_ms));
        if distance <= NEAREST_TURN_MS_MAX && nearest.is_none_or(|(best, _)| distance < best) {
            nearest = Some((distance, turn.speaker));
        }
    }
    let all: u64 = shares.values().sum();
    // `max_by_key` keeps the last of equals; reversing makes the earlier-numbered voice win a tie.
    match shares.iter().rev().max_by_key(|(_, overlap)| **overlap) {
        Some((speaker, overlap)) => {
            let of_voices = *overlap as f64 / all as f64;
            let of_segment = *overlap as f64 / end_ms.saturating_sub(start_ms).max(1) as f64;
            let uncertain = of_voices < CERTAIN_SHARE_OF_VOICES || of_segment < CERTAIN_SHARE_OF_SEGMENT;
            (Some(*speaker), uncertain)
        }
        None => (nearest.map(|(_, speaker)| speaker), nearest.is_some()),
    }
}

/// Sorts turns by start and renumbers their voices 0, 1, 2 … in the order in which they are first heard, so
/// that the same file gives the same labels.
pub fn number_speakers_by_first_appearance(turns: &mut [SpeakerTurn]) {
    turns.sort_by_key(|turn| (turn.start_ms, turn.end_ms, turn.speaker));
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for turn in turns {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        turn.speaker = *numbers.entry(turn.speaker).or_insert(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(start_ms: u64, end_ms: u64) -> RecognizedSegment {
        RecognizedSegment {
            start_ms,
            end_ms,
            text: "yes".into(),
            confidence: None,
            words: Vec::new(),
            speaker: None,
            speaker_uncertain: false,
        }
    }

    fn turn(start_ms: u64, end_ms: u64, speaker: u32) -> SpeakerTurn {
        SpeakerTurn { start_ms, end_ms, speaker }
    }

    fn assigned(start_ms: u64, end_ms: u64, turns: &[SpeakerTurn]) -> (Option<u32>, bool) {
        let mut segments = [segment(start_ms, end_ms)];
        assign_speakers(&mut segments, turns);
        (segments[0].speaker, segments[0].speaker_uncertain)
    }

    #[test]
    fn the_voice_with_most_of_the_line_has_it() {
        let turns = [turn(0, 4_000, 0), turn(4_000, 9_000, 1)];
        assert_eq!(assigned(3_500, 8_000, &turns), (Some(1), false));
        assert_eq!(assigned(500, 3_000, &turns), (Some(0), false));
    }

    #[test]
    fn pieces_of_one_voice_add_up() {
        let turns = [turn(0, 1_000, 1), turn(1_000, 2_200, 0), turn(2_200, 3_300, 1)];
        assert_eq!(assigned(0, 3_300, &turns).0, Some(1));
    }

    #[test]
    fn a_line_shared_by_two_voices_is_uncertain() {
        let turns = [turn(0, 2_100, 0), turn(1_900, 4_000, 1)];
        assert_eq!(assigned(0, 4_000, &turns), (Some(0), true));
    }

    #[test]
    fn a_line_with_little_voice_in_it_is_uncertain() {
        assert_eq!(assigned(0, 10_000, &[turn(0, 1_000, 2)]), (Some(2), true));
    }

    #[test]
    fn a_line_near_a_turn_takes_its_voice_as_a_guess_and_one_far_away_takes_none() {
        let turns = [turn(5_000, 6_000, 3)];
        assert_eq!(assigned(4_000, 4_500, &turns), (Some(3), true));
        assert_eq!(assigned(6_500, 7_000, &turns), (Some(3), true));
        assert_eq!(assigned(0, 1_000, &turns), (None, false));
        assert_eq!(assigned(9_000, 9_900, &turns), (None, false));
    }

    #[test]
    fn voices_are_numbered_as_they_are_first_heard() {
        let mut turns = [turn(900, 1_500, 7), turn(0, 1_000, 9), turn(2_000, 2_500, 9)];
        number_speakers_by_first_appearance(&mut turns);
        assert_eq!(turns, [turn(0, 1_000, 0), turn(900, 1_500, 1), turn(2_000, 2_500, 0)]);
    }
}
