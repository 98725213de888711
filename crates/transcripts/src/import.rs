//! From a caption file to a transcript, and back.

use crate::captions::{Captions, Cue};
use crate::language::guess_language;
use crate::model::{NewSegment, NewSpeaker, NewTranscript, Transcript, clean_text};
use crate::recognition::word_from;
use crate::{CAPTIONS_ENGINE, SEGMENT_CHARS_MAX};
use memoreel_ai::interpolate_words;
use memoreel_kernel::SpeakerId;
use std::collections::HashMap;

/// The transcript that a caption file holds. The voices' names become the speakers' labels.
pub(crate) fn transcript_from_captions(captions: Captions) -> NewTranscript {
    let mut speakers: Vec<String> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let segments: Vec<NewSegment> = captions
        .cues
        .into_iter()
        .map(|cue| {
            let speaker = cue.voice.clone().map(|voice| {
                *positions.entry(voice).or_insert_with_key(|voice| {
                    speakers.push(voice.clone());
                    speakers.len() - 1
                })
            });
            segment_from(cue, speaker)
        })
        .collect();
    let declared = captions.language.as_deref().and_then(primary_language);
    let language = declared
        .or_else(|| guess_language(segments.iter().map(|segment| segment.text.as_str())).map(str::to_owned));
    NewTranscript {
        language,
        engine: CAPTIONS_ENGINE.to_owned(),
        model: None,
        notice: None,
        speakers: speakers.into_iter().map(|label| NewSpeaker { label, turns: None }).collect(),
        segments,
    }
}

/// The captions that a transcript makes: one cue per segment, the speakers' names as voices.
pub(crate) fn captions_from(transcript: Transcript) -> Captions {
    // Each line of a file of captions may have a voice of its own.
    let names: HashMap<SpeakerId, &str> =
        transcript.speakers.iter().map(|speaker| (speaker.id, speaker.display_name())).collect();
    let cues = transcript.segments.into_iter().map(|segment| Cue {
        start_ms: segment.start_ms,
        end_ms: segment.end_ms,
        voice: segment.speaker_id.and_then(|id| names.get(&id)).map(|name| (*name).to_owned()),
        text: segment.text,
        identifier: segment.cue_identifier,
        settings: segment.cue_settings,
    });
    Captions { cues: cues.collect(), language: transcript.language }
}

fn segment_from(cue: Cue, speaker: Option<usize>) -> NewSegment {
    let (start, end) = (cue.start_ms.max(0).unsigned_abs(), cue.end_ms.max(0).unsigned_abs());
    NewSegment {
        start_ms: cue.start_ms.max(0),
        end_ms: cue.end_ms.max(cue.start_ms).max(0),
        speaker,
        speaker_uncertain: false,
        words: interpolate_words(&cue.text, start, end).into_iter().map(word_from).collect(),
        text: clean_text(&cue.text, SEGMENT_CHARS_MAX),
        confidence: None,
        cue_identifier: cue.identifier,
        cue_settings: cue.settings,
    }
}

/// `en-US` as `en`.
fn primary_language(tag: &str) -> Option<String> {
    let primary = tag.split('-').next()?.to_ascii_lowercase();
    ((2..=3).contains(&primary.len()) && primary != "und").then_some(primary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn cue(start_ms: i64, voice: Option<&str>, text: &str) -> Cue {
        Cue {
            start_ms,
            end_ms: start_ms + 900,
            voice: voice.map(str::to_owned),
            text: text.to_owned(),
            ..Cue::default()
        }
    }

    #[test]
    fn captions_become_segments_with_shared_out_words_and_named_speakers() {
        let cues = vec![
            cue(0, Some("Ana"), "Hello there."),
            cue(1_000, Some("Ben"), "Hi."),
            cue(2_000, Some("Ana"), "Bye."),
        ];
        let made = transcript_from_captions(Captions { language: Some("en-GB".into()), cues });
        let labels: Vec<&str> = made.speakers.iter().map(|speaker| speaker.label.as_str()).collect();
        assert_eq!(labels, ["Ana", "Ben"]);
        assert_eq!(made.language.as_deref(), Some("en"));
        assert_eq!(made.engine, "captions");
        let speakers: Vec<_> = made.segments.iter().map(|segment| segment.speaker).collect();
        assert_eq!(speakers, [Some(0), Some(1), Some(0)]);
        let words: Vec<_> = made.segments[0].words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words, ["Hello", "there."]);
        assert!(made.segments[0].words.iter().all(|word| word.interpolated));
    }

    #[test]
    fn the_time_that_voices_take_grows_with_their_number_and_not_with_its_square() {
        let time = |count: i64| {
            let named = |at: i64| cue(at, Some(format!("Voice {at:09}").as_str()), "Yes.");
            let captions =
                Captions { language: Some("en".to_owned()), cues: (0..count).map(named).collect() };
            let started = Instant::now();
            let made = transcript_from_captions(captions);
            let took = started.elapsed();
            assert_eq!(made.speakers.len(), made.segments.len());
            took
        };
        // What else the machine does may slow one of the two down, but not each time; a square is 256 times as much each time.
        let grows_along = (0..20).any(|_| time(32_000) < 64 * time(2_000));
        assert!(grows_along, "more than 64 times for 16 times as many");
    }

    #[test]
    fn the_language_is_guessed_where_the_file_does_not_say_it() {
        let text = "The point of this is that we have to know what the people who use it want and when they want it.";
        let made = transcript_from_captions(Captions { language: None, cues: vec![cue(0, None, text)] });
        assert_eq!(made.language.as_deref(), Some("en"));
    }
}
