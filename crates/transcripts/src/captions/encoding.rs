//! Bytes to text, and text to lines.

use super::Warnings;

/// What Windows-1252 has between 0x80 and 0x9f; five places are unassigned and stay the control characters of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes a caption file and removes its byte order mark. Never fails: bytes that are not UTF-8 are Windows-1252.
pub(super) fn decode(bytes: &[u8], warnings: &mut Warnings) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes, warnings),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes, warnings),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(error) => {
                    let line = line_number(&String::from_utf8_lossy(&bytes[..error.valid_up_to()]));
                    warnings.guessed(line, "the text is not UTF-8 and was read as Windows-1252");
                    bytes.iter().map(|byte| windows_1252(*byte)).collect()
                }
            }
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, warnings: &mut Warnings) -> String {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !odd.is_empty() {
        warnings.guessed(line_number(&text), "the UTF-16 text ends in the middle of a character");
    }
    text
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The lines of a text, ended by LF, CR LF or CR.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return (!text.is_empty()).then_some(text);
        };
        let skip = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + skip..]);
        Some(&text[..end])
    })
}

/// The line, counted from 1, on which a text ends.
pub(super) fn line_number(text: &str) -> usize {
    let line_feeds = text.matches('\n').count();
    let carriage_returns = text.matches('\r').count() - text.matches("\r\n").count();
    1 + line_feeds + carriage_returns
}
