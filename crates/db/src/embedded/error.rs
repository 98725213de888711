//! What can go wrong with the embedded PostgreSQL, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// The embedded PostgreSQL cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// A file or folder cannot be read, written or changed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The user whom PostgreSQL runs as cannot enter a folder on the way.
    #[error(
        "{} cannot be entered by user {uid}, whom the database runs as when Memoreel is started by root; choose other \
         folders with MEMOREEL_DATA_DIR and MEMOREEL_CACHE_DIR, or another user with MEMOREEL_DATABASE_UID",
        path.display()
    )]
    Unreachable {
        /// The folder that stops it.
        path: PathBuf,
        /// The user.
        uid: u32,
    },
    /// The cluster belongs to another user, and only root could become that user.
    #[error("{} belongs to user {owner}, and this process runs as user {uid}", path.display())]
    ForeignOwner {
        /// The cluster or socket folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        uid: u32,
    },
    /// `MEMOREEL_DATABASE_UID` names no user that PostgreSQL would run as.
    #[error("MEMOREEL_DATABASE_UID must be the number of a user other than root, not {0:?}")]
    DatabaseUid(String),
    /// The cluster was made by another major version.
    #[error(
        "{} was made by PostgreSQL {found} and this is PostgreSQL {expected}; dump it with the old version and restore it",
        path.display()
    )]
    VersionMismatch {
        /// The cluster.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The version in use.
        expected: &'static str,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// What it wrote.
        output: String,
    },
    /// PostgreSQL ended while it was starting.
    #[error("PostgreSQL did not start; the end of {}: {tail}", log.display())]
    Start {
        /// The log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// PostgreSQL does not accept connections in time.
    #[error("PostgreSQL was not ready after {seconds} s; see {}", log.display())]
    StartTimeout {
        /// How long it was waited for.
        seconds: u64,
        /// The log.
        log: PathBuf,
    },
    /// A socket cannot have a path this long.
    #[error("{} is too long for the path of a socket; choose a shorter one", path.display())]
    SocketPathLength {
        /// The socket folder that was asked for.
        path: PathBuf,
    },
    /// The system gives us no thread.
    #[error("cannot start the thread that supervises PostgreSQL")]
    Thread(#[source] io::Error),
    /// The supervisor ended without a word, which is a defect of ours.
    #[error("the thread that supervises PostgreSQL has ended")]
    SupervisorGone,
}

impl EmbeddedError {
    /// For `map_err`: what was attempted, and on which path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
