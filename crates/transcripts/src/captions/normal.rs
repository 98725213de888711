//! The form of captions that every caption format can carry.

use super::timestamp::parse_timestamp;
use super::{ATTRIBUTE_BYTES_MAX, Captions, Cue, VOICE_CHARS_MAX};

/// The latest time that can be written: 9,999 hours.
const TIME_MS_MAX: i64 = 10_000 * 3_600_000 - 1;

impl Captions {
    /// The same captions in the form that parsing returns and writing produces: ordered by start, times within
    /// 0 to 9,999 hours and never backwards, lines trimmed and without blank ones or control characters, names on one
    /// line and at most [`VOICE_CHARS_MAX`] characters, cues without text and identifiers and settings of more than
    /// [`ATTRIBUTE_BYTES_MAX`] bytes left out.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.normalise();
        self
    }

    pub(super) fn normalise(&mut self) {
        self.language = self.language.take().and_then(|tag| language_tag(&tag));
        for cue in &mut self.cues {
            cue.normalise();
        }
        self.cues.retain(|cue| !cue.text.is_empty());
        self.cues.sort_by_key(|cue| cue.start_ms);
    }
}

impl Cue {
    fn normalise(&mut self) {
        self.start_ms = self.start_ms.clamp(0, TIME_MS_MAX);
        self.end_ms = self.end_ms.clamp(self.start_ms, TIME_MS_MAX);
        self.text = text_lines(&self.text);
        self.voice = self.voice.take().and_then(|voice| voice_name(&voice));
        self.identifier = self.identifier.take().and_then(|text| timing_safe(&text));
        self.settings = self.settings.take().and_then(|text| timing_safe(&text));
    }
}

/// A language tag, if it is one: letters, digits and hyphens.
pub(super) fn language_tag(text: &str) -> Option<String> {
    let tag = text.trim();
    let plain = (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then(|| tag.to_owned())
}

/// A name on one line, or none if nothing is left of it.
pub(super) fn voice_name(text: &str) -> Option<String> {
    let spaced = one_line(text);
    let name: String = spaced.chars().take(VOICE_CHARS_MAX).collect();
    let name = trimmed(&name);
    (!name.is_empty()).then(|| name.to_owned())
}

fn text_lines(text: &str) -> String {
    let clean: String = text
        .split(['\n', '\r'])
        .map(|line| line.chars().filter(|c| *c != '\u{feff}').map(printable).collect::<String>())
        .map(|line| trimmed(&line).to_owned())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    clean
}

/// An identifier or settings, unless too long or what would be read as a timing line.
fn timing_safe(text: &str) -> Option<String> {
    let line = one_line(text);
    let fits = (1..=ATTRIBUTE_BYTES_MAX).contains(&line.len());
    let safe = fits && !line.contains("-->") && parse_timestamp(&line).is_none();
    safe.then_some(line)
}

fn one_line(text: &str) -> String {
    let clean: String = text.chars().filter(|c| *c != '\u{feff}').map(printable).collect();
    let words: Vec<&str> = clean.split_whitespace().map(trimmed).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// Without white space and zero-width spaces at both ends; our SubRip files use the latter as an invisible mark.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{200b}')
}
