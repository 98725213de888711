//! A folder beside the results in which a step works, so that results appear complete or not at all.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::MediaError;

/// A hidden folder inside the caller's output folder; removed with all it holds unless published.
pub(crate) struct Staging {
    dir: TempDir,
    target: PathBuf,
}

impl Staging {
    pub(crate) fn within(target: &Path) -> Result<Self, MediaError> {
        let target = std::path::absolute(target).map_err(MediaError::io("opened", target))?;
        let dir = tempfile::Builder::new()
            .prefix(".making-")
            .tempdir_in(&target)
            .map_err(MediaError::io("written to", &target))?;
        Ok(Self { dir, target })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn create_dir(&self, name: &str) -> Result<PathBuf, MediaError> {
        let path = self.dir.path().join(name);
        std::fs::create_dir(&path).map_err(MediaError::io("created", &path))?;
        Ok(path)
    }

    /// Moves the named files and folders into the output folder; on failure takes back what was moved.
    pub(crate) fn publish(self, names: &[String]) -> Result<(), MediaError> {
        for (moved, name) in names.iter().enumerate() {
            let target = self.target.join(name);
            if let Err(source) = std::fs::rename(self.dir.path().join(name), &target) {
                for earlier in &names[..moved] {
                    // Back into the folder that is about to be removed; nothing better can be done if it fails.
                    let _ = std::fs::rename(self.target.join(earlier), self.dir.path().join(earlier));
                }
                return Err(MediaError::io("written", target)(source));
            }
        }
        Ok(())
    }
}
