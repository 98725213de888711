//! Why a document is refused, or cannot be read at all.

use memoreel_workers::WorkError;
use serde::{Deserialize, Serialize};

/// A document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentError {
    /// None of the formats that are read.
    #[error(
        "The file is no document of a format that is read: PDF, DOCX, PPTX, ODT, ODP, HTML, Markdown or plain text."
    )]
    Unknown,
    /// A document of another format.
    #[error("The file is {what}, which is not read. Save it as PDF, DOCX, PPTX or ODT.")]
    Unsupported {
        /// What it is, as part of a sentence.
        what: String,
    },
    /// It can be taken for two things.
    #[error("The file is several things at once: {reason}.")]
    Ambiguous {
        /// Which, as part of a sentence.
        reason: String,
    },
    /// It opens with a password only.
    #[error("The document is protected by a password. Upload it without one.")]
    Encrypted,
    /// It contradicts itself, or ends too early.
    #[error("The document cannot be read. It may be damaged or cut off.")]
    Unreadable {
        /// What the parser said; for logs.
        detail: String,
    },
    /// Beyond a limit.
    #[error("The document is too large: {reason}.")]
    TooLarge {
        /// Which limit, as part of a sentence.
        reason: String,
    },
    /// It took too much time or memory, or broke the parser.
    #[error("The document takes more time or memory than it may.")]
    TooCostly {
        /// How the worker ended; for logs.
        detail: String,
    },
    /// Too much is waiting already.
    #[error("Too many documents are being read. Try again in a few seconds.")]
    Busy,
    /// The part that does the work is not there or does not start.
    #[error("Documents cannot be read: {reason}")]
    Unavailable {
        /// Why; for whoever runs the server.
        reason: String,
    },
}

impl DocumentError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "document_unknown",
            Self::Unsupported { .. } => "document_unsupported",
            Self::Ambiguous { .. } => "document_ambiguous",
            Self::Encrypted => "document_encrypted",
            Self::Unreadable { .. } => "document_unreadable",
            Self::TooLarge { .. } => "document_too_large",
            Self::TooCostly { .. } => "document_too_costly",
            Self::Busy => "documents_busy",
            Self::Unavailable { .. } => "documents_unavailable",
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
            Self::Unreadable { detail } | Self::TooCostly { detail } => Some(detail),
            _ => None,
        }
    }

    pub(crate) fn unreadable(detail: impl ToString) -> Self {
        Self::Unreadable { detail: detail.to_string() }
    }

    pub(crate) fn too_large(reason: impl Into<String>) -> Self {
        Self::TooLarge { reason: reason.into() }
    }
}

impl From<WorkError> for DocumentError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::TooCostly { detail } => Self::TooCostly { detail },
            WorkError::Unavailable { reason } => Self::Unavailable { reason },
        }
    }
}
