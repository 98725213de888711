//! Reading WebVTT: the parser of the W3C recommendation (section 6), with problems reported instead of passed over.

use super::encoding::lines;
use super::markup::{Dialect, spoken};
use super::normal::language_tag;
use super::timestamp::parse_timing;
use super::voices::prefixes_to_voices;
use super::{
    ATTRIBUTE_BYTES_MAX, CUE_CHARS_MAX, CUES_MAX, CaptionError, Captions, Cue, LINE_BYTES_MAX, Warnings,
};

/// The first line of the files we write, whose voices are never written as prefixes.
pub(super) const OUR_HEADER: &str = "WEBVTT - Memoreel";

/// Reads a text that starts with `WEBVTT`.
pub(super) fn parse(text: &str, warnings: &mut Warnings) -> Result<Captions, CaptionError> {
    let lines: Vec<&str> = lines(text).collect();
    check_lines(&lines)?;
    let header = lines.first().copied().unwrap_or_default();
    if !header["WEBVTT".len()..].is_empty() && !header["WEBVTT".len()..].starts_with([' ', '\t']) {
        return Err(CaptionError::new(
            1,
            "the header must be WEBVTT, alone or followed by a space and a comment",
        ));
    }
    let mut captions = Captions::default();
    let mut at = 1;
    while let Some(line) = lines.get(at).filter(|line| !line.is_empty() && !line.contains("-->")) {
        header_line(line, at + 1, &mut captions, warnings);
        at += 1;
    }
    while at < lines.len() {
        if lines[at].is_empty() {
            at += 1;
        } else {
            at = block(&lines, at, &mut captions, warnings)?;
        }
    }
    let names_voices = header == OUR_HEADER || captions.cues.iter().any(|cue| cue.voice.is_some());
    if !names_voices {
        prefixes_to_voices(&mut captions.cues);
    }
    Ok(captions)
}

/// Refuses lines that are too long; shared with SubRip.
pub(super) fn check_lines(lines: &[&str]) -> Result<(), CaptionError> {
    match lines.iter().position(|line| line.len() > LINE_BYTES_MAX) {
        Some(at) => Err(CaptionError::new(
            at + 1,
            format!("the line has {} bytes; at most {LINE_BYTES_MAX} are read", lines[at].len()),
        )),
        None => Ok(()),
    }
}

fn header_line(line: &str, number: usize, captions: &mut Captions, warnings: &mut Warnings) {
    if line.starts_with("X-TIMESTAMP-MAP") {
        warnings.guessed(number, "X-TIMESTAMP-MAP was ignored: times count from the start of the recording");
    }
    if let Some((name, value)) = line.split_once(':')
        && name.trim().eq_ignore_ascii_case("language")
    {
        captions.language = language_tag(value);
    }
}

/// Reads one block starting at a line that is not empty; returns the index of the first line behind it.
fn block(
    lines: &[&str],
    first: usize,
    captions: &mut Captions,
    warnings: &mut Warnings,
) -> Result<usize, CaptionError> {
    let arrow = |at: usize| lines.get(at).is_some_and(|line| line.contains("-->"));
    let timing_at = if arrow(first) { first } else { first + 1 };
    if !arrow(timing_at) {
        return Ok(skip_block(lines, first, warnings));
    }
    let text_at = timing_at + 1;
    let length = lines[text_at..].iter().take_while(|line| !line.is_empty() && !line.contains("-->")).count();
    let end = text_at + length;
    match parse_timing(lines[timing_at]) {
        Err(reason) => warnings.dropped(timing_at + 1, format!("{reason}; the cue was left out")),
        Ok(timing) => {
            let identifier = if timing_at > first { lines[first] } else { "" };
            let template = Cue {
                start_ms: timing.start_ms,
                end_ms: timing.end_ms,
                identifier: attribute(identifier, first + 1, "identifiers", warnings),
                settings: attribute(timing.settings, timing_at + 1, "settings", warnings),
                ..Cue::default()
            };
            push_cues(captions, &template, &lines[text_at..end].join("\n"), timing_at + 1)?;
        }
    }
    Ok(end)
}

/// What is told of a cue beside its text, unless it is too long.
fn attribute(told: &str, line: usize, what: &str, warnings: &mut Warnings) -> Option<String> {
    if told.len() > ATTRIBUTE_BYTES_MAX {
        warnings.too_long(line, what);
        return None;
    }
    (!told.is_empty()).then(|| told.to_owned())
}

fn push_cues(captions: &mut Captions, template: &Cue, raw: &str, line: usize) -> Result<(), CaptionError> {
    for part in spoken(raw, Dialect::WebVtt) {
        check_cue(captions.cues.len(), &part.text, line)?;
        captions.cues.push(Cue { voice: part.voice, text: part.text, ..template.clone() });
    }
    Ok(())
}

/// Refuses one cue too many and texts that are too long; shared with SubRip and JSON.
pub(super) fn check_cue(count: usize, text: &str, line: usize) -> Result<(), CaptionError> {
    check_count(count, line)?;
    if text.len() > CUE_CHARS_MAX && text.chars().count() > CUE_CHARS_MAX {
        return Err(CaptionError::new(
            line,
            format!("the text of this cue is longer than {CUE_CHARS_MAX} characters"),
        ));
    }
    Ok(())
}

/// Refuses one cue too many; shared with SubRip.
pub(super) fn check_count(count: usize, line: usize) -> Result<(), CaptionError> {
    if count >= CUES_MAX {
        return Err(CaptionError::new(line, format!("the file holds more than {CUES_MAX} cues")));
    }
    Ok(())
}

/// Passes over a block without a timing line: a comment, a style sheet, a region, or text that belongs to nothing.
fn skip_block(lines: &[&str], first: usize, warnings: &mut Warnings) -> usize {
    let length = lines[first..].iter().take_while(|line| !line.is_empty() && !line.contains("-->")).count();
    let line = lines[first];
    let named = |name: &str| line.strip_prefix(name).is_some_and(|rest| rest.trim().is_empty());
    let comment =
        line.strip_prefix("NOTE").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let definition = named("STYLE") || named("REGION");
    if definition {
        warnings.guessed(first + 1, format!("{} was left out: captions are kept as plain text", line.trim()));
    } else if !comment {
        warnings.guessed(first + 1, "text without a timing line was left out");
    }
    first + length
}
