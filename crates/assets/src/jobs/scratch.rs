//! Folders for work in progress, of steps and of what people wait for, which vanish with the work, also when its process is killed.

use memoreel_blob::LockedFile;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tempfile::TempDir;

const PREFIX: &str = "step-";

/// The folder of one run of a step: locked for as long as the run lasts, removed with this value.
#[derive(Debug)]
pub(crate) struct StepFolder {
    dir: TempDir,
    _lock: LockedFile,
}

impl StepFolder {
    /// Does `work` in a new, empty folder in `scratch`, which is gone afterwards, whatever came of it.
    pub(crate) async fn lend<T, E: From<io::Error>>(
        scratch: &Path,
        work: impl AsyncFnOnce(&Path) -> Result<T, E>,
    ) -> Result<T, E> {
        let folder = Self::create(scratch)?;
        let done = work(folder.path()).await;
        folder.remove().await;
        done
    }

    /// A new, empty folder in `scratch`, which is created.
    pub(crate) fn create(scratch: &Path) -> io::Result<Self> {
        fs::create_dir_all(scratch)?;
        loop {
            let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(scratch)?;
            // A sweep may have come between the creation and the lock.
            if let Some(lock) = lock(dir.path())? {
                return Ok(Self { dir, _lock: lock });
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Removes it where nobody else is kept waiting, as tens of thousands of segments would; dropped, it is removed on the thread that drops it.
    async fn remove(self) {
        let Self { dir, _lock: lock } = self;
        let removed = tokio::task::spawn_blocking(move || {
            let removed = dir.close();
            drop(lock);
            removed
        });
        if let Ok(Err(error)) = removed.await {
            tracing::warn!(%error, "the folder of a step is left to the next sweep");
        }
    }
}

/// Removes the folders of steps whose process was killed; returns how many. Blocks.
///
/// # Errors
/// What the disk raises.
pub fn sweep_scratch(scratch: &Path) -> io::Result<usize> {
    let entries = match fs::read_dir(scratch) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let is_step = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_step && let Some(_lock) = lock(&entry.path())? {
            fs::remove_dir_all(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Locks a folder against other processes; `None` if it is in use or gone.
fn lock(path: &Path) -> io::Result<Option<LockedFile>> {
    let missing = |error: &io::Error| error.kind() == ErrorKind::NotFound;
    let folder = match File::open(path) {
        Err(error) if missing(&error) => return Ok(None),
        folder => folder?,
    };
    let Ok(folder) = LockedFile::new(folder) else { return Ok(None) };
    // It may have been removed between the opening and the lock.
    match fs::metadata(path) {
        Err(error) if missing(&error) => Ok(None),
        there => Ok((there?.ino() == folder.metadata()?.ino()).then_some(folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_removes_what_nobody_works_in_and_nothing_else() {
        let scratch = tempfile::tempdir().unwrap();
        let in_use = StepFolder::create(scratch.path()).unwrap();
        let abandoned = scratch.path().join("step-abandoned");
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join("media.m3u8"), "half").unwrap();
        let foreign = scratch.path().join("blob-download");
        fs::write(&foreign, "in use").unwrap();

        assert_eq!(sweep_scratch(scratch.path()).unwrap(), 1);

        assert!(in_use.path().exists());
        assert!(foreign.exists());
        assert!(!abandoned.exists());
        drop(in_use);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_folder_that_was_lent_is_gone_with_all_that_is_in_it_whatever_came_of_the_work() {
        let scratch = tempfile::tempdir().unwrap();
        for fails in [false, true] {
            let done = StepFolder::lend(scratch.path(), async |folder| {
                fs::create_dir(folder.join("480p"))?;
                fs::write(folder.join("480p/0.m4s"), "a segment")?;
                if fails { Err(io::Error::other("the disk")) } else { Ok(fs::read_dir(folder)?.count()) }
            });
            assert_eq!(done.await.ok(), if fails { None } else { Some(1) });
            assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn there_is_nothing_to_sweep_before_the_first_step() {
        assert_eq!(sweep_scratch(Path::new("/nonexistent/scratch")).unwrap(), 0);
    }
}
