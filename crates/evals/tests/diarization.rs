//! The diarization scorer on MeetEval's example files, against what other scorers say about them.
//!
//! The expected values are those of pyannote.metrics 4.2.0, `DiarizationErrorRate(collar=0, skip_overlap=False)`, with the
//! turns of each speaker joined. The files are of fgnt/meeteval, `example_files`; their licence lies beside them.

#![expect(clippy::unwrap_used, reason = "a broken helper of a test is a failed test")]

use memoreel_evals::diarization::{Agreement, SpeakerErrors, Stretch, Turn, agree, parse_rttm, parse_uem};

const REFERENCE: &str = include_str!("meeteval/ref.rttm");
const FOUND: &str = include_str!("meeteval/hyp.rttm");
const SCORED: &str = include_str!("meeteval/uem.uem");

fn errors(spoken_ms: u64, missed_ms: u64, false_alarm_ms: u64, confused_ms: u64) -> SpeakerErrors {
    SpeakerErrors { spoken_ms, missed_ms, false_alarm_ms, confused_ms }
}

fn scored(recording: &str, within: Option<&[Stretch]>) -> Agreement {
    let (reference, found) = (parse_rttm(REFERENCE).unwrap(), parse_rttm(FOUND).unwrap());
    let uem = parse_uem(SCORED).unwrap();
    agree(&reference[recording], &found[recording], within.unwrap_or(&uem[recording]))
}

#[test]
fn the_example_files_score_as_elsewhere_within_their_stretches() {
    let (first, second) = (scored("recordingA", None), scored("recordingB", None));
    assert_eq!(first.errors, errors(2_000, 0, 400, 100));
    assert_eq!(second.errors, errors(2_000, 200, 600, 400));
    assert_eq!(first.errors.rate(), Some(0.25));
    assert_eq!(first.errors.plus(second.errors).rate(), Some(0.425));
}

#[test]
fn the_example_files_score_as_elsewhere_over_their_whole_length() {
    let all = [Stretch { start_ms: 0, end_ms: 100_000 }];
    let (first, second) = (scored("recordingA", Some(&all)), scored("recordingB", Some(&all)));
    assert_eq!(first.errors, errors(3_000, 0, 1_400, 100));
    assert_eq!(second.errors, errors(2_000, 200, 600, 400));
    assert_eq!(first.errors.plus(second.errors).rate(), Some(0.54));
}

#[test]
fn a_speaker_stands_for_the_one_they_share_most_time_with() {
    let second = scored("recordingB", None);
    assert_eq!(second.true_speakers.get("Bob").map(String::as_str), Some("Alice"));
    assert_eq!(second.true_speakers.get("Alice"), None);
}

#[test]
fn each_who_speaks_at_once_must_be_found() {
    let turn = |start_ms, end_ms, speaker: &str| Turn { start_ms, end_ms, speaker: speaker.to_owned() };
    let reference = [turn(0, 10_000, "Ana"), turn(6_000, 12_000, "Ben"), turn(6_000, 7_000, "Ben")];
    let within = [Stretch { start_ms: 0, end_ms: 20_000 }];
    let perfect = agree(&reference, &reference, &within);
    assert_eq!(perfect.errors, errors(16_000, 0, 0, 0));
    let one_voice = agree(&reference, &[turn(0, 12_000, "1")], &within);
    assert_eq!(one_voice.errors, errors(16_000, 4_000, 0, 2_000));
    let nothing = agree(&reference, &[], &within);
    assert_eq!((nothing.errors.rate(), nothing.true_speakers.len()), (Some(1.0), 0));
    assert_eq!(agree(&[], &reference, &within).errors.rate(), None);
}
