//! Waveforms and sound for speech recognition.

use memoreel_media::{MediaError, SoundFormat, SpeechChannels, TargetLoudness};

use crate::support::{Bench, is_empty, loudness, sample, stream};

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

#[tokio::test]
async fn sound_becomes_files_that_last_as_long_as_the_recording() {
    let bench = Bench::new().await;
    let input = sample("video-call.mp4");
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    for (format, codec) in [(SoundFormat::Mp3, "mp3"), (SoundFormat::Opus, "opus")] {
        let made =
            bench.ffmpeg.encode_sound(&input, &probe, format, None, &out, &bench.control).await.unwrap();
        assert_eq!(made.path, out.join(format!("sound.{codec}")));
        assert_eq!((made.channels, made.measured_lufs), (2, None));
        let facts = stream(&made.path, "audio");
        assert_eq!((&facts["codec_name"], &facts["channels"]), (&codec.into(), &2.into()));
        let lasts: f64 = facts["duration"].as_str().unwrap().parse().unwrap();
        assert!((lasts - probe.duration_ms as f64 / 1000.0).abs() < 0.2, "{lasts}");
        assert!(stream(&made.path, "video").is_null());
    }
    let silent = bench.make("silent.mp4", "-f lavfi -i testsrc=s=64x64:d=1 -c:v libx264 -pix_fmt yuv420p");
    let probe = bench.probe(&silent).await;
    let error =
        bench.ffmpeg.encode_sound(&silent, &probe, SoundFormat::Mp3, None, &out, &bench.control).await;
    assert!(matches!(error, Err(MediaError::NoSound)), "{error:?}");
}

#[tokio::test]
async fn sound_is_brought_to_the_loudness_that_was_asked_for() {
    let bench = Bench::new().await;
    // Speech, made quiet, in which a loud moment does not clip once it is raised.
    let quiet = bench.path("quiet.wav");
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(sample("sonnet.mp3"))
        .args(["-t", "20", "-af", "volume=-18dB"])
        .arg(&quiet)
        .status()
        .unwrap();
    assert!(made.success());
    let probe = bench.probe(&quiet).await;
    let before = loudness(&quiet);
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&heard);
    let control = bench.control.clone().reporting(move |fraction| told.lock().unwrap().push(fraction));
    for (format, lufs) in [(SoundFormat::Mp3, -16), (SoundFormat::Opus, -23)] {
        let target = TargetLoudness::new(lufs);
        let out = bench.out(format.as_str());
        let made = bench.ffmpeg.encode_sound(&quiet, &probe, format, target, &out, &control).await.unwrap();
        let after = loudness(&made.path);
        assert!((after - f64::from(lufs)).abs() < 1.0, "{after} instead of {lufs}, from {before}");
        assert!((made.measured_lufs.unwrap() - before).abs() < 0.5, "{made:?} {before}");
    }
    let heard = heard.lock().unwrap().clone();
    assert!(heard.iter().any(|part| (0.05..=0.4).contains(part)) && heard.contains(&1.0), "{heard:?}");

    // Silence has no loudness to be brought to another.
    let silence = bench.make("silence.wav", "-f lavfi -i anullsrc=r=48000:cl=stereo:d=4");
    let probe = bench.probe(&silence).await;
    let out = bench.out("silence");
    let target = Some(TargetLoudness::SPEECH);
    let made = bench
        .ffmpeg
        .encode_sound(&silence, &probe, SoundFormat::Mp3, target, &out, &bench.control)
        .await
        .unwrap();
    assert_eq!(made.measured_lufs, None);
    assert!(loudness(&made.path) < -69.0);
}
