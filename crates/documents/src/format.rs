//! What a file is, by its content.

use crate::{DocumentError, containers, html, plain, protocol::Bounds};
use serde::{Deserialize, Serialize};

/// Readers of PDF look for its beginning within so many bytes.
const PDF_BEGINS_WITHIN: usize = 1024;
const PDF: &[u8] = b"%PDF-";
const ZIP: &[u8] = b"PK\x03\x04";
/// The end of a zip's directory, and how long it is without a comment.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
/// Compound files: Office before 2007, and what Office encrypts.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// PDF.
    Pdf,
    /// Office Open XML text.
    Docx,
    /// Office Open XML slides.
    Pptx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument slides.
    Odp,
    /// HTML.
    Html,
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
}

impl Format {
    /// As it is in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Odt => "odt",
            Self::Odp => "odp",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::Text => "text/plain",
        }
    }

    /// The usual file extension, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Text => "txt",
            other => other.as_str(),
        }
    }

    /// Whether its pages look like something by themselves, without being laid out.
    #[must_use]
    pub fn has_page_images(self) -> bool {
        self == Self::Pdf
    }
}

/// What was recognised, with what was read to find it out.
pub(crate) enum Recognised {
    Pdf,
    Container(containers::Container, Format),
    /// With the text.
    Plain(Format, String),
}

/// Tells what a file is. The name decides between formats that look alike: Markdown and plain text.
pub(crate) fn recognise(bytes: &[u8], filename: &str, bounds: Bounds) -> Result<Recognised, DocumentError> {
    let begins_a_pdf = contains(&bytes[..bytes.len().min(PDF_BEGINS_WITHIN)], PDF);
    if bytes.starts_with(PDF) {
        if ends_a_zip(bytes) {
            return Err(ambiguous("it begins as PDF and ends as a zip archive"));
        }
        return Ok(Recognised::Pdf);
    }
    if bytes.starts_with(ZIP) {
        if begins_a_pdf {
            return Err(ambiguous("it begins as a zip archive and goes on as PDF"));
        }
        let mut container = containers::Container::open(bytes, bounds)?;
        let format = container.format()?;
        return Ok(Recognised::Container(container, format));
    }
    if bytes.starts_with(COMPOUND) {
        // Names in compound files are UTF-16.
        let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Err(if contains(bytes, &encrypted) {
            DocumentError::Encrypted
        } else {
            DocumentError::Unsupported { what: "of an older Office version".to_owned() }
        });
    }
    if bytes.starts_with(b"{\\rtf") {
        return Err(DocumentError::Unsupported { what: "RTF".to_owned() });
    }
    if begins_a_pdf {
        return Err(ambiguous("a PDF begins inside of it"));
    }
    let is_html = html::looks_like_html(bytes) || has_extension(filename, &["html", "htm", "xhtml"]);
    let text = plain::decode(bytes, is_html).ok_or(DocumentError::Unknown)?;
    if text.trim().is_empty() {
        return Err(DocumentError::Unknown);
    }
    if text.len() as u64 > bounds.unfolded_bytes_max {
        return Err(DocumentError::too_large("it has too much text"));
    }
    let format = if is_html {
        Format::Html
    } else if has_extension(filename, &["md", "markdown", "mdown", "mkd"]) {
        Format::Markdown
    } else {
        Format::Text
    };
    Ok(Recognised::Plain(format, text))
}

fn ambiguous(reason: &str) -> DocumentError {
    DocumentError::Ambiguous { reason: reason.to_owned() }
}

fn has_extension(filename: &str, extensions: &[&str]) -> bool {
    let extension = filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether readers of zip archives, which begin at the end, find one.
fn ends_a_zip(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(ZIP_END_BYTES + COMMENT_BYTES_MAX)..];
    let ends = |at: usize| {
        let length = tail.get(at + 20..at + 22).map(|two| usize::from(two[0]) | usize::from(two[1]) << 8);
        tail[at..].starts_with(ZIP_END)
            && length.is_some_and(|length| at + ZIP_END_BYTES + length == tail.len())
    };
    (0..tail.len().saturating_sub(ZIP_END_BYTES - 1)).any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { pages_max: 10, text_bytes_max: 1 << 20, unfolded_bytes_max: 1 << 20 };

    fn recognised(bytes: &[u8], filename: &str) -> Result<&'static str, &'static str> {
        match recognise(bytes, filename, BOUNDS) {
            Ok(Recognised::Pdf) => Ok("pdf"),
            Ok(Recognised::Container(_, format) | Recognised::Plain(format, _)) => Ok(format.as_str()),
            Err(error) => Err(error.code()),
        }
    }

    #[test]
    fn content_decides_and_a_name_only_between_what_looks_alike() {
        assert_eq!(recognised(b"%PDF-1.7\n...", "letter.docx"), Ok("pdf"));
        assert_eq!(recognised(b"# Notes\n\nOne.", "notes.md"), Ok("markdown"));
        assert_eq!(recognised(b"# Notes\n\nOne.", "notes.pdf"), Ok("text"));
        assert_eq!(recognised(b"  <!DOCTYPE html><p>Hello", "notes.txt"), Ok("html"));
        assert_eq!(recognised(b"<p>Hello", "page.html"), Ok("html"));
        assert_eq!(recognised(b"", "a.txt"), Err("document_unknown"));
        assert_eq!(recognised(b" \n ", "a.txt"), Err("document_unknown"));
        assert_eq!(recognised(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "a.txt"), Err("document_unknown"));
        assert_eq!(recognised(b"{\\rtf1 Hello}", "a.doc"), Err("document_unsupported"));
        assert_eq!(recognised(&[COMPOUND, &[0; 600]].concat(), "a.doc"), Err("document_unsupported"));
    }

    #[test]
    fn what_is_two_things_is_refused() {
        let end = [ZIP_END, &[0; 16], &[3, 0], b"abc"].concat();
        assert_eq!(
            recognised(&[b"%PDF-1.7\n".as_slice(), &end].concat(), "a.pdf"),
            Err("document_ambiguous")
        );
        assert_eq!(recognised(b"<html><!-- %PDF-1.7 -->", "a.html"), Err("document_ambiguous"));
        assert_eq!(recognised(&[ZIP, b"xxxx%PDF-1.4"].concat(), "a.docx"), Err("document_ambiguous"));
        // The mark alone, in the middle of what a PDF holds, ends nothing.
        assert_eq!(
            recognised(&[b"%PDF-1.7\n".as_slice(), ZIP_END, b"more than a comment"].concat(), "a.pdf"),
            Ok("pdf")
        );
    }
}
