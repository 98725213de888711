//! Any bytes as the header and a segment of fragmented MP4, and as the beginning and the end of a file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_media::{
    SNIFF_BYTES, TAIL_BYTES, also,
    fuzzing::{header_and_segment, segment},
    sniff,
};

fuzz_target!(|file: &[u8]| {
    let head = &file[..file.len().min(SNIFF_BYTES)];
    let _sniffed = sniff(head);
    let _also = also(head, &file[file.len().saturating_sub(TAIL_BYTES)..]);
    let (init, bytes) = header_and_segment(file);
    segment(init, bytes);
});
