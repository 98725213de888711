//! Reading what was said: a stretch of a transcript, and what is around a second.

use super::{Context, Tool};
use crate::{
    outcome::Refusal,
    shown::{Line, clock, link, seconds, video_of, within, write_lines},
};
use memoreel_client::{Segment, Transcript};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use uuid::Uuid;

const CHARACTERS_DEFAULT: u32 = 20_000;
const CHARACTERS_MIN: u32 = 1_000;
const CHARACTERS_MAX: u32 = 60_000;
const AROUND_DEFAULT: f64 = 30.0;
const AROUND_MAX: f64 = 300.0;
/// No recording is longer.
const SECONDS_MAX: f64 = 1e7;

pub(crate) struct GetTranscript;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscriptInput {
    /// The video: its id, or a link to it.
    video: String,
    /// Only what is said after this second.
    #[serde(default)]
    from_seconds: Option<f64>,
    /// Only what is said before this second.
    #[serde(default)]
    to_seconds: Option<f64>,
    /// `next_cursor` of the answer before, to read on.
    #[serde(default)]
    cursor: Option<u32>,
    /// How much to answer with, 1,000 to 60,000 characters; 20,000 if not given.
    #[serde(default)]
    #[schemars(range(min = 1000, max = 60000))]
    characters_max: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TranscriptPart {
    /// The video.
    video_id: Uuid,
    /// pending, completed, failed, or none where there will be none.
    status: String,
    /// ISO 639-1 code of the spoken language.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Why there is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    /// What is said, in order of time.
    lines: Vec<Line>,
    /// Opens the player where the lines begin.
    link: String,
    /// Where to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u32>,
}

impl Tool for GetTranscript {
    const NAME: &'static str = "get_transcript";
    const TITLE: &'static str = "Read a transcript";
    const DESCRIPTION: &'static str = "What is said in a video, or between two seconds of it, with who says it and when. Long \
        transcripts come in parts: pass next_cursor as cursor to read on.";
    type Input = TranscriptInput;
    type Output = TranscriptPart;

    async fn run(context: &Context<'_>, input: TranscriptInput) -> Result<(TranscriptPart, String), Refusal> {
        let (video_id, _) = video_of(&input.video)?;
        let most = input.characters_max.unwrap_or(CHARACTERS_DEFAULT);
        let most = within("characters_max", most, CHARACTERS_MIN, CHARACTERS_MAX)?;
        let from = within("from_seconds", input.from_seconds.unwrap_or(0.0), 0.0, SECONDS_MAX)?;
        let to = within("to_seconds", input.to_seconds.unwrap_or(SECONDS_MAX), 0.0, SECONDS_MAX)?;
        let first = input.cursor.unwrap_or(0);
        let transcript = context.client.transcript(video_id).await?;
        let wanted = |segment: &&Segment| {
            segment.index >= first && seconds(segment.end_ms) > from && seconds(segment.start_ms) < to
        };
        let (lines, next_cursor) = part(&transcript, transcript.segments.iter().filter(wanted), most);
        let begins = lines.first().map_or(from, |line| line.start_seconds);
        let part = TranscriptPart {
            video_id,
            link: link(&context.client, video_id, begins),
            status: transcript.status,
            language: transcript.language,
            notice: transcript.notice,
            lines,
            next_cursor,
        };
        let text = part_text(&part);
        Ok((part, text))
    }
}

/// As many lines as fit, and where the next part begins. At least one, so that reading on gets on.
fn part<'a>(
    transcript: &Transcript,
    segments: impl Iterator<Item = &'a Segment>,
    characters_max: u32,
) -> (Vec<Line>, Option<u32>) {
    let (mut lines, mut left) = (Vec::new(), i64::from(characters_max));
    for segment in segments {
        left -= i64::try_from(segment.text.chars().count()).unwrap_or(i64::MAX);
        if left < 0 && !lines.is_empty() {
            return (lines, Some(segment.index));
        }
        lines.push(Line::of(transcript, segment));
    }
    (lines, None)
}

