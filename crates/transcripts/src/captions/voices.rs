//! Speaker names in SubRip, which has no place for them: `NAME: text`.
//!
//! Our own files put a no-break space behind the colon, which looks the same and says for certain that a name precedes
//! it; a line that only looks as if it began with a name gets a zero-width space in front. Other people's files are
//! believed where a name is clear: in capitals, "Speaker 2", or a capitalised name that comes back. Meeting services
//! write WebVTT the same way, a name before every line.

use std::collections::HashMap;

use super::Cue;
use super::normal::voice_name;

/// Behind a name in our own files.
const NAME_MARK: &str = ":\u{a0}";
/// Before a line of our own files that begins with no name.
const NO_NAME_MARK: char = '\u{200b}';
/// How often a capitalised name must introduce a line before it is believed.
const RECURRENCES_MIN: usize = 3;
/// In how many of ten cues a WebVTT file must have prefixes for them to be names.
const PREFIXED_CUES_IN_TEN: usize = 6;
const NAME_CHARS_MAX: usize = 40;
const NAME_WORDS_MAX: usize = 4;

/// Words that introduce a line without being anybody.
const NOT_NAMES: &[&str] = &[
    "note",
    "notes",
    "warning",
    "caution",
    "question",
    "answer",
    "example",
    "step",
    "update",
    "ps",
    "faq",
    "tip",
    "source",
    "http",
    "https",
    "q",
    "a",
    "re",
    "fact",
    "chapter",
    "part",
    "section",
    "title",
    "subtitles",
    "summary",
    "music",
    "narration",
    "translation",
    "time",
    "date",
    "location",
    "p.s",
    "important",
];

/// The names that a file uses as prefixes, with how often.
#[derive(Default)]
pub(super) struct Names(HashMap<String, usize>);

impl Names {
    /// Counts the names that could introduce the lines of these texts.
    pub(super) fn counted<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut names = Self::default();
        for (name, _) in lines.filter_map(possible_name) {
            *names.0.entry(name.to_owned()).or_default() += 1;
        }
        names
    }

    /// Splits a line into the name that clearly introduces it and its text.
    pub(super) fn split<'a>(&self, line: &'a str) -> (Option<String>, &'a str) {
        if line.starts_with(NO_NAME_MARK) {
            return (None, line);
        }
        if let Some((name, text)) = line.split_once(NAME_MARK) {
            return (voice_name(name), text);
        }
        match possible_name(line) {
            Some((name, text)) if self.is_clear(name) => (voice_name(name), text),
            _ => (None, line),
        }
    }

    fn is_clear(&self, name: &str) -> bool {
        let letters = name.chars().filter(|c| c.is_alphabetic()).count();
        let capitals = letters >= 2 && !name.chars().any(char::is_lowercase);
        let numbered = name.rsplit_once(' ').is_some_and(|(word, number)| {
            word.eq_ignore_ascii_case("speaker") && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        capitals || numbered || self.0.get(name).is_some_and(|count| *count >= RECURRENCES_MIN)
    }
}

/// A line's prefix that has the shape of a name, and the text behind it.
fn possible_name(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.split_once(": ")?;
    let shaped = name.chars().count() <= NAME_CHARS_MAX
        && name.split(' ').count() <= NAME_WORDS_MAX
        && name.chars().all(|c| {
            c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '\'' | '’' | '(' | ')' | '&' | '#')
        })
        && name.split(' ').all(|word| {
            word.starts_with(|c: char| {
                c.is_uppercase() || c.is_numeric() || !(c.is_lowercase() || c.is_ascii())
            }) || matches!(word, "de" | "van" | "von" | "der" | "of" | "and" | "&")
                || word.starts_with(['(', '#'])
        })
        && name.starts_with(char::is_alphabetic)
        && name.chars().any(char::is_alphabetic)
        && !NOT_NAMES.contains(&name.to_lowercase().as_str());
    (shaped && !text.trim().is_empty()).then_some((name, text))
}

/// Takes the names out of cues that have them as prefixes, if most cues do: then every prefix is a name, however it is
/// spelt (`anna k | ops: hello`).
pub(super) fn prefixes_to_voices(cues: &mut [Cue]) {
    let prefixed = cues.iter().filter(|cue| any_prefix(&cue.text).is_some()).count();
    if prefixed < RECURRENCES_MIN || prefixed * 10 < cues.len() * PREFIXED_CUES_IN_TEN {
        return;
    }
    for cue in cues {
        if let Some((name, text)) =
            any_prefix(&cue.text).map(|(name, text)| (voice_name(name), text.to_owned()))
        {
            cue.voice = name;
            cue.text = text;
        }
    }
}

fn any_prefix(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(": ")?;
    let shaped = (1..=60).contains(&name.chars().count())
        && name.split_whitespace().count() <= 8
        && !name.contains(['\n', '?', '!', '"'])
        && name.starts_with(char::is_alphanumeric);
    (shaped && !rest.trim().is_empty()).then_some((name, rest))
}

/// A cue's text with its voice as the SubRip writer puts it.
pub(super) fn prefixed(voice: Option<&str>, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 24);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        match voice {
            Some(voice) if index == 0 => {
                out.push_str(voice);
                out.push_str(NAME_MARK);
            }
            _ if possible_name(line).is_some() || line.contains(NAME_MARK) => out.push(NO_NAME_MARK),
            _ => {}
        }
        out.push_str(line);
    }
    out
}
