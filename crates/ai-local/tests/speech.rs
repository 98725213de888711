//! The speech engine on real recordings, with its worker as a real process.

#![expect(clippy::unwrap_used, reason = "a broken helper of a test is a failed test")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use memoreel_ai::{AiError, Diarize, DiarizeRequest, Recognition, Transcribe, TranscribeRequest, wav};
use memoreel_ai_local::{LocalSpeech, MoonshinePaths};
use memoreel_parts::Parts;
use tokio_util::sync::CancellationToken;

fn speech() -> LocalSpeech {
    let worker = env!("CARGO_BIN_EXE_memoreel-speech-worker").into();
    LocalSpeech::from_parts(vec![worker], &Parts::locate().unwrap()).unwrap()
}

/// A sample as the engines want it.
fn sample(name: &str, dir: &Path) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
    let to = dir.join("sound.wav");
    let converted = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(from)
        .args(["-vn", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le"])
        .arg(&to)
        .status()
        .unwrap();
    assert!(converted.success());
    to
}

fn write_wav(path: &Path, samples: &[i16]) {
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(&wav::header(1, samples.len() as u32 * 2)).unwrap();
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    file.write_all(&bytes).unwrap();
}

fn request(audio: &Path, identify_speakers: bool) -> TranscribeRequest<'_> {
    TranscribeRequest { audio, language: None, identify_speakers, cancel: CancellationToken::new() }
}

fn text(heard: &Recognition) -> String {
    heard.segments.iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_known_speech_is_heard_word_for_word_with_times_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("inaugural-address.mp3", dir.path());
    let told = Mutex::new(Vec::new());
    let heard =
        speech().transcribe(request(&audio, false), &|share| told.lock().unwrap().push(share)).await.unwrap();
    let words: Vec<String> = text(&heard)
        .split_whitespace()
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase())
        .collect();
    let said = "ask not what your country can do for you ask what you can do for your country";
    assert!(words.join(" ").ends_with(said), "{words:?}");
    assert_eq!(heard.language.as_deref(), Some("en"));
    assert_eq!((heard.engine.engine.as_str(), heard.engine.model.as_str()), ("moonshine", "tiny-en"));
    let all: Vec<_> = heard.segments.iter().flat_map(|segment| &segment.words).collect();
    assert_eq!(all.len(), words.len());
    assert!(all.iter().all(|word| word.interpolated && word.start_ms <= word.end_ms));
    assert!(all.windows(2).all(|pair| pair[0].start_ms <= pair[1].start_ms));
    // "ask what you can do" starts at 8.0 s.
    let second_ask = all.iter().rfind(|word| word.text.to_lowercase().starts_with("ask")).unwrap();
    assert!((7_400..8_600).contains(&second_ask.start_ms), "{second_ask:?}");
    assert!(heard.segments.iter().all(|segment| segment.end_ms <= 11_100 && segment.speaker.is_none()));
    assert_eq!(told.lock().unwrap().last(), Some(&1.0));
}

#[tokio::test]
async fn three_people_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("two-voices.wav", dir.path());
    let heard = speech().transcribe(request(&audio, true), &|_| {}).await.unwrap();
    let mut speakers: Vec<u32> = heard.segments.iter().filter_map(|segment| segment.speaker).collect();
    assert_eq!(speakers.first(), Some(&0), "numbered by first appearance");
    speakers.sort_unstable();
    speakers.dedup();
    assert_eq!(speakers, [0, 1, 2], "{:?}", heard.segments);
    let begins =
        |speaker| heard.turns.iter().find(|turn| turn.speaker == speaker).map(|turn| turn.start_ms / 1_000);
    assert_eq!([0, 1, 2].map(begins), [Some(1), Some(6), Some(12)], "{:?}", heard.turns);
}

#[tokio::test]
async fn the_same_recording_gives_the_same_text_and_speakers_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("two-voices.wav", dir.path());
    let first = speech().transcribe(request(&audio, true), &|_| {}).await.unwrap();
    let second = speech().transcribe(request(&audio, true), &|_| {}).await.unwrap();
    assert_eq!(first, second);
}

