//! What the server and a worker say to each other, with the bytes of a document, of a text or of an image.

use crate::{DocumentError, Format, Heading};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The first frame to a worker: what it needs for life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Start {
    /// `libpdfium.so`.
    pub(crate) pdfium: PathBuf,
    pub(crate) memory_bytes: u64,
    pub(crate) bounds: Bounds,
}

/// The limits that parsers hold themselves to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) pages_max: u32,
    pub(crate) text_bytes_max: u64,
    pub(crate) unfolded_bytes_max: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Job {
    /// Open the document whose bytes come with it, in place of the one before.
    Open { filename: String },
    /// The text of a page, from 0.
    Text { page: u32 },
    /// A page, from 0, as PNG. Its longer side has at most so many pixels.
    Image { page: u32, side_max: u32 },
    /// Forget the document.
    Close,
}

pub(crate) type Answer = Result<Report, DocumentError>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Opened(Described),
    /// With the text.
    Text {
        headings: Vec<Heading>,
        has_layer: bool,
    },
    /// With the PNG.
    Image {
        width: u32,
        height: u32,
    },
    Closed,
}

/// What is known of a document once it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// By content.
    pub format: Format,
    /// Pages; at least 1.
    pub page_count: u32,
    /// The title it gives itself, if any.
    pub title: Option<String>,
    /// Who it says wrote it.
    pub author: Option<String>,
    /// The language it says it is in, as ISO 639-1, which is often wrong.
    pub language: Option<String>,
}
