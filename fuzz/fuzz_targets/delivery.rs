//! Any text as what asks for blobs: ranges, keys, checksums, names of files and signed addresses.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use memoreel_blob::{BlobKey, Checksum, RangeRequest, UrlSigner, clean_file_name};

fuzz_target!(|text: &str| {
    let _range = RangeRequest::parse(text);
    let _checksum = Checksum::parse(text);
    if let Ok(key) = BlobKey::parse(text) {
        assert_eq!(key.as_str(), text);
        assert!(key.segments().all(|segment| !segment.is_empty() && segment != "." && segment != ".."));
    }
    let name = clean_file_name(text);
    assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control), "{name:?}");
    assert!(UrlSigner::new([7; 32]).verify(text, DateTime::UNIX_EPOCH).is_err());
});
