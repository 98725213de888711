//! One store: a folder, or a bucket with a prefix. It knows nothing of organizations.

use crate::disk::Disk;
use crate::error::blocking;
use crate::s3::S3;
use crate::store::{BlobMeta, BlobRead, is_playlist};
use crate::{
    BlobError, BlobFacts, BlobKey, DIRECTORY_FILES_MAX, DirectoryFacts, LocalFile, RangeRequest, Result,
    S3Config,
};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, TryStreamExt};
use memoreel_kernel::Timestamp;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// One store of immutable blobs. Cheap to clone.
///
/// Writing is atomic and durable: a blob is visible only when complete, and stays once the call returns. Writing a
/// key again replaces the blob; reads that have begun see the old one. A call that is dropped leaves what was there or
/// all of the new blob, and may yet be writing that.
#[derive(Clone)]
pub struct SingleStore(Arc<Backend>);

enum Backend {
    Disk(Disk),
    S3(Box<S3>),
}

impl fmt::Debug for SingleStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Backend::Disk(disk) => disk.fmt(f),
            Backend::S3(s3) => s3.fmt(f),
        }
    }
}

/// What was copied from another store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedBlob {
    /// Its size, which is the same in both.
    pub size_bytes: u64,
    /// Its checksum, if the bytes passed through here rather than within the service.
    pub sha256: Option<[u8; 32]>,
}

/// A file that somebody began to send to a bucket in parts, and neither completed nor gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedUpload {
    /// What it was to become.
    pub key: BlobKey,
    /// What the service calls it.
    pub id: String,
    /// When it was begun.
    pub begun_at: Timestamp,
}

