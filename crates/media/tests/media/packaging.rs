//! Instant packaging: the picture is the very same, cut into pieces.

use memoreel_media::{NotInstant, Packaging, Variant, master_playlist};

use crate::support::{Bench, files, is_empty, packet_times, sample, stream};

async fn packaged(bench: &Bench, input: &std::path::Path, out: &std::path::Path) -> Packaging {
    let probe = bench.probe(input).await;
    bench.ffmpeg.package_instantly(input, &probe, None, out, &bench.control).await.expect("packaging works")
}

fn variant(packaging: Packaging) -> Variant {
    match packaging {
        Packaging::Packaged(variant) => variant,
        other => panic!("not packaged: {other:?}"),
    }
}

#[tokio::test]
async fn an_h264_call_is_playable_without_encoding() {
    let bench = Bench::new().await;
    let (input, out) = (sample("lecture.mov"), bench.out("out"));
    let variant = variant(packaged(&bench, &input, &out).await);
    assert_eq!(variant.name, "source");
    assert!(
        variant.codecs.starts_with("avc1.") && variant.codecs.ends_with(",mp4a.40.2"),
        "{}",
        variant.codecs
    );
    assert!(variant.bandwidth_peak >= variant.bandwidth_average && variant.bandwidth_average > 50_000);
    let playlist = out.join("source/media.m3u8");
    assert_eq!(packet_times(&playlist, "v", "").len(), packet_times(&input, "v", "").len());
    assert_eq!(stream(&playlist, "video")["profile"], stream(&input, "video")["profile"]);
    let listed = std::fs::read_to_string(&playlist).unwrap().matches("segment-").count();
    assert_eq!(listed, variant.segment_count as usize);
    assert_eq!(files(&out).len(), listed + 2);
    let probe = bench.probe(&input).await;
    assert!(
        variant.duration_ms.abs_diff(probe.duration_ms) < 250,
        "{} {}",
        variant.duration_ms,
        probe.duration_ms
    );
}

#[tokio::test]
async fn packaging_twice_gives_the_same_files() {
    let bench = Bench::new().await;
    let (one, two) = (bench.out("one"), bench.out("two"));
    let first = variant(packaged(&bench, &sample("video-call.mp4"), &one).await);
    let second = variant(packaged(&bench, &sample("video-call.mp4"), &two).await);
    assert_eq!(first, second);
    assert_eq!(files(&one), files(&two));
}

#[tokio::test]
async fn sound_that_starts_later_than_the_picture_stays_late() {
    let bench = Bench::new().await;
    let late = bench.make(
        "late.mp4",
        "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -itsoffset 0.8 -f lavfi -i sine=d=3 -c:v libx264 -c:a aac",
    );
    let out = bench.out("out");
    variant(packaged(&bench, &late, &out).await);
    let segment = std::fs::read(out.join("source/segment-00000.m4s")).unwrap();
    let init = out.join("source/init.mp4");
    let scale = |kind| {
        let base =
            stream(&init, kind)["time_base"].as_str().unwrap().split_once('/').unwrap().1.parse::<f64>();
        base.unwrap()
    };
    // Where each track starts, as players without edit lists see it: `tfdt`, version 1.
    let starts: Vec<u64> = segment
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window == b"tfdt")
        .map(|(at, _)| u64::from_be_bytes(segment[at + 8..at + 16].try_into().unwrap()))
        .collect();
    let apart = starts[1] as f64 / scale("audio") - starts[0] as f64 / scale("video");
    assert!((0.74..0.86).contains(&apart), "sound starts {apart} s after the picture");
}

#[tokio::test]
async fn segments_of_a_recording_with_wrong_packet_durations_are_as_long_as_they_play() {
    let bench = Bench::new().await;
    // Matroska without a picture rate: every packet claims to last as long as ffmpeg guesses.
    let input = bench.make(
        "uneven.mkv",
        "-f lavfi -i testsrc2=s=160x90:r=30:d=20 -vf select='not(mod(n,9))+between(t,3,4)' -fps_mode vfr \
         -enc_time_base 1:1000 -c:v libx264 -pix_fmt yuv420p -force_key_frames expr:gte(t,n_forced*2)",
    );
    let out = bench.out("out");
    let variant = variant(packaged(&bench, &input, &out).await);
    assert!((19_500..20_500).contains(&variant.duration_ms), "{}", variant.duration_ms);
    let playlist = std::fs::read_to_string(out.join("source/media.m3u8")).unwrap();
    let lengths: Vec<f64> = playlist
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse().ok())
        .collect();
    assert_eq!(lengths.len(), 4);
    assert!(lengths[..3].iter().all(|length| (5.5..6.7).contains(length)), "{lengths:?}");
}

#[tokio::test]
async fn sound_that_is_not_aac_is_encoded_beside_a_copied_picture() {
    let bench = Bench::new().await;
    let input = bench.make(
        "screen.mkv",
        "-f lavfi -i testsrc2=s=320x180:d=3 -f lavfi -i sine=d=3 -c:v libx264 -pix_fmt yuv420p -c:a libopus",
    );
    let out = bench.out("out");
    let variant = variant(packaged(&bench, &input, &out).await);
    assert!(variant.codecs.ends_with(",mp4a.40.2"), "{}", variant.codecs);
    assert_eq!(packet_times(&out.join("source/media.m3u8"), "v", "").len(), 75);
}

