//! Plain text, in whatever encoding.

use crate::{DocumentError, pages::Page, pages::Writer, protocol::Bounds};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// HTML says its encoding within so many bytes.
const DECLARED_WITHIN: usize = 1024;

/// The text of a file: as its byte order mark says, as UTF-8 where it is that, as HTML declares, or as windows-1252. Nothing where it
/// is no text.
pub(crate) fn decode(bytes: &[u8], is_html: bool) -> Option<String> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling(&bytes[length..]);
        // UTF-16 that is cut off in the middle of a letter is text all the same.
        let is_text = encoding != UTF_8 || !text.1;
        return Some(text.0.into_owned()).filter(|text| is_text && has_no_binary(text));
    }
    if bytes.contains(&0) {
        return None;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned()).filter(|text| has_no_binary(text));
    }
    let declared = if is_html { declared(bytes) } else { None };
    if let Some(encoding) = declared {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        return Some(text.into_owned()).filter(|text| has_no_binary(text));
    }
    // Of text in a Western language, few letters are not plain; of noise, half.
    let other = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let is_western =
        other * 3 <= bytes.len() && !text.chars().any(|letter| ('\u{80}'..'\u{a0}').contains(&letter));
    Some(text.into_owned()).filter(|text| is_western && has_no_binary(text))
}

/// Text has no control characters but those that lay it out.
fn has_no_binary(text: &str) -> bool {
    !text
        .chars()
        .any(|letter| letter < ' ' && !matches!(letter, '\t' | '\n' | '\r' | '\u{c}' | '\u{b}' | '\u{1b}'))
}

/// What `<meta charset>` or its older form says; never UTF-16, in which it could not be read.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(DECLARED_WITHIN)].to_ascii_lowercase();
    let at = head.windows(8).position(|window| window == b"charset=")? + 8;
    let label: Vec<u8> = head[at..]
        .iter()
        .copied()
        .skip_while(|byte| matches!(byte, b'"' | b'\''))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'))
        .collect();
    Encoding::for_label(&label).filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

/// Pages end with form feeds; paragraphs with empty lines.
pub(crate) fn read(text: &str, bounds: Bounds) -> Result<Vec<Page>, DocumentError> {
    let mut writer = Writer::new(bounds);
    for (at, page) in text.split('\u{c}').enumerate() {
        if at > 0 {
            writer.end_page()?;
        }
        let mut paragraph = String::new();
        for line in page.lines() {
            if line.trim().is_empty() {
                writer.paragraph(&std::mem::take(&mut paragraph))?;
            } else {
                paragraph.push_str(line);
                paragraph.push('\n');
            }
        }
        writer.paragraph(&paragraph)?;
    }
    Ok(writer.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_by_mark_by_form_and_by_what_is_declared() {
        let utf16: Vec<u8> = "\u{feff}Grüße".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16, false).as_deref(), Some("Grüße"));
        let utf16: Vec<u8> = "\u{feff}Grüße".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&utf16, false).as_deref(), Some("Grüße"));
        assert_eq!(decode("Grüße".as_bytes(), false).as_deref(), Some("Grüße"));
        assert_eq!(decode("\u{feff}Grüße".as_bytes(), false).as_deref(), Some("Grüße"));
        assert_eq!(decode(b"Gr\xfc\xdfe \x80 5", false).as_deref(), Some("Grüße € 5"));
        let russian = b"<meta charset=\"koi8-r\">\xd0\xd2\xc9\xd7\xc5\xd4";
        assert_eq!(decode(russian, true).as_deref(), Some("<meta charset=\"koi8-r\">привет"));
        for noise in [&b"a\0b"[..], b"abc\x01def", b"\xc3\x28\x81\x8d abcdefghijkl"] {
            assert_eq!(decode(noise, false), None, "{noise:?}");
        }
    }

    #[test]
    fn form_feeds_end_pages_and_empty_lines_paragraphs() {
        let bounds = Bounds { pages_max: 10, text_bytes_max: 1000, unfolded_bytes_max: 1000 };
        let pages = read("One\ntwo\r\n\r\nthree\u{c}\u{c}four", bounds).unwrap();
        let texts: Vec<&str> = pages.iter().map(|page| page.text.as_str()).collect();
        assert_eq!(texts, ["One\ntwo\n\nthree", "", "four"]);
    }
}
