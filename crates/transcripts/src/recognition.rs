//! From what an engine heard to the transcript that is kept.

use crate::model::{NewSegment, NewSpeaker, NewTranscript, Stretch, Word, clean_text};
use crate::{SEGMENT_CHARS_MAX, SEGMENTS_MAX};
use memoreel_ai::{EngineName, Recognition, RecognizedSegment, RecognizedWord, SpeakerTurn};

/// Shown where nothing was said.
const NO_SPEECH: &str = "No speech was found in this recording.";
/// Shown where somebody spoke.
const NO_WORDS: &str = "Somebody speaks in this recording, but no words could be made out.";
/// More turns than anybody takes in a day.
const TURNS_MAX: usize = 200_000;

/// The transcript of a recognition. Voices become `Speaker 1`, `Speaker 2` … by first appearance in its lines, then in
/// its turns, so that the same voices get the same labels, and with them the names people gave, when the step runs again.
pub(crate) fn transcript_from(recognition: Recognition) -> NewTranscript {
    let mut heard: Vec<RecognizedSegment> = recognition.segments;
    heard.retain(|segment| !segment.text.trim().is_empty());
    heard.sort_by_key(|segment| segment.start_ms);
    heard.truncate(SEGMENTS_MAX);
    let mut voices: Vec<u32> = Vec::new();
    let segments: Vec<NewSegment> = heard
        .into_iter()
        .map(|segment| {
            let speaker = segment.speaker.map(|voice| position_of(&mut voices, voice));
            segment_from(segment, speaker)
        })
        .collect();
    let mut turns = recognition.turns;
    turns.truncate(TURNS_MAX);
    for turn in &turns {
        position_of(&mut voices, turn.speaker);
    }
    let notice = segments.is_empty().then(|| if turns.is_empty() { NO_SPEECH } else { NO_WORDS }.to_owned());
    NewTranscript {
        language: recognition.language.map(|code| code.to_ascii_lowercase()).filter(|_| notice.is_none()),
        engine: recognition.engine.engine,
        model: Some(recognition.engine.model),
        notice,
        speakers: speakers_from(&voices, &turns),
        segments,
    }
}

/// The empty transcript of a recording the engine cannot transcribe, with the reason.
pub(crate) fn transcript_without_text(engine: EngineName, notice: String) -> NewTranscript {
    NewTranscript {
        language: None,
        engine: engine.engine,
        model: Some(engine.model),
        notice: Some(notice),
        speakers: Vec::new(),
        segments: Vec::new(),
    }
}

fn speakers_from(voices: &[u32], turns: &[SpeakerTurn]) -> Vec<NewSpeaker> {
    let stretches = |voice: u32| {
        let own = turns.iter().filter(move |turn| turn.speaker == voice);
        own.map(|turn| {
            let start_ms = milliseconds(turn.start_ms);
            Stretch { start_ms, end_ms: milliseconds(turn.end_ms).max(start_ms) }
        })
    };
    voices
        .iter()
        .enumerate()
        .map(|(index, voice)| NewSpeaker {
            label: format!("Speaker {}", index + 1),
            turns: (!turns.is_empty()).then(|| stretches(*voice).collect()),
        })
        .collect()
}

fn position_of(voices: &mut Vec<u32>, voice: u32) -> usize {
    voices.iter().position(|known| *known == voice).unwrap_or_else(|| {
        voices.push(voice);
        voices.len() - 1
    })
}

fn segment_from(segment: RecognizedSegment, speaker: Option<usize>) -> NewSegment {
    let start_ms = milliseconds(segment.start_ms);
    NewSegment {
        start_ms,
        end_ms: milliseconds(segment.end_ms).max(start_ms),
        speaker,
        speaker_uncertain: speaker.is_some() && segment.speaker_uncertain,
        text: clean_text(&segment.text, SEGMENT_CHARS_MAX),
        confidence: segment.confidence.filter(|value| value.is_finite()).map(|value| value.clamp(0.0, 1.0)),
        words: segment.words.into_iter().take(SEGMENT_CHARS_MAX).map(word_from).collect(),
        cue_identifier: None,
        cue_settings: None,
    }
}

