//! Real images through real workers: sizes, formats, orientations, animations, and files that mean harm.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod files;

use files::{animated_gif, gradient_png, oriented};
use memoreel_images::{
    Accepted, Described, ImageError, ImageLimits, Images, InputFormat, Made, OutputFormat, Transform,
    geometry::{self, Size},
};
use memoreel_parts::Parts;
use std::{fs, path::Path, time::Duration};

fn images_with(limits: ImageLimits) -> Images {
    let part = Parts::locate().unwrap().images().unwrap();
    Images::new(vec![env!("CARGO_BIN_EXE_memoreel-image-worker").into()], part, limits)
}

fn images() -> Images {
    images_with(ImageLimits::default())
}

async fn made(images: &Images, bytes: &[u8], options: &str, format: OutputFormat) -> Made {
    let size = images.describe(bytes).await.unwrap().size;
    let transform: Transform = options.parse().unwrap();
    let made = images.make(bytes, size, &transform, format).await;
    made.unwrap_or_else(|error| panic!("{options} as {format:?}: {error:?}"))
}

fn heic() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/still-photo.heic")).unwrap()
}

/// One image of every format that is read.
async fn of_every_format(images: &Images) -> Vec<(InputFormat, Vec<u8>)> {
    let png = gradient_png(120, 80);
    let mut files = vec![(InputFormat::Png, png.clone()), (InputFormat::Heic, heic())];
    for (input, output) in [
        (InputFormat::Jpeg, OutputFormat::Jpeg),
        (InputFormat::Gif, OutputFormat::Gif),
        (InputFormat::Webp, OutputFormat::Webp),
        (InputFormat::Avif, OutputFormat::Avif),
    ] {
        files.push((input, made(images, &png, "q=95", output).await.bytes));
    }
    files
}

#[tokio::test]
async fn every_format_is_made_of_every_other() {
    let images = images();
    for (input, file) in of_every_format(&images).await {
        let seen = images.describe(&file).await.unwrap();
        assert_eq!(seen.header.format, input);
        assert!((15..=30).contains(&seen.thumbhash.len()), "{}", seen.thumbhash.len());
        for output in OutputFormat::ALL {
            let made = made(&images, &file, "w=60,h=40,fit=crop", output).await;
            let again = images.describe(&made.bytes).await.unwrap();
            let size = Size { width: 60, height: 40 };
            assert_eq!((made.size, again.size), (size, size), "{input:?} to {output:?}");
            assert_eq!(again.header.format.content_type(), output.content_type(), "{input:?} to {output:?}");
        }
    }
}

#[tokio::test]
async fn results_are_as_large_as_the_rule_says() {
    let images = images();
    let png = gradient_png(120, 80);
    for options in [
        "w=60",
        "h=20",
        "w=50,h=50",
        "w=50,h=50,fit=fill",
        "w=50,h=50,fit=crop,focus=left",
        "w=240",
        "w=240,enlarge=yes",
        "w=33,h=77,fit=crop,enlarge=yes",
        "w=30,dpr=1.5",
        "rotate=90,w=40",
        "rotate=270",
        "flip=hv,rotate=180,h=13",
        "blur=1.5,w=31",
        "sharpen=1,h=17",
        "w=1",
        "w=47,h=1,fit=fill",
        "strip=no,w=9",
    ] {
        let transform = options.parse::<Transform>().unwrap().settled();
        let expected = geometry::plan(Size { width: 120, height: 80 }, &transform).result();
        let made = made(&images, &png, options, OutputFormat::Png).await;
        let seen = images.describe(&made.bytes).await.unwrap();
        assert_eq!((made.size, seen.size), (expected, expected), "{options}");
    }
}

async fn pixels(images: &Images, bytes: &[u8], options: &str) -> Vec<[u8; 3]> {
    files::pixels(&made(images, bytes, options, OutputFormat::Png).await.bytes)
}

/// What is not encoded with loss is as it was, up to rounding.
const ROUNDED: f64 = 0.5;
/// A flat colour that was encoded with loss.
const ENCODED: f64 = 5.0;

