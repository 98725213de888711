//! Where the bytes live: stores of immutable blobs on disk or in S3 buckets, behind one interface, and which organization's
//! blobs lie in which.
//!
//! This crate owns blob keys, the two kinds of store, the staging area that resumable uploads are written to, signed
//! expiring media tokens, and the pure HTTP rules that serving bytes needs (`Range`, `Content-Disposition`,
//! content types). It must not know HTTP frameworks, the database, or what the bytes mean.

mod batches;
mod buffers;
mod cached;
mod delivery;
mod disk;
mod error;
mod key;
mod locked;
mod pieces;
mod placements;
mod s3;
mod scratch;
mod signer;
mod single;
mod staging;
mod store;
mod stores;

pub use delivery::{
    Disposition, FILE_NAME_BYTES_MAX, RangeRequest, clean_file_name, content_disposition, content_range,
    content_range_unsatisfied, content_type,
};
pub use error::BlobError;
pub use key::{BlobKey, KEY_BYTES_MAX, KEY_SEGMENT_BYTES_MAX, KEY_SEGMENTS_MAX};
pub use locked::LockedFile;
pub use pieces::{Piece, Pieces};
pub use placements::{Change, Placement, Placements, WRITING_LEASE};
pub use s3::{S3Config, STREAM_BYTES_MAX};
pub use scratch::LocalFile;
pub use signer::{Grant, Purpose, SignatureError, UrlSigner};
pub use single::{CopiedBlob, SingleStore, UnfinishedUpload};
pub use staging::{AppendOutcome, Checksum, HeldUpload, Staging};
pub use store::{
    BlobFacts, BlobMeta, BlobRead, BlobStore, DIRECTORY_FILES_MAX, DirectoryFacts, organization_of,
};
pub use stores::{DEFAULT_STORE, Place, StoreConfig, Stores};

/// What every operation of this crate returns.
pub type Result<T, E = BlobError> = std::result::Result<T, E>;
