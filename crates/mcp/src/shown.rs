//! How times, lines and links are shown.

use crate::outcome::Refusal;
use memoreel_client::{Client, Segment, Transcript};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;
use uuid::Uuid;

/// A timed line.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Line {
    /// When it begins, in seconds from the start of the recording.
    pub(crate) start_seconds: f64,
    /// When it ends.
    pub(crate) end_seconds: f64,
    /// Who says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speaker: Option<String>,
    /// What is said.
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn of(transcript: &Transcript, segment: &Segment) -> Self {
        Self {
            start_seconds: seconds(segment.start_ms),
            end_seconds: seconds(segment.end_ms),
            speaker: transcript.speaker_of(segment).map(|speaker| speaker.display_name().to_owned()),
            text: segment.text.clone(),
        }
    }
}

/// Lines as a reader wants them: the time and the name where somebody begins to speak, and the time every now and then.
pub(crate) fn write_lines(text: &mut String, lines: &[Line]) {
    const TIME_EVERY_SECONDS: f64 = 30.0;
    let (mut speaker, mut told_at) = (None, f64::NEG_INFINITY);
    for (index, line) in lines.iter().enumerate() {
        let goes_on = index > 0
            && speaker == Some(line.speaker.as_deref())
            && line.start_seconds - told_at < TIME_EVERY_SECONDS;
        if goes_on {
            let _ = write!(text, " {}", line.text);
            continue;
        }
        if index > 0 {
            text.push('\n');
        }
        let _ = write!(text, "[{}] ", clock(line.start_seconds));
        if let Some(name) = &line.speaker {
            let _ = write!(text, "{name}: ");
        }
        text.push_str(&line.text);
        (speaker, told_at) = (Some(line.speaker.as_deref()), line.start_seconds);
    }
}

/// Seconds of milliseconds.
pub(crate) fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// As people write it: 1:02:03 or 2:03.
pub(crate) fn clock(seconds: f64) -> String {
    // No recording is as long as what does not fit.
    let whole = seconds.clamp(0.0, 1e9) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Where people watch a video from a second on.
pub(crate) fn link(client: &Client, video_id: Uuid, at_seconds: f64) -> String {
    client.video_link(video_id, Some(at_seconds.clamp(0.0, 1e9) as i64)).to_string()
}

/// The video behind an id, or behind a link to one, and the second that the link names.
pub(crate) fn video_of(given: &str) -> Result<(Uuid, Option<f64>), Refusal> {
    let given = given.trim();
    let (address, query) = given.split_once(['?', '#']).unwrap_or((given, ""));
    let id = id_of(address, "video")?;
    let second = query.split(['&', '#', '?']).find_map(|pair| pair.strip_prefix("t=")?.parse().ok());
    Ok((id, second.filter(|second: &f64| second.is_finite())))
}

/// The image or document behind an id, or behind a link to one.
pub(crate) fn file_of(given: &str) -> Result<Uuid, Refusal> {
    id_of(given.split(['?', '#']).next().unwrap_or_default(), "file")
}

fn id_of(address: &str, what: &str) -> Result<Uuid, Refusal> {
    let address = address.trim();
    let id = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    Uuid::try_parse(id).map_err(|_| {
        Refusal::Arguments(format!("`{address}` is neither the id of a {what} nor a link to one"))
    })
}

/// A number within bounds.
pub(crate) fn within<T: PartialOrd + std::fmt::Display>(
    name: &str,
    value: T,
    least: T,
    most: T,
) -> Result<T, Refusal> {
    if value >= least && value <= most {
        return Ok(value);
    }
    Err(Refusal::Arguments(format!("`{name}` must be from {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_is_known_by_its_id_and_by_a_link() {
        let id = Uuid::from_u128(7);
        assert_eq!(video_of(&id.to_string()).unwrap(), (id, None));
        let link = format!(" https://memoreel.example/videos/{id}?t=83 ");
        assert_eq!(video_of(&link).unwrap(), (id, Some(83.0)));
        assert_eq!(video_of(&format!("/videos/{id}/?x=1&t=2.5#here")).unwrap(), (id, Some(2.5)));
        for wrong in ["", "the last one", "https://memoreel.example/videos", "/videos/../me"] {
            assert!(video_of(wrong).is_err(), "{wrong}");
        }
        assert_eq!(video_of(&format!("/videos/{id}?t=NaN")).unwrap().1, None);
        assert_eq!(file_of(&format!("https://memoreel.example/files/{id}?page=2 ")).unwrap(), id);
        assert!(file_of("the report").is_err());
    }

    #[test]
    fn lines_of_one_speaker_are_read_in_one_go_until_the_time_has_to_be_told() {
        let line = |start, speaker: &str, text: &str| Line {
            start_seconds: start,
            end_seconds: start + 1.0,
            speaker: Some(speaker.to_owned()),
            text: text.to_owned(),
        };
        let mut text = String::new();
        let lines = [
            line(0.0, "Ana", "One."),
            line(2.0, "Ana", "Two."),
            line(40.0, "Ana", "Three."),
            line(3600.5, "Ben", "Four."),
        ];
        write_lines(&mut text, &lines);
        assert_eq!(text, "[0:00] Ana: One. Two.\n[0:40] Ana: Three.\n[1:00:00] Ben: Four.");
    }
}
