//! The LibreOffice process: how it is called, and what it may use.

use crate::{confine::Confinement, program::Program};
use memoreel_workers::{ChildLimits, start_limited};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::fs;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, Command};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use url::Url;

/// Of what it complains about, so much is kept for logs.
const COMPLAINT_BYTES_MAX: u64 = 2_000;
/// What it ends with when it has set up its profile, and is to be started again (`EXITHELPER_NORMAL_RESTART`).
const SET_UP: i32 = 81;
/// What it ends with on SIGTERM, which a service manager may send to all processes of a service.
const ASKED_TO_END: i32 = 255;
/// It sets itself up at the first of them, and may be asked to end at another.
const STARTS_MAX: usize = 3;
/// What it is told before it opens anything: no macros, no links, no Java.
const PROFILE: &[u8] = include_bytes!("profile.xcu");
/// A text of one page, to try it with.
const CHECKED: &[u8] = include_bytes!("check.odt");
/// Where its settings lie, below the folder of a conversion.
const SETTINGS: &str = "profile/user";
const SETTINGS_FILE: &str = "registrymodifications.xcu";
/// Where it puts the PDF.
const OUTPUT: &str = "out";

/// What converting one document may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeLimits {
    /// Longest work on one document.
    pub wall_time: Duration,
    /// Private memory (`RLIMIT_DATA`).
    pub memory_bytes: u64,
    /// Largest PDF, and largest file on the way to it.
    pub pdf_bytes_max: u64,
    /// Documents at once, over all clones.
    pub processes: usize,
}

impl Default for OfficeLimits {
    fn default() -> Self {
        Self {
            wall_time: Duration::from_secs(120),
            memory_bytes: 2 << 30,
            pdf_bytes_max: 100 << 20,
            processes: 1,
        }
    }
}

/// A format that is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfficeFormat {
    /// Office Open XML text.
    Docx,
    /// Office Open XML slides.
    Pptx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument slides.
    Odp,
    /// OpenDocument text as one file of XML.
    FlatOdt,
}

impl OfficeFormat {
    /// What the document is called while it is converted, and the PDF of it.
    fn names(self) -> (&'static str, &'static str) {
        let document = match self {
            Self::Docx => "document.docx",
            Self::Pptx => "document.pptx",
            Self::Odt => "document.odt",
            Self::Odp => "document.odp",
            Self::FlatOdt => "document.fodt",
        };
        (document, "document.pdf")
    }

    /// What reads it. Without one, LibreOffice looks at the content itself, and has readers for a hundred formats.
    fn reader(self) -> &'static str {
        match self {
            Self::Docx => "MS Word 2007 XML",
            Self::Pptx => "Impress MS PowerPoint 2007 XML",
            Self::Odt => "writer8",
            Self::Odp => "impress8",
            Self::FlatOdt => "OpenDocument Text Flat XML",
        }
    }

    /// What writes it.
    fn writer(self) -> &'static str {
        match self {
            Self::Docx | Self::Odt | Self::FlatOdt => "pdf:writer_pdf_Export",
            // A slide that is not shown is a slide: the others are counted with it.
            Self::Pptx | Self::Odp => {
                r#"pdf:impress_pdf_Export:{"ExportHiddenSlides":{"type":"boolean","value":"true"}}"#
            }
        }
    }
}

/// Why a document was not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfficeError {
    /// It took too much time or memory, or is too large as PDF.
    #[error("converting the document takes more time, memory or room than it may: {detail}")]
    TooCostly {
        /// How it ended.
        detail: String,
    },
    /// LibreOffice cannot read it.
    #[error("LibreOffice cannot convert the document: {detail}")]
    Unreadable {
        /// What LibreOffice said.
        detail: String,
    },
    /// LibreOffice is not installed, cannot be confined, or does not start.
    #[error("LibreOffice cannot be used: {reason}")]
    Unavailable {
        /// Why; for whoever runs the server.
        reason: String,
    },
    /// Nobody waits for it any more.
    #[error("converting the document was stopped")]
    Stopped,
    /// The disk has too little room for it.
    #[error("the disk has too little room to convert the document: {detail}")]
    NoRoom {
        /// How little.
        detail: String,
    },
    /// This machine has no means for it at the moment.
    #[error("the document could not be converted for the moment: {reason}")]
    Failed {
        /// Why; for whoever runs the server.
        reason: String,
    },
}

