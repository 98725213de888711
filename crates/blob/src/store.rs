//! The one interface to blobs: it finds the store that an organization's blobs lie in, by their keys.

use crate::disk::read_file;
use crate::placements::{Change, Placements, Writing};
use crate::single::SingleStore;
use crate::stores::{DEFAULT_STORE, Place, Stores};
use crate::{BlobError, BlobKey, LocalFile, Pieces, RangeRequest, Result, S3Config};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use memoreel_kernel::{OrganizationId, Timestamp};
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// What the store knows of a blob without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobMeta {
    /// Its key.
    pub key: BlobKey,
    /// Its size.
    pub size_bytes: u64,
    /// When it was written; on disk it may have been touched since.
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
    pub(crate) source: Source,
}

/// What bytes are read from.
pub(crate) enum Source {
    File(Arc<File>),
    Network(BoxStream<'static, io::Result<Bytes>>),
}

impl BlobRead {
    /// The bytes, read as they are asked for. The stream fails rather than end early.
    pub fn into_bytes(self) -> BoxStream<'static, io::Result<Bytes>> {
        match self.source {
            Source::File(file) => read_file(file, self.range).boxed(),
            Source::Network(bytes) => bytes,
        }
    }

    /// The same bytes as pieces of a file.
    ///
    /// # Errors
    /// Itself, if they are read from no file.
    pub fn into_pieces(self) -> Result<Pieces, Self> {
        match self.source {
            Source::File(file) => Ok(Pieces::new(file, self.range)),
            Source::Network(_) => Err(self),
        }
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

/// What the keys of organizations' blobs begin with; the organization's id follows.
const ORGANIZATIONS: &str = "organizations";

/// The blobs of an installation: immutable, each in the store where its organization's blobs lie. Cheap to clone.
///
/// Writing is atomic and durable: a blob is visible only when complete, and stays once the call returns. Writing a
/// key again replaces the blob; reads that have begun see the old one. A call that is dropped leaves what was there or
/// all of the new blob, and may yet be writing that.
///
/// Where an organization is being moved to another store, writing and deleting may take a few seconds longer.
#[derive(Debug, Clone)]
pub struct BlobStore {
    stores: Stores,
    default: SingleStore,
    placements: Placements,
}

impl BlobStore {
    /// One store in the folder `root`, which is created, and cleared of what a killed process left half-written more
    /// than a day ago. Blocks; call it at start-up.
    ///
    /// # Errors
    /// The folder cannot be created or read.
    pub fn disk(root: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self::only(SingleStore::disk(root)?))
    }

    /// One store in an S3 bucket. Nothing is sent yet; [`BlobStore::check`] tells whether the bucket works. Blocks on
    /// clearing the scratch folder; call it at start-up.
    ///
    /// # Errors
    /// [`BlobError::ConfigInvalid`], or the scratch folder cannot be created.
    pub fn s3(config: S3Config) -> Result<Self> {
        Ok(Self::only(SingleStore::s3(config)?))
    }

    fn only(store: SingleStore) -> Self {
        let placements = Placements::new(store.clone());
        Self { stores: Stores::only(store.clone()), default: store, placements }
    }

    /// Several stores, between which organizations can be moved. Blocks for a moment.
    ///
    /// # Errors
    /// When there is no default one.
    pub fn with_stores(stores: Stores) -> Result<Self> {
        let default = stores.at(&Place::of(DEFAULT_STORE))?;
        Ok(Self { stores, placements: Placements::new(default.clone()), default })
    }

    /// The stores by name.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Which organization's blobs lie where.
    pub fn placements(&self) -> &Placements {
        &self.placements
    }

    /// Where the blob is read.
    fn home(&self, key: &BlobKey) -> SingleStore {
        organization_of(key).map_or_else(|| self.default.clone(), |id| self.placements.home(id))
    }

    /// Whether the blob was looked for where its organization's blobs do not lie any more.
    fn has_moved(&self, key: &BlobKey, from: &SingleStore) -> bool {
        !self.home(key).is(from)
    }

    /// Sees to it that what was written is where the organization's blobs lie.
    async fn settle(&self, writing: Writing, key: &BlobKey, is_folder: bool) -> Result<()> {
        let Some(organization_id) = organization_of(key) else { return Ok(()) };
        let change = Change { organization_id, key: key.clone(), is_folder };
        let mut store = writing.store.clone();
        while let Some(home) = self.placements.settle(&store, &change).await? {
            if is_folder {
                home.copy_folder_from(&store, key).await?;
                store.delete_prefix(key).await?;
            } else {
                home.copy_from(&store, key).await?;
                store.delete(key).await?;
            }
            store = home;
        }
        Ok(())
    }

    /// Stores a file. The disk store on the same file system takes a hard link, so the file must not be written to
    /// afterwards; removing it is fine.
    ///
    /// # Errors
    /// [`BlobError::SourceBroken`] if the file cannot be read; what the store raises.
    pub async fn put_file(&self, key: &BlobKey, path: &Path) -> Result<BlobFacts> {
        let writing = self.placements.writable(organization_of(key)).await?;
        let written = writing.store.put_file(key, path).await;
        self.settle(writing, key, false).await?;
        written
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
        let writing = self.placements.writable(organization_of(key)).await?;
        let written = writing.store.put_stream(key, stream).await;
        self.settle(writing, key, false).await?;
        written
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
        let writing = self.placements.writable(organization_of(prefix)).await?;
        let written = writing.store.put_directory(prefix, dir).await;
        self.settle(writing, prefix, true).await?;
        written
    }

    /// Reads a blob, or one range of it, in one round trip.
    ///
    /// # Errors
    /// [`BlobError::NotFound`]; [`BlobError::RangeInvalid`] with the size if no byte of the blob is meant.
    pub async fn get(&self, key: &BlobKey, range: Option<RangeRequest>) -> Result<BlobRead> {
        loop {
            let home = self.home(key);
            match home.get(key, range).await {
                Err(BlobError::NotFound { .. }) if self.has_moved(key, &home) => {}
                read => return read,
            }
        }
    }

    /// Reads a small blob into memory.
    ///
    /// # Errors
    /// As [`BlobStore::get`]; [`BlobError::TooLarge`]; [`BlobError::Unavailable`] if reading breaks off.
    pub async fn get_bytes(&self, key: &BlobKey, size_bytes_max: u64) -> Result<Bytes> {
        let read = self.get(key, None).await?;
        if read.meta.size_bytes > size_bytes_max {
            return Err(BlobError::TooLarge { size_bytes_max });
        }
        let (mut bytes, mut whole) = (read.into_bytes(), Vec::new());
        while let Some(chunk) = bytes.try_next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }

    /// What is known of a blob without reading it; `None` if there is none.
    ///
    /// # Errors
    /// What the store raises.
    pub async fn head(&self, key: &BlobKey) -> Result<Option<BlobMeta>> {
        loop {
            let home = self.home(key);
            match home.head(key).await {
                Ok(None) if self.has_moved(key, &home) => {}
                known => return known,
            }
        }
    }

    /// The blob as a file on this machine. From S3 it is downloaded to the scratch folder.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::Full`]; what the store raises.
    pub async fn local_path(&self, key: &BlobKey) -> Result<LocalFile> {
        loop {
            let home = self.home(key);
            match home.local_path(key).await {
                Err(BlobError::NotFound { .. }) if self.has_moved(key, &home) => {}
                found => return found,
            }
        }
    }

    /// Deletes a blob. It is no error if there is none.
    ///
    /// # Errors
    /// What the store raises.
    pub async fn delete(&self, key: &BlobKey) -> Result<()> {
        let writing = self.placements.writable(organization_of(key)).await?;
        let mut store = writing.store.clone();
        let Some(organization_id) = organization_of(key) else { return store.delete(key).await };
        let change = Change { organization_id, key: key.clone(), is_folder: false };
        loop {
            let deleted = async {
                store.delete(key).await?;
                match self.placements.get(organization_id).and_then(|placement| placement.other) {
                    Some(other) => other.delete(key).await,
                    None => Ok(()),
                }
            };
            let deleted = deleted.await;
            // What failed may have been done nevertheless.
            match self.placements.settle(&store, &change).await? {
                Some(home) => store = home,
                None => return deleted,
            }
        }
    }

    /// Deletes every blob below `prefix/`, but not one that is `prefix` itself. Returns how many.
    ///
    /// # Errors
    /// What the store raises; some blobs may be deleted by then, so do it again.
    pub async fn delete_prefix(&self, prefix: &BlobKey) -> Result<u64> {
        self.delete_below(prefix, false).await
    }

    /// The same; where all of an organization is meant that nobody tells of, in every store: it was erased, and may have lain in any.
    ///
    /// # Errors
    /// What any of the stores raises; some blobs may be deleted by then, so do it again.
    pub async fn delete_prefix_everywhere(&self, prefix: &BlobKey) -> Result<u64> {
        self.delete_below(prefix, true).await
    }

    async fn delete_below(&self, prefix: &BlobKey, everywhere: bool) -> Result<u64> {
        let writing = self.placements.writable(organization_of(prefix)).await?;
        let mut store = writing.store.clone();
        let Some(organization_id) = organization_of(prefix) else { return store.delete_prefix(prefix).await };
        let change = Change { organization_id, key: prefix.clone(), is_folder: true };
        let is_whole = everywhere && prefix.segments().count() == 2;
        let mut count = 0;
        loop {
            let deleted = async {
                let found = store.delete_prefix(prefix).await?;
                for other in self.elsewhere(organization_id, is_whole) {
                    other.delete_prefix(prefix).await?;
                }
                Ok(found)
            };
            let deleted = deleted.await;
            match self.placements.settle(&store, &change).await? {
                Some(home) => {
                    count += deleted.unwrap_or(0);
                    store = home;
                }
                None => return deleted.map(|found| count + found),
            }
        }
    }

    /// Where blobs that are deleted may lie beside their organization's home.
    fn elsewhere(&self, organization_id: OrganizationId, everywhere: bool) -> Vec<SingleStore> {
        match self.placements.get(organization_id) {
            Some(placement) => placement.other.into_iter().collect(),
            None if everywhere => {
                let all = self.stores.opened().into_iter().map(|(_, store)| store);
                all.filter(|store| !store.is(&self.default)).collect()
            }
            None => Vec::new(),
        }
    }

    /// Removes temporary files and half-removed folders that killed processes left, unless they are younger than an hour and may be
    /// in use.
    ///
    /// # Errors
    /// What the disk raises.
    pub async fn sweep(&self) -> Result<()> {
        for (_, store) in self.stores.opened() {
            store.sweep().await?;
        }
        Ok(())
    }

    /// Every blob below `prefix/` in the byte order of keys; without a prefix, every blob of the default store.
    pub fn list(&self, prefix: Option<&BlobKey>) -> BoxStream<'static, Result<BlobMeta>> {
        prefix.map_or_else(|| self.default.clone(), |prefix| self.home(prefix)).list(prefix)
    }

    /// Writes, reads and deletes a small blob below `probes/`, to tell an operator whether the default store works.
    ///
    /// # Errors
    /// Whatever keeps it from working.
    pub async fn check(&self) -> Result<()> {
        self.default.check().await
    }
}

pub(crate) fn is_playlist(key: &BlobKey) -> bool {
    key.extension() == Some("m3u8")
}

/// Whose blobs lie below the key.
pub fn organization_of(key: &BlobKey) -> Option<OrganizationId> {
    let mut segments = key.segments();
    (segments.next() == Some(ORGANIZATIONS)).then(|| segments.next()?.parse().ok())?
}
