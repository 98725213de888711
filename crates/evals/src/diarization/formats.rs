//! The two formats of reference timelines: RTTM and UEM, as in the NIST Rich Transcription evaluations.

use std::collections::BTreeMap;
use std::fmt;

use super::{Stretch, Turn};

/// The turns of each recording, by its name.
pub type Rttm = BTreeMap<String, Vec<Turn>>;
/// The stretches of each recording that are scored, by its name.
pub type Uem = BTreeMap<String, Vec<Stretch>>;

/// A line that is not what the format says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// Counted from 1.
    pub line: usize,
    /// What the line should be.
    pub expected: &'static str,
}

impl fmt::Display for FormatError {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(output, "line {} is not `{}`", self.line, self.expected)
    }
}

impl std::error::Error for FormatError {}

/// Reads the `SPEAKER` lines of an RTTM file: kind, recording, channel, start and length in seconds, two fields that do
/// not matter here, speaker. Turns without length are left out.
///
/// # Errors
/// A line that breaks off, or whose times are no times.
pub fn parse_rttm(text: &str) -> Result<Rttm, FormatError> {
    let mut recordings = Rttm::new();
    for (line, fields) in lines(text).filter(|(_, fields)| fields[0] == "SPEAKER") {
        let expected = "SPEAKER recording channel start length <NA> <NA> speaker";
        let turn = || {
            let start = seconds(fields.get(3)?)?;
            let end = start + seconds(fields.get(4)?)?;
            Some(Turn {
                start_ms: milliseconds(start),
                end_ms: milliseconds(end),
                speaker: (*fields.get(7)?).to_owned(),
            })
        };
        let turn = turn().ok_or(FormatError { line, expected })?;
        let turns = recordings.entry(fields[1].to_owned()).or_default();
        if turn.end_ms > turn.start_ms {
            turns.push(turn);
        }
    }
    Ok(recordings)
}

/// Reads a UEM file: recording, channel, start and end in seconds.
///
/// # Errors
/// A line that breaks off, or whose times are no times.
pub fn parse_uem(text: &str) -> Result<Uem, FormatError> {
    let mut recordings = Uem::new();
    for (line, fields) in lines(text) {
        let expected = "recording channel start end";
        let stretch = || {
            let start_ms = milliseconds(seconds(fields.get(2)?)?);
            Some(Stretch { start_ms, end_ms: milliseconds(seconds(fields.get(3)?)?).max(start_ms) })
        };
        let stretch = stretch().ok_or(FormatError { line, expected })?;
        recordings.entry(fields[0].to_owned()).or_default().push(stretch);
    }
    Ok(recordings)
}

/// The fields of each line that has any and is no comment, with the line's number.
fn lines(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let fields = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields
        .enumerate()
        .filter(|(_, fields)| fields.first().is_some_and(|first| !first.starts_with(";;")))
        .map(|(index, fields)| (index + 1, fields))
}

fn seconds(field: &str) -> Option<f64> {
    field.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite and not negative")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_read_by_recording_and_other_lines_are_passed_over() {
        let text = ";; made by hand\nSPKR-INFO a 1 <NA> <NA> <NA> unknown MÉO069 <NA>\n\
                    SPEAKER a 1 1.440 11.872 <NA> <NA> MÉO069 <NA> <NA>\nSPEAKER b 1 0 0 <NA> <NA> x\n\n";
        let read = parse_rttm(text).unwrap();
        assert_eq!(read["a"], [Turn { start_ms: 1_440, end_ms: 13_312, speaker: "MÉO069".to_owned() }]);
        assert!(read["b"].is_empty());
    }

    #[test]
    fn stretches_are_read_by_recording() {
        let read = parse_uem("a 1 1 4.5\na NA 6.000 7.25\n").unwrap();
        let (first, second) =
            (Stretch { start_ms: 1_000, end_ms: 4_500 }, Stretch { start_ms: 6_000, end_ms: 7_250 });
        assert_eq!(read["a"], [first, second]);
    }

    #[test]
    fn a_broken_line_is_named() {
        assert_eq!(parse_rttm("\nSPEAKER a 1 1.0 -2 <NA> <NA> x\n").unwrap_err().line, 2);
        assert_eq!(parse_rttm("SPEAKER a 1 1.0\n").unwrap_err().line, 1);
        let error = parse_uem("a 1 zero 4").unwrap_err();
        assert_eq!(error.to_string(), "line 1 is not `recording channel start end`");
    }
}