impl From<io::Error> for OfficeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoRoom { detail: error.to_string() }
            }
            _ => failed(error),
        }
    }
}

/// Converts office documents to PDF. Cheap to clone; the clones share their places.
#[derive(Debug, Clone)]
pub struct Office {
    program: Arc<OsString>,
    limits: Arc<OfficeLimits>,
    places: Arc<Semaphore>,
}

/// How long a conversion goes on at most.
#[derive(Clone, Copy)]
struct Until<'a> {
    time: Instant,
    stop: &'a CancellationToken,
}

impl Office {
    /// With this program, LibreOffice's `soffice`: a path, or a name that is looked up. Nothing is started yet.
    #[must_use]
    pub fn new(program: impl Into<OsString>, limits: OfficeLimits) -> Self {
        let places = Arc::new(Semaphore::new(limits.processes.max(1)));
        Self { program: Arc::new(program.into()), limits: Arc::new(limits), places }
    }

    /// The document as PDF. `folder` is empty, and is removed by whoever made it: what the process writes is there, and nowhere else. It
    /// has ended when this returns, also where `stop` fires. Dropping the future ends it too, in a moment.
    ///
    /// # Errors
    /// [`OfficeError`].
    pub async fn to_pdf(
        &self,
        document: &[u8],
        format: OfficeFormat,
        folder: &Path,
        stop: &CancellationToken,
    ) -> Result<Vec<u8>, OfficeError> {
        let place = stop.run_until_cancelled(self.places.acquire()).await.ok_or(OfficeError::Stopped)?;
        let _place = place.map_err(|_| failed("it is shutting down"))?;
        let until = Until { time: Instant::now() + self.limits.wall_time, stop };
        self.convert(document, format, folder, until).await
    }

    /// Tries it, if it is there, in an empty folder of the caller, and returns how large the PDF of a page is.
    ///
    /// # Errors
    /// [`OfficeError`], if it is there and does not work.
    pub async fn check(&self, folder: &Path) -> Result<Option<usize>, OfficeError> {
        if Program::find(&self.program).await.is_err() {
            return Ok(None);
        }
        Ok(Some(self.to_pdf(CHECKED, OfficeFormat::Odt, folder, &CancellationToken::new()).await?.len()))
    }

    async fn convert(
        &self,
        document: &[u8],
        format: OfficeFormat,
        folder: &Path,
        until: Until<'_>,
    ) -> Result<Vec<u8>, OfficeError> {
        let program = Program::find(&self.program).await.map_err(|error| self.not_started(&error))?;
        let folder = fs::canonicalize(folder).await?;
        let (name, pdf) = format.names();
        // Looked at before: one that ends because the disk is full does not say so, and leaves others without room meanwhile.
        require_room(&folder, self.limits.pdf_bytes_max.saturating_add(document.len() as u64)).await?;
        fs::create_dir_all(folder.join(SETTINGS)).await?;
        fs::write(folder.join(SETTINGS).join(SETTINGS_FILE), PROFILE).await?;
        fs::write(folder.join(name), document).await?;
        for _ in 0..STARTS_MAX {
            let (status, said) = self.run(&program, format, &folder, until).await?;
            match status.code() {
                Some(SET_UP | ASKED_TO_END) => {}
                // Before it listened to that.
                None if status.signal() == Some(libc::SIGTERM) => {}
                Some(0) => return self.made(&folder.join(OUTPUT).join(pdf), said).await,
                Some(_) => return Err(OfficeError::Unreadable { detail: format!("{status} {said}") }),
                None => return Err(OfficeError::TooCostly { detail: format!("{status} {said}") }),
            }
        }
        Err(unavailable("it does not get ready"))
    }

