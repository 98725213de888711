//! The shapes of a transcript, as it is read and as it is about to be written.

use memoreel_kernel::{SegmentId, SpeakerId, Timestamp, TranscriptId, VideoId};
use serde::{Deserialize, Serialize};

/// The text of a video with everything that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// Its id.
    pub id: TranscriptId,
    /// The video.
    pub video_id: VideoId,
    /// ISO 639-1 code of the spoken language, where it is known.
    pub language: Option<String>,
    /// What wrote it: a speech engine, or `captions` for a file somebody provided.
    pub engine: String,
    /// The engine's model.
    pub model: Option<String>,
    /// Why there is no text, in a sentence.
    pub notice: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// The voices, in order of first appearance.
    pub speakers: Vec<Speaker>,
    /// The timed lines, in order of time.
    pub segments: Vec<Segment>,
    /// Who speaks when, in order of time.
    pub turns: Vec<Turn>,
}

impl Transcript {
    /// The voice of a segment.
    pub fn speaker_of(&self, segment: &Segment) -> Option<&Speaker> {
        let id = segment.speaker_id?;
        self.speakers.iter().find(|speaker| speaker.id == id)
    }

    /// When the last word ends, in milliseconds.
    pub fn end_ms(&self) -> i64 {
        self.segments.iter().map(|segment| segment.end_ms).max().unwrap_or(0)
    }
}

/// A voice in a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Speaker {
    /// Its id.
    pub id: SpeakerId,
    /// What it is called as long as nobody names it: `Speaker 1`, or the voice of a caption file.
    pub label: String,
    /// The name a person gave it.
    pub name: Option<String>,
    /// Which of the eight speaker colours it has, 0 to 7.
    pub hue: i16,
}

impl Speaker {
    /// The name, or else the label.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.label)
    }
}

/// A stretch of time in which one speaker speaks. Turns of different speakers may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SpeakerTurn)]
pub struct Turn {
    /// Who speaks.
    pub speaker_id: SpeakerId,
    /// Milliseconds from the start of the recording.
    pub start_ms: i64,
    /// Milliseconds from the start of the recording.
    pub end_ms: i64,
}

/// A stretch of time, in milliseconds from the start of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

/// A timed line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Segment {
    /// Its id.
    pub id: SegmentId,
    /// Its position, from 0.
    pub index: i32,
    /// Milliseconds from the start of the recording.
    pub start_ms: i64,
    /// Milliseconds from the start of the recording.
    pub end_ms: i64,
    /// Who speaks.
    pub speaker_id: Option<SpeakerId>,
    /// Whether who speaks is a guess.
    pub speaker_uncertain: bool,
    /// What is said.
    pub text: String,
    /// How sure the engine is, 0 to 1.
    pub confidence: Option<f32>,
    /// The words with their times.
    pub words: Vec<Word>,
    /// The identifier that a caption file gave it.
    pub cue_identifier: Option<String>,
    /// Where a caption file wants it shown, as WebVTT cue settings: `line:0 align:start`.
    pub cue_settings: Option<String>,
}

/// A timed word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Word {
    /// The word with the punctuation that touches it.
    pub text: String,
    /// Milliseconds from the start of the recording.
    pub start_ms: i64,
    /// Milliseconds from the start of the recording.
    pub end_ms: i64,
    /// Whether the times were shared out over the segment instead of heard.
    pub interpolated: bool,
}

/// A transcript about to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewTranscript {
    pub(crate) language: Option<String>,
    pub(crate) engine: String,
    pub(crate) model: Option<String>,
    pub(crate) notice: Option<String>,
    /// The voices, in order of first appearance.
    pub(crate) speakers: Vec<NewSpeaker>,
    /// In order of time.
    pub(crate) segments: Vec<NewSegment>,
}

/// A voice about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewSpeaker {
    /// Each label occurs once in a transcript.
    pub(crate) label: String,
    /// When they speak, in order of time; `None` where nothing more is known than their segments say.
    pub(crate) turns: Option<Vec<Stretch>>,
}

/// A segment about to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewSegment {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// Index into [`NewTranscript::speakers`].
    pub(crate) speaker: Option<usize>,
    pub(crate) speaker_uncertain: bool,
    pub(crate) text: String,
    pub(crate) confidence: Option<f32>,
    pub(crate) words: Vec<Word>,
    pub(crate) cue_identifier: Option<String>,
    pub(crate) cue_settings: Option<String>,
}

/// What this slice needs to know of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoHead {
    /// Its title.
    pub title: String,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
}

/// Text as PostgreSQL and every reader take it: without control characters other than line breaks, cut to `chars_max`.
pub(crate) fn clean_text(text: &str, chars_max: usize) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).take(chars_max).collect();
    clean.trim().to_owned()
}
