//! The ladder: right sizes, aligned cuts, sound in time.

use std::path::Path;

use memoreel_media::{
    Beside, EncodingPlan, LADDER, Packaging, PictureCodec, Timeline, Variant, dash_manifest, ladder,
    listed_variants, master_playlist,
};

use crate::support::{Bench, files, first_picture, packet_times, sample, stream};

async fn encoded(bench: &Bench, input: &Path, out: &Path) -> Vec<Variant> {
    let probe = bench.probe(input).await;
    let rungs = ladder(&probe, None, &EncodingPlan::default());
    bench.ffmpeg.encode_ladder(input, &probe, &rungs, out, &bench.control).await.expect("encoding works")
}

fn names(variants: &[Variant]) -> Vec<&str> {
    variants.iter().map(|variant| variant.name.as_str()).collect()
}

#[tokio::test]
async fn a_720p_call_gets_three_rungs_cut_at_the_same_times() {
    let bench = Bench::new().await;
    let input = bench.make(
        "call.mp4",
        "-f lavfi -i testsrc2=s=1280x720:r=30:d=13 -f lavfi -i sine=d=13 -c:v libx264 -preset ultrafast -c:a aac",
    );
    let out = bench.out("out");
    let variants = encoded(&bench, &input, &out).await;
    assert_eq!(names(&variants), ["360p", "480p", "720p"]);
    let playlist = |name: &str| out.join(name).join("media.m3u8");
    let key_frames: Vec<Vec<f64>> =
        names(&variants).iter().map(|name| packet_times(&playlist(name), "v", "K")).collect();
    assert_eq!(key_frames[0].len(), 7);
    assert_eq!(key_frames[0], key_frames[1]);
    assert_eq!(key_frames[1], key_frames[2]);
    for variant in &variants {
        let video = variant.video.unwrap();
        let shown = stream(&playlist(&variant.name), "video");
        assert_eq!((&shown["width"], &shown["height"]), (&video.width.into(), &video.height.into()));
        assert_eq!(shown["pix_fmt"], "yuv420p");
        assert_eq!(variant.segment_count, 3);
        assert!((12_900..13_300).contains(&variant.duration_ms), "{}", variant.duration_ms);
        assert!(variant.codecs.starts_with("avc1.6400") && variant.codecs.ends_with("mp4a.40.2"));
    }
    assert_eq!(variants[0].video.unwrap().width, 640);
    // 2,800k of picture and 128k of sound, with what a segment boundary may add.
    assert!(variants[2].bandwidth_average < 3_300_000, "{}", variants[2].bandwidth_average);
    let master = master_playlist(&variants);
    let order: Vec<&str> = master.lines().filter(|line| line.ends_with("media.m3u8")).collect();
    assert_eq!(order, ["360p/media.m3u8", "480p/media.m3u8", "720p/media.m3u8"]);
    assert!(master.contains(",RESOLUTION=1280x720,FRAME-RATE=30.000,CODECS=\"avc1."), "{master}");
    std::fs::write(out.join("master.m3u8"), master).unwrap();
    assert_eq!(crate::support::streams(&out.join("master.m3u8")).len(), 6);
}

#[tokio::test]
async fn a_rung_that_the_instant_packaging_covers_is_not_encoded_again() {
    let bench = Bench::new().await;
    let input = sample("video-call.mp4");
    let probe = bench.probe(&input).await;
    let packaging = bench
        .ffmpeg
        .package_instantly(&input, &probe, None, &bench.out("out"), &bench.control)
        .await
        .unwrap();
    let Packaging::Packaged(instant) = packaging else { panic!("the call is H.264") };
    let rungs: Vec<String> = ladder(&probe, Some(&instant), &EncodingPlan::default())
        .rungs
        .into_iter()
        .map(|rung| rung.name)
        .collect();
    assert_eq!(rungs, ["360p", "480p"]);
    let heavy = Variant { bandwidth_average: 20_000_000, ..instant };
    assert_eq!(ladder(&probe, Some(&heavy), &EncodingPlan::default()).rungs.len(), 3);
}

