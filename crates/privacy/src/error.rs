//! Why this slice refuses.

use crate::EXPORTS_KEPT_MAX;
use memoreel_assets::AssetsError;
use memoreel_blob::BlobError;
use memoreel_db::DbError;
use memoreel_identity::IdentityError;
use memoreel_mail::MailError;
use memoreel_web::Problem;
use std::io;

/// An error of this slice.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// No such export, or somebody else's.
    #[error("there is no such export")]
    ExportNotFound,
    /// One at a time.
    #[error("an export is being made already")]
    ExportWaiting,
    /// As many are kept as may be.
    #[error("{EXPORTS_KEPT_MAX} exports are kept already")]
    ExportsFull,
    /// The person owns something that would be left without an owner.
    #[error("it waits, because they are the only owner of {0}; hand it over or delete it first")]
    Held(String),
    /// Nobody closed the account or deleted the organization, or its time is not over.
    #[error("there is nothing to erase: it is not closed, its time is not over, or it is gone")]
    NotDue,
    /// Background tasks are at work on it.
    #[error("background tasks that work on it have not stopped yet; it goes on with the next try")]
    TasksRunning,
    /// A line of the journal cannot be read.
    #[error("line {0} of the journal of erasures cannot be read")]
    Journal(usize),
    /// Accounts and organizations.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Files that are to go.
    #[error(transparent)]
    Assets(#[from] AssetsError),
    /// The blob store or the staging folder.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The folder of mails.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The journal or the archive.
    #[error(transparent)]
    File(#[from] io::Error),
}

impl From<sqlx::Error> for PrivacyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<PrivacyError> for Problem {
    fn from(error: PrivacyError) -> Self {
        use PrivacyError as E;
        match error {
            E::ExportNotFound => Self::not_found("export"),
            E::ExportWaiting => Self::conflict("export_waiting", "An export is being made already.")
                .hint("Wait for it, or delete it."),
            E::ExportsFull => {
                Self::conflict("exports_full", format!("{EXPORTS_KEPT_MAX} exports are kept already."))
                    .hint("Delete one of them, or wait until one is a week old.")
            }
            E::Identity(error) => error.into(),
            E::Database(error) => error.into(),
            E::Assets(error) => error.into(),
            E::Blob(error) => error.into(),
            other @ (E::Held(_) | E::NotDue | E::TasksRunning | E::Journal(_) | E::Mail(_) | E::File(_)) => {
                Self::internal(other)
            }
        }
    }
}
