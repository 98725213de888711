//! Who speaks when: the library's own speaker diarization (pyannote community-1) over a whole recording.

use std::path::Path;

use memoreel_ai::wav::{SAMPLE_RATE, WavFile};
use memoreel_ai::{AiError, SpeakerTurn, number_speakers_by_first_appearance};

use super::levels::even;
use super::listen::{crashed, regions};
use super::moonshine::{Line, Moonshine};
use super::pieces::Span;
use super::sound::{Channels, read_apart, read_mixed};

/// Recordings are looked at in blocks of at most this many seconds, to bound memory; voices are told apart within a
/// block.
const BLOCK_SECONDS: usize = 3_600;
/// The clustering of voices weighs evidence by its amount and takes a short recording for one voice. So one that is
/// shorter than this is repeated until it is as long, in seconds; measured on 30 s of meetings, errors fell by a third.
const EVIDENCE_SECONDS: usize = 90;
const REPEATS_MAX: usize = 3;
/// Levels are evened in windows of this many seconds.
const WINDOW_SECONDS: usize = 60;
/// Turns of one voice with shorter gaps than this are one turn, in milliseconds.
const GAP_MS_MAX: u64 = 300;
const TURN_MS_MIN: u64 = 100;

/// Finds the turns of a file: by channel where the channels carry different voices, or else by the sound of the voice.
pub fn turns(
    library: &Moonshine,
    model_dir: &Path,
    wav: &mut WavFile,
    channels: Channels,
) -> Result<Vec<SpeakerTurn>, AiError> {
    let turns = match channels {
        Channels::Apart => turns_by_channel(library, model_dir, wav)?,
        Channels::Mixed => turns_by_sound(library, model_dir, wav)?,
    };
    Ok(tidy(turns))
}

fn turns_by_sound(
    library: &Moonshine,
    model_dir: &Path,
    wav: &mut WavFile,
) -> Result<Vec<SpeakerTurn>, AiError> {
    wav.seek(0)?;
    let mut turns = Vec::new();
    let mut offset_ms = 0;
    let mut first_speaker = 0;
    loop {
        let mut block = Vec::new();
        while block.len() < BLOCK_SECONDS * SAMPLE_RATE as usize {
            let mut window = read_mixed(wav, WINDOW_SECONDS * SAMPLE_RATE as usize)?;
            if window.is_empty() {
                break;
            }
            even(&mut window);
            block.extend(window);
        }
        if block.is_empty() {
            return Ok(turns);
        }
        let length = block.len();
        let repeats = (EVIDENCE_SECONDS * SAMPLE_RATE as usize / length).clamp(1, REPEATS_MAX);
        let heard = if repeats > 1 { block.repeat(repeats) } else { block };
        // A fresh one for each block: it would number the voices of the next block on from the last.
        let options = [
            ("skip_transcription", "true"),
            ("identify_speakers", "true"),
            ("diarization_analyze_cadence", "2.0"),
            ("vad_threshold", "0"),
            ("return_audio_data", "false"),
        ];
        let lines = library.transcriber(model_dir, &options).and_then(|mut model| model.run(&heard));
        let found =
            turns_of(&lines.map_err(crashed)?, length as f32 / SAMPLE_RATE as f32, offset_ms, first_speaker);
        first_speaker = found.iter().map(|turn| turn.speaker + 1).max().unwrap_or(first_speaker);
        turns.extend(found);
        offset_ms += length as u64 * 1_000 / u64::from(SAMPLE_RATE);
    }
}

/// The turns within the first `length` seconds; what comes after is repetition.
fn turns_of(lines: &[Line], length: f32, offset_ms: u64, first_speaker: u32) -> Vec<SpeakerTurn> {
    let spans = lines.iter().flat_map(|line| &line.spans).filter(|span| span.start < length);
    spans
        .map(|span| SpeakerTurn {
            start_ms: offset_ms + ms(span.start),
            end_ms: offset_ms + ms(span.end.min(length)),
            speaker: first_speaker.saturating_add(span.speaker),
        })
        .collect()
}

fn turns_by_channel(
    library: &Moonshine,
    model_dir: &Path,
    wav: &mut WavFile,
) -> Result<Vec<SpeakerTurn>, AiError> {
    let options = [("skip_transcription", "true"), ("vad_threshold", "0.5"), ("return_audio_data", "false")];
    let mut voice = library.transcriber(model_dir, &options).map_err(crashed)?;
    let mut turns = Vec::new();
    for channel in 0..2_u8 {
        wav.seek(0)?;
        let mut offset_ms = 0;
        loop {
            let frames = WINDOW_SECONDS * SAMPLE_RATE as usize;
            let (mut samples, _) = read_apart(wav, frames, usize::from(channel))?;
            if samples.is_empty() {
                break;
            }
            even(&mut samples);
            turns.extend(regions(&mut voice, &samples)?.iter().map(|Span { start, end }| SpeakerTurn {
                start_ms: offset_ms + ms(*start),
                end_ms: offset_ms + ms(*end),
                speaker: u32::from(channel),
            }));
            offset_ms += samples.len() as u64 * 1_000 / u64::from(SAMPLE_RATE);
        }
    }
    Ok(turns)
}

/// Joins turns of one voice that touch, drops blinks, and numbers the voices by first appearance.
fn tidy(mut turns: Vec<SpeakerTurn>) -> Vec<SpeakerTurn> {
    turns.sort_by_key(|turn| (turn.speaker, turn.start_ms));
    let mut joined: Vec<SpeakerTurn> = Vec::new();
    for turn in turns {
        match joined.last_mut() {
            Some(last) if last.speaker == turn.speaker && turn.start_ms <= last.end_ms + GAP_MS_MAX => {
                last.end_ms = last.end_ms.max(turn.end_ms);
            }
            _ => joined.push(turn),
        }
    }
    joined.retain(|turn| turn.end_ms >= turn.start_ms + TURN_MS_MIN);
    number_speakers_by_first_appearance(&mut joined);
    joined
}

fn ms(seconds: f32) -> u64 {
    (f64::from(seconds.max(0.0)) * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_joined_cleaned_and_numbered() {
        let turn = |start_ms, end_ms, speaker| SpeakerTurn { start_ms, end_ms, speaker };
        let raw =
            vec![turn(5_000, 6_000, 4), turn(1_000, 2_000, 7), turn(2_200, 3_000, 7), turn(3_500, 3_550, 4)];
        assert_eq!(tidy(raw), [turn(1_000, 3_000, 0), turn(5_000, 6_000, 1)]);
    }
}
