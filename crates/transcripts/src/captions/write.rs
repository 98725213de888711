//! Writing captions. All writers take the [normalised](Captions::normalised) form of what they are given, which is what
//! the reader returns for their output; SubRip and plain text have no place for identifiers, settings and language.

use std::fmt::Write as _;

use super::markup::{escaped_subrip, escaped_webvtt};
use super::timestamp::Clock;
use super::voices::prefixed;
use super::webvtt::OUR_HEADER;
use super::{Captions, Cue, json};

/// A silence that starts a new paragraph of plain text.
const PARAGRAPH_PAUSE_MS: i64 = 3_000;

/// How plain text is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Start each paragraph with its time, `[00:01:05]`.
    pub times: bool,
}

/// The captions as WebVTT, voices as `<v Name>`.
pub fn to_webvtt(captions: &Captions) -> String {
    let captions = captions.clone().normalised();
    let mut out = format!("{OUR_HEADER}\n");
    if let Some(language) = &captions.language {
        push_line(&mut out, format_args!("Language: {language}"));
    }
    for cue in &captions.cues {
        out.push('\n');
        if let Some(identifier) = &cue.identifier {
            push_line(&mut out, format_args!("{identifier}"));
        }
        let settings = cue.settings.as_ref().map(|settings| format!(" {settings}")).unwrap_or_default();
        let (start, end) = (Clock(cue.start_ms, '.'), Clock(cue.end_ms, '.'));
        push_line(&mut out, format_args!("{start} --> {end}{settings}"));
        let text = escaped_webvtt(&cue.text);
        match &cue.voice {
            Some(voice) => push_line(&mut out, format_args!("<v {}>{text}", annotation(voice))),
            None => push_line(&mut out, format_args!("{text}")),
        }
    }
    out
}

/// The captions as SubRip, voices as `Name: text`.
pub fn to_srt(captions: &Captions) -> String {
    let captions = captions.clone().normalised();
    let mut out = String::new();
    for (index, cue) in captions.cues.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let text = prefixed(cue.voice.as_deref(), &cue.text);
        push_line(&mut out, format_args!("{}", index + 1));
        push_line(&mut out, format_args!("{} --> {}", Clock(cue.start_ms, ','), Clock(cue.end_ms, ',')));
        push_line(&mut out, format_args!("{}", escaped_subrip(&text)));
    }
    out
}

/// The captions as text to read: one paragraph per turn, led by the speaker's name where the speaker changes.
pub fn to_text(captions: &Captions, options: TextOptions) -> String {
    let captions = captions.clone().normalised();
    let mut out = String::new();
    let mut last: Option<&Cue> = None;
    for cue in &captions.cues {
        let text = cue.text.replace('\n', " ");
        let changes = last.is_none_or(|last| last.voice != cue.voice);
        let pauses = last.is_some_and(|last| cue.start_ms - last.end_ms >= PARAGRAPH_PAUSE_MS);
        if changes || pauses {
            if last.is_some() {
                out.push_str("\n\n");
            }
            if options.times {
                let clock = Clock(cue.start_ms, '.').to_string();
                out.push_str(&format!("[{}] ", &clock[..clock.len() - 4]));
            }
            if let Some(voice) = cue.voice.as_ref().filter(|_| changes) {
                out.push_str(&format!("{voice}: "));
            }
        } else {
            out.push(' ');
        }
        out.push_str(&text);
        last = Some(cue);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The captions as our JSON, which keeps every field.
pub fn to_json(captions: &Captions) -> String {
    json::write(&captions.clone().normalised())
}

/// A name as it must stand in a tag, whose end must not make an arrow of it: a line with one is a timing line.
fn annotation(voice: &str) -> String {
    let escaped = escaped_webvtt(voice);
    match escaped.strip_suffix('-') {
        Some(name) => format!("{name}&#45;"),
        None => escaped,
    }
}

fn push_line(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{line}");
}