#[tokio::test]
async fn colours_are_converted_by_the_profile_of_an_image_which_is_then_left_out() {
    let images = images();
    // A colour by its numbers in the profile, and in sRGB.
    let (camera, srgb) = ([100, 140, 120], [76, 141, 120]);
    let png = files::flat_png(32, 32, camera);
    let jpeg = made(&images, &png, "q=95", OutputFormat::Jpeg).await.bytes;
    let has_profile = |bytes: &[u8]| {
        let marks = [&b"iCCP"[..], b"ICC_PROFILE", b"ICCP"];
        marks.iter().any(|mark| bytes.windows(mark.len()).any(|window| window == *mark))
    };
    for file in [files::png_with_profile(&png), files::jpeg_with_profile(&jpeg)] {
        assert!(has_profile(&file));
        for options in ["w=16,h=16", "w=16,h=16,strip=no", "w=16,h=16,rotate=90,blur=1"] {
            for format in [OutputFormat::Png, OutputFormat::Jpeg, OutputFormat::Webp, OutputFormat::Avif] {
                let result = made(&images, &file, options, format).await.bytes;
                assert!(!has_profile(&result), "{options} as {format:?}");
                let shown = pixels(&images, &result, "strip=yes").await;
                let difference = files::difference(&shown, &[srgb; 256]);
                assert!(difference < ENCODED, "{options} as {format:?}: {:?}", shown[0]);
            }
        }
    }
    let shown = pixels(&images, &files::png_with_profile(&png), "w=16,h=16").await;
    assert!(files::difference(&shown, &[srgb; 256]) < ROUNDED, "{:?}", shown[0]);
    let shown = pixels(&images, &png, "w=16,h=16").await;
    assert!(files::difference(&shown, &[camera; 256]) < ROUNDED, "without one they are sRGB: {:?}", shown[0]);
}

#[tokio::test]
async fn blur_softens_an_edge_sharpen_stresses_it_and_both_leave_what_is_flat() {
    let images = images();
    let png = files::edge_png(64, 32, 80, 170);
    let mut rows = Vec::new();
    for options in ["strip=yes", "blur=2", "blur=4", "sharpen=1"] {
        let made = pixels(&images, &png, options).await;
        let row: Vec<u8> = made[16 * 64..17 * 64].iter().map(|pixel| pixel[0]).collect();
        assert!(row[4].abs_diff(80) <= 1 && row[59].abs_diff(170) <= 1, "{options}: {row:?}");
        rows.push(row);
    }
    let [plain, soft, softer, sharp] = &rows[..] else { panic!("one row each") };
    let between = |row: &[u8]| row.iter().filter(|level| (82..=168).contains(*level)).count();
    assert_eq!(between(plain), 0, "{plain:?}");
    assert!(soft.is_sorted() && between(soft) >= 4, "{soft:?}");
    // Half a pixel from the edge, a quarter of the deviation, is 40 % of one side and 60 % of the other.
    assert!(soft[31].abs_diff(116) <= 6 && soft[32].abs_diff(134) <= 6, "{soft:?}");
    assert!(softer.is_sorted() && between(softer) > between(soft), "{softer:?}");
    assert!(sharp[31] < 70 && sharp[32] > 180, "{sharp:?}");
}

#[tokio::test]
async fn a_higher_quality_takes_more_bytes_and_loses_less() {
    let images = images();
    let png = files::noise_png(64, 64);
    let noise = files::pixels(&png);
    for format in [OutputFormat::Jpeg, OutputFormat::Webp, OutputFormat::Avif] {
        let mut results = Vec::new();
        for quality in [10, 50, 95] {
            let file = made(&images, &png, &format!("q={quality}"), format).await.bytes;
            let lost = files::difference(&pixels(&images, &file, "strip=yes").await, &noise);
            results.push((file.len(), lost));
        }
        let is_better = |pair: &[(usize, f64)]| pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1;
        assert!(results.windows(2).all(is_better), "{format:?}: {results:?}");
    }
    let kept = pixels(&images, &png, "q=10").await;
    assert!(files::difference(&kept, &noise) < ROUNDED, "PNG loses nothing");
}

/// Which corner is the reddest; the gradient is red at its top left.
async fn red_corner(images: &Images, bytes: &[u8]) -> (u8, u8) {
    let Size { height, .. } = images.describe(bytes).await.unwrap().size;
    let mut reddest = ((9, 9), -9.0);
    for (x, side) in [(0, "left"), (1, "right")] {
        let strip = format!("w=8,h={height},fit=crop,focus={side}");
        let strip = made(images, bytes, &strip, OutputFormat::Png).await;
        assert_eq!(strip.size, Size { width: 8, height });
        for (y, side) in [(0, "top"), (1, "bottom")] {
            let corner = format!("w=8,h=8,fit=crop,focus={side}");
            let corner = made(images, &strip.bytes, &corner, OutputFormat::Png).await;
            let redness = files::redness(&images.describe(&corner.bytes).await.unwrap().thumbhash);
            if redness > reddest.1 {
                reddest = ((x, y), redness);
            }
        }
    }
    reddest.0
}