#[tokio::test]
async fn a_plan_says_which_rungs_there_are_and_how_heavy_they_become() {
    let bench = Bench::new().await;
    let input = bench.make(
        "call.mp4",
        "-f lavfi -i testsrc2=s=1280x720:r=30:d=6 -vf noise=alls=60:allf=t -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
    );
    let probe = bench.probe(&input).await;
    let step = |number: usize, bit_rate| memoreel_media::LadderStep { bit_rate, ..LADDER[number] };
    let plan = EncodingPlan::new(PictureCodec::H264, vec![step(2, 1_000_000), step(3, 5_000_000)]).unwrap();
    let rungs = ladder(&probe, None, &plan);
    let out = bench.out("out");
    let variants = bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &bench.control).await.unwrap();
    assert_eq!(names(&variants), ["720p"]);
    assert!(
        (500_000..1_300_000).contains(&variants[0].bandwidth_average),
        "{}",
        variants[0].bandwidth_average
    );
    // Of what is smaller than every step that was chosen, its own size is made.
    let plan = EncodingPlan::new(PictureCodec::H264, vec![step(3, 5_000_000)]).unwrap();
    let rungs = ladder(&probe, None, &plan).rungs;
    assert_eq!((rungs.len(), rungs[0].name.as_str(), rungs[0].bit_rate), (1, "720p", LADDER[2].bit_rate));
}

#[tokio::test]
async fn av1_lies_beside_the_smallest_rung_and_is_cut_at_the_same_times() {
    let bench = Bench::new().await;
    assert!(bench.ffmpeg.encodes_av1(), "the tests want an ffmpeg with SVT-AV1");
    let input = bench.make(
        "call.mp4",
        "-f lavfi -i testsrc2=s=854x480:r=25:d=13 -f lavfi -i sine=d=13 -c:v libx264 -preset ultrafast -c:a aac",
    );
    let probe = bench.probe(&input).await;
    let plan = EncodingPlan::new(PictureCodec::Av1, LADDER.to_vec()).unwrap();
    let rungs = ladder(&probe, None, &plan);
    let out = bench.out("out");
    let encode = async |rungs: &memoreel_media::Ladder| {
        bench.ffmpeg.encode_ladder(&input, &probe, rungs, &out, &bench.control).await.unwrap()
    };
    let mut variants = encode(&rungs.of(PictureCodec::H264)).await;
    let av1 = rungs.of(PictureCodec::Av1).beginning_with(&variants);
    variants.splice(0..0, encode(&av1).await);
    assert_eq!(names(&variants), ["360p-av1", "480p-av1", "360p"]);
    let playlist = |name: &str| out.join(name).join("media.m3u8");
    let plain = packet_times(&playlist("360p"), "v", "K");
    for variant in &variants[..2] {
        let shown = stream(&playlist(&variant.name), "video");
        assert_eq!((&shown["codec_name"], &shown["pix_fmt"]), (&"av1".into(), &"yuv420p".into()));
        assert!(
            variant.codecs.starts_with("av01.0.0") && variant.codecs.ends_with("M.08,mp4a.40.2"),
            "{}",
            variant.codecs
        );
        let times = packet_times(&playlist(&variant.name), "v", "K");
        assert_eq!(times.len(), plain.len(), "{times:?}");
        let since = |times: &[f64]| times.iter().map(|time| time - times[0]).collect::<Vec<_>>();
        let (one, other) = (since(&times), since(&plain));
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 0.001), "{times:?} {plain:?}");
        // The sound of one goes with the pictures of the other.
        assert!(variant.start_us.abs_diff(variants[2].start_us) < 1_000, "{variants:?}");
        let sound = |name: &str| packet_times(&playlist(name), "a", "")[0];
        assert!((sound(&variant.name) - sound("360p")).abs() < 0.002);
        assert!((12_900..13_300).contains(&variant.duration_ms), "{}", variant.duration_ms);
        let rung = rungs.rungs.iter().find(|rung| rung.name == variant.name).unwrap();
        assert!(variant.bandwidth_average < rung.bit_rate + 300_000, "{}", variant.bandwidth_average);
    }

    // What every player knows is told first, and no set of the manifest holds both.
    let master = master_playlist(&variants);
    let order: Vec<&str> = master.lines().filter(|line| line.ends_with("media.m3u8")).collect();
    assert_eq!(order, ["360p/media.m3u8", "360p-av1/media.m3u8", "480p-av1/media.m3u8"]);
    let timed: Vec<_> = listed_variants(&master)
        .into_iter()
        .map(|one| {
            let text = std::fs::read_to_string(playlist(&one.name)).unwrap();
            (one, Timeline::read(&text))
        })
        .collect();
    let manifest = dash_manifest(&timed, &[], &Beside::default());
    let sets: Vec<&str> = manifest.split("<AdaptationSet").skip(1).collect();
    let counts = |name: &str| sets.iter().map(|set| set.matches(name).count()).collect::<Vec<_>>();
    assert_eq!(counts("codecs=\"avc1."), [1, 0, 0], "{manifest}");
    assert_eq!(counts("codecs=\"av01."), [0, 2, 0], "{manifest}");
    assert_eq!(counts("codecs=\"mp4a."), [0, 0, 1], "{manifest}");
}

