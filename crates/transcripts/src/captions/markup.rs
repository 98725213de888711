//! Cue text markup: tags and character references to plain text with voices, and the escapes for the way back.

use std::borrow::Cow;

use super::normal::{trimmed, voice_name};

/// Whose markup is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Every tag is markup (WebVTT, section 6.4).
    WebVtt,
    /// Only the tags that SubRip files use are markup, and `{\...}` override codes; anything else in brackets is text.
    SubRip,
}

const SUBRIP_TAGS: &[&str] =
    &["b", "i", "u", "s", "font", "c", "v", "span", "em", "strong", "br", "ruby", "rt", "lang"];

/// No tag is longer, in bytes: the longest name of a voice has half as many with every letter spelled out. A search for
/// where a tag ends that went on to the end of the cue would read it all again for each `<` in it.
const TAG_BYTES_MAX: usize = 1024;
/// No name of a tag that means something is longer, in characters.
const TAG_NAME_CHARS_MAX: usize = 16;

/// A stretch of cue text by one voice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub voice: Option<String>,
    pub text: String,
}

/// Removes the markup of a cue. Each change of voice starts a new stretch; neighbours of one voice are joined, and
/// stretches without text are left out. Ruby readings follow their base in brackets.
///
/// A `<` that no `>` closes within a kilobyte is text: the standard would drop what follows, but losing words helps nobody.
pub(super) fn spoken(raw: &str, dialect: Dialect) -> Vec<Spoken> {
    let mut parts = Parts::default();
    let mut rest = raw;
    while let Some(at) = rest.find(['<', '{', '&']) {
        parts.push(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes()[0] {
            b'<' => tag(rest, dialect, &mut parts),
            b'{' if dialect == Dialect::SubRip => override_code(rest, &mut parts),
            b'&' => reference(rest, &mut parts),
            _ => literal(rest, &mut parts),
        };
    }
    parts.push(rest);
    parts.finish()
}

fn literal<'a>(rest: &'a str, parts: &mut Parts) -> &'a str {
    parts.push(&rest[..1]);
    &rest[1..]
}

fn tag<'a>(rest: &'a str, dialect: Dialect, parts: &mut Parts) -> &'a str {
    let Some(end) = end_of(rest, '>') else { return literal(rest, parts) };
    let inner = &rest[1..end];
    let (closing, body) = inner.strip_prefix('/').map_or((false, inner), |body| (true, body));
    let mut head = body.char_indices().take(TAG_NAME_CHARS_MAX + 1);
    let name_end = head.find(|(_, c)| matches!(c, '.' | '/') || c.is_whitespace());
    let name_end = name_end.map_or(body.len(), |(at, _)| at);
    let name = body[..name_end].to_ascii_lowercase();
    let known = match dialect {
        Dialect::WebVtt => !body.starts_with(|c: char| c.is_whitespace() || c == '<'),
        Dialect::SubRip => SUBRIP_TAGS.contains(&name.as_str()),
    };
    if !known {
        return literal(rest, parts);
    }
    match (name.as_str(), closing) {
        ("v", false) => {
            let annotation = body[name_end..].find(char::is_whitespace).map(|at| &body[name_end + at..]);
            parts.start_voice(annotation.map(decoded).and_then(|name| voice_name(&name)));
        }
        ("v", true) => parts.end_voice(),
        ("rt", false) => parts.push("("),
        ("rt", true) => parts.push(")"),
        ("br", _) => parts.push("\n"),
        _ => {}
    }
    &rest[end + 1..]
}

fn override_code<'a>(rest: &'a str, parts: &mut Parts) -> &'a str {
    match end_of(rest, '}') {
        Some(end) if rest[1..].starts_with('\\') => &rest[end + 1..],
        _ => literal(rest, parts),
    }
}

/// Where the tag or the code that a text begins with ends.
fn end_of(rest: &str, close: char) -> Option<usize> {
    rest[..rest.floor_char_boundary(TAG_BYTES_MAX)].find(close)
}

fn reference<'a>(rest: &'a str, parts: &mut Parts) -> &'a str {
    match character_reference(rest) {
        Some((c, length)) => {
            parts.push(c.encode_utf8(&mut [0; 4]));
            &rest[length..]
        }
        None => literal(rest, parts),
    }
}

/// The character that a text starting with `&` refers to, and the length of the reference.
fn character_reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, end + 1))
}

fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (c, length) = character_reference(rest).unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Text as it must stand in a WebVTT cue or annotation.
pub(super) fn escaped_webvtt(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text as it must stand in a SubRip cue. Most players show references as they are, so only what would otherwise be
/// read as markup or as a timing line is escaped.
pub(super) fn escaped_subrip(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '{', '&', '>']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        match c {
            '<' if rest[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/') => {
                out.push_str("&lt;")
            }
            '{' if rest[1..].starts_with('\\') => out.push_str("&#123;"),
            '&' if character_reference(rest).is_some() => out.push_str("&amp;"),
            '>' if text[..at].ends_with("--") => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[derive(Default)]
struct Parts {
    done: Vec<Spoken>,
    current: Spoken,
}

impl Parts {
    fn push(&mut self, text: &str) {
        self.current.text.push_str(text);
    }

    fn start_voice(&mut self, voice: Option<String>) {
        let next = Spoken { voice, text: String::new() };
        let finished = std::mem::replace(&mut self.current, next);
        self.keep(finished);
    }

    /// Voices do not nest in practice, and an unclosed one ends where the next begins: closing leaves no voice.
    fn end_voice(&mut self) {
        self.start_voice(None);
    }

    fn keep(&mut self, part: Spoken) {
        if trimmed(&part.text).is_empty() {
            if let Some(last) = self.done.last_mut() {
                last.text.push_str(&part.text);
            }
            return;
        }
        match self.done.last_mut() {
            Some(last)
                if last.voice == part.voice
                    || (part.voice.is_none() && !part.text.chars().any(char::is_alphanumeric)) =>
            {
                last.text.push_str(&part.text);
            }
            _ => self.done.push(part),
        }
    }

    fn finish(mut self) -> Vec<Spoken> {
        let last = std::mem::take(&mut self.current);
        self.keep(last);
        self.done
    }
}