#[tokio::test]
async fn silence_and_noise_have_no_words() {
    let dir = tempfile::tempdir().unwrap();
    let audio = dir.path().join("sound.wav");
    let mut state = 1_u32;
    let mut noise = |size: i32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i32 % size - size / 2) as i16
    };
    let sounds: [Vec<i16>; 4] = [
        vec![0; 16_000 * 5],
        (0..16_000 * 8).map(|_| noise(6_000)).collect(),
        (0..16_000 * 5).map(|n| ((n as f32 * 0.05).sin() * 9_000.0) as i16).collect(),
        Vec::new(),
    ];
    for samples in sounds {
        write_wav(&audio, &samples);
        let heard = speech().transcribe(request(&audio, true), &|_| {}).await.unwrap();
        assert_eq!((text(&heard).as_str(), heard.language), ("", None));
    }
}

#[tokio::test]
async fn voices_alone_are_found_without_words() {
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("inaugural-address.mp3", dir.path());
    let request = DiarizeRequest { audio: &audio, cancel: CancellationToken::new() };
    let turns = speech().diarize(request, &|_| {}).await.unwrap();
    assert!(!turns.is_empty() && turns.iter().all(|turn| turn.speaker == 0 && turn.end_ms <= 11_100));
}

#[tokio::test]
async fn another_language_is_refused_when_it_is_known() {
    let request = TranscribeRequest { language: Some("fr"), ..request(Path::new("/none.wav"), false) };
    let error = speech().transcribe(request, &|_| {}).await.unwrap_err();
    assert_eq!((error.code(), error.is_permanent()), ("language_unsupported", true));
}

#[tokio::test]
async fn what_is_no_sound_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let audio = dir.path().join("sound.wav");
    std::fs::write(&audio, b"this is not a sound").unwrap();
    for audio in [audio.as_path(), Path::new("/none.wav")] {
        let error = speech().transcribe(request(audio, false), &|_| {}).await.unwrap_err();
        assert_eq!((error.code(), error.is_permanent()), ("audio_unreadable", true));
    }
}

#[tokio::test]
async fn a_missing_library_is_named() {
    let worker = env!("CARGO_BIN_EXE_memoreel-speech-worker").into();
    let none = MoonshinePaths {
        library: "/none/libmoonshine.so".into(),
        onnxruntime_library: "/none/libonnxruntime.so".into(),
        model_dir: "/none".into(),
    };
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("two-voices.wav", dir.path());
    let error =
        LocalSpeech::new(vec![worker], none).transcribe(request(&audio, false), &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "engine_missing");
}

#[tokio::test]
async fn a_killed_worker_is_a_crash_and_the_next_one_works() {
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("inaugural-address.mp3", dir.path());
    let pid_file = dir.path().join("pid");
    let script = format!("echo $$ > {}; exec \"$0\"", pid_file.display());
    let worker = env!("CARGO_BIN_EXE_memoreel-speech-worker");
    let command = ["/bin/sh", "-c", &script, worker].map(Into::into).to_vec();
    let speech = LocalSpeech::from_parts(command, &Parts::locate().unwrap()).unwrap();

    let killer = tokio::spawn({
        let pid_file = pid_file.clone();
        async move {
            let pid = loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                match std::fs::read_to_string(&pid_file) {
                    Ok(pid) if pid.ends_with('\n') => break pid,
                    _ => {}
                }
            };
            assert!(Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
        }
    });
    let error = speech.transcribe(request(&audio, true), &|_| {}).await.unwrap_err();
    killer.await.unwrap();
    assert!(matches!(&error, AiError::EngineCrashed { detail } if detail.contains("signal 9")), "{error:?}");
    assert!(!error.is_permanent());
    let heard = speech.transcribe(request(&audio, false), &|_| {}).await.unwrap();
    assert!(text(&heard).contains("country"));
}

#[tokio::test]
async fn cancelling_kills_the_worker_and_frees_the_turn() {
    let dir = tempfile::tempdir().unwrap();
    let audio = sample("sonnet.mp3", dir.path());
    let speech = speech();
    let request_to_cancel = request(&audio, true);
    let cancel = request_to_cancel.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    });
    let error = speech.transcribe(request_to_cancel, &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "cancelled");
    let short = sample("two-voices.wav", dir.path());
    let after =
        tokio::time::timeout(Duration::from_secs(60), speech.transcribe(request(&short, false), &|_| {}));
    assert!(!after.await.unwrap().unwrap().segments.is_empty());
}
