//! The HTTP rules for serving bytes, as pure functions: byte ranges (RFC 9110 section 14), the
//! `Content-Disposition` header (RFC 6266 and RFC 8187) and content types.

use crate::{BlobError, BlobKey};
use http::HeaderValue;
use std::ops::Range;

/// Longest download name, in bytes of UTF-8.
pub const FILE_NAME_BYTES_MAX: usize = 200;

/// One range of a `Range` header, before the size of the blob is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRequest {
    /// Bytes from `start` to `last`, both included.
    Between {
        /// First byte.
        start: u64,
        /// Last byte, included.
        last: u64,
    },
    /// Bytes from here to the end.
    From(u64),
    /// The last so many bytes.
    Suffix(u64),
}

impl RangeRequest {
    /// Reads a `Range` header. `None` means that the whole blob is to be sent with status 200: the unit is not
    /// `bytes`, or there are several ranges, which RFC 9110 section 14.2 lets a server ignore.
    ///
    /// # Errors
    /// [`BlobError::RangeInvalid`] if a single `bytes` range is malformed.
    pub fn parse(header: &str) -> Result<Option<Self>, BlobError> {
        let invalid = BlobError::RangeInvalid { size_bytes: None };
        let Some((unit, set)) = header.split_once('=') else { return Err(invalid) };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Ok(None);
        }
        if set.contains(',') {
            return Ok(None);
        }
        let range = match set.trim().split_once('-') {
            Some(("", suffix)) => position(suffix).map(Self::Suffix),
            Some((start, "")) => position(start).map(Self::From),
            Some((start, last)) => position(start)
                .zip(position(last))
                .filter(|(start, last)| start <= last)
                .map(|(start, last)| Self::Between { start, last }),
            None => None,
        };
        range.map(Some).ok_or(invalid)
    }

    /// The bytes meant in a blob of `size_bytes`, cut off at its end, never empty.
    ///
    /// # Errors
    /// [`BlobError::RangeInvalid`] if no byte of the blob is meant.
    pub fn resolve(self, size_bytes: u64) -> Result<Range<u64>, BlobError> {
        let range = match self {
            Self::Between { start, last } => start..last.saturating_add(1).min(size_bytes),
            Self::From(start) => start..size_bytes,
            Self::Suffix(length) => size_bytes.saturating_sub(length)..size_bytes,
        };
        if range.is_empty() {
            return Err(BlobError::RangeInvalid { size_bytes: Some(size_bytes) });
        }
        Ok(range)
    }
}

/// A number of digits only; one too large for any blob counts as the largest.
fn position(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

/// `Content-Range` of a 206 response that carries `range`, which must not be empty.
pub fn content_range(range: &Range<u64>, size_bytes: u64) -> String {
    format!("bytes {}-{}/{size_bytes}", range.start, range.end.saturating_sub(1))
}

/// `Content-Range` of a 416 response.
pub fn content_range_unsatisfied(size_bytes: u64) -> String {
    format!("bytes */{size_bytes}")
}

/// Whether a browser shows the content or saves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Shown in place.
    Inline,
    /// Saved as a file.
    Attachment,
}

/// A file name that is safe to suggest to any system: without folders, control characters, characters that
/// reorder text, leading dots or surrounding spaces, and at most [`FILE_NAME_BYTES_MAX`] bytes long with its
/// extension kept. Never empty.
pub fn clean_file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = base.chars().filter(|&c| !c.is_control() && !is_invisible(c)).collect();
    let trimmed = visible.trim().trim_start_matches('.').trim_start();
    let (stem, extension) = match trimmed.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 => (stem, Some(extension)),
        _ => (trimmed, None),
    };
    let stem_bytes_max = FILE_NAME_BYTES_MAX - extension.map_or(0, |extension| extension.len() + 1);
    let stem = stem[..stem.floor_char_boundary(stem_bytes_max)].trim_end();
    match (stem, extension) {
        ("", _) => "download".to_owned(),
        (stem, Some(extension)) => format!("{stem}.{extension}"),
        (stem, None) => stem.to_owned(),
    }
}

