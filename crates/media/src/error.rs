//! What can go wrong with a recording, each as a sentence the person who sent it can act on.

use std::path::PathBuf;
use std::time::Duration;

/// Why a recording could not be read or turned into something else.
///
/// `Display` is written for the person who sent the file; [`MediaError::detail`] is for the operator's log.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The file has no bytes.
    #[error("The file is empty (0 bytes). The upload may have been interrupted; send it again.")]
    EmptyFile,
    /// A readable container without a single playable stream.
    #[error("The file holds no sound or picture that can be played.")]
    NothingPlayable,
    /// A step that needs a picture was given sound only.
    #[error("The file holds sound only, so no picture can be made from it.")]
    NoPicture,
    /// A step that needs sound was given a picture only.
    #[error("The recording has no sound.")]
    NoSound,
    /// The content is of another kind, whatever the name says.
    #[error("The file is not a video or sound recording; its content looks like {content_type}.")]
    NotARecording {
        /// MIME type found by content.
        content_type: &'static str,
    },
    /// Nothing that ffmpeg recognises.
    #[error(
        "The file is not a video or sound recording that can be read. It may be damaged, or of another type than \
         its name says."
    )]
    Unreadable {
        /// What the tool said.
        detail: String,
    },
    /// The container was read, but nothing here can decode what is in it.
    #[error("The recording uses the format {codec}, which cannot be decoded here. Convert it to MP4 first.")]
    UnsupportedCodec {
        /// ffmpeg's codec name, or the container's four characters where ffmpeg has no name.
        codec: String,
    },
    /// Encrypted by a rights management system.
    #[error("The recording is protected against copying and cannot be played without its key.")]
    Protected,
    /// Recognised, but broken.
    #[error("The file is damaged: {what}")]
    Damaged {
        /// A sentence that names the damage.
        what: &'static str,
        /// What the tool said.
        detail: String,
    },
    /// More pixels or a longer duration than allowed.
    #[error("The recording is too large: {what}.")]
    TooLarge {
        /// The measure and its limit.
        what: String,
    },
    /// A file that was being written passed the limit.
    #[error("The result would be larger than the limit of {limit_bytes} bytes.")]
    OutputTooLarge {
        /// `Limits::output_bytes_max`.
        limit_bytes: u64,
    },
    /// The child asked for more memory than it may have.
    #[error("The recording needs more memory to decode than the limit of {limit_bytes} bytes.")]
    OutOfMemory {
        /// `Limits::memory_bytes`.
        limit_bytes: u64,
    },
    /// The time limit passed.
    #[error("Working on the recording took longer than {} seconds and was stopped.", limit.as_secs())]
    Timeout {
        /// The limit that passed.
        limit: Duration,
    },
    /// Nothing came of it for too long.
    #[error("Working on the recording came no further for {} seconds and was stopped.", limit.as_secs())]
    Stalled {
        /// The limit that passed.
        limit: Duration,
    },
    /// The caller cancelled.
    #[error("The work was cancelled.")]
    Cancelled,
    /// ffmpeg or ffprobe is absent or lacks a part.
    #[error("{what} Install ffmpeg 5.1 or newer, or set MEMOREEL_FFMPEG to its path.")]
    ToolMissing {
        /// A sentence that names what is missing.
        what: String,
    },
    /// The disk that receives the results is full.
    #[error("The disk is full. Free some space and try again.")]
    DiskFull,
    /// The system ended the child.
    #[error("The media tool was stopped by the system (signal {signal}), perhaps for want of memory.")]
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// A local file could not be read or written.
    #[error("{path} could not be {action}: {source}.", path = path.display())]
    Io {
        /// What was attempted, as a past participle.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Anything else the tool reported.
    #[error("The recording could not be processed: {summary}")]
    Failed {
        /// The most telling line of the tool's report.
        summary: String,
        /// The end of the tool's report.
        detail: String,
    },
}

impl MediaError {
    /// A stable machine-readable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotARecording { .. }
            | Self::Unreadable { .. }
            | Self::UnsupportedCodec { .. }
            | Self::Protected => "media_unreadable",
            Self::EmptyFile | Self::NothingPlayable | Self::NoPicture | Self::NoSound => "media_empty",
            Self::Damaged { .. } => "media_damaged",
            Self::TooLarge { .. } | Self::OutputTooLarge { .. } | Self::OutOfMemory { .. } => {
                "media_too_large"
            }
            Self::Timeout { .. } | Self::Stalled { .. } => "media_timeout",
            Self::Cancelled => "media_cancelled",
            Self::ToolMissing { .. } => "media_tool_missing",
            Self::DiskFull | Self::Killed { .. } | Self::Io { .. } | Self::Failed { .. } => "media_failed",
        }
    }

    /// Whether the same file would fail again, so that a retry is a waste.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !matches!(
            self,
            Self::Timeout { .. }
                | Self::Stalled { .. }
                | Self::Cancelled
                | Self::ToolMissing { .. }
                | Self::DiskFull
                | Self::Killed { .. }
                | Self::Io { .. }
                | Self::Failed { .. }
        )
    }

    /// The end of what the tool wrote, for the operator's log; absent where the sentence says it all.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Unreadable { detail } | Self::Damaged { detail, .. } | Self::Failed { detail, .. } => {
                Some(detail)
            }
            _ => None,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> MediaError {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => MediaError::DiskFull,
            _ => MediaError::Io { action, path, source },
        }
    }
}
