//! Any bytes as the header and a segment of fragmented MP4, and as the beginning of a file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_media::{SNIFF_BYTES, fuzzing::segment, sniff};

fuzz_target!(|parts: (&[u8], &[u8])| {
    let (init, bytes) = parts;
    let _sniffed = sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]);
    segment(init, bytes);
});
