//! Posters and storyboards.

use memoreel_media::{MediaError, distance};

use crate::support::{Bench, files, first_picture, is_empty, sample, stream};

#[tokio::test]
async fn the_poster_is_not_taken_from_a_black_beginning() {
    let bench = Bench::new().await;
    let fades_in = bench.make(
        "fade.mp4",
        "-f lavfi -i color=black:s=1920x1080:r=5:d=6 -f lavfi -i testsrc2=s=1920x1080:r=5:d=4 \
         -filter_complex concat=n=2 -c:v libx264 -preset ultrafast",
    );
    let probe = bench.probe(&fades_in).await;
    let out = bench.out("out");
    let poster = bench.ffmpeg.poster(&fades_in, &probe, &out, &bench.control).await.unwrap();
    assert!(poster.at_ms >= 6_000, "{}", poster.at_ms);
    assert_eq!(files(&out), ["poster-small.jpg", "poster.jpg"]);
    let (large, small) =
        (stream(&out.join("poster.jpg"), "video"), stream(&out.join("poster-small.jpg"), "video"));
    assert_eq!((&large["width"], &large["height"]), (&1280.into(), &720.into()));
    assert_eq!((&small["width"], &small["height"]), (&480.into(), &270.into()));
    assert_eq!(large["codec_name"], "mjpeg");
    let brightest = first_picture(&out.join("poster.jpg"), 8).iter().flatten().copied().max();
    assert!(brightest > Some(100));
}

#[tokio::test]
async fn an_all_black_recording_still_has_a_poster_at_its_own_size() {
    let bench = Bench::new().await;
    let black = bench.make("black.mp4", "-f lavfi -i color=black:s=101x57:d=1 -c:v libx264 -pix_fmt yuv444p");
    let probe = bench.probe(&black).await;
    let poster = bench.ffmpeg.poster(&black, &probe, &bench.out("out"), &bench.control).await.unwrap();
    assert_eq!((poster.large.width, poster.large.height), (100, 56));
    assert_eq!((poster.small.width, poster.small.height), (100, 56));
}

#[tokio::test]
async fn sound_alone_has_no_poster() {
    let bench = Bench::new().await;
    let input = sample("inaugural-address.mp3");
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let refused = bench.ffmpeg.poster(&input, &probe, &out, &bench.control).await;
    assert!(matches!(refused, Err(MediaError::NoPicture)));
    assert!(is_empty(&out));
}

#[tokio::test]
async fn every_storyboard_cue_points_into_a_sheet() {
    let bench = Bench::new().await;
    // Sound goes on for a while after the last picture.
    let input = bench.make(
        "long.mp4",
        "-f lavfi -i testsrc2=s=320x240:r=5:d=400 -f lavfi -i anullsrc=d=430:r=8000 -c:v libx264 -preset ultrafast -c:a aac -g 25",
    );
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let board = bench.ffmpeg.storyboard(&input, &probe, &out, &bench.control).await.unwrap();
    assert_eq!((board.interval_ms, board.tile_count), (2_000, 215));
    assert_eq!((board.tile_width, board.tile_height), (160, 120));
    assert_eq!(board.sheet_files, ["sprite-000.jpg", "sprite-001.jpg", "sprite-002.jpg"]);
    assert_eq!(files(&out), ["sprite-000.jpg", "sprite-001.jpg", "sprite-002.jpg", "storyboard.vtt"]);
    let sheet = stream(&out.join("sprite-002.jpg"), "video");
    assert_eq!((&sheet["width"], &sheet["height"]), (&1600.into(), &1200.into()));
    let cues = std::fs::read_to_string(out.join("storyboard.vtt")).unwrap();
    assert!(
        cues.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nsprite-000.jpg#xywh=0,0,160,120\n"),
        "{cues}"
    );
    assert!(cues.contains("00:03:40.000 --> 00:03:42.000\nsprite-001.jpg#xywh=0,120,160,120\n"), "{cues}");
    assert_eq!(cues.matches(" --> ").count(), 215);
}

#[tokio::test]
async fn the_storyboard_of_a_clip_of_one_frame_has_one_tile() {
    let bench = Bench::new().await;
    let input =
        bench.make("frame.mp4", "-f lavfi -i color=red:s=90x160:r=25:d=0.04 -c:v libx264 -pix_fmt yuv420p");
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let board = bench.ffmpeg.storyboard(&input, &probe, &out, &bench.control).await.unwrap();
    assert_eq!((board.tile_count, board.tile_width, board.tile_height), (1, 160, 284));
    assert!(first_picture(&out.join("sprite-000.jpg"), 2)[0][0] > 200);
}

