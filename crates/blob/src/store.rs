//! The one interface to both stores.

use crate::disk::Disk;
use crate::error::blocking;
use crate::s3::S3;
use crate::{BlobError, BlobKey, LocalFile, RangeRequest, Result, S3Config};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, TryStreamExt};
use memoreel_kernel::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use subtle::ConstantTimeEq;

/// Most files that [`BlobStore::put_directory`] takes: a day of video in three sizes at two seconds a segment.
pub const DIRECTORY_FILES_MAX: usize = 150_000;
pub(crate) const DIRECTORY_CONCURRENCY: usize = 8;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobFacts {
    /// Size of the blob.
    pub size_bytes: u64,
    /// SHA-256 of the blob. It is kept nowhere else: the caller records it if it is to be verified later.
    pub sha256: [u8; 32],
}

impl BlobFacts {
    /// The checksum as 64 lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

/// What the store knows of a blob without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobMeta {
    /// Its key.
    pub key: BlobKey,
    /// Its size.
    pub size_bytes: u64,
    /// When it was written.
    pub modified_at: Timestamp,
    /// A quoted entity tag for HTTP caching, where the store gives one. It says nothing about the content.
    pub etag: Option<String>,
}

/// What [`BlobStore::put_directory`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectoryFacts {
    /// How many blobs.
    pub files: u64,
    /// Their size together.
    pub size_bytes: u64,
}

/// Bytes on their way out of the store.
pub struct BlobRead {
    /// The blob.
    pub meta: BlobMeta,
    /// Which of its bytes follow.
    pub range: Range<u64>,
    /// The bytes. The stream fails rather than end early.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
}

impl BlobRead {
    /// Size of the whole blob.
    pub fn size_bytes_total(&self) -> u64 {
        self.meta.size_bytes
    }
}

impl fmt::Debug for BlobRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobRead")
            .field("meta", &self.meta)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// A store of immutable blobs. Cheap to clone.
///
/// Writing is atomic and durable: a blob is visible only when complete, and stays once the call returns. Writing a
/// key again replaces the blob; reads that have begun see the old one. A call that is dropped leaves nothing.
#[derive(Clone)]
pub struct BlobStore(Arc<Backend>);

enum Backend {
    Disk(Disk),
    S3(S3),
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Backend::Disk(disk) => disk.fmt(f),
            Backend::S3(s3) => s3.fmt(f),
        }
    }
}

