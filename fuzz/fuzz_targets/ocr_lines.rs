//! Any text as what tesseract writes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_ocr::fuzzing::lines;

fuzz_target!(|text: &str| lines(text));
