//! Caption files: what a timed text is, how it is read from WebVTT, SubRip and our own JSON, and how it is written.
//!
//! Reading is tolerant the way browsers are: one broken cue is left out and named in the warnings, with its line. A
//! file that is something else, holds no usable cue or exceeds a limit is refused with the line and the reason.
//! Whatever we write, we read back without losing text, times or voices. Storage and HTTP are not known here.

mod encoding;
mod json;
mod markup;
mod normal;
mod subrip;
mod timestamp;
mod voices;
mod webvtt;
mod write;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use write::{TextOptions, to_json, to_srt, to_text, to_webvtt};

/// The largest caption file that is read.
pub const CAPTION_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The most cues one file may hold; a day of speech has about 20,000.
pub const CUES_MAX: usize = 50_000;
/// The most words one file may hold; a day of fast speech has about 300,000. Each is kept with its times, which are far longer than
/// a short word.
pub const WORDS_MAX: usize = 400_000;
/// The most characters that the texts of one file may have together, for what is written without spaces too.
pub const TEXT_CHARS_MAX: usize = 4_000_000;
/// The longest line of a WebVTT or SubRip file; the longest cue fits in even if every character is escaped.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// The longest text of one cue, in characters.
pub const CUE_CHARS_MAX: usize = 10_000;
/// The longest name of a voice, in characters; longer ones are cut.
pub const VOICE_CHARS_MAX: usize = 100;
/// The longest identifier and the longest settings of a cue, in bytes; longer ones are left out. All settings of the
/// standard together have fewer than a hundred, and each voice of a cue gets a copy of both.
pub const ATTRIBUTE_BYTES_MAX: usize = 500;
/// How many problems are listed one by one; the last warning counts the others.
pub const WARNINGS_MAX: usize = 200;

/// Timed text of one recording, in order of start time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captions {
    /// BCP 47 tag, where the file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The cues, ordered once read or [normalised](Captions::normalised).
    pub cues: Vec<Cue>,
}

/// One caption. Times are milliseconds from the start of the recording; the end never lies before the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue {
    /// When the caption appears.
    pub start_ms: i64,
    /// When it goes.
    pub end_ms: i64,
    /// Who speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Plain text without markup; lines are separated by `\n`.
    pub text: String,
    /// The cue's identifier in WebVTT. SubRip numbers are positions, not identifiers, and are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// WebVTT cue settings (`line:0 align:start`), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// WebVTT, as the W3C recommends it.
    WebVtt,
    /// SubRip (`.srt`).
    SubRip,
    /// The JSON of [`to_json`].
    Json,
}

/// What a caption file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The captions in their normal form.
    pub captions: Captions,
    /// What the content turned out to be.
    pub format: Format,
    /// What was left out or guessed, in order of lines; at most [`WARNINGS_MAX`].
    pub warnings: Vec<Warning>,
}

/// Something that was left out or guessed while reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, as a clause without a full stop.
    pub reason: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a caption file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CaptionError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, as a clause without a full stop.
    pub reason: String,
}

impl CaptionError {
    fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// Reads a caption file whose format is found out from its content.
///
/// UTF-8 with or without byte order mark, UTF-16 with one, and Windows-1252 where the bytes are not UTF-8; line ends
/// may be LF, CR LF or CR. Cues are returned in order of start time, those of one time in the file's order. A cue with
/// several voices becomes several cues of the same times.
///
/// # Errors
/// [`CaptionError`] with line and reason: another or unknown format, a limit exceeded, or no usable cue.
pub fn parse(bytes: &[u8]) -> Result<Parsed, CaptionError> {
    if bytes.len() > CAPTION_BYTES_MAX {
        return Err(CaptionError::new(
            1,
            format!("the file has {} bytes; at most {CAPTION_BYTES_MAX} are read", bytes.len()),
        ));
    }
    let mut warnings = Warnings::default();
    let text = encoding::decode(bytes, &mut warnings);
    let format = detect(&text)?;
    let mut captions = match format {
        Format::WebVtt => webvtt::parse(&text, &mut warnings)?,
        Format::SubRip => subrip::parse(&text, &mut warnings)?,
        Format::Json => json::parse(&text, &mut warnings)?,
    };
    captions.normalise();
    if captions.cues.is_empty() {
        // The first thing that went wrong explains an empty result better than the emptiness does.
        let first = warnings.first_dropped();
        return Err(
            first.unwrap_or_else(|| CaptionError::new(last_line(&text), "the file holds no cue with text"))
        );
    }
    check_extent(&captions)?;
    Ok(Parsed { captions, format, warnings: warnings.into_list() })
}

/// Refuses more text than is said in any recording: what is made of it, and for how long, grows with it.
fn check_extent(captions: &Captions) -> Result<(), CaptionError> {
    let sum = |count: fn(&str) -> usize| captions.cues.iter().map(|cue| count(&cue.text)).sum::<usize>();
    let words = sum(|text| text.split_whitespace().count());
    let chars = sum(|text| text.chars().count());
    for (held, max, what) in [(words, WORDS_MAX, "words"), (chars, TEXT_CHARS_MAX, "characters of text")] {
        if held > max {
            return Err(CaptionError::new(
                1,
                format!("the file holds {held} {what}; at most {max} are read"),
            ));
        }
    }
    Ok(())
}

fn detect(text: &str) -> Result<Format, CaptionError> {
    let start = text.trim_start();
    let line = encoding::line_number(&text[..text.len() - start.len()]);
    if start.is_empty() {
        return Err(CaptionError::new(1, "the file is empty"));
    }
    if text.starts_with("WEBVTT") {
        return Ok(Format::WebVtt);
    }
    if let Some(name) = foreign_format(start) {
        return Err(CaptionError::new(
            line,
            format!("this is {name}; captions are read as WebVTT, SubRip (SRT) or Memoreel JSON"),
        ));
    }
    if start.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("WEBVTT")) {
        return Err(CaptionError::new(
            line,
            "the header of a WebVTT file must be WEBVTT, in the first six characters",
        ));
    }
    if start.starts_with('{') {
        return Ok(Format::Json);
    }
    if text.contains("-->") {
        return Ok(Format::SubRip);
    }
    Err(CaptionError::new(
        line,
        "no timing line such as 00:00:01.000 --> 00:00:02.000; captions are read as WebVTT, SubRip (SRT) or Memoreel JSON",
    ))
}