#[tokio::test]
async fn every_exif_orientation_comes_out_upright_and_without_saying_so() {
    let images = images();
    // Wide enough that crops of a corner are about that corner.
    let jpeg = made(&images, &gradient_png(120, 80), "q=95", OutputFormat::Jpeg).await.bytes;
    // Where the corner that is stored at the top left belongs (EXIF 2.3, 4.6.4).
    for (orientation, corner) in [
        (1, (0, 0)),
        (2, (1, 0)),
        (3, (1, 1)),
        (4, (0, 1)),
        (5, (0, 0)),
        (6, (1, 0)),
        (7, (1, 1)),
        (8, (0, 1)),
    ] {
        let file = oriented(&jpeg, orientation);
        let seen = images.describe(&file).await.unwrap();
        let size =
            if orientation >= 5 { Size { width: 80, height: 120 } } else { Size { width: 120, height: 80 } };
        assert_eq!((seen.orientation, seen.size), (orientation, size));
        for options in ["w=40", "w=40,strip=no", "w=40,h=40,fit=fill"] {
            let made = made(&images, &file, options, OutputFormat::Jpeg).await;
            let again = images.describe(&made.bytes).await.unwrap();
            assert_eq!(again.orientation, 1, "{orientation} {options}");
            assert_eq!(red_corner(&images, &made.bytes).await, corner, "{orientation} {options}");
        }
    }
}

#[tokio::test]
async fn what_a_camera_wrote_goes_unless_it_is_asked_for() {
    let images = images();
    let jpeg = made(&images, &gradient_png(64, 64), "q=90", OutputFormat::Jpeg).await.bytes;
    let file = oriented(&jpeg, 6);
    for format in [OutputFormat::Jpeg, OutputFormat::Webp, OutputFormat::Png, OutputFormat::Avif] {
        let has_exif =
            |bytes: &[u8]| bytes.windows(files::CAMERA.len()).any(|window| window == files::CAMERA);
        assert!(has_exif(&file));
        assert!(!has_exif(&made(&images, &file, "w=32", format).await.bytes), "{format:?}");
        assert!(has_exif(&made(&images, &file, "w=32,strip=no", format).await.bytes), "{format:?}");
    }
}

#[tokio::test]
async fn animations_stay_animated_where_the_format_can_and_become_stills_where_not() {
    let images = images();
    let gif = animated_gif(40, 30, 4);
    let seen = images.describe(&gif).await.unwrap();
    assert_eq!((seen.header.frames, seen.frames, seen.size), (4, 4, Size { width: 40, height: 30 }));
    for options in ["w=20", "w=20,h=20,fit=crop", "rotate=90", "flip=v", "blur=1"] {
        for format in OutputFormat::ALL {
            let made = made(&images, &gif, options, format).await;
            let again = images.describe(&made.bytes).await.unwrap();
            let frames = if format.is_animated() { 4 } else { 1 };
            assert_eq!(again.frames, frames, "{options} as {format:?}");
            assert_eq!(again.size, made.size, "{options} as {format:?}");
        }
    }
    let webp = made(&images, &gif, "w=30", OutputFormat::Webp).await;
    let back = made(&images, &webp.bytes, "w=15", OutputFormat::Gif).await;
    assert_eq!(images.describe(&back.bytes).await.unwrap().frames, 4);
}

#[tokio::test]
async fn of_an_avif_that_moves_the_first_picture_is_shown() {
    let images = images();
    // Red, green and blue, as Pillow 13 writes them by libavif.
    let file = include_bytes!("files/moving.avif");
    let Described { header, size, frames, .. } = images.describe(file).await.unwrap();
    assert_eq!((header.format, size, frames), (InputFormat::Avif, Size { width: 48, height: 32 }, 1));
    for pixel in pixels(&images, file, "w=24").await {
        assert!(matches!(pixel, [245..=255, 0..10, 0..10]), "{pixel:?}");
    }
}

#[tokio::test]
async fn transparency_is_kept_or_becomes_white() {
    let images = images();
    let png = files::transparent_png(32, 32);
    assert!(images.describe(&png).await.unwrap().has_alpha);
    for format in [OutputFormat::Png, OutputFormat::Webp, OutputFormat::Avif] {
        let made = made(&images, &png, "w=16", format).await;
        assert!(images.describe(&made.bytes).await.unwrap().has_alpha, "{format:?}");
    }
    let jpeg = made(&images, &png, "w=16", OutputFormat::Jpeg).await;
    let seen = images.describe(&jpeg.bytes).await.unwrap();
    assert!(!seen.has_alpha);
    let (red, green, blue, _) = files::average(&seen.thumbhash);
    assert!(red > 0.95 && green > 0.95 && blue > 0.95, "{red} {green} {blue}");
    assert_eq!(Accepted::default().best(false, true, jpeg.size), OutputFormat::Png);
}

