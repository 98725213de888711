//! What was said in a video, by whom and when: transcripts, segments, words, speakers, and caption files in and out.
//!
//! Recognition itself is an engine's business ([`memoreel_ai::Transcribe`]); what is made of a transcript (passages,
//! summaries) belongs to the slices above, which read it through [`transcript_of`].

mod caption_reader;
pub mod captions;
mod error;
mod import;
mod jobs;
mod language;
mod model;
mod places;
mod recognition;
mod routes;
mod store;

pub use caption_reader::CaptionReader;
pub use error::TranscriptsError;
pub use jobs::{Transcribe, TranscribePayload, engine_failure};
pub use model::{Segment, Speaker, Transcript, Turn, VideoHead, Word};
pub use places::StepPlaces;
pub use routes::router;
pub use store::{transcript_of, video_exists, video_for_transcript};

/// The engine name of transcripts that people provided as caption files. Recognition never replaces those.
pub const CAPTIONS_ENGINE: &str = "captions";
/// The most segments a transcript may have; a day of speech has about 20,000.
pub const SEGMENTS_MAX: usize = 100_000;
/// The longest text of a segment, in characters.
pub const SEGMENT_CHARS_MAX: usize = 10_000;
/// The longest name of a speaker, in characters.
pub const SPEAKER_NAME_CHARS_MAX: usize = 100;
