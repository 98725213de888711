//! Any bytes as a document of each kind that is read in our own code, and as a PDF that is looked through before it is read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_documents::fuzzing::{document, pdf};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let names = ["a.txt", "a.md", "a.html", "a.docx", "a.pptx", "a.odt", "a.odp"];
    match names.get(usize::from(*kind) % (names.len() + 1)) {
        Some(name) => document(bytes, name),
        None => pdf(bytes),
    }
});