#[tokio::test]
async fn a_turned_recording_is_encoded_upright() {
    let bench = Bench::new().await;
    // Upright, its top is red: the stored picture has red on the side that turns to the top.
    let flat = bench.make(
        "flat.mp4",
        "-f lavfi -i color=blue:s=640x360:d=1 -vf drawbox=w=iw/2:h=ih:color=red:t=fill -c:v libx264 -pix_fmt yuv420p",
    );
    let turned = bench.turned("turned.mp4", &flat);
    let out = bench.out("out");
    let variants = encoded(&bench, &turned, &out).await;
    assert_eq!(names(&variants), ["360p"]);
    let playlist = out.join("360p/media.m3u8");
    let shown = stream(&playlist, "video");
    assert_eq!((&shown["width"], &shown["height"]), (&360.into(), &640.into()));
    assert!(shown["side_data_list"].is_null(), "{}", shown["side_data_list"]);
    let pixels = first_picture(&playlist, 4);
    assert!(pixels[0][0] > 180 && pixels[3][0] > 180, "the top is red: {pixels:?}");
    assert!(pixels[12][2] > 180 && pixels[15][2] > 180, "the bottom is blue: {pixels:?}");
}

#[tokio::test]
async fn pictures_that_come_unevenly_keep_their_times() {
    let bench = Bench::new().await;
    let uneven = bench.make(
        "uneven.mp4",
        "-f lavfi -i testsrc2=s=320x180:r=30:d=6 -f lavfi -i sine=d=6 -vf select='not(mod(n,7))+between(t,2,3)' \
         -fps_mode vfr -c:v libx264 -c:a aac",
    );
    let out = bench.out("out");
    let variants = encoded(&bench, &uneven, &out).await;
    assert!((5_900..6_100).contains(&variants[0].duration_ms), "{}", variants[0].duration_ms);
    let (before, after) =
        (packet_times(&uneven, "v", ""), packet_times(&out.join("180p/media.m3u8"), "v", ""));
    assert_eq!(before.len(), after.len());
    let worst =
        before.iter().zip(&after).map(|(b, a)| ((b - before[0]) - (a - after[0])).abs()).fold(0.0, f64::max);
    assert!(worst < 0.001, "a picture moved by {worst} s");
}

#[tokio::test]
async fn a_small_odd_sized_picture_keeps_its_size_made_even() {
    let bench = Bench::new().await;
    let odd = bench.make("odd.mp4", "-f lavfi -i testsrc=s=321x181:d=1 -c:v libx264 -pix_fmt yuv444p");
    let out = bench.out("out");
    let variants = encoded(&bench, &odd, &out).await;
    assert_eq!(names(&variants), ["180p"]);
    let shown = stream(&out.join("180p/media.m3u8"), "video");
    assert_eq!((&shown["width"], &shown["height"]), (&320.into(), &180.into()));
    assert_eq!(shown["pix_fmt"], "yuv420p");
}

#[tokio::test]
async fn the_tiniest_picture_can_be_encoded() {
    let bench = Bench::new().await;
    let tiny = bench.make("tiny.mkv", "-f lavfi -i testsrc=s=16x16:d=1 -vf scale=1:1,format=gray -c:v ffv1");
    let variants = encoded(&bench, &tiny, &bench.out("out")).await;
    let video = variants[0].video.unwrap();
    assert_eq!((video.width, video.height), (2, 2));
}

