//! Files that lie, and children that must be stopped.

use std::time::{Duration, Instant};

use memoreel_media::{EncodingPlan, Ffmpeg, Limits, MediaError, ladder};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, is_empty, sample};

async fn refusal(bench: &Bench, path: &std::path::Path) -> MediaError {
    bench.ffmpeg.probe(path, &bench.control).await.expect_err("not a recording")
}

#[tokio::test]
async fn files_that_are_no_recording_are_refused_in_words() {
    let bench = Bench::new().await;
    let write = |name: &str, bytes: &[u8]| {
        let path = bench.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let whole = std::fs::read(sample("lecture.mov")).unwrap();
    let cases = [
        (write("zero.mp4", b""), "media_empty", "The file is empty"),
        (
            write("text.mp4", b"Dear all,\nplease find attached\n"),
            "media_unreadable",
            "looks like text/plain",
        ),
        (write("noise.mp4", &[0xA7; 5_000]), "media_unreadable", "not a video or sound recording"),
        (write("cut.mp4", &whole[..2_000]), "media_damaged", "cut off"),
    ];
    for (path, code, words) in cases {
        let error = refusal(&bench, &path).await;
        assert_eq!(error.code(), code, "{}: {error}", path.display());
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.is_permanent());
    }
}

#[tokio::test]
async fn a_file_that_is_absent_is_worth_a_retry() {
    let bench = Bench::new().await;
    let error = refusal(&bench, &bench.path("absent.mp4")).await;
    assert_eq!((error.code(), error.is_permanent()), ("media_failed", false));
}

#[tokio::test]
async fn playlists_and_scripts_that_name_other_files_are_refused() {
    let bench = Bench::new().await;
    let secret = bench.path("secret.mp4");
    std::fs::copy(sample("video-call.mp4"), &secret).unwrap();
    let secret = secret.display();
    let texts = [
        format!("#EXTM3U\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile {secret}\n"),
        // With a byte no text holds, so that content sniffing lets it through to ffmpeg.
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#\u{1}\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n"),
        "ffconcat version 1.0\n#\u{1}\nfile secret.mp4\n".to_owned(),
    ];
    for (number, text) in texts.iter().enumerate() {
        let path = bench.path(&format!("list{number}.mp4"));
        std::fs::write(&path, text).unwrap();
        let error = refusal(&bench, &path).await;
        assert_eq!(error.code(), "media_unreadable", "{error}");
    }
}

#[tokio::test]
async fn names_cannot_be_taken_for_options_protocols_or_patterns() {
    let bench = Bench::new().await;
    let odd = bench.path("-i %05d concat:a|b 'ü.mp4");
    std::fs::copy(sample("video-call.mp4"), &odd).unwrap();
    let probe = bench.probe(&odd).await;
    let out = bench.out("%03d out");
    bench.ffmpeg.package_instantly(&odd, &probe, None, &out, &bench.control).await.unwrap();
    assert!(out.join("source/media.m3u8").is_file());
}

#[tokio::test]
async fn pictures_and_durations_beyond_the_limits_are_refused() {
    let limits = Limits { pixels_max: 100 * 100, duration_ms_max: 5_000, ..Limits::default() };
    let bench = Bench::limited(limits).await;
    let wide = refusal(&bench, &sample("video-call.mp4")).await;
    assert_eq!(wide.code(), "media_too_large");
    assert!(wide.to_string().contains("1280 by 720"), "{wide}");
    let long = refusal(&bench, &sample("sonnet.mp3")).await;
    assert_eq!(long.code(), "media_too_large");
}

#[tokio::test]
async fn a_cut_off_recording_is_encoded_as_far_as_it_goes() {
    let bench = Bench::new().await;
    let whole = bench.make(
        "whole.mp4",
        "-f lavfi -i testsrc2=s=320x180:d=10 -f lavfi -i sine=d=10 -c:v libx264 -c:a aac -movflags +faststart",
    );
    let mut bytes = std::fs::read(&whole).unwrap();
    bytes.truncate(bytes.len() / 2);
    let cut = bench.path("cut.mp4");
    std::fs::write(&cut, bytes).unwrap();
    let probe = bench.probe(&cut).await;
    let out = bench.out("out");
    let variants = bench
        .ffmpeg
        .encode_ladder(&cut, &probe, &ladder(&probe, None, &EncodingPlan::default()), &out, &bench.control)
        .await
        .unwrap();
    assert!((2_000..8_000).contains(&variants[0].duration_ms), "{}", variants[0].duration_ms);
}

