//! Office files are zip archives of XML: which parts there are, and what they unfold to, held to limits.

use crate::{DocumentError, Format, protocol::Bounds};
use std::io::{Cursor, Read};
use zip::{ZipArchive, result::ZipError};

/// No office file has more parts.
const ENTRIES_MAX: usize = 20_000;
/// XML seldom shrinks to a thirtieth; what unfolds to so many times its size, and is large, is made to.
pub(crate) const RATIO_MAX: u64 = 250;
pub(crate) const LARGE_BYTES: u64 = 4 << 20;
const ODT: &[u8] = b"application/vnd.oasis.opendocument.text";
const ODP: &[u8] = b"application/vnd.oasis.opendocument.presentation";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.";
const MAIN_TYPES: [&str; 3] = ["document.main+xml", "presentation.main+xml", "slideshow.main+xml"];

/// A zip archive that is held to what it may unfold to.
pub(crate) struct Container {
    archive: ZipArchive<Cursor<Vec<u8>>>,
    left_bytes: u64,
}

impl Container {
    pub(crate) fn open(bytes: &[u8], bounds: Bounds) -> Result<Self, DocumentError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes.to_vec())).map_err(failure)?;
        if archive.len() > ENTRIES_MAX {
            return Err(DocumentError::too_large(format!("it has more than {ENTRIES_MAX} parts")));
        }
        // What the directory announces; what is read is counted again.
        let mut announced = 0_u64;
        for at in 0..archive.len() {
            let entry = archive.by_index_raw(at).map_err(failure)?;
            if entry.encrypted() {
                return Err(DocumentError::Encrypted);
            }
            if is_bomb(entry.size(), entry.compressed_size()) {
                return Err(unfolds());
            }
            announced = announced.saturating_add(entry.size());
        }
        // Pictures and films inside are not unfolded, but are no reason for more than this.
        if announced > bounds.unfolded_bytes_max.saturating_mul(8) {
            return Err(unfolds());
        }
        Ok(Self { archive, left_bytes: bounds.unfolded_bytes_max })
    }

    /// The part of this name, if there is one.
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        let entry = match self.archive.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        let compressed = entry.compressed_size();
        let mut part = Vec::new();
        entry.take(self.left_bytes + 1).read_to_end(&mut part).map_err(DocumentError::unreadable)?;
        let length = part.len() as u64;
        if length > self.left_bytes || is_bomb(length, compressed) {
            return Err(unfolds());
        }
        self.left_bytes -= length;
        Ok(Some(part))
    }

    /// A part without which there is no document.
    pub(crate) fn needed(&mut self, name: &str) -> Result<Vec<u8>, DocumentError> {
        self.part(name)?.ok_or_else(|| DocumentError::unreadable(format!("{name} is missing")))
    }

    /// What is kept in it.
    pub(crate) fn format(&mut self) -> Result<Format, DocumentError> {
        if let Some(kind) = self.part("mimetype")? {
            return self.open_document(kind.trim_ascii());
        }
        let Some(types) = self.part("[Content_Types].xml")? else {
            return Err(DocumentError::Unknown);
        };
        let types = String::from_utf8_lossy(&types);
        let is_main = |prefix: &str| {
            types
                .match_indices(prefix)
                .any(|(at, _)| MAIN_TYPES.iter().any(|kind| types[at + prefix.len()..].starts_with(kind)))
        };
        match (is_main(DOCX), is_main(PPTX)) {
            (true, false) => Ok(Format::Docx),
            (false, true) => Ok(Format::Pptx),
            (true, true) => Err(DocumentError::Ambiguous { reason: "it has a text and slides".to_owned() }),
            (false, false) if types.contains("spreadsheetml") => {
                Err(DocumentError::Unsupported { what: "a spreadsheet".to_owned() })
            }
            (false, false) => Err(DocumentError::Unknown),
        }
    }

    fn open_document(&mut self, kind: &[u8]) -> Result<Format, DocumentError> {
        let format = match kind {
            ODT => Format::Odt,
            ODP => Format::Odp,
            b"application/vnd.oasis.opendocument.spreadsheet" => {
                return Err(DocumentError::Unsupported { what: "a spreadsheet".to_owned() });
            }
            b"application/epub+zip" => {
                return Err(DocumentError::Unsupported { what: "a book in EPUB".to_owned() });
            }
            _ => return Err(DocumentError::Unknown),
        };
        let manifest = self.part("META-INF/manifest.xml")?.unwrap_or_default();
        if String::from_utf8_lossy(&manifest).contains("encryption-data") {
            return Err(DocumentError::Encrypted);
        }
        Ok(format)
    }
}

fn is_bomb(size: u64, compressed: u64) -> bool {
    size > LARGE_BYTES && size / compressed.max(1) > RATIO_MAX
}

pub(crate) fn unfolds() -> DocumentError {
    DocumentError::too_large("it unfolds to far more than it is")
}

fn failure(error: ZipError) -> DocumentError {
    match error {
        ZipError::UnsupportedArchive(what) if what == ZipError::PASSWORD_REQUIRED => DocumentError::Encrypted,
        other => DocumentError::unreadable(other),
    }
}
