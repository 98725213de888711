//! What is known of an organization's place, and what is told of a move.

use memoreel_blob::{BlobKey, Place};
use memoreel_kernel::{OrganizationId, Timestamp};

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveState {
    /// Nothing is being moved.
    Settled,
    /// Copies are made while people work in the old store.
    Copying,
    /// Writing waits while the last of it is copied.
    Held,
    /// Everybody begins to read from the new store; writing still waits.
    Switched,
    /// People work in the new store, and the old one is emptied.
    Clearing,
}

impl MoveState {
    /// As the database knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Copying => "copying",
            Self::Held => "held",
            Self::Switched => "switched",
            Self::Clearing => "clearing",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Settled, Self::Copying, Self::Held, Self::Switched, Self::Clearing]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// Where an organization's files lie.
#[derive(Debug, Clone)]
pub struct KnownPlacement {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Its name in addresses.
    pub slug: String,
    /// Where they are read.
    pub home: Place,
    /// Where they are moved to, or from.
    pub other: Option<Place>,
    /// How far that is.
    pub state: MoveState,
    /// The number of the last change.
    pub generation: i64,
    /// When the last move began.
    pub began_at: Timestamp,
}

/// What a move is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveProgress {
    /// So much is copied; what was there already is not counted.
    Copying {
        /// Files.
        files: u64,
        /// Bytes.
        size_bytes: u64,
    },
    /// What changed meanwhile is copied: so many changes.
    CatchingUp {
        /// Files and folders.
        changes: u64,
    },
    /// Files are read from the new store.
    Switched,
    /// The old store is emptied.
    Clearing,
}

/// What a move came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoveReport {
    /// Files copied, those that changed meanwhile more than once.
    pub files: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// Files removed from the old store.
    pub cleared: u64,
    /// Files whose content was not what had been recorded when they were uploaded, copied as they were.
    pub damaged: Vec<BlobKey>,
}