#[tokio::test]
async fn a_picture_that_cannot_be_decoded_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let whole =
        bench.make("whole.mp4", "-f lavfi -i testsrc2=s=320x180:d=2 -c:v libx264 -movflags +faststart");
    let mut bytes = std::fs::read(&whole).unwrap();
    let start = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    bytes[start..].fill(0x55);
    let broken = bench.path("broken.mp4");
    std::fs::write(&broken, bytes).unwrap();
    let probe = bench.probe(&broken).await;
    let out = bench.out("out");
    let encoded = bench
        .ffmpeg
        .encode_ladder(&broken, &probe, &ladder(&probe, None, &EncodingPlan::default()), &out, &bench.control)
        .await;
    assert_eq!(encoded.unwrap_err().code(), "media_damaged");
    let poster = bench.ffmpeg.poster(&broken, &probe, &out, &bench.control).await;
    assert_eq!(poster.unwrap_err().code(), "media_damaged");
    let board = bench.ffmpeg.storyboard(&broken, &probe, &out, &bench.control).await;
    assert_eq!(board.unwrap_err().code(), "media_damaged");
    assert!(is_empty(&out));
}

/// A recording that takes far longer to encode than any test waits.
async fn endless(bench: &Bench) -> (std::path::PathBuf, memoreel_media::Probe) {
    let input = bench.make(
        "endless.mp4",
        "-f lavfi -i testsrc2=s=1280x720:r=30:d=40 -c:v libx264 -preset ultrafast -tune zerolatency -crf 40",
    );
    let probe = bench.probe(&input).await;
    (input, probe)
}

/// The programs of the processes whose command line names `path`.
fn programs_on(path: &std::path::Path) -> Vec<String> {
    let wanted = path.to_str().expect("readable");
    std::fs::read_dir("/proc")
        .expect("readable")
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("cmdline")).ok())
        .filter(|line| line.contains(wanted))
        .map(|line| line.split('\0').next().unwrap_or_default().to_owned())
        .collect()
}

fn children_on(path: &std::path::Path) -> usize {
    programs_on(path).len()
}