/// Marks that change how a name reads without being seen, with which `gpj.exe` can pass for a picture.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// A `Content-Disposition` value for a name in any language: an ASCII approximation for old clients, and the
/// name itself as `filename*` (RFC 8187). The name is cleaned by [`clean_file_name`].
pub fn content_disposition(disposition: Disposition, name: &str) -> HeaderValue {
    let kind = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    let name = clean_file_name(name);
    // A percent sign is replaced as well, because some clients decode it inside the quoted form.
    let ascii: String = name
        .chars()
        .map(|c| if (c.is_ascii_graphic() || c == ' ') && !"\"\\%".contains(c) { c } else { '_' })
        .collect();
    let mut value = format!("{kind}; filename=\"{ascii}\"");
    if ascii != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            // attr-char of RFC 8187.
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                value.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// The content type of a blob, by the extension of its key. Only types that Memoreel itself writes are named;
/// anything else is `application/octet-stream`, so that an uploaded file is never run as a page.
pub fn content_type(key: &BlobKey) -> &'static str {
    match key.extension().unwrap_or_default() {
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "m4s" => "video/iso.segment",
        "mp4" => "video/mp4",
        "ts" => "video/mp2t",
        "m4a" => "audio/mp4",
        "mp3" => "audio/mpeg",
        "opus" => "audio/ogg",
        "wav" => "audio/wav",
        "jpg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "vtt" => "text/vtt; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn single_byte_ranges_are_read() {
        use RangeRequest::{Between, From, Suffix};
        for (header, range) in [
            ("bytes=0-0", Between { start: 0, last: 0 }),
            ("bytes=5-9", Between { start: 5, last: 9 }),
            ("Bytes = 5-", From(5)),
            ("bytes=-9", Suffix(9)),
            ("bytes=99999999999999999999-", From(u64::MAX)),
        ] {
            assert_eq!(RangeRequest::parse(header).unwrap(), Some(range), "{header}");
        }
        for header in ["items=0-1", "bytes=0-1,3-4"] {
            assert_eq!(RangeRequest::parse(header).unwrap(), None, "{header}");
        }
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=9-5",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=1 -2",
        ] {
            let error = RangeRequest::parse(header).unwrap_err();
            assert!(matches!(error, BlobError::RangeInvalid { size_bytes: None }), "{header}");
        }
    }

    #[test]
    fn a_range_without_any_byte_is_refused_with_the_size() {
        for (range, size) in [
            (RangeRequest::From(10), 10),
            (RangeRequest::Suffix(0), 10),
            (RangeRequest::Suffix(5), 0),
            (RangeRequest::From(0), 0),
        ] {
            let error = range.resolve(size).unwrap_err();
            assert!(matches!(error, BlobError::RangeInvalid { size_bytes: Some(seen) } if seen == size));
        }
        assert_eq!(content_range_unsatisfied(10), "bytes */10");
    }

    #[test]
    fn names_in_every_language_survive() {
        for (name, value) in [
            ("talk.mp4", "attachment; filename=\"talk.mp4\""),
            (
                "Grüße 100%.mp4",
                "attachment; filename=\"Gr__e 100_.mp4\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20100%25.mp4",
            ),
            ("会议.mp4", "attachment; filename=\"__.mp4\"; filename*=UTF-8''%E4%BC%9A%E8%AE%AE.mp4"),
            ("a\"b\r\nX: y.mp4", "attachment; filename=\"a_bX: y.mp4\"; filename*=UTF-8''a%22bX%3A%20y.mp4"),
            ("../../etc/passwd", "attachment; filename=\"passwd\""),
            ("c:\\x\\talk.mp4", "attachment; filename=\"talk.mp4\""),
            ("..", "attachment; filename=\"download\""),
            ("photo\u{202E}gpj.exe", "attachment; filename=\"photogpj.exe\""),
        ] {
            assert_eq!(content_disposition(Disposition::Attachment, name), value, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = clean_file_name(&format!("{}.mp4", "会".repeat(500)));
        assert!(name.len() <= FILE_NAME_BYTES_MAX && name.ends_with("会.mp4"), "{name}");
    }

    #[test]
    fn only_our_own_formats_have_a_type() {
        for (key, expected) in [
            ("a/index.m3u8", "application/vnd.apple.mpegurl"),
            ("a/1.m4s", "video/iso.segment"),
            ("a/captions.vtt", "text/vtt; charset=utf-8"),
            ("a/page.html", "application/octet-stream"),
            ("a/original", "application/octet-stream"),
        ] {
            assert_eq!(content_type(&BlobKey::parse(key).unwrap()), expected);
        }
    }

    proptest! {
        #[test]
        fn a_resolved_range_lies_within_the_blob(header in "bytes=[0-9]{0,4}-[0-9]{0,4}|\\PC{0,20}", size in 0_u64..5_000) {
            if let Ok(Some(range)) = RangeRequest::parse(&header)
                && let Ok(bytes) = range.resolve(size)
            {
                prop_assert!(bytes.start < bytes.end && bytes.end <= size);
                let text = content_range(&bytes, size);
                prop_assert_eq!(text, format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, size));
            }
        }

        #[test]
        fn any_name_becomes_one_safe_header(name in any::<String>()) {
            let value = content_disposition(Disposition::Inline, &name);
            let text = value.to_str().unwrap();
            let quoted = text.strip_prefix("inline; filename=\"").unwrap();
            let (fallback, rest) = quoted.split_once('"').unwrap();
            prop_assert!(!fallback.is_empty() && !fallback.contains(['/', '\\', '%']));
            prop_assert!(!rest.contains('"'));
            let cleaned = clean_file_name(&name);
            prop_assert!(cleaned.len() <= FILE_NAME_BYTES_MAX);
            prop_assert_eq!(clean_file_name(&cleaned), cleaned);
        }
    }
}
