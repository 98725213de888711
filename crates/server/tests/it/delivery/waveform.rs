//! The outline of the sound as a picture.

use super::{PAGE, allows, from, players::path_of, set};
use crate::{
    app::TestApp,
    client::{Answer, send},
};
use serde_json::json;
use std::io::Cursor;

/// A WAV file: a second of silence, and a second of a loud tone.
fn half_silent() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let sample = |at: u32| -> i16 {
        match at {
            ..RATE => 0,
            _ if (at / 10).is_multiple_of(2) => 16_000,
            _ => -16_000,
        }
    };
    let samples: Vec<u8> = (0..2 * RATE).flat_map(|at| sample(at).to_le_bytes()).collect();
    let size = samples.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM in one channel.
    file.extend([1_u16, 1].map(u16::to_le_bytes).as_flattened());
    file.extend([RATE, 2 * RATE].map(u32::to_le_bytes).as_flattened());
    file.extend([2_u16, 16].map(u16::to_le_bytes).as_flattened());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(samples);
    file
}

/// How many pixels of each column have this colour; the others are transparent.
fn columns(answer: &Answer, size: (u32, u32), colour: [u8; 3]) -> Vec<usize> {
    let mut decoder = png::Decoder::new(Cursor::new(&answer.body[..]));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a whole picture");
    assert_eq!(((info.width, info.height), info.color_type), (size, png::ColorType::Rgba));
    let [red, green, blue] = colour;
    let mut filled = vec![0; size.0 as usize];
    for (at, pixel) in pixels.chunks(4).enumerate() {
        if pixel == [red, green, blue, u8::MAX] {
            filled[at % size.0 as usize] += 1;
        } else {
            assert_eq!(pixel[3], 0, "{pixel:?}");
        }
    }
    filled
}

#[tokio::test]
async fn the_sound_is_drawn_in_the_size_and_colour_that_somebody_asks_for() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    set(&ada, json!({ "allowed_origins": [PAGE] })).await;
    let id = ada.upload("Tone.wav", half_silent()).await;
    let video = app.until(&ada, &id, |video| video["playback"]["waveform_image_url"].is_string()).await;
    let address = path_of(&video["playback"]["waveform_image_url"]);
    let visitor = app.visitor();

    let wanted = format!("{address}?width=200&height=40&colour=F3ad3d");
    let drawn = visitor.get(&wanted).await.is(200);
    assert_eq!(drawn.header("content-type"), "image/png");
    let filled = columns(&drawn, (200, 40), [0xf3, 0xad, 0x3d]);
    assert!(filled[..95].iter().all(|&pixels| pixels == 2), "{filled:?}");
    assert!(filled[105..195].iter().all(|&pixels| pixels >= 34), "{filled:?}");

    // What is left out has its usual value, and the answer is as that of the peaks.
    let peaks = send(from(&app, "GET", &path_of(&video["playback"]["waveform_url"]), PAGE)).await.is(200);
    let usual = send(from(&app, "GET", &address, PAGE)).await.is(200);
    assert_eq!(columns(&usual, (1024, 128), [0x80; 3])[0], 2);
    for name in ["access-control-allow-origin", "cache-control", "content-security-policy", "accept-ranges"] {
        assert_eq!(usual.header(name), peaks.header(name), "{name}");
    }
    assert_ne!(usual.header("etag"), drawn.header("etag"));
    send(visitor.request("GET", &wanted).header("if-none-match", drawn.header("etag"))).await.is(304);
    let part = send(visitor.request("GET", &wanted).header("range", "bytes=1-3")).await.is(206);
    assert_eq!((&part.body[..], part.header("etag")), (&b"PNG"[..], drawn.header("etag")));

    // The largest is not heavy, and whatever else is asked for is refused, in words that a page can read.
    let largest = visitor.get(&format!("{address}?width=4096&height=1024")).await.is(200);
    assert_eq!(largest.body[16..24], [0, 0, 16, 0, 0, 0, 4, 0]);
    assert!(largest.body.len() < 50_000, "{}", largest.body.len());
    for (query, code, field) in [
        ("width=0", "options_invalid", "width"),
        ("width=4097", "options_invalid", "width"),
        ("height=0", "options_invalid", "height"),
        ("height=1025", "options_invalid", "height"),
        ("colour=red", "options_invalid", "colour"),
        ("colour=%23f3ad3d", "options_invalid", "colour"),
        ("width=4294967297", "parameters_invalid", "width"),
        ("height=-1", "parameters_invalid", "height"),
        ("heigth=40", "parameters_invalid", "heigth"),
    ] {
        let refused = send(from(&app, "GET", &format!("{address}?{query}"), PAGE)).await;
        assert_eq!(allows(&refused), Some(PAGE), "{query}");
        let problem = refused.refuses(422, code).json();
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }

    // A cookie opens it like the peaks beside it.
    let asset_id = video["asset_id"].as_str().unwrap();
    let cookie = ada.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    let by_cookie = path_of(&cookie["poster_url"]).replace("poster.jpg", "waveform.png?width=8&height=4");
    visitor.get(&by_cookie).await.refuses(401, "media_cookie_missing");
    let value = format!("memoreel_media={}", cookie["value"].as_str().unwrap());
    let small = send(visitor.request("GET", &by_cookie).header("cookie", value)).await.is(200);
    let filled = columns(&small, (8, 4), [0x80; 3]);
    assert_eq!((&filled[..3], &filled[5..]), (&[2; 3][..], &[4; 3][..]));
}
