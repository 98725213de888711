//! Caption times and timing lines.

use std::fmt;

/// More hours than any recording has; beyond that a number is damage.
const HOURS_MAX: i64 = 9_999;

/// Reads `[[hours:]minutes:]seconds[.fraction]` as milliseconds.
///
/// WebVTT asks for two digits and three decimals and SubRip for hours and a comma; files in the wild exchange them, so
/// both readers take either. Negative times and fields of 60 and more are refused.
pub(super) fn parse_timestamp(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let fields: Vec<&str> = clock.split(':').collect();
    let (hours, minutes, seconds) = match fields[..] {
        [hours, minutes, seconds] => (field(hours, HOURS_MAX)?, field(minutes, 59)?, field(seconds, 59)?),
        [minutes, seconds] => (0, field(minutes, 59)?, field(seconds, 59)?),
        // A bare number is a time only if its decimals say so; otherwise it is a cue number.
        [seconds] if fraction.is_some() => (0, 0, field(seconds, 59)?),
        _ => return None,
    };
    let millis = fraction.map_or(Some(0), milliseconds)?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}

fn field(text: &str, max: i64) -> Option<i64> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten().filter(|value| *value <= max)
}

fn milliseconds(fraction: &str) -> Option<i64> {
    let plain = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| format!("{fraction:0<3}")[..3].parse().ok()).flatten()
}

/// Times and settings of a timing line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Timing<'a> {
    pub start_ms: i64,
    pub end_ms: i64,
    pub settings: &'a str,
}

/// Reads `start --> end settings`, or says what is wrong with it.
pub(super) fn parse_timing(line: &str) -> Result<Timing<'_>, String> {
    let Some((start, rest)) = line.split_once("-->") else {
        return Err("a timing line needs the arrow -->".to_owned());
    };
    let start = start.trim();
    let rest = rest.trim_start();
    let (end, settings) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let start_ms = parse_timestamp(start).ok_or_else(|| not_a_time("start", start))?;
    let end_ms = parse_timestamp(end).ok_or_else(|| not_a_time("end", end))?;
    if end_ms < start_ms {
        return Err(format!("the end time {} lies before the start", Clock(end_ms, '.')));
    }
    Ok(Timing { start_ms, end_ms, settings: settings.trim() })
}

fn not_a_time(which: &str, text: &str) -> String {
    if text.is_empty() {
        return format!("the {which} time is missing");
    }
    let shown: String = text.chars().take(40).collect();
    format!("the {which} time \"{shown}\" is not a time such as 00:00:01.000")
}

/// Milliseconds as `hh:mm:ss` and a fraction behind the given separator.
pub(super) struct Clock(pub i64, pub char);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ms, separator) = *self;
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}{separator}{:03}", ms % 1000)
    }
}
