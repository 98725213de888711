//! What a file is, told from its first bytes and never from its name.
//!
//! Containers that hold picture and sound alike (MP4, Matroska, MPEG-TS …) are reported as video unless their
//! header says sound only; [`crate::Probe::kind`] has the last word.

use serde::{Deserialize, Serialize};

/// How many first bytes [`sniff`] wants. It takes fewer where a file is shorter.
pub const SNIFF_BYTES: usize = 8 * 1024;

/// The four kinds of asset, and everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Moving pictures, perhaps with sound.
    Video,
    /// Sound.
    Audio,
    /// A still or animated picture.
    Image,
    /// Text, office documents, PDF.
    Document,
    /// Programs, archives, fonts: nothing this product keeps.
    Other,
}

/// What [`sniff`] recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// The kind of asset.
    pub kind: Kind,
    /// MIME type.
    pub content_type: &'static str,
    /// Usual file extension, without the dot.
    pub extension: &'static str,
}

const fn is(kind: Kind, content_type: &'static str, extension: &'static str) -> Option<Sniffed> {
    Some(Sniffed { kind, content_type, extension })
}

/// Recognises a file by its first bytes ([`SNIFF_BYTES`] of them, or all of a shorter file).
#[must_use]
pub fn sniff(head: &[u8]) -> Option<Sniffed> {
    recording(head)
        .or_else(|| markup(head))
        .or_else(|| known_to_infer(head))
        .or_else(|| weakly_marked(head))
        .or_else(|| text(head))
}

