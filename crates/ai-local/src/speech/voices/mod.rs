//! Who speaks when: windows of ten seconds are split into voices, the voices of all windows are told apart by their sound,
//! and the windows are laid over each other again.
//!
//! So works pyannote.audio (Bredin, "pyannote.audio 2.1 speaker diarization pipeline", Interspeech 2023), whose models run
//! here: who speaks in a window (Plaquet and Bredin, "Powerset multi-class cross entropy loss for neural speaker
//! diarization", Interspeech 2023), and how a voice sounds (Wang et al., "WeSpeaker", ICASSP 2023). The library's own
//! pipeline tells too few voices apart in short recordings, and follows a recording as it grows, which costs more.

mod clusters;
mod features;
mod models;
mod timeline;

use std::path::Path;

use memoreel_ai::wav::{SAMPLE_RATE, WavFile};
use memoreel_ai::{AiError, SpeakerTurn, number_speakers_by_first_appearance};

use super::levels::even;
use super::listen::{crashed, regions};
use super::moonshine::Moonshine;
use super::pieces::Span;
use super::protocol::Job;
use super::sound::{Channels, read_apart, read_mixed};
use models::{FRAMES, Models, VOICES, Voice, WINDOW};

/// From one window to the next, in samples: two seconds. Half of that finds no more.
const STEP: u64 = 2 * SAMPLE_RATE as u64;
/// A voice that speaks alone for less than this share of a window says too little to make a speaker of its own.
const ALONE_SHARE_MIN: f32 = 0.1;
/// Levels are evened in windows of this many seconds.
const LEVEL_WINDOW_SECONDS: usize = 60;
/// Turns of one speaker with shorter gaps than this are one turn, in milliseconds.
const GAP_MS_MAX: u64 = 100;
const TURN_MS_MIN: u64 = 100;

/// The voices in ten seconds of a recording.
struct Window {
    /// Its first sample.
    start: u64,
    voices: Vec<Voice>,
}

/// Finds the turns of a file: by channel where the channels carry different voices, or else by the sound of the voice.
/// Reports the share that is done.
pub fn turns(
    library: &Moonshine,
    job: &Job,
    wav: &mut WavFile,
    channels: Channels,
    done: &mut dyn FnMut(f32),
) -> Result<Vec<SpeakerTurn>, AiError> {
    let turns = match channels {
        Channels::Apart => turns_by_channel(library, &job.model_dir, wav)?,
        Channels::Mixed => {
            let mut models = Models::load(library, &job.onnxruntime_library).map_err(crashed)?;
            let windows = windows(&mut models, wav, done)?;
            timeline::turns(&windows, &tell_apart(&windows), wav.frames())
        }
    };
    Ok(tidy(turns))
}

fn windows(
    models: &mut Models,
    wav: &mut WavFile,
    done: &mut dyn FnMut(f32),
) -> Result<Vec<Window>, AiError> {
    let starts = starts(wav.frames());
    let mut windows = Vec::with_capacity(starts.len());
    for start in &starts {
        wav.seek(*start)?;
        let mut samples = read_mixed(wav, WINDOW)?;
        samples.resize(WINDOW, 0.0);
        let voices = models.voices(&samples).map_err(crashed)?;
        windows.push(Window { start: *start, voices });
        done(windows.len() as f32 / starts.len() as f32);
    }
    Ok(windows)
}

/// The first samples of windows that cover so many samples. The last window ends with the recording, unless that is
/// shorter than a window.
fn starts(samples: u64) -> Vec<u64> {
    let last = samples.saturating_sub(WINDOW as u64);
    let mut starts: Vec<u64> = (0..last).step_by(STEP as usize).collect();
    if samples > 0 {
        starts.push(last);
    }
    starts
}

/// Whose voice each voice of each window is. Two voices of a window are never one speaker's.
fn tell_apart(windows: &[Window]) -> Vec<Vec<Option<usize>>> {
    let voices = || windows.iter().flat_map(|window| &window.voices);
    let clear: Vec<&[f32]> = voices()
        .filter(|voice| voice.frames_alone as f32 >= ALONE_SHARE_MIN * FRAMES as f32)
        .map(|voice| voice.sound.as_slice())
        .collect();
    let speakers = if clear.is_empty() {
        clusters::speakers(&voices().map(|voice| voice.sound.as_slice()).collect::<Vec<_>>())
    } else {
        clusters::speakers(&clear)
    };
    windows.iter().map(|window| assign(&window.voices, &speakers)).collect()
}

