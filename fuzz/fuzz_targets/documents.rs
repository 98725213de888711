//! Any bytes as a document of each kind that is read in our own code.

#![no_main]

use libfuzzer_sys::fuzz_target;
use memoreel_documents::fuzzing::document;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let names = ["a.txt", "a.md", "a.html", "a.docx", "a.pptx", "a.odt", "a.odp"];
    document(bytes, names[usize::from(*kind) % names.len()]);
});