#[tokio::test]
async fn a_4k_clip_without_sound_ends_at_1080p() {
    let bench = Bench::new().await;
    let big =
        bench.make("big.mp4", "-f lavfi -i testsrc2=s=3840x2160:r=5:d=1 -c:v libx264 -preset ultrafast");
    let out = bench.out("out");
    let variants = encoded(&bench, &big, &out).await;
    assert_eq!(names(&variants), ["360p", "480p", "720p", "1080p"]);
    assert!(variants.iter().all(|variant| !variant.has_audio && !variant.codecs.contains("mp4a")));
    let shown = stream(&out.join("1080p/media.m3u8"), "video");
    assert_eq!((&shown["width"], &shown["height"]), (&1920.into(), &1080.into()));
}

#[tokio::test]
async fn encoding_twice_gives_the_same_files_and_progress_only_grows() {
    let bench = Bench::new().await;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = std::sync::Arc::clone(&seen);
    let control = bench.control.clone().reporting(move |fraction| noted.lock().unwrap().push(fraction));
    let input = sample("lecture.mov");
    let probe = bench.probe(&input).await;
    let rungs = ladder(&probe, None, &EncodingPlan::default());
    let (one, two) = (bench.out("one"), bench.out("two"));
    let first = bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &one, &control).await.unwrap();
    let second = bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &two, &bench.control).await.unwrap();
    assert_eq!(names(&first), names(&second));
    assert_eq!(files(&one), files(&two));
    let seen = seen.lock().unwrap();
    assert!(seen.is_sorted() && seen.last() == Some(&1.0), "{seen:?}");
}