fn part_text(part: &TranscriptPart) -> String {
    let mut text = String::new();
    match (part.lines.is_empty(), &part.notice) {
        (false, _) => write_lines(&mut text, &part.lines),
        (true, Some(notice)) => text.push_str(notice),
        (true, None) => text.push_str(match part.status.as_str() {
            "pending" => "The recording is still being transcribed.",
            "failed" => "The recording could not be transcribed.",
            _ => "Nothing is said there.",
        }),
    }
    if let Some(cursor) = part.next_cursor {
        let _ = write!(text, "\n\nThere is more: call again with cursor {cursor}.");
    }
    text
}

pub(crate) struct GetMoment;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MomentInput {
    /// The video: its id, or a link to it, which may name the second, too.
    video: String,
    /// The second, from the start of the recording.
    #[serde(default)]
    seconds: Option<f64>,
    /// How many seconds before and after it to tell of, up to 300; 30 if not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 300))]
    around_seconds: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Moment {
    /// The video.
    video_id: Uuid,
    /// Its title.
    title: String,
    /// The second.
    seconds: f64,
    /// Opens the player there.
    link: String,
    /// What is said at that second, unless nobody speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<Line>,
    /// What is said around it, in order of time.
    lines: Vec<Line>,
}

impl Tool for GetMoment {
    const NAME: &'static str = "get_moment";
    const TITLE: &'static str = "Read around a second";
    const DESCRIPTION: &'static str =
        "What is said at a second of a video and around it, with a link that opens the player there.";
    type Input = MomentInput;
    type Output = Moment;

    async fn run(context: &Context<'_>, input: MomentInput) -> Result<(Moment, String), Refusal> {
        let (video_id, linked) = video_of(&input.video)?;
        let at = input.seconds.or(linked);
        let at = at.ok_or_else(|| Refusal::Arguments("`seconds` says where to look".to_owned()))?;
        let at = within("seconds", at, 0.0, SECONDS_MAX)?;
        let around =
            within("around_seconds", input.around_seconds.unwrap_or(AROUND_DEFAULT), 1.0, AROUND_MAX)?;
        let video = context.client.video(video_id).await?;
        let transcript = context.client.transcript(video_id).await?;
        let near = |segment: &&Segment| {
            seconds(segment.end_ms) > at - around && seconds(segment.start_ms) < at + around
        };
        let is_at = |segment: &&Segment| seconds(segment.start_ms) <= at && at < seconds(segment.end_ms);
        let (lines, _) = part(&transcript, transcript.segments.iter().filter(near), CHARACTERS_DEFAULT);
        let moment = Moment {
            video_id,
            title: video.title,
            seconds: at,
            link: link(&context.client, video_id, at),
            said: transcript.segments.iter().find(is_at).map(|segment| Line::of(&transcript, segment)),
            lines,
        };
        let mut text = format!("{}, at {}\n{}\n\n", moment.title, clock(at), moment.link);
        if moment.lines.is_empty() {
            text.push_str("Nothing is said there.");
        }
        write_lines(&mut text, &moment.lines);
        Ok((moment, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(lines: &[&str]) -> Transcript {
        let segment = |(index, text): (u32, &&str)| Segment {
            id: Uuid::nil(),
            index,
            start_ms: i64::from(index) * 4_000,
            end_ms: i64::from(index) * 4_000 + 3_000,
            speaker_id: None,
            text: (*text).to_owned(),
            words: Vec::new(),
        };
        Transcript {
            video_id: Uuid::nil(),
            status: "completed".to_owned(),
            language: None,
            notice: None,
            speakers: Vec::new(),
            segments: (0..).zip(lines).map(segment).collect(),
        }
    }

    #[test]
    fn parts_follow_each_other_without_a_gap_and_end() {
        let transcript = transcript(&["one", "two", "a line that is longer than all", "four"]);
        let (mut first, mut read) = (0, Vec::new());
        loop {
            let rest = transcript.segments.iter().filter(|segment| segment.index >= first);
            let (lines, next) = part(&transcript, rest, 7);
            assert!(!lines.is_empty());
            read.extend(lines.into_iter().map(|line| line.text));
            match next {
                Some(next) => first = next,
                None => break,
            }
        }
        assert_eq!(read, ["one", "two", "a line that is longer than all", "four"]);
    }
}
