//! Any bytes as the headers of a resumable upload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_assets::fuzzing::upload_headers;

fuzz_target!(|parts: (&[u8], &[u8])| upload_headers(parts.0, parts.1));
