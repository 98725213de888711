//! Who speaks when: the diarization error rate, and the words that were given to the wrong speaker.
//!
//! The error rate is that of NIST (Rich Transcription 2009 evaluation plan, section 6, and its scorer `md-eval`), without
//! a collar and with overlapping speech: in each moment as many speakers must be found as speak, and the right ones. Which
//! speaker found stands for which true one is chosen for each recording so that they agree for as long as possible.

mod assignment;
mod error_rate;
mod formats;
mod words;

pub use error_rate::{Agreement, SpeakerErrors, agree};
pub use formats::{FormatError, Rttm, Uem, parse_rttm, parse_uem};
pub use words::{SaidWord, WordErrors, word_errors};

/// A stretch of time in which one speaker speaks, in milliseconds from the start of the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When it begins.
    pub start_ms: u64,
    /// When it is over.
    pub end_ms: u64,
    /// Means something within one recording only.
    pub speaker: String,
}

/// A stretch of time, in milliseconds from the start of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When it begins.
    pub start_ms: u64,
    /// When it is over.
    pub end_ms: u64,
}

impl Stretch {
    /// Whether a moment lies in it; its end does not.
    pub fn contains(&self, moment_ms: u64) -> bool {
        (self.start_ms..self.end_ms).contains(&moment_ms)
    }
}
