//! Where LibreOffice is.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// What lies beside the script that people call, and does the work.
const BINARY: &str = "soffice.bin";

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// The folder it is installed in. A program of another kind, such as a script somebody put in front of it, has none, and needs a
    /// shell and whatever that calls.
    pub(crate) installation: Option<PathBuf>,
}

impl Program {
    /// The program of this name, or at this path.
    pub(crate) async fn find(name: &OsStr) -> io::Result<Self> {
        let path = tokio::fs::canonicalize(located(name).await?).await?;
        // The script looks for debuggers, and starts a program that starts the other: none of them dies with us. The other is started
        // at once instead.
        let folder = path.parent().unwrap_or(Path::new("/"));
        let binary = folder.join(BINARY);
        if tokio::fs::try_exists(&binary).await? {
            let installation = folder.parent().map(Path::to_owned);
            return Ok(Self { path: binary, installation });
        }
        Ok(Self { path, installation: None })
    }
}

async fn located(name: &OsStr) -> io::Result<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Ok(PathBuf::from(name));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    for folder in std::env::split_paths(&folders) {
        let path = folder.join(name);
        if tokio::fs::metadata(&path).await.is_ok_and(|found| found.is_file()) {
            return Ok(path);
        }
    }
    Err(io::Error::from(io::ErrorKind::NotFound))
}
