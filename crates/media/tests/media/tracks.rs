//! Sound in other languages, and subtitles: they are in time with what a recording is played with.

#![expect(clippy::unwrap_used, reason = "where a helper fails, its test has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use memoreel_media::{EncodingPlan, NamedTrack, Packaging, TargetLoudness, TrackKind, WantedTrack, ladder};

use crate::support::{Bench, files, is_empty, loudness, stream};

/// Eight seconds with two sounds that begin at the third, and the subtitles of `text`.
fn recorded(bench: &Bench, name: &str, text: &str) -> PathBuf {
    let subtitles = bench.path("said.srt");
    std::fs::write(&subtitles, text).unwrap();
    let tone = |hertz| format!("-f lavfi -i aevalsrc='if(lt(t,3),0,0.5*sin(2*PI*{hertz}*t))':d=8");
    let (low, high) = (tone(440), tone(880));
    bench.make(
        name,
        &format!(
            "-f lavfi -i testsrc2=s=320x180:r=25:d=8 {low} {high} -i {} -map 0 -map 1 -map 2 -map 3 -c:v libx264 -c:a aac \
             -c:s srt -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -metadata:s:a:1 title=Kommentar \
             -metadata:s:s:0 language=fre -disposition:s:0 forced",
            subtitles.display()
        ),
    )
}

/// As loud as they are.
fn plain(tracks: &[NamedTrack]) -> Vec<WantedTrack> {
    tracks.iter().cloned().map(WantedTrack::from).collect()
}

/// When the silence ends that something begins with, in seconds of its own time.
fn sound_begins(path: &Path) -> f64 {
    let answer = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-copyts", "-i"])
        .arg(path)
        .args(["-map", "0:a:0", "-af", "silencedetect=n=-40dB:d=1", "-f", "null", "-"])
        .output()
        .unwrap();
    let report = String::from_utf8(answer.stderr).unwrap();
    let (_, told) = report.split_once("silence_end: ").unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn other_sounds_and_subtitles_are_in_time_with_the_pictures() {
    let bench = Bench::new().await;
    let input = recorded(&bench, "two.mkv", "1\n00:00:02,000 --> 00:00:04,500\n<b>Bonjour</b>\n");
    let probe = bench.probe(&input).await;
    let tracks = probe.other_tracks();
    let told = |track: &NamedTrack| {
        (track.name(), track.label.language.clone().unwrap(), track.label.title.clone(), track.is_forced)
    };
    assert_eq!(
        tracks.iter().map(told).collect::<Vec<_>>(),
        [
            ("sound-2".to_owned(), "de".to_owned(), Some("Kommentar".to_owned()), false),
            ("subtitles-3".to_owned(), "fr".to_owned(), None, true)
        ]
    );
    assert_eq!(probe.audio.as_ref().unwrap().label().language.as_deref(), Some("en"));

    let out = bench.out("out");
    let rungs = ladder(&probe, None, &EncodingPlan::default());
    let versions = bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &bench.control).await.unwrap();
    let start_us = versions[0].start_us;
    assert!(start_us > 0, "pictures that are stored in another order begin later");
    let wanted = plain(&tracks);
    let written =
        bench.ffmpeg.write_tracks(&input, &probe, &wanted, start_us, &out, &bench.control).await.unwrap();
    assert_eq!(written.len(), 2);
    let sound = written[0].sound.as_ref().unwrap();
    assert_eq!((sound.codecs.as_str(), sound.name.as_str()), ("mp4a.40.2", "sound-2"));
    assert!(sound.duration_ms.abs_diff(8_000) < 100, "{sound:?}");
    let playlist = out.join("sound-2/media.m3u8");
    assert_eq!(stream(&playlist, "video"), serde_json::Value::Null);
    let (other, plain) = (sound_begins(&playlist), sound_begins(&out.join("180p/media.m3u8")));
    assert!((other - plain).abs() < 0.03, "{other} {plain}");
    let text = std::fs::read_to_string(out.join("subtitles-3.vtt")).unwrap();
    assert!(text.starts_with("WEBVTT") && text.contains("\n00:02.0"), "{text}");
    assert!(text.contains("Bonjour"), "{text}");
}

