//! What the server and the speech worker say to each other: one JSON line to the worker, many back.

use std::path::PathBuf;

use memoreel_ai::{AiError, Recognition, SpeakerTurn};
use serde::{Deserialize, Serialize};

/// The one thing a worker is asked to do in its life.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub library: PathBuf,
    pub onnxruntime_library: PathBuf,
    pub model_dir: PathBuf,
    pub audio: PathBuf,
    pub work: Work,
}

/// What is to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Text alone.
    Text,
    /// Text and voices.
    TextAndVoices,
    /// Voices alone.
    Voices,
}

/// A line from the worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Share of the work that is done.
    Progress(f32),
    /// The last line after success with text.
    Heard(Recognition),
    /// The last line after success with voices.
    Turns(Vec<SpeakerTurn>),
    /// The last line after a failure that the worker survived.
    Failed(Failure),
}

/// The failures a worker can name; everything else looks like a crash.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    EngineMissing(String),
    AudioUnreadable(String),
    LanguageUnsupported(String),
    Engine(String),
}

impl From<Failure> for AiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::EngineMissing(missing) => Self::EngineMissing { missing },
            Failure::AudioUnreadable(reason) => Self::AudioUnreadable { reason },
            Failure::LanguageUnsupported(supported) => Self::LanguageUnsupported { supported },
            Failure::Engine(detail) => Self::EngineCrashed { detail },
        }
    }
}

impl From<AiError> for Failure {
    fn from(error: AiError) -> Self {
        match error {
            AiError::EngineMissing { missing } => Self::EngineMissing(missing),
            AiError::AudioUnreadable { reason } => Self::AudioUnreadable(reason),
            AiError::LanguageUnsupported { supported } => Self::LanguageUnsupported(supported),
            AiError::EngineCrashed { detail } => Self::Engine(detail),
            other => Self::Engine(other.to_string()),
        }
    }
}
