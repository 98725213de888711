//! Documents in worker processes.

use crate::{
    Described, DocumentError, DocumentLimits, Heading,
    protocol::{Answer, Bounds, Job, Report, Start},
};
use memoreel_workers::{Pool, PoolLimits, Session};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// One arena for all threads: memory that one frees is there for the others.
const ENVIRONMENT: &[(&str, &str)] = &[("MALLOC_ARENA_MAX", "2")];

/// Reads documents, in worker processes. Cheap to clone; the clones share the workers.
#[derive(Debug, Clone)]
pub struct Documents {
    workers: Pool<Start>,
    limits: Arc<DocumentLimits>,
}

/// The text of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageText {
    /// Paragraphs with an empty line between them, or lines where nothing tells paragraphs apart.
    pub text: String,
    /// The headings in it, in order.
    pub headings: Vec<Heading>,
    /// Whether the text says what is on the page. Otherwise the page may be a picture of one.
    pub has_layer: bool,
}

/// What a page looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageImage {
    /// The file.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl Documents {
    /// `command` runs [`crate::document_worker_main`], `pdfium` is the path of `libpdfium.so`. Nothing is started yet.
    #[must_use]
    pub fn new(command: Vec<OsString>, pdfium: PathBuf, limits: DocumentLimits) -> Self {
        Self::with(command, Some(pdfium), limits)
    }

    /// Refuses everything, for describing the API on a machine without the part.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::with(Vec::new(), None, DocumentLimits::default())
    }

    fn with(command: Vec<OsString>, pdfium: Option<PathBuf>, limits: DocumentLimits) -> Self {
        let start = pdfium.map(|pdfium| Start {
            pdfium,
            memory_bytes: limits.memory_bytes,
            bounds: Bounds {
                pages_max: limits.pages_max,
                text_bytes_max: limits.text_bytes_max,
                unfolded_bytes_max: limits.unfolded_bytes_max,
            },
        });
        let of_pool = PoolLimits {
            wall_time: limits.wall_time,
            workers: limits.workers,
            waiting_max: limits.waiting_max,
        };
        Self {
            workers: Pool::new("document worker", command, ENVIRONMENT, start, of_pool),
            limits: Arc::new(limits),
        }
    }

    /// What is accepted.
    #[must_use]
    pub fn limits(&self) -> &DocumentLimits {
        &self.limits
    }

    /// Opens a document, when a worker is free.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub async fn open(&self, bytes: &[u8], filename: &str) -> Result<Document<'_>, DocumentError> {
        if bytes.len() as u64 > self.limits.bytes_max {
            return Err(DocumentError::too_large(format!("{} MiB is the most", self.limits.bytes_max >> 20)));
        }
        let mut session = self.workers.turn().await?.session().await?;
        let (answer, _): (Answer, _) =
            session.ask(&Job::Open { filename: filename.to_owned() }, bytes).await?;
        match answer? {
            Report::Opened(described) => Ok(Document { session, described }),
            _ => Err(unexpected()),
        }
    }
}

/// A document that is open in a worker of its own.
pub struct Document<'a> {
    session: Session<'a, Start>,
    described: Described,
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("described", &self.described).finish_non_exhaustive()
    }
}

impl Document<'_> {
    /// What is known of it.
    #[must_use]
    pub fn described(&self) -> &Described {
        &self.described
    }

    /// The text of a page, which is numbered from 0.
    ///
    /// # Errors
    /// [`DocumentError`]; one of a kind that ended the worker ends the document.
    pub async fn text(&mut self, page: u32) -> Result<PageText, DocumentError> {
        let (answer, text): (Answer, _) = self.session.ask(&Job::Text { page }, &[]).await?;
        match answer? {
            Report::Text { headings, has_layer } => {
                let text = String::from_utf8(text).map_err(|_| unexpected())?;
                Ok(PageText { text, headings, has_layer })
            }
            _ => Err(unexpected()),
        }
    }

    /// What a page of a PDF, numbered from 0, looks like; its longer side has at most so many pixels.
    ///
    /// # Errors
    /// [`DocumentError`]; [`DocumentError::Unreadable`] where its pages look like nothing.
    pub async fn image(&mut self, page: u32, side_max: u32) -> Result<PageImage, DocumentError> {
        let (answer, png): (Answer, _) = self.session.ask(&Job::Image { page, side_max }, &[]).await?;
        match answer? {
            Report::Image { width, height } => Ok(PageImage { png, width, height }),
            _ => Err(unexpected()),
        }
    }

    /// Has the worker forget it, and keeps the worker for the next one.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub async fn close(mut self) -> Result<(), DocumentError> {
        let (answer, _): (Answer, _) = self.session.ask(&Job::Close, &[]).await?;
        answer.map(|_| ())
    }
}

fn unexpected() -> DocumentError {
    DocumentError::Unavailable { reason: "the worker answered something else".to_owned() }
}
