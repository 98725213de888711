//! Any bytes as a caption file: refused with a line, or read, written in each format, and read again to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_transcripts::captions::{parse, to_json, to_srt, to_webvtt};

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = parse(bytes) else { return };
    let again = parse(to_webvtt(&read.captions).as_bytes()).expect("what is written as WebVTT can be read");
    assert_eq!(again.captions.cues.len(), read.captions.cues.len());
    assert!(parse(to_srt(&read.captions).as_bytes()).is_ok());
    assert!(parse(to_json(&read.captions).as_bytes()).is_ok());
});