impl BlobStore {
    /// A store in the folder `root`, which is created, and cleared of what a killed process left half-written more
    /// than a day ago. Blocks; call it at start-up.
    ///
    /// # Errors
    /// The folder cannot be created or read.
    pub fn disk(root: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self(Arc::new(Backend::Disk(Disk::open(root.into())?))))
    }

    /// A store in an S3 bucket. Nothing is sent yet; [`BlobStore::check`] tells whether the bucket works. Blocks on
    /// clearing the scratch folder; call it at start-up.
    ///
    /// # Errors
    /// [`BlobError::ConfigInvalid`], or the scratch folder cannot be created.
    pub fn s3(config: S3Config) -> Result<Self> {
        Ok(Self(Arc::new(Backend::S3(S3::open(config)?))))
    }

    /// Stores a file. The disk store on the same file system takes a hard link, so the file must not be written to
    /// afterwards; removing it is fine.
    ///
    /// # Errors
    /// [`BlobError::SourceBroken`] if the file cannot be read; what the store raises.
    pub async fn put_file(&self, key: &BlobKey, path: &Path) -> Result<BlobFacts> {
        match &*self.0 {
            Backend::Disk(disk) => disk.put_file(key, path).await,
            Backend::S3(s3) => s3.put_file(key, path).await,
        }
    }

    /// Stores a stream of any length up to [`crate::STREAM_BYTES_MAX`] (S3; no limit on disk) in bounded memory.
    ///
    /// # Errors
    /// [`BlobError::SourceBroken`] if the stream fails, [`BlobError::TooLarge`]; what the store raises.
    pub async fn put_stream(
        &self,
        key: &BlobKey,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<BlobFacts> {
        match &*self.0 {
            Backend::Disk(disk) => disk.put_stream(key, stream).await,
            Backend::S3(s3) => s3.put_stream(key, stream).await,
        }
    }

    /// Stores bytes that are in memory already.
    ///
    /// # Errors
    /// What the store raises.
    pub async fn put_bytes(&self, key: &BlobKey, bytes: impl Into<Bytes> + Send) -> Result<BlobFacts> {
        let bytes = bytes.into();
        self.put_stream(key, futures::stream::iter([Ok(bytes)])).await
    }

    /// Stores every file below a folder under `prefix`, eight at a time. Playlists (`.m3u8`) come last, so that none
    /// is visible before what it lists. All names are checked before anything is stored. If storing fails midway,
    /// some blobs remain: do it again, or delete the prefix.
    ///
    /// # Errors
    /// [`BlobError::KeyInvalid`] if a name is not a key segment or is a symbolic link, [`BlobError::TooManyFiles`];
    /// as [`BlobStore::put_file`].
    pub async fn put_directory(&self, prefix: &BlobKey, dir: &Path) -> Result<DirectoryFacts> {
        let (key, root) = (prefix.clone(), dir.to_owned());
        let mut files = blocking(move || files_below(&key, &root)).await?;
        let first_playlist = files.iter().position(|(key, _)| is_playlist(key)).unwrap_or(files.len());
        let playlists = files.split_off(first_playlist);
        let mut facts = DirectoryFacts::default();
        for batch in [files, playlists] {
            // Nobody asks for the checksums of a folder's files.
            let written = match &*self.0 {
                Backend::Disk(disk) => disk.put_files_unread(batch).await?,
                Backend::S3(s3) => s3.put_files(batch).await?,
            };
            facts.files += written.files;
            facts.size_bytes += written.size_bytes;
        }
        Ok(facts)
    }

    /// Reads a blob, or one range of it, in one round trip.
    ///
    /// # Errors
    /// [`BlobError::NotFound`]; [`BlobError::RangeInvalid`] with the size if no byte of the blob is meant.
    pub async fn get(&self, key: &BlobKey, range: Option<RangeRequest>) -> Result<BlobRead> {
        match &*self.0 {
            Backend::Disk(disk) => disk.get(key, range).await,
            Backend::S3(s3) => s3.get(key, range).await,
        }
    }

    /// Reads a blob, or the bytes from `range.start` up to but without `range.end`, cut off at the blob's end.
    ///
    /// # Errors
    /// As [`BlobStore::get`].
    pub async fn get_range(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<BlobRead> {
        let request = match range {
            None => None,
            Some(range) if range.is_empty() => return Err(BlobError::RangeInvalid { size_bytes: None }),
            Some(range) => Some(RangeRequest::Between { start: range.start, last: range.end - 1 }),
        };
        self.get(key, request).await
    }

    /// Reads a small blob into memory.
    ///
    /// # Errors
    /// As [`BlobStore::get`]; [`BlobError::TooLarge`]; [`BlobError::Unavailable`] if reading breaks off.
    pub async fn get_bytes(&self, key: &BlobKey, size_bytes_max: u64) -> Result<Bytes> {
        let mut read = self.get(key, None).await?;
        if read.meta.size_bytes > size_bytes_max {
            return Err(BlobError::TooLarge { size_bytes_max });
        }
        let mut whole = Vec::new();
        while let Some(chunk) = read.bytes.try_next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }

    /// What is known of a blob without reading it; `None` if there is none.
    ///
    /// # Errors
    /// What the store raises.
    pub async fn head(&self, key: &BlobKey) -> Result<Option<BlobMeta>> {
        match &*self.0 {
            Backend::Disk(disk) => disk.head(key).await,
            Backend::S3(s3) => s3.head(key).await,
        }
    }

    /// The blob as a file on this machine. From S3 it is downloaded to the scratch folder.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::Full`]; what the store raises.
    pub async fn local_path(&self, key: &BlobKey) -> Result<LocalFile> {
        match &*self.0 {
            Backend::Disk(disk) => disk.local_path(key).await,
            Backend::S3(s3) => s3.local_path(key).await,
        }
    }

    /// Deletes a blob. It is no error if there is none.
    ///
    /// # Errors
    /// What the store raises.
    pub async fn delete(&self, key: &BlobKey) -> Result<()> {
        match &*self.0 {
            Backend::Disk(disk) => disk.delete(key).await,
            Backend::S3(s3) => s3.delete(key).await,
        }
    }

    /// Deletes every blob below `prefix/`, but not one that is `prefix` itself. Returns how many.
    ///
    /// # Errors
    /// What the store raises; some blobs may be deleted by then, so do it again.
    pub async fn delete_prefix(&self, prefix: &BlobKey) -> Result<u64> {
        match &*self.0 {
            Backend::Disk(disk) => disk.delete_prefix(prefix).await,
            Backend::S3(s3) => s3.delete_prefix(prefix).await,
        }
    }

    /// Removes temporary files and half-removed folders that killed processes left, unless they are younger than an hour and may be
    /// in use.
    ///
    /// # Errors
    /// What the disk raises.
    pub async fn sweep(&self) -> Result<()> {
        match &*self.0 {
            Backend::Disk(disk) => disk.sweep().await,
            Backend::S3(s3) => s3.sweep().await,
        }
    }

    /// Every blob below `prefix/`, or every blob, in the byte order of keys.
    pub fn list(&self, prefix: Option<&BlobKey>) -> BoxStream<'static, Result<BlobMeta>> {
        match &*self.0 {
            Backend::Disk(disk) => disk.list(prefix),
            Backend::S3(s3) => s3.list(prefix),
        }
    }

    /// Reads the whole blob and compares its checksum with what was recorded when it was written.
    ///
    /// # Errors
    /// [`BlobError::ChecksumMismatch`]; as [`BlobStore::get`].
    pub async fn verify(&self, key: &BlobKey, sha256: &[u8; 32]) -> Result<()> {
        let mut read = self.get(key, None).await?;
        let mut hasher = Sha256::new();
        while let Some(chunk) = read.bytes.try_next().await? {
            hasher.update(&chunk);
        }
        if bool::from(hasher.finalize().as_slice().ct_eq(sha256)) {
            Ok(())
        } else {
            Err(BlobError::ChecksumMismatch)
        }
    }

    /// Writes, reads and deletes a small blob below `probes/`, to tell an operator whether the store works.
    ///
    /// # Errors
    /// Whatever keeps it from working.
    pub async fn check(&self) -> Result<()> {
        let key = probe_key()?;
        let content = Bytes::from(key.as_str().to_owned());
        self.put_bytes(&key, content.clone()).await?;
        let seen = self.get_bytes(&key, 1 << 10).await;
        self.delete(&key).await?;
        if seen? == content {
            Ok(())
        } else {
            Err(BlobError::unavailable("the store returned other bytes than it was given"))
        }
    }
}