#[tokio::test]
async fn sound_that_outlasts_the_picture_is_cut_into_segments_too() {
    let bench = Bench::new().await;
    let input = bench.make(
        "camera-off.mp4",
        "-f lavfi -i testsrc2=s=160x90:d=3 -f lavfi -i sine=d=20 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    );
    let out = bench.out("out");
    let variants = encoded(&bench, &input, &out).await;
    assert_eq!(variants[0].segment_count, 4);
    assert!((19_800..20_200).contains(&variants[0].duration_ms), "{}", variants[0].duration_ms);
    assert!(variants[0].segment_ms_max < 7_000);
}

/// Of each segment, when its picture and its sound begin, in seconds.
fn beginnings(bench: &Bench, folder: &Path) -> Vec<(f64, f64)> {
    let init = std::fs::read(folder.join("init.mp4")).expect("readable");
    let names = files(folder).into_iter().filter(|name| name.ends_with(".m4s"));
    let begins = |name: String| {
        let alone = bench.path("alone.mp4");
        let segment = std::fs::read(folder.join(name)).expect("readable");
        std::fs::write(&alone, [init.clone(), segment].concat()).expect("writable");
        (packet_times(&alone, "v", "")[0], packet_times(&alone, "a", "")[0])
    };
    names.map(begins).collect()
}

#[tokio::test]
async fn pictures_that_are_missing_for_long_are_repeated_and_sound_lies_beside_them() {
    let bench = Bench::new().await;
    let input = bench.make(
        "gap.mp4",
        "-f lavfi -i testsrc2=s=854x480:r=10:d=48 -f lavfi -i sine=d=48 -vf select='not(between(t,5,40.5))' \
         -fps_mode vfr -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac",
    );
    let out = bench.out("out");
    let variants = encoded(&bench, &input, &out).await;
    assert_eq!(names(&variants), ["360p", "480p"]);
    let key_frames = |name: &str| packet_times(&out.join(name).join("media.m3u8"), "v", "K");
    let times = key_frames("360p");
    assert_eq!(times, key_frames("480p"));
    assert_eq!(times.len(), 24, "{times:?}");
    let furthest = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(furthest < 2.3, "{times:?}");
    for variant in &variants {
        assert_eq!(variant.segment_count, 8);
        assert!(variant.segment_ms_max < 6_500, "{}", variant.segment_ms_max);
        assert!((47_800..48_300).contains(&variant.duration_ms), "{}", variant.duration_ms);
    }
    let beginnings = beginnings(&bench, &out.join("360p"));
    assert!(beginnings.iter().all(|(picture, sound)| (picture - sound).abs() < 0.5), "{beginnings:?}");
}

#[tokio::test]
async fn sound_that_outlasts_the_picture_by_far_is_cut_into_segments_whatever_the_header_tells() {
    let bench = Bench::new().await;
    // Matroska's streams have no length for ffprobe.
    let input = bench.make(
        "camera-off.mkv",
        "-f lavfi -i testsrc2=s=160x90:d=4 -f lavfi -i sine=d=45 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    );
    let out = bench.out("out");
    let variants = encoded(&bench, &input, &out).await;
    assert_eq!(variants[0].segment_count, 8);
    assert!(variants[0].segment_ms_max < 6_500, "{}", variants[0].segment_ms_max);
    assert!((44_800..45_300).contains(&variants[0].duration_ms), "{}", variants[0].duration_ms);
    let beginnings = beginnings(&bench, &out.join("90p"));
    assert!(beginnings.iter().all(|(picture, sound)| (picture - sound).abs() < 0.5), "{beginnings:?}");
}

#[tokio::test]
async fn a_picture_that_comes_late_is_shown_from_the_beginning_on() {
    let bench = Bench::new().await;
    let input = bench.make(
        "late.mp4",
        "-f lavfi -i testsrc2=s=160x90:r=25:d=15 -f lavfi -i sine=d=15 -vf select='gte(t,5)' -fps_mode vfr \
         -c:v libx264 -pix_fmt yuv420p -c:a aac",
    );
    let out = bench.out("out");
    let variants = encoded(&bench, &input, &out).await;
    assert!((14_900..15_200).contains(&variants[0].duration_ms), "{}", variants[0].duration_ms);
    assert!(variants[0].start_us < 100_000, "{}", variants[0].start_us);
    let playlist = out.join("90p/media.m3u8");
    let (pictures, sound) = (packet_times(&playlist, "v", ""), packet_times(&playlist, "a", ""));
    assert!((pictures[0] - sound[0]).abs() < 0.1, "{} {}", pictures[0], sound[0]);
    // The second picture keeps its time.
    assert_eq!(pictures.iter().filter(|time| **time - pictures[0] > 5.03).count(), 249);
}

#[tokio::test]
async fn light_sound_that_browsers_play_goes_into_every_rung_as_it_is() {
    let bench = Bench::new().await;
    let input = bench.make(
        "call.mp4",
        "-f lavfi -i testsrc2=s=1280x720:r=30:d=7 -f lavfi -i sine=d=7 -c:v libx264 -preset ultrafast -g 60 -c:a aac -b:a 96k",
    );
    let probe = bench.probe(&input).await;
    let out = bench.out("out");
    let packaging = bench.ffmpeg.package_instantly(&input, &probe, None, &out, &bench.control).await.unwrap();
    let Packaging::Packaged(instant) = packaging else { panic!("the call is H.264") };
    let light = ladder(&probe, Some(&instant), &EncodingPlan::default());
    assert!(light.copies_audio);
    bench.ffmpeg.encode_ladder(&input, &probe, &light, &out, &bench.control).await.unwrap();
    let mut heavy = probe.clone();
    heavy.audio.as_mut().unwrap().bit_rate = Some(320_000);
    let heavy = ladder(&heavy, Some(&instant), &EncodingPlan::default());
    assert!(!heavy.copies_audio);
    let again = bench.out("again");
    bench.ffmpeg.encode_ladder(&input, &probe, &heavy, &again, &bench.control).await.unwrap();
    let times = |folder: &Path, kind: &str| packet_times(&folder.join("media.m3u8"), kind, "K");
    // Milliseconds from the first picture to each piece of sound.
    let sound = |folder: &Path| -> Vec<i64> {
        let first = times(folder, "v")[0];
        times(folder, "a").iter().map(|time| ((time - first) * 1000.0).round() as i64).collect()
    };
    let copied = sound(&out.join("360p"));
    assert_eq!(copied.len(), times(&out.join("source"), "a").len());
    let late_ms = copied[0] - sound(&again.join("360p"))[0];
    assert!(late_ms.abs() <= 5, "{late_ms} ms later than encoded sound");

    assert!(
        !ladder(&probe, None, &EncodingPlan::default()).copies_audio,
        "nothing shows that copying keeps it in time"
    );
}
