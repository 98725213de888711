//! Waveforms and sound for speech recognition.

use memoreel_media::{MediaError, SpeechChannels};

use crate::support::{Bench, is_empty, sample, stream};

#[tokio::test]
async fn the_waveform_follows_loud_and_silent_parts() {
    let bench = Bench::new().await;
    let input = bench.make(
        "steps.wav",
        "-f lavfi -i aevalsrc='if(lt(t,2),0,0.5*sin(2*PI*440*t))':d=4:s=16000 -c:a pcm_s16le",
    );
    let probe = bench.probe(&input).await;
    let waveform = bench.ffmpeg.waveform(&input, &probe, &bench.control).await.unwrap();
    assert_eq!(waveform.duration_ms, 4_000);
    assert_eq!(waveform.peaks_per_second, 100.0);
    assert_eq!(waveform.peaks.len(), 400);
    assert!(waveform.peaks[..195].iter().all(|&peak| peak < 0.01));
    assert!(waveform.peaks[205..].iter().all(|&peak| (0.45..0.55).contains(&peak)));
}

#[tokio::test]
async fn speech_is_extracted_as_one_channel_at_16_khz_with_its_loudness() {
    let bench = Bench::new().await;
    let input = sample("video-call.mp4");
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let speech =
        bench.ffmpeg.extract_audio(&input, &probe, SpeechChannels::Mono, &out, &bench.control).await.unwrap();
    let facts = stream(&speech.path, "audio");
    assert_eq!((&facts["codec_name"], &facts["sample_rate"]), (&"pcm_s16le".into(), &"16000".into()));
    assert_eq!(facts["channels"], 1);
    assert!(speech.duration_ms.abs_diff(probe.duration_ms) < 150, "{}", speech.duration_ms);
}

#[tokio::test]
async fn a_stereo_call_keeps_one_speaker_per_channel_when_asked() {
    let bench = Bench::new().await;
    let input = bench.make(
        "stereo.m4a",
        "-f lavfi -i sine=frequency=300:d=3 -f lavfi -i anullsrc=r=44100:cl=mono:d=3 -filter_complex amerge -c:a aac",
    );
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let speech =
        bench.ffmpeg.extract_audio(&input, &probe, SpeechChannels::Both, &out, &bench.control).await.unwrap();
    assert_eq!(speech.channels, 2);
    let bytes = std::fs::read(&speech.path).unwrap();
    let loudest = |channel: usize| {
        let frames = bytes[64_000..].as_chunks::<4>().0;
        frames.iter().map(|f| i16::from_le_bytes([f[2 * channel], f[2 * channel + 1]]).unsigned_abs()).max()
    };
    assert!(loudest(0) > Some(3_000) && loudest(1) < Some(200), "{:?} {:?}", loudest(0), loudest(1));
}

#[tokio::test]
async fn sound_that_starts_late_begins_with_silence_so_that_times_stay_right() {
    let bench = Bench::new().await;
    let late = bench.make(
        "late.mp4",
        "-f lavfi -i testsrc2=s=64x64:d=4 -itsoffset 1.5 -f lavfi -i sine=d=2 -c:v libx264 -c:a aac",
    );
    let probe = bench.probe(&late).await;
    let waveform = bench.ffmpeg.waveform(&late, &probe, &bench.control).await.unwrap();
    let first =
        waveform.peaks.iter().position(|&peak| peak > 0.05).unwrap() as f64 / waveform.peaks_per_second;
    assert!((1.45..1.6).contains(&first), "sound begins at {first} s");
}

#[tokio::test]
async fn a_silent_film_has_no_sound_to_extract() {
    let bench = Bench::new().await;
    let film = bench.make("film.mp4", "-f lavfi -i testsrc2=s=64x64:d=1 -c:v libx264");
    let probe = bench.probe(&film).await;
    let out = bench.out("out");
    let refused = bench.ffmpeg.extract_audio(&film, &probe, SpeechChannels::Mono, &out, &bench.control).await;
    assert!(matches!(refused, Err(MediaError::NoSound)));
    assert!(matches!(bench.ffmpeg.waveform(&film, &probe, &bench.control).await, Err(MediaError::NoSound)));
    assert!(is_empty(&out));
}
