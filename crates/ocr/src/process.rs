//! The tesseract process: how it is called, and what it may use.

use crate::{Languages, Recognised};
use memoreel_workers::{ChildLimits, start_limited};
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Of what it complains about, so much is kept for logs.
const COMPLAINT_BYTES_MAX: u64 = 2_000;

/// What reading one image may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcrLimits {
    /// Largest image, in bytes.
    pub image_bytes_max: usize,
    /// Longest work on one image.
    pub wall_time: Duration,
    /// Private memory (`RLIMIT_DATA`).
    pub memory_bytes: u64,
    /// Longest output, in bytes.
    pub output_bytes_max: u64,
    /// Images at once, over all clones.
    pub processes: usize,
}

impl Default for OcrLimits {
    fn default() -> Self {
        Self {
            image_bytes_max: 64 << 20,
            wall_time: Duration::from_secs(60),
            memory_bytes: 1 << 30,
            output_bytes_max: 16 << 20,
            processes: std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2).min(4),
        }
    }
}

/// Why an image was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcrError {
    /// It is larger than allowed.
    #[error("the image is too large to look for text in")]
    TooLarge,
    /// It took too much time or memory.
    #[error("looking for text in the image takes more time or memory than it may")]
    TooCostly {
        /// How it ended; for logs.
        detail: String,
    },
    /// tesseract cannot read it.
    #[error("the image cannot be looked for text in")]
    Unreadable {
        /// What tesseract said; for logs.
        detail: String,
    },
    /// tesseract, or one of the languages, is not installed.
    #[error("tesseract cannot be used: {reason}")]
    Unavailable {
        /// Why; for whoever runs the server.
        reason: String,
    },
}

impl OcrError {
    /// Whether it is the image, rather than this server, that is to blame.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !matches!(self, Self::Unavailable { .. })
    }
}

/// Looks for text in images. Cheap to clone; the clones share their places.
#[derive(Debug, Clone)]
pub struct Ocr {
    program: Arc<OsString>,
    limits: Arc<OcrLimits>,
    places: Arc<Semaphore>,
}

impl Ocr {
    /// With this program: a path, or a name that is looked up. Nothing is started yet.
    #[must_use]
    pub fn new(program: impl Into<OsString>, limits: OcrLimits) -> Self {
        let places = Arc::new(Semaphore::new(limits.processes.max(1)));
        Self { program: Arc::new(program.into()), limits: Arc::new(limits), places }
    }

    /// The lines of an image, which is a PNG. Dropping the future ends the process.
    ///
    /// # Errors
    /// [`OcrError`].
    pub async fn read(&self, png: &[u8], languages: &Languages) -> Result<Recognised, OcrError> {
        if png.len() > self.limits.image_bytes_max {
            return Err(OcrError::TooLarge);
        }
        if !png.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Err(OcrError::Unreadable { detail: "not a PNG".to_owned() });
        }
        let unavailable = |reason: &str| OcrError::Unavailable { reason: reason.to_owned() };
        let _place = self.places.acquire().await.map_err(|_| unavailable("it is shutting down"))?;
        let work = self.run(png, languages);
        match tokio::time::timeout(self.limits.wall_time, work).await {
            Ok(answer) => answer,
            Err(_) => Err(OcrError::TooCostly { detail: format!("it took {:?}", self.limits.wall_time) }),
        }
    }

    async fn run(&self, png: &[u8], languages: &Languages) -> Result<Recognised, OcrError> {
        let failed = |error: io::Error| OcrError::Unavailable { reason: error.to_string() };
        let started = start_limited(self.command(languages), self.of_child()).await;
        let mut group = started.map_err(|error| OcrError::Unavailable {
            reason: format!("{}: {error}", self.program.display()),
        })?;
        let child = &mut group.child;
        let (Some(mut input), Some(output), Some(complaints)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(OcrError::Unavailable { reason: "it has no pipes".to_owned() });
        };
        let (mut tsv, mut said) = (Vec::new(), Vec::new());
        let mut output = output.take(self.limits.output_bytes_max);
        let mut beginning = complaints.take(COMPLAINT_BYTES_MAX);
        let sending = async {
            // One that has seen enough, or is gone, reads no further; how it ends says which.
            let _ = input.write_all(png).await;
            drop(input);
        };
        let complaining = async {
            beginning.read_to_end(&mut said).await?;
            tokio::io::copy(&mut beginning.into_inner(), &mut tokio::io::sink()).await
        };
        let ((), read, heard) = tokio::join!(sending, output.read_to_end(&mut tsv), complaining);
        read.and(heard).map_err(failed)?;
        if tsv.len() as u64 == self.limits.output_bytes_max {
            return Err(OcrError::TooCostly { detail: "it says too much".to_owned() });
        }
        let status = group.wait().await.map_err(failed)?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        match status.code() {
            Some(0) => Ok(Recognised::from_tsv(&String::from_utf8_lossy(&tsv))),
            Some(_) if said.contains("Error opening data file") || said.contains("initialize tesseract") => {
                Err(OcrError::Unavailable { reason: said })
            }
            Some(_) => Err(OcrError::Unreadable { detail: said }),
            None => Err(OcrError::TooCostly { detail: format!("{status} {said}") }),
        }
    }

    fn command(&self, languages: &Languages) -> Command {
        let mut command = Command::new(self.program.as_os_str());
        command
            .args(["stdin", "stdout", "-l", &languages.to_string(), "--psm", "3", "tsv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Several images at once use the cores better than several threads for one.
            .env("OMP_THREAD_LIMIT", "1");
        command
    }

    fn of_child(&self) -> ChildLimits {
        ChildLimits {
            memory_bytes: self.limits.memory_bytes,
            file_bytes: 0,
            processor_time: Some(self.limits.wall_time),
            nice: 0,
        }
    }
}