/// The speaker of each voice of a window, so that the voices are most like their speakers together. A voice has none where
/// there are fewer speakers than voices.
fn assign(voices: &[Voice], speakers: &[Vec<f32>]) -> Vec<Option<usize>> {
    // With as many voices in a window, none ever needs more than as many of its likeliest speakers.
    let likeliest: Vec<Vec<(f32, Option<usize>)>> = voices
        .iter()
        .map(|voice| {
            let mut all: Vec<(f32, Option<usize>)> = speakers
                .iter()
                .enumerate()
                .map(|(at, speaker)| (like(&voice.sound, speaker), Some(at)))
                .collect();
            all.sort_by(|one, other| other.0.total_cmp(&one.0));
            all.truncate(VOICES);
            // Having no speaker is worse than the most unlike one.
            all.push((-2.0, None));
            all
        })
        .collect();
    best(&likeliest, &mut Vec::new()).1
}

/// The best sum, and the choice of each voice from `taken.len()` on.
fn best(
    likeliest: &[Vec<(f32, Option<usize>)>],
    taken: &mut Vec<Option<usize>>,
) -> (f32, Vec<Option<usize>>) {
    let Some(choices) = likeliest.get(taken.len()) else { return (0.0, taken.clone()) };
    let mut found = (f32::NEG_INFINITY, Vec::new());
    for (likeness, speaker) in choices {
        if speaker.is_some() && taken.contains(speaker) {
            continue;
        }
        taken.push(*speaker);
        let (rest, chosen) = best(likeliest, taken);
        taken.pop();
        if likeness + rest > found.0 {
            found = (likeness + rest, chosen);
        }
    }
    found
}

/// The cosine between a sound of length 1 and the middle of a speaker's.
fn like(sound: &[f32], speaker: &[f32]) -> f32 {
    let length = speaker.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-12);
    sound.iter().zip(speaker).map(|(a, b)| a * b).sum::<f32>() / length
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
            let frames = LEVEL_WINDOW_SECONDS * SAMPLE_RATE as usize;
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

/// Joins turns of one speaker that touch, drops blinks, and numbers the speakers by first appearance.
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

    fn voice(sound: [f32; 2], frames_alone: usize) -> Voice {
        Voice { active: vec![true; FRAMES], frames_alone, sound: sound.to_vec() }
    }

    #[test]
    fn turns_are_joined_cleaned_and_numbered() {
        let turn = |start_ms, end_ms, speaker| SpeakerTurn { start_ms, end_ms, speaker };
        let raw =
            vec![turn(5_000, 6_000, 4), turn(1_000, 2_000, 7), turn(2_080, 3_000, 7), turn(3_500, 3_550, 4)];
        assert_eq!(tidy(raw), [turn(1_000, 3_000, 0), turn(5_000, 6_000, 1)]);
    }

    #[test]
    fn windows_cover_a_recording_to_its_end() {
        let seconds = |samples: u64| starts(samples).iter().map(|start| start / 16_000).collect::<Vec<_>>();
        assert_eq!(seconds(16_000 * 15), [0, 2, 4, 5]);
        assert_eq!(seconds(16_000 * 14), [0, 2, 4]);
        assert_eq!(seconds(16_000 * 3), [0]);
        assert!(seconds(0).is_empty());
    }

    #[test]
    fn two_voices_of_a_window_are_two_speakers() {
        let speakers = [vec![1.0, 0.0], vec![0.0, 1.0]];
        // Both are most like the first speaker; the second voice is less unlike the other.
        let voices = [voice([1.0, 0.0], 90), voice([0.8, 0.6], 90)];
        assert_eq!(assign(&voices, &speakers), [Some(0), Some(1)]);
        assert_eq!(assign(&voices, &speakers[..1]), [Some(0), None]);
        assert_eq!(assign(&voices, &[]), [None, None]);
    }

    #[test]
    fn a_voice_that_says_little_makes_no_speaker_unless_all_do() {
        let windows = [
            Window { start: 0, voices: vec![voice([1.0, 0.0], 90)] },
            Window { start: 1, voices: vec![voice([0.0, 1.0], 20)] },
        ];
        assert_eq!(tell_apart(&windows), [vec![Some(0)], vec![Some(0)]]);
        assert_eq!(tell_apart(&windows[1..]), [vec![Some(0)]]);
        assert!(tell_apart(&[]).is_empty());
    }
}