    /// Runs it once, and returns how it ended and what it complained about.
    async fn run(
        &self,
        program: &Program,
        format: OfficeFormat,
        folder: &Path,
        until: Until<'_>,
    ) -> Result<(ExitStatus, String), OfficeError> {
        let mut command = command(program, format, folder)?;
        Confinement::new(folder, program).map_err(unavailable)?.apply(&mut command);
        let mut group =
            start_limited(command, self.of_child()).await.map_err(|error| self.not_started(&error))?;
        let complaints = group.child.stderr.take();
        let ended = {
            // At once: what it started may hold on to where it complains, and ends with it.
            let work = async { tokio::try_join!(group.wait(), beginning(complaints)) };
            tokio::select! {
                ended = work => ended.map_err(failed),
                () = until.stop.cancelled() => Err(OfficeError::Stopped),
                () = sleep_until(until.time) => {
                    Err(OfficeError::TooCostly { detail: format!("it took {:?}", self.limits.wall_time) })
                }
            }
        };
        if ended.is_err() {
            // Waited for, so that nothing is written any more when the caller clears the folder.
            group.kill();
            let _ = group.wait().await;
        }
        ended
    }

    /// Why it did not start: it is not there, or may not be run, or this machine has no room for one more.
    fn not_started(&self, error: &io::Error) -> OfficeError {
        let reason = format!("{}: {error}", self.program.display());
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) => failed(reason),
            _ => unavailable(reason),
        }
    }

    fn of_child(&self) -> ChildLimits {
        ChildLimits {
            memory_bytes: self.limits.memory_bytes,
            file_bytes: self.limits.pdf_bytes_max,
            processor_time: Some(self.limits.wall_time),
            // People wait for what they asked, rather than for pictures of pages.
            nice: 10,
        }
    }

    /// What it made. It ends well too where it could not read the document.
    async fn made(&self, path: &Path, said: String) -> Result<Vec<u8>, OfficeError> {
        let file = match fs::File::open(path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OfficeError::Unreadable { detail: said });
            }
            file => file?,
        };
        let mut pdf = Vec::new();
        file.take(self.limits.pdf_bytes_max.saturating_add(1)).read_to_end(&mut pdf).await?;
        if pdf.len() as u64 > self.limits.pdf_bytes_max {
            return Err(OfficeError::TooCostly { detail: "the PDF is too large".to_owned() });
        }
        Ok(pdf)
    }
}

/// That so many bytes can be written in `folder`. A file system that does not say how large it is has room.
async fn require_room(folder: &Path, bytes: u64) -> Result<(), OfficeError> {
    let folder = folder.to_owned();
    let looked = tokio::task::spawn_blocking(move || rustix::fs::statvfs(folder.as_path()));
    let disk = looked.await.map_err(failed)?.map_err(io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if disk.f_blocks > 0 && free < bytes {
        let detail = format!("{} MiB are free, {} MiB may be needed", free >> 20, bytes >> 20);
        return Err(OfficeError::NoRoom { detail });
    }
    Ok(())
}

/// The beginning of what is complained; the rest is read, so that nobody waits for it to be.
async fn beginning(complaints: Option<ChildStderr>) -> io::Result<String> {
    let Some(complaints) = complaints else { return Ok(String::new()) };
    let mut said = Vec::new();
    let mut beginning = complaints.take(COMPLAINT_BYTES_MAX);
    beginning.read_to_end(&mut said).await?;
    tokio::io::copy(&mut beginning.into_inner(), &mut tokio::io::sink()).await?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

fn unavailable(reason: impl ToString) -> OfficeError {
    OfficeError::Unavailable { reason: reason.to_string() }
}

fn failed(reason: impl ToString) -> OfficeError {
    OfficeError::Failed { reason: reason.to_string() }
}

fn command(program: &Program, format: OfficeFormat, folder: &Path) -> Result<Command, OfficeError> {
    let profile = Url::from_directory_path(folder.join("profile"))
        .map_err(|()| unavailable("the folder of a conversion has no address"))?;
    let mut command = Command::new(&program.path);
    command
        // Relative, because the address of a socket is short.
        .arg("-env:OSL_SOCKET_PATH=.")
        .arg(format!("-env:UserInstallation={}", profile.as_str().trim_end_matches('/')))
        .args(["--headless", "--norestore", &format!("--infilter={}", format.reader())])
        .args(["--convert-to", format.writer(), "--outdir", OUTPUT, format.names().0])
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("HOME", folder)
        .env("TMPDIR", folder)
        // Draws without a screen.
        .env("SAL_USE_VCLPLUGIN", "svp")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Ok(command)
}
