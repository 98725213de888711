//! Any bytes as the header and a segment of fragmented MP4, and as the beginning of a file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_media::{
    SNIFF_BYTES,
    fuzzing::{header_and_segment, segment},
    sniff,
};

fuzz_target!(|file: &[u8]| {
    let _sniffed = sniff(&file[..file.len().min(SNIFF_BYTES)]);
    let (init, bytes) = header_and_segment(file);
    segment(init, bytes);
});