#[tokio::test]
async fn what_browsers_do_not_play_is_left_to_the_ladder_and_writes_nothing() {
    let bench = Bench::new().await;
    let source = "-f lavfi -i testsrc2=s=160x90:d=1";
    let flat = bench.make("flat.mp4", &format!("{source} -c:v libx264 -pix_fmt yuv420p"));
    let cases = [
        (bench.make("vp9.webm", &format!("{source} -c:v libvpx-vp9")), NotInstant::Codec),
        (bench.make("deep.mp4", &format!("{source} -c:v libx264 -pix_fmt yuv420p10le")), NotInstant::Codec),
        (bench.make("full.mp4", &format!("{source} -c:v libx264 -pix_fmt yuv444p")), NotInstant::Codec),
        (bench.turned("turned.mp4", &flat), NotInstant::Rotation),
        (
            bench
                .make("long.mp4", "-f lavfi -i color=s=64x64:r=5:d=40 -c:v libx264 -pix_fmt yuv420p -g 1000"),
            NotInstant::KeyFrames,
        ),
    ];
    for (number, (input, reason)) in cases.into_iter().enumerate() {
        let out = bench.out(&format!("out{number}"));
        assert_eq!(
            packaged(&bench, &input, &out).await,
            Packaging::NotInstant(reason),
            "{}",
            input.display()
        );
        assert!(is_empty(&out));
    }
}

#[tokio::test]
async fn speech_alone_is_packaged_as_aac() {
    let bench = Bench::new().await;
    let out = bench.out("out");
    let variant = variant(packaged(&bench, &sample("two-voices.wav"), &out).await);
    assert_eq!((variant.name.as_str(), variant.codecs.as_str()), ("audio", "mp4a.40.2"));
    assert!(variant.video.is_none());
    assert!((19_500..20_500).contains(&variant.duration_ms), "{}", variant.duration_ms);
    assert_eq!(variant.segment_count, 4);
    let master = master_playlist(&[variant]);
    assert!(master.contains("CODECS=\"mp4a.40.2\"\naudio/media.m3u8\n"), "{master}");
    assert!(!master.contains("RESOLUTION"));
}

#[tokio::test]
async fn aac_sound_alone_is_copied() {
    let bench = Bench::new().await;
    let input = bench.make("voice.m4a", "-f lavfi -i sine=d=5 -c:a aac -b:a 48k -ar 16000 -ac 1");
    let out = bench.out("out");
    variant(packaged(&bench, &input, &out).await);
    assert_eq!(stream(&out.join("audio/media.m3u8"), "audio")["sample_rate"], "16000");
}

#[tokio::test]
async fn sound_that_outlasts_the_picture_counts_in_the_duration() {
    let bench = Bench::new().await;
    let input = bench.make(
        "camera-off.mp4",
        "-f lavfi -i testsrc2=s=160x90:d=3 -f lavfi -i sine=d=8 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    );
    let variant = variant(packaged(&bench, &input, &bench.out("out")).await);
    assert!((7_900..8_200).contains(&variant.duration_ms), "{}", variant.duration_ms);
}

#[tokio::test]
async fn a_picture_that_comes_later_than_the_sound_is_left_to_the_ladder() {
    let bench = Bench::new().await;
    let late = |name: &str, from: &str| {
        bench.make(
            name,
            &format!(
                "-f lavfi -i testsrc2=s=160x90:r=25:d=10 -f lavfi -i sine=d=10 -vf select='gte(t,{from})' \
                 -fps_mode vfr -c:v libx264 -pix_fmt yuv420p -c:a aac"
            ),
        )
    };
    let out = bench.out("out");
    for name in ["late.mp4", "late.mkv", "late.ts"] {
        let input = late(name, "0.72");
        let late_ms = bench.probe(&input).await.video.unwrap().late_ms;
        assert!((650..850).contains(&late_ms), "{name}: {late_ms}");
        assert_eq!(packaged(&bench, &input, &out).await, Packaging::NotInstant(NotInstant::TimeStamps));
        assert!(is_empty(&out));
    }
    // A few pictures later is no matter.
    variant(packaged(&bench, &late("almost.mp4", "0.08"), &out).await);
}

#[tokio::test]
async fn a_recording_that_is_cut_off_is_left_to_the_ladder() {
    let bench = Bench::new().await;
    let whole = bench.make(
        "whole.mp4",
        "-f lavfi -i testsrc2=s=320x180:d=10 -c:v libx264 -pix_fmt yuv420p -g 25 -movflags +faststart",
    );
    let mut bytes = std::fs::read(&whole).unwrap();
    bytes.truncate(bytes.len() / 2);
    let cut = bench.path("cut.mp4");
    std::fs::write(&cut, bytes).unwrap();
    let out = bench.out("out");
    assert_eq!(packaged(&bench, &cut, &out).await, Packaging::NotInstant(NotInstant::TimeStamps));
    assert!(is_empty(&out));
}