/// Waits until an encoder reads `path`, which takes a busy machine a while; a probe comes and goes before it.
async fn encoder_on(path: &std::path::Path) {
    let begun = Instant::now();
    while !programs_on(path).iter().any(|program| program.ends_with("ffmpeg")) {
        assert!(begun.elapsed() < Duration::from_secs(30), "no encoder is started");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn cancelling_and_running_out_of_time_stop_the_child_and_clear_the_folder() {
    let bench = Bench::new().await;
    let (input, probe) = endless(&bench).await;
    let rungs = ladder(&probe, None, &EncodingPlan::default());
    let out = bench.out("out");

    let cancel = CancellationToken::new();
    let control = memoreel_media::Control::cancelled_by(cancel.clone());
    let mut cancelled = None;
    let (encoded, ()) =
        tokio::join!(bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &control), async {
            encoder_on(&input).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            cancelled = Some(Instant::now());
            cancel.cancel();
        });
    assert_eq!(encoded.unwrap_err().code(), "media_cancelled");
    assert!(cancelled.is_some_and(|at| at.elapsed() < Duration::from_secs(5)));
    assert_eq!(children_on(&input), 0);
    assert!(is_empty(&out));

    let hurried = Limits { wall_time: Duration::from_millis(500), slowness_max: 0, ..Limits::default() };
    let hurried = bench.ffmpeg.with_limits(hurried);
    let error = hurried.encode_ladder(&input, &probe, &rungs, &out, &bench.control).await.unwrap_err();
    assert_eq!((error.code(), error.is_permanent()), ("media_timeout", false));
    assert_eq!(children_on(&input), 0);
    assert!(is_empty(&out));
}

#[tokio::test]
async fn work_on_a_recording_may_take_longer_the_longer_that_lasts_while_it_gets_on() {
    let bench = Bench::new().await;
    let input = sample("sonnet.mp3");
    let probe = bench.probe(&input).await;
    let (calm, out) = (Limits::default(), bench.out("out"));
    let hurried = Limits { wall_time: Duration::from_millis(1), ..calm };
    let speech = async |limits: Limits| {
        let ffmpeg = bench.ffmpeg.with_limits(limits);
        ffmpeg.extract_audio(&input, &probe, memoreel_media::SpeechChannels::Mono, &out, &bench.control).await
    };
    speech(hurried.clone()).await.unwrap();
    let at_most_at_once = speech(Limits { slowness_max: 0, ..hurried.clone() }).await;
    let without_a_pause = speech(Limits { stall_time: Duration::from_millis(1), ..hurried }).await;
    for stopped in [at_most_at_once, without_a_pause] {
        let error = stopped.unwrap_err();
        assert_eq!((error.code(), error.is_permanent()), ("media_timeout", false));
    }
}

#[tokio::test]
async fn dropping_the_call_kills_the_child() {
    let bench = Bench::new().await;
    let (input, probe) = endless(&bench).await;
    let out = bench.out("out");
    let rungs = ladder(&probe, None, &EncodingPlan::default());
    let call = bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &bench.control);
    assert!(tokio::time::timeout(Duration::from_millis(700), call).await.is_err());
    let patience = Instant::now();
    while children_on(&input) > 0 {
        assert!(patience.elapsed() < Duration::from_secs(3), "the child lives on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_result_beyond_the_size_limit_is_refused_and_removed() {
    let limits = Limits { output_bytes_max: 100_000, ..Limits::default() };
    let bench = Bench::limited(limits).await;
    let input = sample("sonnet.mp3");
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let error = bench
        .ffmpeg
        .extract_audio(&input, &probe, memoreel_media::SpeechChannels::Mono, &out, &bench.control)
        .await
        .unwrap_err();
    assert!(matches!(error, MediaError::OutputTooLarge { .. }), "{error}");
    assert_eq!(error.code(), "media_too_large");
    assert!(is_empty(&out));
}

#[tokio::test]
async fn a_recording_that_needs_more_memory_than_allowed_is_refused() {
    let bench = Bench::new().await;
    let (input, probe) = endless(&bench).await;
    let starved = bench.ffmpeg.with_limits(Limits { memory_bytes: 100 << 20, ..Limits::default() });
    let out = bench.out("out");
    let error = starved
        .encode_ladder(&input, &probe, &ladder(&probe, None, &EncodingPlan::default()), &out, &bench.control)
        .await
        .unwrap_err();
    // Encoders do not all say that memory was the reason.
    assert!(matches!(error.code(), "media_too_large" | "media_failed"), "{error} {:?}", error.detail());
    assert!(is_empty(&out));
}

#[tokio::test]
async fn a_missing_tool_is_named_with_what_to_do() {
    let error = Ffmpeg::at("/nonexistent/ffmpeg".into(), "/nonexistent/ffprobe".into(), Limits::default())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.is_permanent()), ("media_tool_missing", false));
    assert!(error.to_string().contains("Install ffmpeg"), "{error}");
}

/// Runs itself once more as the parent, which knows its input from the environment.
#[tokio::test]
async fn a_killed_parent_leaves_no_child_behind() {
    const INPUT: &str = "MEDIA_TEST_INPUT";
    if let Some(input) = std::env::var_os(INPUT) {
        let bench = Bench::new().await;
        let probe = bench.probe(input.as_ref()).await;
        let rungs = ladder(&probe, None, &EncodingPlan::default());
        let _ = bench
            .ffmpeg
            .encode_ladder(input.as_ref(), &probe, &rungs, &bench.out("out"), &bench.control)
            .await;
        return;
    }
    let bench = Bench::new().await;
    let (input, _) = endless(&bench).await;
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::a_killed_parent_leaves_no_child_behind"])
        .env(INPUT, &input)
        .spawn()
        .unwrap();
    encoder_on(&input).await;
    parent.kill().unwrap();
    parent.wait().unwrap();
    let patience = Instant::now();
    while children_on(&input) > 0 {
        assert!(patience.elapsed() < Duration::from_secs(3), "the child lives on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