/// Formats with an unmistakable mark, for which ffmpeg's readers are stricter or wider than `infer`.
fn recording(head: &[u8]) -> Option<Sniffed> {
    use Kind::{Audio, Video};
    match head {
        [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => base_media(rest),
        [_, _, _, _, b'm', b'o', b'o', b'v' | b'f', ..] | [_, _, _, _, b'm', b'd', b'a', b't', ..] => {
            is(Video, "video/mp4", "mp4")
        }
        [_, _, _, _, b's', b't', b'y', b'p', ..] => is(Video, "video/mp4", "mp4"),
        [0x1A, 0x45, 0xDF, 0xA3, ..] if contains(&head[..head.len().min(64)], b"webm") => {
            is(Video, "video/webm", "webm")
        }
        [0x1A, 0x45, 0xDF, 0xA3, ..] => is(Video, "video/matroska", "mkv"),
        [b'O', b'g', b'g', b'S', ..] => ogg(head),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..]
        | [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => is(Audio, "audio/wav", "wav"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => {
            is(Video, "video/x-msvideo", "avi")
        }
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => {
            is(Audio, "audio/aiff", "aiff")
        }
        [b'f', b'L', b'a', b'C', ..] => is(Audio, "audio/flac", "flac"),
        [b'c', b'a', b'f', b'f', 0, 1, ..] => is(Audio, "audio/x-caf", "caf"),
        [b'F', b'L', b'V', 1, ..] => is(Video, "video/x-flv", "flv"),
        [b'#', b'!', b'A', b'M', b'R', b'-', b'W', b'B', ..] => is(Audio, "audio/amr-wb", "awb"),
        [b'#', b'!', b'A', b'M', b'R', ..] => is(Audio, "audio/amr", "amr"),
        [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, ..] => is(Video, "video/x-ms-asf", "wmv"),
        [0, 0, 1, 0xBA, ..] => is(Video, "video/mp2p", "mpg"),
        [0, 0, 1, 0xB3, ..] => is(Video, "video/mpeg", "mpg"),
        [b'I', b'D', b'3', ..] => tagged(head),
        _ => None,
    }
    .or_else(|| transport_stream(head))
}

/// ISO base media: the major brand tells sound, still picture and film apart.
fn base_media(brands: &[u8]) -> Option<Sniffed> {
    match brands.get(..4)? {
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => is(Kind::Audio, "audio/mp4", "m4a"),
        b"qt  " => is(Kind::Video, "video/quicktime", "mov"),
        b"avif" | b"avis" => is(Kind::Image, "image/avif", "avif"),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            is(Kind::Image, "image/heif", "heic")
        }
        b"jp2 " => is(Kind::Image, "image/jp2", "jp2"),
        b"crx " => is(Kind::Image, "image/x-canon-cr3", "cr3"),
        [b'3', b'g', ..] => is(Kind::Video, "video/3gpp", "3gp"),
        _ => is(Kind::Video, "video/mp4", "mp4"),
    }
}

/// The first page of an Ogg file begins with the codec's own header.
fn ogg(head: &[u8]) -> Option<Sniffed> {
    let first =
        head.get(26).map(|&segments| 27 + usize::from(segments)).and_then(|start| head.get(start..))?;
    if first.starts_with(b"\x80theora") || first.starts_with(b"BBCD") || first.starts_with(b"fishead") {
        return is(Kind::Video, "video/ogg", "ogv");
    }
    if first.starts_with(b"OpusHead") {
        return is(Kind::Audio, "audio/ogg; codecs=opus", "opus");
    }
    is(Kind::Audio, "audio/ogg", "ogg")
}

/// After an ID3v2 tag comes MP3, or AAC or FLAC from tools that tag everything.
fn tagged(head: &[u8]) -> Option<Sniffed> {
    let size = head.get(6..10)?.iter().fold(0_usize, |size, &byte| (size << 7) | usize::from(byte & 0x7F));
    let rest = head.get(10 + size..).unwrap_or_default();
    if rest.starts_with(b"fLaC") {
        return is(Kind::Audio, "audio/flac", "flac");
    }
    if is_adts(rest) {
        return is(Kind::Audio, "audio/aac", "aac");
    }
    is(Kind::Audio, "audio/mpeg", "mp3")
}

/// MPEG transport stream: a sync byte at every packet, of 188 bytes or of 192 with a time stamp in front.
fn transport_stream(head: &[u8]) -> Option<Sniffed> {
    for (start, size) in [(0, 188), (4, 192)] {
        let marks = head.iter().skip(start).step_by(size);
        if marks.len() >= 3 && marks.clone().take(8).all(|&byte| byte == 0x47) {
            return is(Kind::Video, "video/mp2t", "ts");
        }
    }
    None
}

/// Text that a browser would run or draw.
fn markup(head: &[u8]) -> Option<Sniffed> {
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let start = start.trim_ascii_start();
    let begins = |word: &[u8]| start.get(..word.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(word));
    if begins(b"<svg") || (begins(b"<?xml") && contains(head, b"<svg")) {
        return is(Kind::Image, "image/svg+xml", "svg");
    }
    if begins(b"<!doctype html") || begins(b"<html") {
        return is(Kind::Document, "text/html", "html");
    }
    if begins(b"WEBVTT") {
        return is(Kind::Document, "text/vtt", "vtt");
    }
    None
}

fn known_to_infer(head: &[u8]) -> Option<Sniffed> {
    use infer::MatcherType;
    let found = infer::get(head)?;
    let content_type = found.mime_type();
    let kind = match found.matcher_type() {
        MatcherType::Image => Kind::Image,
        MatcherType::Doc | MatcherType::Book | MatcherType::Text => Kind::Document,
        // Told apart above and below, with stricter checks.
        MatcherType::Audio | MatcherType::Video if matches!(content_type, "audio/mpeg" | "audio/aac") => {
            return None;
        }
        MatcherType::Audio => Kind::Audio,
        MatcherType::Video => Kind::Video,
        MatcherType::Archive if matches!(content_type, "application/pdf" | "application/rtf") => {
            Kind::Document
        }
        _ => Kind::Other,
    };
    Some(Sniffed { kind, content_type, extension: found.extension() })
}

/// Formats whose mark is a few bits, so that two marks in the right distance are asked for.
fn weakly_marked(head: &[u8]) -> Option<Sniffed> {
    if is_adts(head) {
        return is(Kind::Audio, "audio/aac", "aac");
    }
    // Some encoders leave silence of zeros before the first frame.
    let padding = head.iter().take_while(|byte| **byte == 0).count();
    if is_mp3(&head[padding..]) {
        return is(Kind::Audio, "audio/mpeg", "mp3");
    }
    match head {
        [0x0B, 0x77, _, _, _, id, ..] if id >> 3 <= 10 => is(Kind::Audio, "audio/ac3", "ac3"),
        [0x0B, 0x77, ..] => is(Kind::Audio, "audio/eac3", "eac3"),
        _ => None,
    }
}

fn is_adts(head: &[u8]) -> bool {
    let frame_size = |head: &[u8]| match head {
        [0xFF, second, _, a, b, c, ..] if second & 0xF6 == 0xF0 => {
            Some((usize::from(a & 3) << 11) | (usize::from(*b) << 3) | usize::from(c >> 5))
        }
        _ => None,
    };
    follows_itself(head, frame_size)
}

fn is_mp3(head: &[u8]) -> bool {
    follows_itself(head, mpeg_audio_frame_size)
}

/// Whether a frame starts here and, as far as the bytes reach, another follows it.
fn follows_itself(head: &[u8], frame_size: impl Fn(&[u8]) -> Option<usize>) -> bool {
    match frame_size(head) {
        Some(size @ 7..) => match head.get(size..) {
            Some(next) if next.len() >= 7 => frame_size(next).is_some(),
            _ => head.len() < SNIFF_BYTES / 2,
        },
        _ => false,
    }
}

/// Size of an MPEG audio frame from its header (ISO 11172-3 and 13818-3), for layers II and III.
fn mpeg_audio_frame_size(head: &[u8]) -> Option<usize> {
    const RATES_1_3: [usize; 16] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
    const RATES_1_2: [usize; 16] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0];
    const RATES_2: [usize; 16] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
    let [0xFF, second, third, ..] = head else { return None };
    let (version, layer) = ((second >> 3) & 3, (second >> 1) & 3);
    if second & 0xE0 != 0xE0 || version == 1 || !matches!(layer, 1 | 2) {
        return None;
    }
    let sample_rate = [44_100, 48_000, 32_000].get(usize::from((third >> 2) & 3))?
        >> match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
    let rates = match (version, layer) {
        (3, 1) => RATES_1_3,
        (3, _) => RATES_1_2,
        _ => RATES_2,
    };
    let bit_rate = rates[usize::from(third >> 4)] * 1000;
    let per_frame = if layer == 1 && version != 3 { 72 } else { 144 };
    (bit_rate > 0).then(|| per_frame * bit_rate / sample_rate + usize::from((third >> 1) & 1))
}

/// UTF-8 without control characters is text; a character cut at the end of the head does not count against it.
fn text(head: &[u8]) -> Option<Sniffed> {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = !valid.trim().is_empty()
        && valid.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}'));
    if is_text { is(Kind::Document, "text/plain", "txt") } else { None }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
