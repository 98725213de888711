//! Facts of recordings of every shape.

use memoreel_media::Kind;

use crate::support::{Bench, sample};

#[tokio::test]
async fn a_video_call_is_read_with_its_streams_and_duration() {
    let bench = Bench::new().await;
    let probe = bench.probe(&sample("video-call.mp4")).await;
    let video = probe.video.clone().unwrap();
    assert_eq!((video.codec.as_str(), video.width, video.height), ("h264", 1280, 720));
    assert_eq!(video.pixel_format, "yuv420p");
    assert!(video.has_square_pixels && !video.is_hdr && !video.is_interlaced);
    assert_eq!((video.color_space.as_deref(), video.bit_depth()), (Some("bt709"), Some(8)));
    let audio = probe.audio.clone().unwrap();
    assert_eq!((audio.codec.as_str(), audio.profile.as_deref()), ("aac", Some("LC")));
    assert_eq!(probe.kind(), Kind::Video);
    assert!((5_200..5_500).contains(&probe.duration_ms), "{}", probe.duration_ms);
}

#[tokio::test]
async fn speech_without_picture_is_sound_whatever_its_name() {
    let bench = Bench::new().await;
    let renamed = bench.path("holiday.mov");
    std::fs::copy(sample("inaugural-address.mp3"), &renamed).unwrap();
    let probe = bench.probe(&renamed).await;
    assert_eq!(probe.kind(), Kind::Audio);
    assert_eq!(probe.audio.unwrap().codec, "mp3");
    assert!((10_900..11_200).contains(&probe.duration_ms), "{}", probe.duration_ms);
}

#[tokio::test]
async fn a_turned_recording_has_the_size_it_is_shown_at() {
    let bench = Bench::new().await;
    let flat = bench.make("flat.mp4", "-f lavfi -i testsrc2=s=320x180:d=1 -c:v libx264 -pix_fmt yuv420p");
    let turned = bench.turned("turned.mp4", &flat);
    let video = bench.probe(&turned).await.video.unwrap();
    assert_eq!((video.width, video.height), (180, 320));
    assert_eq!((video.coded_width, video.coded_height), (320, 180));
    assert_eq!(video.rotation_degrees, 90);
    assert_eq!(video.short_side(), 180);
}

#[tokio::test]
async fn pixels_that_are_not_square_widen_the_picture() {
    let bench = Bench::new().await;
    let wide = bench.make("wide.mp4", "-f lavfi -i testsrc2=s=360x288:d=1 -vf setsar=16/9 -c:v libx264");
    let video = bench.probe(&wide).await.video.unwrap();
    assert_eq!((video.width, video.height), (640, 288));
    assert!(!video.has_square_pixels);
}

#[tokio::test]
async fn a_cover_picture_does_not_make_a_song_a_video() {
    let bench = Bench::new().await;
    let song = bench.make(
        "song.mp3",
        "-f lavfi -i sine=d=2 -f lavfi -i color=red:s=64x64:d=0.04 -map 0 -map 1 -c:v mjpeg -disposition:v attached_pic",
    );
    let probe = bench.probe(&song).await;
    assert!(probe.video.is_none() && probe.has_attached_picture);
    assert_eq!(probe.kind(), Kind::Audio);
}

#[tokio::test]
async fn a_stream_without_a_duration_is_measured() {
    let bench = Bench::new().await;
    let live = bench.make(
        "live.webm",
        "-f lavfi -i testsrc2=s=160x90:d=3 -f lavfi -i sine=d=3 -c:v libvpx -c:a libopus -live 1 -f webm",
    );
    assert!(crate::support::streams(&live).iter().all(|stream| stream["duration"].is_null()));
    let probe = bench.probe(&live).await;
    assert!((2_900..3_150).contains(&probe.duration_ms), "{}", probe.duration_ms);
}

#[tokio::test]
async fn a_duration_guessed_from_the_bit_rate_is_measured() {
    let bench = Bench::new().await;
    let raw = bench.make(
        "raw.aac",
        "-f lavfi -i sine=d=2 -f lavfi -i anoisesrc=d=6 -filter_complex concat=n=2:v=0:a=1 -c:a aac",
    );
    let probe = bench.probe(&raw).await;
    assert!((7_900..8_200).contains(&probe.duration_ms), "{}", probe.duration_ms);
}

#[tokio::test]
async fn a_varying_picture_rate_is_noticed() {
    let bench = Bench::new().await;
    let uneven = bench.make(
        "uneven.mp4",
        "-f lavfi -i testsrc2=s=160x90:r=30:d=4 -vf select='not(mod(n,3))+lt(t,1)' -fps_mode vfr -c:v libx264",
    );
    assert!(bench.probe(&uneven).await.video.unwrap().is_variable_rate);
    let even = bench.make("even.mp4", "-f lavfi -i testsrc2=s=160x90:r=30:d=2 -c:v libx264");
    assert!(!bench.probe(&even).await.video.unwrap().is_variable_rate);
}

#[tokio::test]
async fn subtitles_and_languages_are_listed() {
    let bench = Bench::new().await;
    let lines = bench.path("lines.srt");
    std::fs::write(&lines, "1\n00:00:00,000 --> 00:00:01,000\nHello\n").unwrap();
    let film = bench.make(
        "film.mkv",
        &format!(
            "-f lavfi -i testsrc2=s=64x64:d=1 -f lavfi -i sine=d=1 -i {} -map 0 -map 1 -map 2 -c:v libx264 -c:a aac -c:s srt \
             -metadata:s:a language=fra -metadata:s:s language=deu",
            lines.display()
        ),
    );
    let probe = bench.probe(&film).await;
    assert_eq!(probe.audio.unwrap().language.as_deref(), Some("fra"));
    assert_eq!(probe.subtitles.len(), 1);
    assert_eq!(probe.subtitles[0].language.as_deref(), Some("deu"));
    assert_eq!(probe.subtitles[0].codec, "subrip");
}
