//! Why something about stores is refused or fails.

use memoreel_blob::BlobError;
use memoreel_db::DbError;

/// An error of moving or sweeping.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// No organization has that name in addresses.
    #[error("no organization is called {0:?}; `memoreel organization list` lists them")]
    OrganizationNotFound(String),
    /// The store cannot be written to or read from.
    #[error("the store {place} cannot be used")]
    Unusable {
        /// Which.
        place: String,
        /// Why.
        #[source]
        source: BlobError,
    },
    /// Both are one place, under two names.
    #[error("{0} is where the files lie already, under another name")]
    SamePlace(String),
    /// Another organization has that bucket and prefix.
    #[error("another organization has that bucket and prefix; choose another prefix")]
    PlaceTaken,
    /// It is on its way to somewhere else.
    #[error(
        "the organization is being moved to {0}; finish that with the same command, or stop it with `memoreel store cancel`"
    )]
    Underway(String),
    /// Nothing to be stopped.
    #[error("the organization is not being moved, or its files are read from the new store already")]
    NothingToCancel,
    /// A process does not answer, or does not know the store.
    #[error(
        "a process of this installation did not take note of the move in time; see that every one of them runs this version \
         and has the same MEMOREEL_STORES, and try again"
    )]
    ProcessBehind,
    /// It was erased while it was moved; what was copied is removed.
    #[error("the organization was erased meanwhile")]
    Erased,
    /// So much changes that the copy does not catch up.
    #[error("files changed faster than they could be copied; try again when less is uploaded")]
    NotCatchingUp,
    /// Somebody else changed the state of the move.
    #[error("somebody else is moving the organization, or looks through its files; try again later")]
    Contended,
    /// The blob store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for StoresError {
    fn from(error: sqlx::Error) -> Self {
        match memoreel_db::violated_constraint(&error) {
            Some("organizations_storage_key") => Self::PlaceTaken,
            Some("organization_stores_id_fkey") => Self::Erased,
            _ => Self::Database(error.into()),
        }
    }
}
