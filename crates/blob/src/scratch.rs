//! Temporary files: where half-written blobs and downloads live, and how they vanish even after a kill.

use crate::Result;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::{TempDir, TempPath};
use uuid::Uuid;

/// Nothing writes to one temporary file for this long without touching it.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// In a running server, where what is in use is locked.
const ABANDONED_AGE: Duration = Duration::from_secs(60 * 60);
/// What the file is called that is locked while the folder around it is in use.
const LOCK: &str = "lock";
/// What folders are called that are being removed.
const DOOMED: &str = "deleted-";

/// A folder of temporary files.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    /// Creates the folder and removes what a killed process left in it more than a day ago. Blocks.
    pub(crate) fn open(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&dir)?;
        let scratch = Self { dir };
        scratch.remove_leftovers(LEFTOVER_AGE)?;
        Ok(scratch)
    }

    /// Removes what killed processes left. Blocks.
    pub(crate) fn sweep(&self) -> Result<()> {
        self.remove_doomed()?;
        self.remove_leftovers(ABANDONED_AGE)
    }

    fn remove_leftovers(&self, age: Duration) -> Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if let Err(error) = remove_leftover(&entry, age) {
                tracing::warn!(path = %entry.path().display(), %error, "a leftover temporary file could not be removed");
            }
        }
        Ok(())
    }

    /// A name that nothing has, for a folder that is about to be removed. Nothing is made there: others remove what is called so.
    pub(crate) fn doomed(&self) -> PathBuf {
        self.dir.join(format!("{DOOMED}{}", Uuid::now_v7()))
    }

    /// Removes the folders that somebody was removing when they were killed, however long ago: nobody else uses them. Blocks.
    pub(crate) fn remove_doomed(&self) -> Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(DOOMED)) {
                remove_all(&entry.path())?;
            }
        }
        Ok(())
    }

    /// A new empty file, locked for as long as it is open, removed when its path is dropped.
    pub(crate) fn file(&self, extension: Option<&str>) -> Result<(File, TempPath)> {
        let suffix = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
        let (file, path) =
            tempfile::Builder::new().prefix("blob-").suffix(&suffix).tempfile_in(&self.dir)?.into_parts();
        file.lock_shared()?;
        Ok((file, path))
    }

    /// An empty copy of a blob.
    pub(crate) fn download(&self, extension: Option<&str>) -> Result<Download> {
        let (file, path) = self.file(extension)?;
        Ok(Download { path, file })
    }

    /// Another name of a stored file, which it keeps when it is deleted or moved to another store. In a folder with a file
    /// that is locked: what is stored has locks and times of its own.
    pub(crate) fn link(&self, stored: &Path, extension: Option<&str>) -> io::Result<LocalFile> {
        let folder = tempfile::Builder::new().prefix("local-").tempdir_in(&self.dir)?;
        let lock = File::create_new(folder.path().join(LOCK))?;
        lock.lock_shared()?;
        let extension = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
        let path = folder.path().join(format!("blob{extension}"));
        fs::hard_link(stored, &path)?;
        Ok(LocalFile(Kind::Linked { path, _folder: folder, _lock: lock }))
    }

    /// A name in the folder that nothing has.
    pub(crate) fn vacant(&self) -> Result<TempPath> {
        let (_, path) = tempfile::Builder::new().prefix("link-").tempfile_in(&self.dir)?.into_parts();
        fs::remove_file(&path)?;
        Ok(path)
    }
}

/// Removes a folder that somebody else may be removing as well.
pub(crate) fn remove_all(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => fs::remove_file(folder),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove_leftover(entry: &fs::DirEntry, age_min: Duration) -> std::io::Result<()> {
    let meta = entry.metadata()?;
    let age = SystemTime::now().duration_since(meta.modified()?).unwrap_or_default();
    if age < age_min {
        return Ok(());
    }
    if meta.is_dir() {
        let in_use = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        return if in_use { Ok(()) } else { fs::remove_dir_all(entry.path()) };
    }
    // Another process may still be reading a download that it made long ago.
    if meta.is_file() && File::open(entry.path())?.try_lock().is_err() {
        return Ok(());
    }
    fs::remove_file(entry.path())
}

/// A copy of a blob, written by whoever fetches it.
#[derive(Debug)]
pub(crate) struct Download {
    path: TempPath,
    /// Its lock tells other processes not to sweep the file away.
    file: File,
}

impl Write for Download {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A blob as a file on this machine, for programs that need a path, and not to be written to. A download is shared by all who want it at
/// the same time and removed with the last of them;
/// a blob of the disk store is the stored file itself under another name, and must not be written to.
#[derive(Debug)]
pub struct LocalFile(Kind);

#[derive(Debug)]
enum Kind {
    Stored(PathBuf),
    Linked {
        path: PathBuf,
        _folder: TempDir,
        /// As below.
        _lock: File,
    },
    Downloaded(Arc<Download>),
}

impl LocalFile {
    pub(crate) fn stored(path: PathBuf) -> Self {
        Self(Kind::Stored(path))
    }

    pub(crate) fn downloaded(download: Arc<Download>) -> Self {
        Self(Kind::Downloaded(download))
    }

    /// Where the file is, valid until this is dropped.
    pub fn path(&self) -> &Path {
        match &self.0 {
            Kind::Stored(path) | Kind::Linked { path, .. } => path,
            Kind::Downloaded(download) => &download.path,
        }
    }
}

impl AsRef<Path> for LocalFile {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aged(path: &Path, hours: u64) {
        let modified = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::open(path).unwrap().set_modified(modified).unwrap();
    }

    #[test]
    fn opening_removes_only_what_is_old_and_unused() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::open(dir.path().join("scratch")).unwrap();
        let root = dir.path().join("scratch");
        for name in ["old", "young"] {
            fs::write(root.join(name), "leftover").unwrap();
        }
        fs::create_dir(root.join("old-folder")).unwrap();
        fs::write(root.join("old-folder/blob"), "leftover").unwrap();
        let (_file, in_use) = scratch.file(None).unwrap();
        aged(&root.join("old"), 25);
        aged(&root.join("young"), 23);
        aged(&root.join("old-folder"), 25);
        aged(&in_use, 25);

        Scratch::open(root.clone()).unwrap();

        assert!(!root.join("old").exists());
        assert!(!root.join("old-folder").exists());
        assert!(root.join("young").exists());
        assert!(in_use.exists());
    }
}