fn probe_key() -> Result<BlobKey> {
    static PROBES: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let count = PROBES.fetch_add(1, Ordering::Relaxed);
    BlobKey::parse(&format!("probes/{nanos:x}-{:x}-{count:x}", std::process::id()))
}

fn is_playlist(key: &BlobKey) -> bool {
    key.extension() == Some("m3u8")
}

/// Every file below `dir` with the key it will have; playlists last.
fn files_below(prefix: &BlobKey, dir: &Path) -> Result<Vec<(BlobKey, PathBuf)>> {
    let mut files = Vec::new();
    let mut folders = vec![(prefix.clone(), dir.to_owned())];
    while let Some((key, folder)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(BlobError::SourceBroken)? {
            let entry = entry.map_err(BlobError::SourceBroken)?;
            let name = entry.file_name();
            let name = name.to_str().ok_or(BlobError::KeyInvalid { reason: "name is not text" })?;
            let key = key.join(name)?;
            let kind = entry.file_type().map_err(BlobError::SourceBroken)?;
            if kind.is_dir() {
                folders.push((key, entry.path()));
            } else if kind.is_file() {
                files.push((key, entry.path()));
            } else {
                return Err(BlobError::KeyInvalid { reason: "not a file or folder" });
            }
            if files.len() > DIRECTORY_FILES_MAX {
                return Err(BlobError::TooManyFiles { files_max: DIRECTORY_FILES_MAX });
            }
        }
    }
    files.sort_by_cached_key(|(key, _)| (is_playlist(key), key.clone()));
    Ok(files)
}
