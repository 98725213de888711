//! Speech to text and speaker turns: the traits and the shapes of what was heard.

use std::path::Path;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::AiError;

/// Told the share of the work that is done, from 0 to 1, never falling.
pub type Progress<'a> = &'a (dyn Fn(f32) + Send + Sync);

/// What to transcribe and how.
#[derive(Debug, Clone)]
pub struct TranscribeRequest<'a> {
    /// A 16 kHz, 16-bit PCM WAV file with one or two channels.
    pub audio: &'a Path,
    /// ISO 639-1 code of the spoken language where the caller knows it.
    pub language: Option<&'a str>,
    /// Whether voices are told apart, which costs several times the time of the text.
    pub identify_speakers: bool,
    /// Stops the work soon after it is cancelled.
    pub cancel: CancellationToken,
}

/// What to tell voices apart in.
#[derive(Debug, Clone)]
pub struct DiarizeRequest<'a> {
    /// A 16 kHz, 16-bit PCM WAV file with one or two channels.
    pub audio: &'a Path,
    /// Stops the work soon after it is cancelled.
    pub cancel: CancellationToken,
}

/// Which engine and model made something; stored beside what they made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineName {
    /// The engine or protocol, such as `moonshine` or `openai`.
    pub engine: String,
    /// The model, such as `tiny-en`.
    pub model: String,
}

/// Everything that was heard in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recognition {
    /// ISO 639-1 code of the spoken language; `None` where nothing was said or nobody knows.
    pub language: Option<String>,
    /// What made this.
    pub engine: EngineName,
    /// Timed lines in order of their start.
    pub segments: Vec<RecognizedSegment>,
    /// Who speaks when, in order of start, also where no words were made out. Empty where the engine says no more than
    /// the lines do; otherwise it names every voice of the lines.
    pub turns: Vec<SpeakerTurn>,
}

/// A timed line, about a sentence, by one speaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecognizedSegment {
    /// Start in milliseconds from the start of the file.
    pub start_ms: u64,
    /// End in milliseconds; never before the start.
    pub end_ms: u64,
    /// The words with punctuation, without surrounding space; never empty.
    pub text: String,
    /// How sure the engine is, 0 to 1, where it says so.
    pub confidence: Option<f32>,
    /// The words of `text` in order with their times.
    pub words: Vec<RecognizedWord>,
    /// Number of the voice, counted from 0 by first appearance.
    pub speaker: Option<u32>,
    /// Whether the voice is a guess: several speak here, or the evidence is thin.
    pub speaker_uncertain: bool,
}

/// A timed word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecognizedWord {
    /// The word with the punctuation that touches it.
    pub text: String,
    /// Start in milliseconds from the start of the file.
    pub start_ms: u64,
    /// End in milliseconds; never before the start.
    pub end_ms: u64,
    /// Whether the times were shared out over the segment instead of heard.
    pub interpolated: bool,
}

/// A stretch of time in which one voice speaks. Turns of different voices may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeakerTurn {
    /// Start in milliseconds from the start of the file.
    pub start_ms: u64,
    /// End in milliseconds.
    pub end_ms: u64,
    /// Number of the voice, counted from 0 by first appearance.
    pub speaker: u32,
}

/// Turns speech into timed text.
#[async_trait]
pub trait Transcribe: Send + Sync {
    /// Transcribes one file. A file without speech gives no segments and no error.
    ///
    /// # Errors
    /// Any [`AiError`]; `LanguageUnsupported` where the speech is in a language the engine does not know.
    async fn transcribe(
        &self,
        request: TranscribeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Recognition, AiError>;

    /// Which engine and model this is.
    fn engine(&self) -> EngineName;
}

/// Tells voices apart.
#[async_trait]
pub trait Diarize: Send + Sync {
    /// Finds who speaks when in one file; turns are ordered by start and voices numbered by first appearance.
    ///
    /// # Errors
    /// Any [`AiError`].
    async fn diarize(
        &self,
        request: DiarizeRequest<'_>,
        progress: Progress<'_>,
    ) -> Result<Vec<SpeakerTurn>, AiError>;
}