#[tokio::test]
async fn pictures_of_every_version_begin_together_so_that_any_goes_with_the_sound_of_another() {
    let bench = Bench::new().await;
    for (name, order) in [("in-order.mp4", "-bf 0"), ("reordered.mp4", "-bf 2")] {
        let input = bench.make(
            name,
            &format!(
                "-f lavfi -i testsrc2=s=854x480:r=15:d=4 -f lavfi -i sine=d=4 -c:v libx264 -preset ultrafast -g 30 {order} \
                 -pix_fmt yuv420p -c:a aac"
            ),
        );
        let probe = bench.probe(&input).await;
        let out = bench.out(order);
        let packaged =
            bench.ffmpeg.package_instantly(&input, &probe, None, &out, &bench.control).await.unwrap();
        let Packaging::Packaged(source) = packaged else { panic!("{packaged:?}") };
        let rungs = ladder(&probe, Some(&source), &EncodingPlan::default());
        let versions =
            bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &bench.control).await.unwrap();
        assert!(!versions.is_empty());
        for version in &versions {
            assert!(version.start_us.abs_diff(source.start_us) < 5_000, "{name}: {version:?} {source:?}");
        }
    }
}

#[tokio::test]
async fn every_version_and_every_sound_is_as_loud_as_is_wanted() {
    let bench = Bench::new().await;
    let input = bench.make(
        "quiet-and-loud.mp4",
        "-f lavfi -i testsrc2=s=854x480:r=25:d=8 -f lavfi -i sine=f=500:d=8,volume=-12dB -f lavfi -i sine=f=800:d=8,volume=14dB \
         -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac",
    );
    let probe = bench.probe(&input).await;
    let target = TargetLoudness::new(-20).unwrap();
    let levelling = bench.ffmpeg.levelling(&input, &probe, target, &bench.control).await.unwrap();
    let out = bench.out("out");
    let packaged = bench
        .ffmpeg
        .package_instantly(&input, &probe, levelling.as_ref(), &out, &bench.control)
        .await
        .unwrap();
    let Packaging::Packaged(source) = packaged else { panic!("{packaged:?}") };
    let rungs = ladder(&probe, Some(&source), &EncodingPlan::default()).levelled(levelling.clone());
    assert!(!rungs.copies_audio && !rungs.rungs.is_empty());
    bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &bench.control).await.unwrap();
    let mut tracks = Vec::new();
    for track in probe.other_tracks() {
        let (ffmpeg, control) = (&bench.ffmpeg, &bench.control);
        tracks.push(ffmpeg.levelled_track(&input, &probe, track, Some(target), control).await.unwrap());
    }
    bench.ffmpeg.write_tracks(&input, &probe, &tracks, source.start_us, &out, &bench.control).await.unwrap();
    for name in ["source", "360p", "sound-2"] {
        let lufs = loudness(&out.join(name).join("media.m3u8"));
        assert!((lufs + 20.0).abs() < 1.0, "{name}: {lufs}, was {levelling:?}");
    }
}

#[tokio::test]
async fn subtitles_that_say_nothing_are_left_out_and_what_is_not_there_leaves_nothing() {
    let bench = Bench::new().await;
    let input = recorded(&bench, "quiet.mkv", "1\n00:00:02,000 --> 00:00:04,500\n \n");
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let tracks = probe.other_tracks();
    let wanted = plain(&tracks);
    let written = bench.ffmpeg.write_tracks(&input, &probe, &wanted, 0, &out, &bench.control).await.unwrap();
    let said: Vec<TrackKind> = written.iter().map(|track| track.kind).collect();
    assert_eq!(said, [TrackKind::Sound], "{:?}", files(&out));

    let nowhere = bench.out("nowhere");
    let missing = plain(&[NamedTrack { index: 9, ..tracks[0].clone() }]);
    let refused = bench.ffmpeg.write_tracks(&input, &probe, &missing, 0, &nowhere, &bench.control).await;
    assert!(refused.is_err() && is_empty(&nowhere), "{refused:?}");
}
