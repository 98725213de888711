//! Everything that can go wrong with a blob, in one enum.

use crate::BlobKey;
use std::io;

/// Why a blob operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No blob has this key.
    #[error("blob {key} does not exist")]
    NotFound {
        /// The key asked for.
        key: BlobKey,
    },
    /// The text is not a blob key.
    #[error("not a blob key: {reason}")]
    KeyInvalid {
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// On disk a key cannot be both a blob and the beginning of another blob's key.
    #[error("blob {key} conflicts with another key: one would be a folder and a file at once")]
    KeyConflict {
        /// The key refused.
        key: BlobKey,
    },
    /// The range asks for bytes that do not exist, or cannot be read as a range at all.
    #[error("the range cannot be satisfied")]
    RangeInvalid {
        /// Size of the blob, where it is known, for `Content-Range: bytes */size`.
        size_bytes: Option<u64>,
    },
    /// The content does not have the checksum it should have.
    #[error("the content does not match its checksum")]
    ChecksumMismatch,
    /// The stated checksum is of an unknown algorithm or has the wrong length.
    #[error("the checksum is malformed or its algorithm unknown; sha1 and sha256 are known")]
    ChecksumInvalid,
    /// More bytes arrived than were announced or than the store can hold in one blob.
    #[error("more than {size_bytes_max} bytes")]
    TooLarge {
        /// The most that would have been accepted.
        size_bytes_max: u64,
    },
    /// A folder holds more files than can be stored at once.
    #[error("more than {files_max} files")]
    TooManyFiles {
        /// The most that would have been accepted.
        files_max: usize,
    },
    /// No bytes have been staged for this upload.
    #[error("the upload does not exist")]
    UploadNotFound,
    /// The append starts behind the end of what has been staged.
    #[error("the upload holds {size_bytes} bytes, fewer than the offset")]
    OffsetInvalid {
        /// What has been staged so far.
        size_bytes: u64,
    },
    /// Somebody else is writing to this upload right now.
    #[error("the upload is being written to")]
    Locked,
    /// The disk or the quota is exhausted.
    #[error("no space is left for blobs")]
    Full,
    /// The store refused the credentials, or the file permissions forbid the operation.
    #[error("access to the blob store was denied")]
    Denied(#[source] Source),
    /// The configuration cannot work.
    #[error("the blob store is misconfigured: {reason}")]
    ConfigInvalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The caller's file or stream could not be read to its end.
    #[error("the source of the bytes broke off")]
    SourceBroken(#[source] io::Error),
    /// The disk or the S3 service failed.
    #[error("the blob store is unavailable")]
    Unavailable(#[source] Source),
}

type Source = Box<dyn std::error::Error + Send + Sync>;

impl BlobError {
    /// A stable word for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "blob_not_found",
            Self::KeyInvalid { .. } => "blob_key_invalid",
            Self::KeyConflict { .. } => "blob_key_conflict",
            Self::RangeInvalid { .. } => "range_invalid",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::ChecksumInvalid => "checksum_invalid",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyFiles { .. } => "too_many_files",
            Self::UploadNotFound => "upload_not_found",
            Self::OffsetInvalid { .. } => "offset_invalid",
            Self::Locked => "upload_locked",
            Self::Full => "storage_full",
            Self::Denied(_) => "storage_denied",
            Self::ConfigInvalid { .. } => "storage_misconfigured",
            Self::SourceBroken(_) => "source_broken",
            Self::Unavailable(_) => "storage_unavailable",
        }
    }

    /// True when doing the same again cannot end differently, so that a task should not be retried.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::KeyInvalid { .. }
            | Self::KeyConflict { .. }
            | Self::RangeInvalid { .. }
            | Self::ChecksumMismatch
            | Self::ChecksumInvalid
            | Self::TooLarge { .. }
            | Self::TooManyFiles { .. }
            | Self::UploadNotFound
            | Self::OffsetInvalid { .. } => true,
            Self::Locked
            | Self::Full
            | Self::Denied(_)
            | Self::ConfigInvalid { .. }
            | Self::SourceBroken(_)
            | Self::Unavailable(_) => false,
        }
    }

    pub(crate) fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable(source.into())
    }

    /// What a failed request to S3 means for the blob `key`.
    pub(crate) fn from_object_store(error: object_store::Error, key: &BlobKey) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound { key: key.clone() },
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Denied(error.into())
            }
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> crate::Result<T> + Send + 'static,
) -> crate::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(BlobError::unavailable)?
}
