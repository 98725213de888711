//! Any text as an origin or a domain that a delivery policy names, and as the origin that a browser presents.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_assets::fuzzing::web_addresses;

fuzz_target!(|texts: (&str, &str)| web_addresses(texts.0, texts.1));
