//! Pictures of a high dynamic range are shown with the tones that they were meant to have.

#![expect(clippy::unwrap_used, reason = "where a helper fails, its test has failed")]

use std::path::PathBuf;

use memoreel_media::{EncodingPlan, ladder};

use crate::support::{Bench, first_picture, stream};

/// Light of each patch from left to right, in cd/m², as red, green and blue of BT.709.
const PATCHES: [[f64; 3]; 4] =
    [[10.0, 10.0, 10.0], [100.0, 100.0, 100.0], [1000.0, 1000.0, 1000.0], [100.0, 0.0, 0.0]];
const WIDTH: usize = 640;
const HEIGHT: usize = 360;
/// Of 255; encoding and rounding take three.
const TOLERANCE: u8 = 6;
/// What the curve shows as white, in cd/m²: what is brighter is not told from it.
const BRIGHTEST: f64 = 1000.0;

/// What PQ says of so much light (SMPTE ST 2084, the inverse of its EOTF).
fn pq(light: f64) -> f64 {
    let power = (light / 10_000.0).powf(2610.0 / 16_384.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
    ((c1 + c2 * power) / (1.0 + c3 * power)).powf(2523.0 / 32.0)
}

/// Luma and chroma of a patch in ten bits of BT.2020, to which BT.2087 brings it.
fn stored([red, green, blue]: [f64; 3]) -> [u16; 3] {
    let rows = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]];
    let [red, green, blue] = rows.map(|[r, g, b]| pq(r * red + g * green + b * blue));
    let luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue;
    let (blue, red) = ((blue - luma) / 1.8814, (red - luma) / 1.4746);
    [219.0 * luma + 16.0, 224.0 * blue + 128.0, 224.0 * red + 128.0].map(|code| (code * 4.0).round() as u16)
}

/// Hable's filmic curve, where 1 is the white of a page: 100 cd/m².
fn filmic(light: f64) -> f64 {
    let (a, b, c, d, e, f) = (0.15, 0.50, 0.10, 0.20, 0.02, 0.30);
    (light * (light * a + c * b) + d * e) / (light * (light * a + b) + d * f) - e / f
}

/// What a screen of BT.709 is to be told: its brightest colour follows the curve, the others keep their part of it (BT.1886).
fn shown(patch: [f64; 3]) -> [u8; 3] {
    let most = patch.into_iter().fold(0.0, f64::max);
    let scale = filmic(most / 100.0) / filmic(BRIGHTEST / 100.0) / most;
    patch.map(|light| ((light * scale).powf(1.0 / 2.4) * 255.0).round() as u8)
}

/// A second of the patches, as HDR10 stores them.
fn recorded(bench: &Bench) -> PathBuf {
    let codes = PATCHES.map(stored);
    let mut planes = Vec::new();
    for (component, [width, height]) in
        [[WIDTH, HEIGHT], [WIDTH / 2, HEIGHT / 2], [WIDTH / 2, HEIGHT / 2]].into_iter().enumerate()
    {
        for pixel in 0..width * height {
            let patch = pixel % width * PATCHES.len() / width;
            planes.extend_from_slice(&codes[patch][component].to_le_bytes());
        }
    }
    let raw = bench.path("patches.yuv");
    std::fs::write(&raw, planes).unwrap();
    bench.make(
        "patches.mp4",
        &format!(
            "-f rawvideo -pixel_format yuv420p10le -video_size {WIDTH}x{HEIGHT} -framerate 10 -stream_loop 9 -i {} -c:v libx264 \
             -crf 8 -x264-params transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc",
            raw.display()
        ),
    )
}

/// What is in the middle of each patch.
fn middles(picture: &[[u8; 3]]) -> [[u8; 3]; 4] {
    [4, 12, 20, 28].map(|column| picture[16 * 32 + column])
}

fn is_like(seen: [u8; 3], wanted: [u8; 3]) -> bool {
    seen.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(wanted) <= TOLERANCE)
}

#[tokio::test]
async fn a_high_dynamic_range_becomes_a_standard_one_with_the_tones_it_was_meant_to_have() {
    let bench = Bench::new().await;
    assert!(bench.ffmpeg.maps_tones(), "ffmpeg was built without zimg, and shows this in wrong tones");
    let input = recorded(&bench);
    let probe = bench.probe(&input).await;
    let video = probe.video.clone().unwrap();
    assert!(video.is_hdr);
    assert_eq!((video.color_space.as_deref(), video.bit_depth()), (Some("bt2020nc"), Some(10)));
    let out = bench.out("out");
    let rungs = ladder(&probe, None, &EncodingPlan::default());
    bench.ffmpeg.encode_ladder(&input, &probe, &rungs, &out, &bench.control).await.unwrap();

    let playlist = out.join("360p/media.m3u8");
    let told = stream(&playlist, "video");
    assert_eq!(told["pix_fmt"], "yuv420p");
    for name in ["color_transfer", "color_primaries", "color_space"] {
        assert_eq!(told[name], "bt709", "{name} of {told:#}");
    }
    let seen = middles(&first_picture(&playlist, 32));
    let as_it_is = middles(&first_picture(&input, 32));
    for (number, patch) in PATCHES.into_iter().enumerate() {
        let wanted = shown(patch);
        assert!(is_like(seen[number], wanted), "{:?} of {patch:?} is not {wanted:?}", seen[number]);
        // A picture whose tones nobody mapped does not pass.
        assert!(!is_like(as_it_is[number], wanted), "{:?} of {patch:?} tells nothing", as_it_is[number]);
    }
}