#[tokio::test]
async fn tiles_show_their_own_scene_whether_key_frames_are_near_or_far() {
    let bench = Bench::new().await;
    // Five seconds of red, then blue; every second has a tile.
    let scenes = "-f lavfi -i color=red:s=160x90:r=10:d=5 -f lavfi -i color=blue:s=160x90:r=10:d=5 \
        -filter_complex [0][1]concat -c:v libx264 -preset ultrafast -pix_fmt yuv420p -sc_threshold 0";
    for (name, key_frames) in [("near.mp4", "-g 10"), ("far.mp4", "-g 1000")] {
        let input = bench.make(name, &format!("{scenes} {key_frames}"));
        let probe = bench.probe(&input).await;
        let out = bench.out(&format!("out-{name}"));
        let board = bench.ffmpeg.storyboard(&input, &probe, &out, &bench.control).await.unwrap();
        assert_eq!((board.interval_ms, board.tile_count, board.tile_width), (1_000, 10, 160));
        let row = &first_picture(&out.join("sprite-000.jpg"), 20);
        for (tile, pixel) in row.iter().skip(1).step_by(2).take(10).enumerate() {
            let is_red = pixel[0] > pixel[2];
            assert_eq!(is_red, tile < 5, "{name}, tile {tile}: {pixel:?}");
        }
    }
}

/// Two slides, drawn as blocks of lines, and the first one again; turned into a recording with these arguments of the encoder.
fn slide_show(bench: &Bench, name: &str, encoding: &str) -> std::path::PathBuf {
    let slide = |lines: [u32; 3]| {
        let boxes = lines.into_iter().enumerate().map(|(number, width)| {
            format!("drawbox=x=60:y={}:w={width}:h=24:color=black:t=fill", 60 + number * 90)
        });
        boxes.collect::<Vec<_>>().join(",")
    };
    let source = "-f lavfi -i color=white:s=640x360:r=10:d=5";
    bench.make(
        name,
        &format!(
            "{source} {source} {source} -filter_complex [0]{}[a];[1]{}[b];[2]{}[c];[a][b][c]concat=n=3 -c:v libx264 {encoding}",
            slide([200, 400, 300]),
            slide([480, 120, 500]),
            slide([200, 400, 300])
        ),
    )
}

#[tokio::test]
async fn slides_are_found_however_they_are_encoded_and_their_pictures_show_them() {
    let bench = Bench::new().await;
    // Plainly, with pictures that depend on later ones, and with a picture a second alone.
    for (name, encoding, changes) in [
        ("plain.mp4", "-preset ultrafast", [0, 5_000, 10_000]),
        ("dependent.mp4", "-r 25 -bf 8 -b_strategy 0", [0, 5_000, 10_000]),
        // To have so few, the encoder begins with some more of the first.
        ("rare.mp4", "-preset ultrafast -r 1", [0, 7_000, 12_000]),
    ] {
        let input = slide_show(&bench, name, encoding);
        let probe = bench.probe(&input).await;
        let frames = bench.ffmpeg.key_frames(&input, &probe, 10, &bench.control).await.unwrap();
        assert_eq!(frames.len(), 2, "{name}: {frames:?}");
        // It is looked four times a second.
        let seen = frames.iter().flat_map(|frame| frame.shown.iter().map(|shown| shown.start_ms));
        let mut seen: Vec<u64> = seen.collect();
        seen.sort_unstable();
        for (seen, begins) in seen.iter().zip(changes) {
            assert!(seen.abs_diff(begins) <= 250, "{name}: {frames:?}");
        }
        assert_eq!((frames[0].shown.len(), frames[1].shown.len()), (2, 1), "{name}");
        assert!(distance(frames[0].hash, frames[1].hash) > 0);

        let out = bench.out(&format!("{name}.out"));
        let pictures =
            bench.ffmpeg.key_frame_pictures(&input, &probe, &frames, &out, &bench.control).await.unwrap();
        assert_eq!(pictures.len(), 2);
        // A place where only the second slide has something.
        for (picture, is_dark) in pictures.iter().zip([false, true]) {
            assert_eq!((picture.width, picture.height), (640, 360));
            let pixels = first_picture(&out.join(&picture.large_file), 64);
            assert_eq!(pixels[12 * 64 + 50][0] < 100, is_dark, "{name}");
            assert!(out.join(&picture.small_file).is_file());
        }
    }
    let plain = bench.path("plain.mp4");
    let probe = bench.probe(&plain).await;
    assert_eq!(bench.ffmpeg.key_frames(&plain, &probe, 1, &bench.control).await.unwrap().len(), 1);
}

#[tokio::test]
async fn sound_alone_has_no_key_frames_and_an_empty_picture_is_none() {
    let bench = Bench::new().await;
    let sound = sample("inaugural-address.mp3");
    let probe = bench.probe(&sound).await;
    let refused = bench.ffmpeg.key_frames(&sound, &probe, 10, &bench.control).await;
    assert!(matches!(refused, Err(MediaError::NoPicture)));
    let black = bench.make("black.mp4", "-f lavfi -i color=black:s=101x57:d=4 -c:v libx264 -pix_fmt yuv444p");
    let probe = bench.probe(&black).await;
    let frames = bench.ffmpeg.key_frames(&black, &probe, 10, &bench.control).await.unwrap();
    assert_eq!(frames, []);
    let out = bench.out("out");
    let pictures =
        bench.ffmpeg.key_frame_pictures(&black, &probe, &frames, &out, &bench.control).await.unwrap();
    assert!(pictures.is_empty() && is_empty(&out));
}