/// Names a caption format we do not read, so that the refusal tells people what to convert.
fn foreign_format(start: &str) -> Option<&'static str> {
    let head: String = start.chars().take(400).collect::<String>().to_ascii_lowercase();
    let first_line = head.lines().next().unwrap_or_default().trim();
    let numbered = |open: char, close: char| {
        let inner = first_line.strip_prefix(open).and_then(|rest| rest.split_once(close));
        inner.is_some_and(|(inner, _)| {
            inner.starts_with(|c: char| c.is_ascii_digit())
                && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'))
        })
    };
    let any = |prefixes: &[&str]| prefixes.iter().any(|prefix| first_line.starts_with(prefix));
    if any(&["[script info]", "[v4", "[events]", "[fonts]", "scripttype:", "dialogue:", "style:", "format:"])
    {
        Some("SubStation Alpha (SSA, ASS)")
    } else if any(&["<tt", "<?xml"]) && head.contains("<tt") {
        Some("TTML")
    } else if any(&["<sami"]) {
        Some("SAMI")
    } else if any(&["<!doctype html", "<html"]) {
        Some("a web page (HTML)")
    } else if any(&["<?xml"]) {
        Some("XML")
    } else if any(&["scenarist_scc"]) {
        Some("Scenarist (SCC)")
    } else if numbered('{', '}') {
        Some("MicroDVD")
    } else if numbered('[', ']') {
        Some("lyrics (LRC)")
    } else {
        None
    }
}

fn last_line(text: &str) -> usize {
    encoding::lines(text).count().max(1)
}

/// Collects warnings up to a limit and remembers how many did not fit.
#[derive(Default)]
struct Warnings {
    list: Vec<Warning>,
    /// The first warning that cost a cue.
    dropped: Option<CaptionError>,
    further: usize,
    last_line: usize,
}

impl Warnings {
    /// Something was guessed; nothing is missing.
    fn guessed(&mut self, line: usize, reason: impl Into<String>) {
        self.push(line, reason.into());
    }

    /// The identifier or the settings of a cue were left out, because they are too long.
    fn too_long(&mut self, line: usize, what: &str) {
        self.guessed(line, format!("{what} of more than {ATTRIBUTE_BYTES_MAX} bytes were left out"));
    }

    /// A cue was left out.
    fn dropped(&mut self, line: usize, reason: impl Into<String>) {
        let reason = reason.into();
        if self.dropped.is_none() {
            self.dropped = Some(CaptionError::new(line, reason.clone()));
        }
        self.push(line, reason);
    }

    fn push(&mut self, line: usize, reason: String) {
        self.last_line = line;
        if self.list.len() < WARNINGS_MAX - 1 {
            self.list.push(Warning { line, reason });
        } else {
            self.further += 1;
        }
    }

    fn first_dropped(&self) -> Option<CaptionError> {
        self.dropped.clone()
    }

    fn into_list(mut self) -> Vec<Warning> {
        if self.further > 0 {
            let reason = format!("{} further problems up to this line", self.further);
            self.list.push(Warning { line: self.last_line, reason });
        }
        self.list
    }
}
