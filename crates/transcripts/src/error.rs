//! What can be wrong with a request to this slice.

use crate::captions::{CAPTION_BYTES_MAX, CaptionError};
use http::StatusCode;
use memoreel_db::DbError;
use memoreel_web::Problem;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptsError {
    /// The video does not exist, is deleted, or the caller may not see it.
    #[error("there is no such video")]
    VideoMissing,
    /// What is sent now would go with the file that is being replaced.
    #[error("the file of the video is being replaced")]
    FileAwaited,
    /// The video has no transcript.
    #[error("the video has no transcript")]
    TranscriptMissing,
    /// The video has no such speaker.
    #[error("there is no such speaker")]
    SpeakerMissing,
    /// The name is empty or too long.
    #[error("the speaker's name is empty or too long")]
    NameInvalid,
    /// The caption file cannot be read.
    #[error("the caption file cannot be read: {0}")]
    CaptionsInvalid(#[from] CaptionError),
    /// The caption file is too large.
    #[error("the caption file is larger than {CAPTION_BYTES_MAX} bytes")]
    CaptionsTooLarge,
    /// The database failed.
    #[error("{0}")]
    Db(#[from] DbError),
    /// A statement failed.
    #[error("{0}")]
    Statement(#[from] sqlx::Error),
    /// Reading a file was broken off.
    #[error("the work was broken off: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl From<TranscriptsError> for Problem {
    fn from(error: TranscriptsError) -> Self {
        match error {
            TranscriptsError::VideoMissing => Self::not_found("video"),
            TranscriptsError::FileAwaited => Self::new(
                StatusCode::CONFLICT,
                "replacement_pending",
                "The file of this video is being replaced, and captions sent now would go with the old one.",
            )
            .hint("Send them again when the new file is there."),
            TranscriptsError::TranscriptMissing => Self::not_found("transcript"),
            TranscriptsError::SpeakerMissing => Self::not_found("speaker"),
            TranscriptsError::NameInvalid => Self::invalid_field(
                "name",
                "speaker_name_invalid",
                "A speaker's name has 1 to 100 characters.",
            ),
            TranscriptsError::CaptionsInvalid(error) => Self::invalid_field(
                &format!("lines.{}", error.line),
                "captions_invalid",
                format!("Line {}: {}.", error.line, error.reason.trim_end_matches('.')),
            )
            .hint("Captions are read as WebVTT, SubRip (SRT) or Memoreel JSON."),
            TranscriptsError::CaptionsTooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "captions_too_large",
                "A caption file may have at most 10 MiB.",
            ),
            TranscriptsError::Db(error) => error.into(),
            TranscriptsError::Statement(error) => error.into(),
            TranscriptsError::Interrupted(error) => Self::internal(error),
        }
    }
}
