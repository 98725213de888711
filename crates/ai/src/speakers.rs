//! Which voice says a line: pure arithmetic over speaker turns and segments.

use std::collections::BTreeMap;

use crate::{RecognizedSegment, RecognizedWord, SpeakerTurn};

/// A line whose main voice holds less than this share of all voices' time in it is marked uncertain.
const CERTAIN_SHARE_OF_VOICES: f64 = 0.65;
/// A line of which its main voice covers less than this share is marked uncertain.
const CERTAIN_SHARE_OF_SEGMENT: f64 = 0.4;
/// A line that no turn touches takes the nearest voice within this distance, as uncertain.
const NEAREST_TURN_MS_MAX: u64 = 1_000;
/// The times of words are rough: so much before and after a word counts as well.
const WORD_MARGIN_MS: u64 = 250;
/// The main voice of a line keeps a word of which it has at least this share of what the foremost voice has.
const MAIN_VOICE_SHARE: f64 = 0.75;
/// Less than this of another voice inside a line does not break it.
const OTHER_WORDS_MIN: usize = 2;
const OTHER_MS_MIN: u64 = 500;

/// Gives each segment the voice whose turns overlap it most, and marks it uncertain where another voice has
/// nearly as much of it, where turns cover little of it, or where only a nearby turn suggests the voice.
/// Segments far from every turn get no speaker. A segment in which another voice has some words is split there.
pub fn assign_speakers(segments: Vec<RecognizedSegment>, turns: &[SpeakerTurn]) -> Vec<RecognizedSegment> {
    let mut sorted = turns.to_vec();
    sorted.sort_by_key(|turn| (turn.start_ms, turn.end_ms));
    let mut assigned = Vec::with_capacity(segments.len());
    for segment in segments {
        let near = turns_near(&segment, &sorted);
        assigned.extend(split_by_voice(segment, &near).into_iter().map(|mut part| {
            (part.speaker, part.speaker_uncertain) = speaker_between(part.start_ms, part.end_ms, &near);
            part
        }));
    }
    assigned
}

/// The turns that can matter to a segment, so that its words need not look at all of an hour's.
fn turns_near(segment: &RecognizedSegment, turns: &[SpeakerTurn]) -> Vec<SpeakerTurn> {
    let from_ms = segment.start_ms.saturating_sub(NEAREST_TURN_MS_MAX);
    let to_ms = segment.end_ms.saturating_add(NEAREST_TURN_MS_MAX);
    let begun = turns.iter().take_while(|turn| turn.start_ms <= to_ms);
    begun.filter(|turn| turn.end_ms >= from_ms).copied().collect()
}

/// The parts of a segment that are said by one voice each.
fn split_by_voice(segment: RecognizedSegment, turns: &[SpeakerTurn]) -> Vec<RecognizedSegment> {
    let voices = voices_of_words(&segment, turns);
    let mut starts: Vec<usize> = (1..voices.len()).filter(|at| voices[*at] != voices[*at - 1]).collect();
    // A text that is more than its words cannot be split between them.
    if starts.is_empty() || segment.text.split_whitespace().count() != segment.words.len() {
        return vec![segment];
    }
    starts.insert(0, 0);
    let mut parts: Vec<RecognizedSegment> = starts
        .iter()
        .enumerate()
        .map(|(number, start)| {
            let end = starts.get(number + 1).copied().unwrap_or(segment.words.len());
            let words = &segment.words[*start..end];
            let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            RecognizedSegment {
                start_ms: words[0].start_ms,
                end_ms: words[words.len() - 1].end_ms,
                text: text.join(" "),
                words: words.to_vec(),
                ..segment.clone()
            }
        })
        .collect();
    if let Some(last) = parts.last_mut() {
        last.end_ms = last.end_ms.max(segment.end_ms);
    }
    parts[0].start_ms = parts[0].start_ms.min(segment.start_ms);
    parts
}

/// The voice of each word of a segment: mostly that of the segment, and another one's where it says enough of it.
fn voices_of_words(segment: &RecognizedSegment, turns: &[SpeakerTurn]) -> Vec<Option<u32>> {
    let (main, _) = speaker_between(segment.start_ms, segment.end_ms, turns);
    let voice = |word: &RecognizedWord| {
        let shares = shares(
            word.start_ms.saturating_sub(WORD_MARGIN_MS),
            word.end_ms.saturating_add(WORD_MARGIN_MS),
            turns,
        );
        let Some((foremost, most)) = foremost(&shares) else { return main };
        let of_main = main.and_then(|main| shares.get(&main)).copied().unwrap_or(0);
        if of_main as f64 >= MAIN_VOICE_SHARE * most as f64 { main } else { Some(foremost) }
    };
    let mut voices: Vec<Option<u32>> = segment.words.iter().map(voice).collect();
    let mut start = 0;
    while start < voices.len() {
        let count = voices[start..].iter().take_while(|voice| **voice == voices[start]).count();
        let length_ms = segment.words[start + count - 1].end_ms.saturating_sub(segment.words[start].start_ms);
        if count < OTHER_WORDS_MIN || length_ms < OTHER_MS_MIN {
            voices[start..start + count].fill(main);
        }
        start += count;
    }
    voices
}

