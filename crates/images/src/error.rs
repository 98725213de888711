//! Why an image is refused, or cannot be worked on at all.

use crate::OutputFormat;
use serde::{Deserialize, Serialize};

/// An image cannot be read, or nothing can be made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageError {
    /// None of the formats that are read.
    #[error("The file is no image of a format that is read: JPEG, PNG, GIF, WebP, AVIF or HEIC.")]
    Unknown,
    /// Its header contradicts itself, or more follows its end than an image has.
    #[error("The file is damaged, or is not only an image: {reason}.")]
    Malformed {
        /// What is wrong, as part of a sentence.
        reason: String,
    },
    /// Beyond a limit.
    #[error("The image is too large: {reason}.")]
    TooLarge {
        /// Which limit, as part of a sentence.
        reason: String,
    },
    /// The format that was asked for does not hold it.
    #[error(
        "An image of {width} x {height} pixels is too large for {}. Ask for a smaller one, for another format, or for format=auto.",
        .format.name()
    )]
    TooLargeForFormat {
        /// Which.
        format: OutputFormat,
        /// Pixels across of what was asked for.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The decoder gave up.
    #[error("The image cannot be decoded. It may be damaged or cut off.")]
    Unreadable {
        /// What the decoder said; for logs.
        detail: String,
    },
    /// The encoder gave up on what the decoder read.
    #[error("The image cannot be written in this format. Ask for a smaller one, or for another format.")]
    Unwritable {
        /// What the encoder said; for logs.
        detail: String,
    },
    /// It took too much time or memory, or broke the decoder.
    #[error("The image takes more time or memory than it may.")]
    TooCostly {
        /// How the worker ended; for logs.
        detail: String,
    },
    /// Too much is waiting already.
    #[error("Too many images are being worked on. Try again in a few seconds.")]
    Busy,
    /// The part that does the work is not there or does not start.
    #[error("Images cannot be worked on: {reason}")]
    Unavailable {
        /// Why; for whoever runs the server.
        reason: String,
    },
}

impl ImageError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "image_unknown",
            Self::Malformed { .. } => "image_malformed",
            Self::TooLarge { .. } => "image_too_large",
            Self::TooLargeForFormat { .. } => "image_too_large_for_format",
            Self::Unreadable { .. } => "image_unreadable",
            Self::Unwritable { .. } => "image_unwritable",
            Self::TooCostly { .. } => "image_too_costly",
            Self::Busy => "images_busy",
            Self::Unavailable { .. } => "images_unavailable",
        }
    }

    /// Whether another try would end the same.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !matches!(self, Self::Busy | Self::Unavailable { .. })
    }

    /// What is for logs alone.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Unreadable { detail } | Self::Unwritable { detail } | Self::TooCostly { detail } => {
                Some(detail)
            }
            _ => None,
        }
    }

    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into() }
    }

    pub(crate) fn too_large(reason: impl Into<String>) -> Self {
        Self::TooLarge { reason: reason.into() }
    }
}