pub(crate) fn word_from(word: RecognizedWord) -> Word {
    let start_ms = milliseconds(word.start_ms);
    Word {
        text: clean_text(&word.text, SEGMENT_CHARS_MAX),
        start_ms,
        end_ms: milliseconds(word.end_ms).max(start_ms),
        interpolated: word.interpolated,
    }
}

fn milliseconds(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(start_ms: u64, text: &str, speaker: Option<u32>) -> RecognizedSegment {
        RecognizedSegment {
            start_ms,
            end_ms: start_ms + 500,
            text: text.to_owned(),
            confidence: Some(f32::NAN),
            words: memoreel_ai::interpolate_words(text, start_ms, start_ms + 500),
            speaker,
            speaker_uncertain: true,
        }
    }

    fn recognition(segments: Vec<RecognizedSegment>) -> Recognition {
        let engine = EngineName { engine: "engine".into(), model: "model".into() };
        Recognition { language: Some("EN".into()), engine, segments, turns: Vec::new() }
    }

    #[test]
    fn voices_are_labelled_by_first_appearance_in_time() {
        let made = transcript_from(recognition(vec![
            segment(2_000, "Later.", Some(0)),
            segment(0, "First.", Some(7)),
            segment(3_000, "Again.", Some(7)),
            segment(4_000, "Nobody.", None),
        ]));
        let labels: Vec<&str> = made.speakers.iter().map(|speaker| speaker.label.as_str()).collect();
        assert_eq!(labels, ["Speaker 1", "Speaker 2"]);
        assert!(made.speakers.iter().all(|speaker| speaker.turns.is_none()));
        let voices: Vec<_> =
            made.segments.iter().map(|segment| (segment.text.as_str(), segment.speaker)).collect();
        assert_eq!(
            voices,
            [("First.", Some(0)), ("Later.", Some(1)), ("Again.", Some(0)), ("Nobody.", None)]
        );
        assert!(!made.segments[3].speaker_uncertain);
        assert_eq!(made.language.as_deref(), Some("en"));
        assert_eq!(made.notice, None);
    }

    #[test]
    fn silence_says_so() {
        let made = transcript_from(recognition(vec![segment(0, "  ", None)]));
        assert_eq!((made.segments.len(), made.language), (0, None));
        assert_eq!(made.notice.as_deref(), Some(NO_SPEECH));
    }

    #[test]
    fn who_speaks_without_words_is_kept() {
        let turn = |start_ms, speaker| SpeakerTurn { start_ms, end_ms: start_ms + 400, speaker };
        let turns = vec![turn(0, 5), turn(2_000, 7), turn(2_100, 5)];
        let made =
            transcript_from(Recognition { turns, ..recognition(vec![segment(2_000, "Yes.", Some(7))]) });
        assert_eq!((made.segments[0].speaker, made.notice), (Some(0), None));
        let starts: Vec<Vec<i64>> = made
            .speakers
            .iter()
            .map(|speaker| speaker.turns.iter().flatten().map(|turn| turn.start_ms).collect())
            .collect();
        assert_eq!(starts, [vec![2_000], vec![0, 2_100]]);
        let wordless = transcript_from(Recognition { turns: vec![turn(0, 1)], ..recognition(Vec::new()) });
        assert_eq!((wordless.speakers.len(), wordless.notice.as_deref()), (1, Some(NO_WORDS)));
    }

    #[test]
    fn nothing_reaches_the_database_that_it_would_refuse() {
        let made = transcript_from(recognition(vec![segment(u64::MAX - 500, "nul\0 and\u{7}bell", Some(1))]));
        let only = &made.segments[0];
        assert_eq!(only.text, "nul  and bell");
        assert_eq!(only.confidence, None);
        assert_eq!((only.start_ms, only.end_ms), (i64::MAX, i64::MAX));
        assert!(only.words.iter().all(|word| !word.text.contains('\0')));
    }
}
