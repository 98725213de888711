//! Any text as what somebody looks for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_search::fuzzing::query;

fuzz_target!(|text: &str| query(text));