/// How long each voice speaks within a time.
fn shares(start_ms: u64, end_ms: u64, turns: &[SpeakerTurn]) -> BTreeMap<u32, u64> {
    let mut shares = BTreeMap::new();
    for turn in turns.iter().take_while(|turn| turn.start_ms < end_ms) {
        let overlap = turn.end_ms.min(end_ms).saturating_sub(turn.start_ms.max(start_ms));
        if overlap > 0 {
            *shares.entry(turn.speaker).or_default() += overlap;
        }
    }
    shares
}

/// The voice with the largest share, of equals the one with the lowest number, and its share.
fn foremost(shares: &BTreeMap<u32, u64>) -> Option<(u32, u64)> {
    // `max_by_key` keeps the last of equals; reversing makes the earlier-numbered voice win a tie.
    shares.iter().rev().max_by_key(|(_, share)| **share).map(|(voice, share)| (*voice, *share))
}

fn speaker_between(start_ms: u64, end_ms: u64, turns: &[SpeakerTurn]) -> (Option<u32>, bool) {
    let shares = shares(start_ms, end_ms, turns);
    let all: u64 = shares.values().sum();
    match foremost(&shares) {
        Some((speaker, overlap)) => {
            let of_voices = overlap as f64 / all as f64;
            let of_segment = overlap as f64 / end_ms.saturating_sub(start_ms).max(1) as f64;
            let uncertain = of_voices < CERTAIN_SHARE_OF_VOICES || of_segment < CERTAIN_SHARE_OF_SEGMENT;
            (Some(speaker), uncertain)
        }
        None => {
            let nearest = nearest(start_ms, end_ms, turns);
            (nearest, nearest.is_some())
        }
    }
}

/// The voice of the turn nearest to a time that no turn touches.
fn nearest(start_ms: u64, end_ms: u64, turns: &[SpeakerTurn]) -> Option<u32> {
    let distance =
        |turn: &SpeakerTurn| turn.start_ms.saturating_sub(end_ms).max(start_ms.saturating_sub(turn.end_ms));
    let near = turns.iter().filter(|turn| distance(turn) <= NEAREST_TURN_MS_MAX);
    near.min_by_key(|turn| distance(turn)).map(|turn| turn.speaker)
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
        let segments = assign_speakers(vec![segment(start_ms, end_ms)], turns);
        assert_eq!(segments.len(), 1);
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

    /// The parts of a line of ten words in ten seconds: their texts' lengths in words, and their voices.
    fn parts(turns: &[SpeakerTurn]) -> Vec<(usize, Option<u32>)> {
        let text = "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9";
        let line = RecognizedSegment {
            text: text.into(),
            words: crate::interpolate_words(text, 0, 10_000),
            ..segment(0, 10_000)
        };
        let parts = assign_speakers(vec![line], turns);
        assert_eq!((parts[0].start_ms, parts[parts.len() - 1].end_ms), (0, 10_000));
        let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(texts.join(" "), text);
        parts.iter().map(|part| (part.words.len(), part.speaker)).collect()
    }

    #[test]
    fn a_line_is_split_where_another_voice_goes_on() {
        assert_eq!(parts(&[turn(0, 6_000, 0), turn(6_000, 10_000, 1)]), [(6, Some(0)), (4, Some(1))]);
        let answer_between = [turn(0, 4_000, 0), turn(4_000, 7_000, 1), turn(7_000, 10_000, 0)];
        assert_eq!(parts(&answer_between), [(4, Some(0)), (3, Some(1)), (3, Some(0))]);
    }

    #[test]
    fn a_word_thrown_in_and_voices_at_once_do_not_split_a_line() {
        let thrown_in = [turn(0, 5_000, 0), turn(5_000, 6_000, 1), turn(6_000, 10_000, 0)];
        assert_eq!(parts(&thrown_in), [(10, Some(0))]);
        assert_eq!(parts(&[turn(0, 10_000, 0), turn(2_000, 7_000, 1)]), [(10, Some(0))]);
        assert_eq!(parts(&[turn(0, 3_000, 0)]), [(10, Some(0))]);
        assert_eq!(parts(&[]), [(10, None)]);
    }

    #[test]
    fn voices_are_numbered_as_they_are_first_heard() {
        let mut turns = [turn(900, 1_500, 7), turn(0, 1_000, 9), turn(2_000, 2_500, 9)];
        number_speakers_by_first_appearance(&mut turns);
        assert_eq!(turns, [turn(0, 1_000, 0), turn(900, 1_500, 1), turn(2_000, 2_500, 0)]);
    }
}