impl SingleStore {
    /// A store in the folder `root`, which is created, and cleared of what a killed process left half-written more
    /// than a day ago. Blocks; call it at start-up.
    ///
    /// # Errors
    /// The folder cannot be created or read.
    pub fn disk(root: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self(Arc::new(Backend::Disk(Disk::open(root.into())?))))
    }

    /// A store in an S3 bucket. Nothing is sent yet. Blocks on clearing the scratch folder; call it at start-up.
    ///
    /// # Errors
    /// [`BlobError::ConfigInvalid`], or the scratch folder cannot be created.
    pub fn s3(config: S3Config) -> Result<Self> {
        Ok(Self(Arc::new(Backend::S3(Box::new(S3::open(config)?)))))
    }

    /// Whether both are the same handle.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// As [`crate::BlobStore::put_file`].
    ///
    /// # Errors
    /// As there.
    pub async fn put_file(&self, key: &BlobKey, path: &Path) -> Result<BlobFacts> {
        match &*self.0 {
            Backend::Disk(disk) => disk.put_file(key, path).await,
            Backend::S3(s3) => s3.put_file(key, path).await,
        }
    }

    /// As [`crate::BlobStore::put_stream`].
    ///
    /// # Errors
    /// As there.
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

    /// As [`crate::BlobStore::put_directory`].
    ///
    /// # Errors
    /// As there.
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

    /// As [`crate::BlobStore::get`].
    ///
    /// # Errors
    /// As there.
    pub async fn get(&self, key: &BlobKey, range: Option<RangeRequest>) -> Result<BlobRead> {
        match &*self.0 {
            Backend::Disk(disk) => disk.get(key, range).await,
            Backend::S3(s3) => s3.get(key, range).await,
        }
    }

    /// As [`crate::BlobStore::head`].
    ///
    /// # Errors
    /// As there.
    pub async fn head(&self, key: &BlobKey) -> Result<Option<BlobMeta>> {
        match &*self.0 {
            Backend::Disk(disk) => disk.head(key).await,
            Backend::S3(s3) => s3.head(key).await,
        }
    }

    /// As [`crate::BlobStore::local_path`].
    ///
    /// # Errors
    /// As there.
    pub async fn local_path(&self, key: &BlobKey) -> Result<LocalFile> {
        match &*self.0 {
            Backend::Disk(disk) => disk.local_path(key).await,
            Backend::S3(s3) => s3.local_path(key).await,
        }
    }

    /// As [`crate::BlobStore::delete`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete(&self, key: &BlobKey) -> Result<()> {
        match &*self.0 {
            Backend::Disk(disk) => disk.delete(key).await,
            Backend::S3(s3) => s3.delete(key).await,
        }
    }

    /// As [`crate::BlobStore::delete_prefix`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete_prefix(&self, prefix: &BlobKey) -> Result<u64> {
        match &*self.0 {
            Backend::Disk(disk) => disk.delete_prefix(prefix).await,
            Backend::S3(s3) => s3.delete_prefix(prefix).await,
        }
    }

    /// As [`crate::BlobStore::sweep`].
    ///
    /// # Errors
    /// As there.
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

    /// What was begun below `prefix/` and is not finished: by a process that was killed, or by one that is at it. A folder has
    /// none; what was half-written there goes with [`SingleStore::sweep`].
    ///
    /// # Errors
    /// What the service raises; some cannot list them, and some keys may not.
    pub async fn unfinished(&self, prefix: &BlobKey) -> Result<Vec<UnfinishedUpload>> {
        match &*self.0 {
            Backend::Disk(_) => Ok(Vec::new()),
            Backend::S3(s3) => s3.unfinished(prefix).await,
        }
    }

    /// Removes what was sent of an upload that nobody will finish. One that is gone already is no failure.
    ///
    /// # Errors
    /// What the service raises.
    pub async fn abandon(&self, upload: &UnfinishedUpload) -> Result<()> {
        match &*self.0 {
            Backend::Disk(_) => Ok(()),
            Backend::S3(s3) => s3.abandon(upload).await,
        }
    }

    /// Writes, reads and deletes a small blob below `probes/`, to tell an operator whether the store works.
    ///
    /// # Errors
    /// Whatever keeps it from working.
    pub async fn check(&self) -> Result<()> {
        let key = probe_key()?;
        let content = Bytes::from(key.as_str().to_owned());
        self.put_stream(&key, futures::stream::iter([Ok(content.clone())])).await?;
        let seen = async {
            self.get(&key, None).await?.into_bytes().try_collect::<Vec<_>>().await.map_err(BlobError::from)
        };
        let seen = seen.await;
        self.delete(&key).await?;
        if seen?.concat() == content {
            Ok(())
        } else {
            Err(BlobError::unavailable("the store returned other bytes than it was given"))
        }
    }

    /// Copies a blob from another store, replacing what is here: within the service where both are buckets of one,
    /// otherwise through here in bounded memory. `None` if it is not there, or is gone meanwhile.
    ///
    /// # Errors
    /// What either store raises; what is here then is as it was, or the whole copy.
    pub async fn copy_from(&self, from: &Self, key: &BlobKey) -> Result<Option<CopiedBlob>> {
        let copied = match (&*from.0, &*self.0) {
            (Backend::S3(source), Backend::S3(target)) if target.is_beside(source) => {
                target.copy_within(source, key).await
            }
            (Backend::Disk(_), _) => match from.local_path(key).await {
                Ok(file) => self.put_file(key, file.path()).await.map(CopiedBlob::from),
                Err(error) => Err(error),
            },
            (_, Backend::Disk(disk)) => match from.get(key, None).await {
                Ok(read) => {
                    let size_bytes = read.meta.size_bytes;
                    whole(disk.put_stream(key, read.into_bytes()).await, size_bytes)
                }
                Err(error) => Err(error),
            },
            (_, Backend::S3(target)) => match from.get(key, None).await {
                Ok(read) => {
                    let size_bytes = read.meta.size_bytes;
                    whole(target.put_sized(key, read.into_bytes(), size_bytes).await, size_bytes)
                }
                Err(error) => Err(error),
            },
        };
        match copied {
            Ok(copied) => {
                let there = self.head(key).await?;
                match there {
                    Some(meta) if meta.size_bytes == copied.size_bytes => Ok(Some(copied)),
                    _ => Err(BlobError::unavailable("the copy has another size than the blob")),
                }
            }
            Err(BlobError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Copies everything below `prefix/`, and returns how much that was. What is not there stays here.
    ///
    /// # Errors
    /// As [`SingleStore::copy_from`]; some of it may be copied by then.
    pub async fn copy_folder_from(&self, from: &Self, prefix: &BlobKey) -> Result<DirectoryFacts> {
        let mut facts = DirectoryFacts::default();
        let mut listed = from.list(Some(prefix));
        while let Some(blob) = listed.try_next().await? {
            if let Some(copied) = self.copy_from(from, &blob.key).await? {
                facts.files += 1;
                facts.size_bytes += copied.size_bytes;
            }
        }
        Ok(facts)
    }
}

impl From<BlobFacts> for CopiedBlob {
    fn from(facts: BlobFacts) -> Self {
        Self { size_bytes: facts.size_bytes, sha256: Some(facts.sha256) }
    }
}

/// A source that breaks off while it is copied is the other store's failure, not a caller's.
fn whole(put: Result<BlobFacts>, size_bytes: u64) -> Result<CopiedBlob> {
    match put {
        Ok(facts) if facts.size_bytes == size_bytes => Ok(facts.into()),
        Ok(_) => Err(BlobError::unavailable("the blob ended early while it was copied")),
        Err(BlobError::SourceBroken(error)) => Err(BlobError::unavailable(error)),
        Err(error) => Err(error),
    }
}

fn probe_key() -> Result<BlobKey> {
    static PROBES: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let count = PROBES.fetch_add(1, Ordering::Relaxed);
    BlobKey::parse(&format!("probes/{nanos:x}-{:x}-{count:x}", std::process::id()))
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
