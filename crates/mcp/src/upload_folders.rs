//! From which folders an assistant may upload. What it reads in a transcript may try to talk it into sending other files.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The folders, as the file system names them.
#[derive(Debug, Clone, Default)]
pub struct UploadFolders(Vec<PathBuf>);

/// Why a file is not uploaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadFolderError {
    /// There is no such folder.
    #[error("{} cannot be uploaded from", path.display())]
    Folder {
        /// What was given.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It lies elsewhere, or nowhere. Which of both is not told.
    #[error("{} is no file in the folders that may be uploaded from: {folders}", path.display())]
    Elsewhere {
        /// What was given.
        path: PathBuf,
        /// Where it would have to be.
        folders: String,
    },
}

impl UploadFolders {
    /// These folders and what is below them.
    ///
    /// # Errors
    /// When one of them is no folder.
    pub fn new(folders: &[PathBuf]) -> Result<Self, UploadFolderError> {
        let resolved = folders.iter().map(|path| {
            let folder = |source| UploadFolderError::Folder { path: path.clone(), source };
            let resolved = path.canonicalize().map_err(folder)?;
            if resolved.is_dir() { Ok(resolved) } else { Err(folder(io::ErrorKind::NotADirectory.into())) }
        });
        Ok(Self(resolved.collect::<Result<_, _>>()?))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file, if it lies in one of the folders once links are followed. A path that is not absolute is looked up in each.
    pub(crate) fn file(&self, path: &Path) -> Result<PathBuf, UploadFolderError> {
        let candidates = self.0.iter().map(|folder| folder.join(path));
        let found = candidates
            .filter_map(|candidate| candidate.canonicalize().ok())
            .find(|resolved| resolved.is_file() && self.0.iter().any(|folder| resolved.starts_with(folder)));
        found.ok_or_else(|| UploadFolderError::Elsewhere {
            path: path.to_owned(),
            folders: self.0.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn only_files_below_the_folders_are_found_whatever_a_path_says() {
        let folder = tempfile::tempdir().unwrap();
        let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
        for folder in [&open, &closed, &folder.path().join("open-too")] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("talk.mp4"), "x").unwrap();
        }
        symlink(closed.join("talk.mp4"), open.join("link.mp4")).unwrap();
        let folders = UploadFolders::new(std::slice::from_ref(&open)).unwrap();
        let talk = open.canonicalize().unwrap().join("talk.mp4");
        assert_eq!(folders.file(Path::new("talk.mp4")).unwrap(), talk);
        assert_eq!(folders.file(&open.join("talk.mp4")).unwrap(), talk);
        for path in [
            closed.join("talk.mp4"),
            folder.path().join("open-too/talk.mp4"),
            open.join("../closed/talk.mp4"),
            open.join("link.mp4"),
            open.join("missing.mp4"),
            open.clone(),
        ] {
            assert!(
                matches!(folders.file(&path), Err(UploadFolderError::Elsewhere { .. })),
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn what_is_no_folder_is_said_at_the_start() {
        assert!(UploadFolders::new(&[PathBuf::from("/dev/null")]).is_err());
        assert!(UploadFolders::new(&[PathBuf::from("/nowhere/at/all")]).is_err());
    }
}