#[tokio::test]
async fn what_is_too_large_for_a_format_is_refused_by_it_and_made_in_the_best_that_holds_it() {
    let images = images();
    let png = gradient_png(16_384, 64);
    let size = Size { width: 16_384, height: 64 };
    let whole: Transform = "strip=yes".parse().unwrap();
    for format in OutputFormat::ALL {
        let made = images.make(&png, size, &whole, format).await;
        if format.holds(size) {
            assert_eq!(made.unwrap().size, size, "{format:?}");
        } else {
            assert_eq!(made.unwrap_err().code(), "image_too_large_for_format", "{format:?}");
        }
    }
    let all = Accepted::read("image/avif,image/webp");
    assert_eq!(all.best(false, false, size), OutputFormat::Jpeg);
    let (png, largest) = (gradient_png(16_383, 64), Size { width: 16_383, height: 64 });
    for format in [OutputFormat::Webp, OutputFormat::Avif] {
        let made = images.make(&png, largest, &whole, format).await;
        assert_eq!(made.unwrap().size, largest, "{format:?}");
    }
}

#[tokio::test]
async fn a_heic_photograph_is_read() {
    let images = images();
    let Described { size, orientation, frames, .. } = images.describe(&heic()).await.unwrap();
    assert_eq!((size, orientation, frames), (Size { width: 1080, height: 1920 }, 1, 1));
}

#[tokio::test]
async fn files_that_are_cut_off_or_damaged_are_refused_and_the_next_image_is_made() {
    let images = images();
    for (format, file) in of_every_format(&images).await {
        for share in [2, 3, 10] {
            let cut = &file[..file.len() * (share - 1) / share];
            let refused = images.describe(cut).await;
            // A GIF whose last picture is cut off is shown as far as it goes.
            assert!(refused.is_err() || format == InputFormat::Gif, "{format:?} cut to {} bytes", cut.len());
        }
        let mut damaged = file.clone();
        for place in (file.len() / 3..file.len()).step_by(7) {
            damaged[place] ^= 0x5A;
        }
        let _ = images.describe(&damaged).await;
        assert!(images.describe(&file).await.is_ok(), "{format:?}");
    }
}

#[tokio::test]
async fn a_bomb_is_refused_before_a_worker_is_started() {
    // A worker that cannot be started: whoever reaches for it fails otherwise.
    let part = Parts::locate().unwrap().images().unwrap();
    let images = Images::new(vec!["/nonexistent".into()], part, ImageLimits::default());
    let bomb = files::png_of_header(60_000, 60_000);
    assert!(matches!(images.describe(&bomb).await, Err(ImageError::TooLarge { .. })));
    assert!(matches!(images.describe(&gradient_png(8, 8)).await, Err(ImageError::Unavailable { .. })));
}

#[tokio::test]
async fn memory_and_time_are_bounded_and_a_dead_worker_is_replaced() {
    let tight = ImageLimits { memory_bytes: 72 << 20, ..ImageLimits::default() };
    let large = files::noise_png(3_000, 3_000);
    let images = images_with(tight);
    let size = Size { width: 3_000, height: 3_000 };
    let refused = images.make(&large, size, &"rotate=90".parse().unwrap(), OutputFormat::Webp).await;
    assert!(
        matches!(
            refused,
            Err(ImageError::TooCostly { .. } | ImageError::Unreadable { .. } | ImageError::Unwritable { .. })
        ),
        "{refused:?}"
    );
    assert!(images.describe(&gradient_png(8, 8)).await.is_ok());

    let hasty = images_with(ImageLimits { wall_time: Duration::from_millis(150), ..ImageLimits::default() });
    let refused = hasty.make(&large, size, &"blur=40".parse().unwrap(), OutputFormat::Avif).await;
    assert!(matches!(refused, Err(ImageError::TooCostly { .. })), "{refused:?}");
}

#[tokio::test]
async fn more_at_once_than_may_wait_is_told_to_come_again() {
    let images = images_with(ImageLimits { workers: 1, waiting_max: 1, ..ImageLimits::default() });
    let png = gradient_png(600, 600);
    let size = Size { width: 600, height: 600 };
    let transform: Transform = "blur=5".parse().unwrap();
    let one = || images.make(&png, size, &transform, OutputFormat::Webp);
    let (first, second, third) = tokio::join!(one(), one(), one());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(third, Err(ImageError::Busy));
}
