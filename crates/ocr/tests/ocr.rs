//! Real images through the real tesseract.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use memoreel_ocr::{Languages, Ocr, OcrError, OcrLimits};
use std::time::Duration;

/// The letters of `HELP TILE` in 5 by 7 points, each point a block of pixels: large, black on white.
const LETTERS: [(char, [u8; 7]); 6] = [
    ('H', [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    ('L', [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111]),
    ('P', [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('I', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b11111]),
];
const POINT: usize = 6;
const LEFT: usize = 60;
const TOP: usize = 50;

fn picture(words: &str) -> Vec<u8> {
    let (width, height) = (2 * LEFT + words.chars().count() * 6 * POINT, 2 * TOP + 7 * POINT);
    let mut pixels = vec![255_u8; width * height];
    for (at, letter) in words.chars().enumerate() {
        let Some((_, rows)) = LETTERS.iter().find(|(known, _)| *known == letter) else { continue };
        for (y, row) in
            rows.iter().enumerate().flat_map(|(y, row)| (0..POINT).map(move |i| (y * POINT + i, row)))
        {
            for x in (0..5).filter(|x| row >> (4 - x) & 1 == 1) {
                let start = (TOP + y) * width + LEFT + at * 6 * POINT + x * POINT;
                pixels[start..start + POINT].fill(0);
            }
        }
    }
    png(&pixels, width, height)
}

fn png(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    file
}

fn ocr(limits: OcrLimits) -> Ocr {
    Ocr::new("tesseract", limits)
}

#[tokio::test]
async fn lines_come_with_their_places_and_how_sure_they_are() {
    let read = ocr(OcrLimits::default()).read(&picture("HELP TILE"), &Languages::default()).await.unwrap();
    assert_eq!(read.text(0.3), "HELP TILE");
    let line = &read.lines[0];
    assert!(line.confidence > 0.5, "{line:?}");
    assert!(line.left.abs_diff(LEFT as u32) < 12 && line.top.abs_diff(TOP as u32) < 12, "{line:?}");
    assert!(line.height.abs_diff(7 * POINT as u32) < 12, "{line:?}");
    assert_eq!(read.text(1.1), "");
}

#[tokio::test]
async fn a_picture_without_text_has_none() {
    let blank = png(&vec![255; 300 * 200], 300, 200);
    assert_eq!(ocr(OcrLimits::default()).read(&blank, &Languages::default()).await.unwrap().lines, []);
}

#[tokio::test]
async fn what_is_no_picture_or_too_much_is_refused() {
    let reader = ocr(OcrLimits::default());
    let (english, unknown) = (Languages::default(), "xyz".parse().unwrap());
    assert!(matches!(reader.read(b"P5 1 1 255 a", &english).await, Err(OcrError::Unreadable { .. })));
    let cut = &picture("HELP")[..60];
    assert!(matches!(reader.read(cut, &english).await, Err(OcrError::Unreadable { .. })));
    let missing = reader.read(&picture("HELP"), &unknown).await;
    assert!(matches!(missing, Err(OcrError::Unavailable { .. })), "{missing:?}");
    let small = ocr(OcrLimits { image_bytes_max: 100, ..OcrLimits::default() });
    assert_eq!(small.read(&picture("HELP"), &english).await, Err(OcrError::TooLarge));
    let hasty = ocr(OcrLimits { wall_time: Duration::from_millis(1), ..OcrLimits::default() });
    assert!(matches!(hasty.read(&picture("HELP"), &english).await, Err(OcrError::TooCostly { .. })));
    let nowhere = Ocr::new("/nonexistent/tesseract", OcrLimits::default());
    assert!(matches!(nowhere.read(&picture("HELP"), &english).await, Err(OcrError::Unavailable { .. })));
}
