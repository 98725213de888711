//! Any text as the headers of requests and of answers that are read in our own code: what is shown, what is there already, which part is
//! wanted or comes, and when to try again. Beside them, the numbers of a clip.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_assets::fuzzing::{clip, conditions, content_range};
use memoreel_images::{Accepted, OutputFormat, geometry::Size};
use memoreel_webhooks::fuzzing::retry;

fuzz_target!(|parts: (&str, u32, u8, f64, f64, Option<f64>)| {
    let (text, number, byte, from_seconds, to_seconds, duration_seconds) = parts;
    accept(text, Size { width: number & 0xFFFF, height: number >> 16 }, byte);
    conditions(text, number.into());
    content_range(text, byte.into());
    retry(text, (byte % 10).into(), f64::from(byte) / 255.0, number);
    clip(from_seconds, to_seconds, duration_seconds);
});

/// The best format holds the image, and is one that every program shows, or is named.
fn accept(text: &str, size: Size, flags: u8) {
    let named = text.to_ascii_lowercase();
    let best = Accepted::read(text).best(flags & 1 == 1, flags & 2 == 2, size);
    assert!(best.holds(size), "{text:?} {size:?}");
    if matches!(best, OutputFormat::Avif | OutputFormat::Webp) {
        assert!(named.contains(best.content_type()), "{text:?} {best:?}");
    }
    assert!(best.is_animated() || flags & 1 == 0, "{best:?}");
    assert!(best != OutputFormat::Jpeg || flags & 2 == 0, "{best:?}");
    let both = Accepted::read(&format!("{text},image/webp,image/avif"));
    assert!(both.avif && both.webp, "{text:?}");
}
