//! The disk store. Blobs are files below `blobs/`, named by their keys; `scratch/` beside it, on the same file
//! system, holds what is being written, so that a rename makes it visible at once.

use crate::batches::{BATCH_BYTES, Batches};
use crate::buffers::{BUFFER_BYTES, Buffer};
use crate::cached;
use crate::error::blocking;
use crate::scratch::{Scratch, remove_all};
use crate::store::{BlobFacts, BlobMeta, BlobRead, DIRECTORY_CONCURRENCY, DirectoryFacts, Source};
use crate::{BlobError, BlobKey, LocalFile, RangeRequest, Result};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempPath;
use tokio::sync::mpsc;

/// A delete may remove a folder that a put has just made; the put makes it again this often.
const PUBLISH_ATTEMPTS: u32 = 8;
/// So much of what will be read is fetched before it is, at most.
const AHEAD_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Disk {
    blobs: PathBuf,
    scratch: Scratch,
}

impl Disk {
    pub(crate) fn open(root: PathBuf) -> Result<Self> {
        let blobs = root.join("blobs");
        fs::create_dir_all(&blobs)?;
        Ok(Self { blobs, scratch: Scratch::open(root.join("scratch"))? })
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.blobs.join(key.as_str())
    }

    pub(crate) async fn put_file(&self, key: &BlobKey, path: &Path) -> Result<BlobFacts> {
        let (disk, key, path) = (self.clone(), key.clone(), path.to_owned());
        blocking(move || disk.put_file_blocking(&key, &path)).await
    }

    fn put_file_blocking(&self, key: &BlobKey, path: &Path) -> Result<BlobFacts> {
        let (mut source, linked) = self.link(path)?;
        let Some(linked) = linked else { return self.copy_file(key, &mut source) };
        let facts = hash(&mut source)?;
        source.sync_all()?;
        if source.metadata()?.len() != facts.size_bytes {
            return Err(BlobError::SourceBroken(io::Error::other("the file changed while it was stored")));
        }
        self.publish(key, linked)?;
        Ok(facts)
    }

    /// As [`Disk::put_file`] for many files, without checksums, so that files on the same file system are not read, and
    /// with one sync for each folder that they come into. Returns what was stored.
    pub(crate) async fn put_files_unread(&self, files: Vec<(BlobKey, PathBuf)>) -> Result<DirectoryFacts> {
        let mut placed = futures::stream::iter(files)
            .map(|(key, path)| {
                let disk = self.clone();
                blocking(move || disk.place_unread(&key, &path))
            })
            .buffer_unordered(DIRECTORY_CONCURRENCY);
        let mut facts = DirectoryFacts::default();
        let mut folders = BTreeSet::new();
        while let Some((size_bytes, folder)) = placed.try_next().await? {
            facts.files += 1;
            facts.size_bytes += size_bytes;
            folders.insert(folder);
        }
        blocking(move || {
            let synced = folders.iter().try_for_each(|folder| sync_folder(folder).or_else(ignore_missing));
            synced.map_err(BlobError::from)
        })
        .await?;
        Ok(facts)
    }

    /// Returns the file's size and the folder that has its name now, which is not synced.
    fn place_unread(&self, key: &BlobKey, path: &Path) -> Result<(u64, PathBuf)> {
        let (mut source, linked) = self.link(path)?;
        let Some(linked) = linked else {
            let facts = self.copy_file(key, &mut source)?;
            return Ok((facts.size_bytes, self.folder(key)));
        };
        source.sync_all()?;
        let size_bytes = source.metadata()?.len();
        Ok((size_bytes, self.place(key, linked)?))
    }

    /// Opens a file and, where it lies on the same file system, makes a second name of it in the scratch folder.
    fn link(&self, path: &Path) -> Result<(File, Option<TempPath>)> {
        let source = File::open(path).map_err(BlobError::SourceBroken)?;
        let source_meta = source.metadata().map_err(BlobError::SourceBroken)?;
        if !source_meta.is_file() {
            return Err(BlobError::SourceBroken(ErrorKind::IsADirectory.into()));
        }
        let linked = self.scratch.vacant()?;
        // A link to a symbolic link, or to a file replaced since it was opened, would store something else.
        let is_linked = fs::hard_link(path, &linked).is_ok()
            && fs::symlink_metadata(&linked).is_ok_and(|meta| {
                meta.is_file() && (meta.dev(), meta.ino()) == (source_meta.dev(), source_meta.ino())
            });
        Ok((source, is_linked.then_some(linked)))
    }

    fn copy_file(&self, key: &BlobKey, source: &mut File) -> Result<BlobFacts> {
        let (file, path) = self.scratch.file(None)?;
        let mut writer = Writer::new(file, path);
        let mut buffer = vec![0; BATCH_BYTES];
        loop {
            match source.read(&mut buffer).map_err(BlobError::SourceBroken)? {
                0 => return writer.publish(self, key),
                length => writer.write(&buffer[..length])?,
            }
        }
    }

    pub(crate) async fn put_stream(
        &self,
        key: &BlobKey,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<BlobFacts> {
        let scratch = self.scratch.clone();
        let mut writer = blocking(move || {
            let (file, path) = scratch.file(None)?;
            Ok(Writer::new(file, path))
        })
        .await?;
        let stream = pin!(stream);
        let mut batches = Batches::new(stream);
        let mut batch = Vec::new();
        loop {
            let more = batches.fill(&mut batch, BATCH_BYTES).await.map_err(BlobError::SourceBroken)?;
            (writer, batch) = blocking(move || {
                writer.write(&batch)?;
                batch.clear();
                Ok((writer, batch))
            })
            .await?;
            if !more {
                break;
            }
        }
        let (disk, key) = (self.clone(), key.clone());
        blocking(move || writer.publish(&disk, &key)).await
    }

    /// Moves a complete, synced scratch file to its place, for good.
    fn publish(&self, key: &BlobKey, scratch: TempPath) -> Result<()> {
        let folder = self.place(key, scratch)?;
        sync_folder(&folder).or_else(ignore_missing).map_err(BlobError::from)
    }

    /// The same until the next power cut: the folder, which is returned, is yet to be synced.
    fn place(&self, key: &BlobKey, mut scratch: TempPath) -> Result<PathBuf> {
        let (place, folder) = (self.path(key), self.folder(key));
        for _ in 0..PUBLISH_ATTEMPTS {
            create_folders(&folder).map_err(|error| write_error(error, key))?;
            let written = scratch.to_path_buf();
            match scratch.persist(&place) {
                Ok(()) => {
                    // Renaming one link of a file over another of the same file leaves both.
                    fs::remove_file(written).or_else(ignore_missing)?;
                    return Ok(folder);
                }
                Err(refused) if refused.error.kind() == ErrorKind::NotFound => scratch = refused.path,
                Err(refused) => return Err(write_error(refused.error, key)),
            }
        }
        Err(BlobError::unavailable("the folder of the blob keeps being removed"))
    }

    fn folder(&self, key: &BlobKey) -> PathBuf {
        self.path(key).parent().map_or_else(|| self.blobs.clone(), Path::to_owned)
    }

    pub(crate) async fn get(&self, key: &BlobKey, range: Option<RangeRequest>) -> Result<BlobRead> {
        let path = self.path(key);
        let (file, meta) = match cached::open(&path) {
            Some(file) => known_blob(file, key)?,
            None => {
                let key = key.clone();
                blocking(move || open_blob(&path, &key)).await?
            }
        };
        let range = range.map_or(Ok(0..meta.size_bytes), |range| range.resolve(meta.size_bytes))?;
        Ok(BlobRead { meta, range, source: Source::File(Arc::new(file)) })
    }

    pub(crate) async fn head(&self, key: &BlobKey) -> Result<Option<BlobMeta>> {
        let (path, key) = (self.path(key), key.clone());
        blocking(move || match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => Ok(Some(blob_meta(key, &meta)?)),
            Ok(_) => Ok(None),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await
    }

    pub(crate) async fn local_path(&self, key: &BlobKey) -> Result<LocalFile> {
        let (scratch, path, key) = (self.scratch.clone(), self.path(key), key.clone());
        blocking(move || {
            let missing = || BlobError::NotFound { key: key.clone() };
            match fs::metadata(&path) {
                Ok(meta) if meta.is_file() => {}
                Ok(_) => return Err(missing()),
                Err(error) if is_missing(&error) => return Err(missing()),
                Err(error) => return Err(error.into()),
            }
            match scratch.link(&path, key.extension()) {
                Ok(linked) => Ok(linked),
                Err(error) if is_missing(&error) => Err(missing()),
                // Not every file system has links.
                Err(_) => Ok(LocalFile::stored(path)),
            }
        })
        .await
    }

    pub(crate) async fn delete(&self, key: &BlobKey) -> Result<()> {
        let (disk, path) = (self.clone(), self.path(key));
        blocking(move || match fs::remove_file(&path) {
            Ok(()) => disk.prune(&path),
            Err(error) if is_missing(&error) || path.is_dir() => Ok(()),
            Err(error) => Err(error.into()),
        })
        .await
    }

    pub(crate) async fn delete_prefix(&self, prefix: &BlobKey) -> Result<u64> {
        let (disk, path, prefix) = (self.clone(), self.path(prefix), prefix.clone());
        blocking(move || {
            disk.scratch.remove_doomed()?;
            let mut count = 0;
            let outcome = walk(&path, &prefix, &mut |_| {
                count += 1;
                true
            });
            match outcome {
                Ok(_) => {}
                Err(error) if is_missing(&error) => return Ok(0),
                Err(error) => return Err(error.into()),
            }
            // One rename hides them all, and what a kill leaves is removed with the next.
            let removed = disk.scratch.doomed();
            match fs::rename(&path, &removed) {
                Ok(()) => {}
                Err(error) if is_missing(&error) => return Ok(0),
                Err(error) => return Err(error.into()),
            }
            remove_all(&removed)?;
            disk.prune(&path)?;
            Ok(count)
        })
        .await
    }

    /// Removes temporary files that killed processes left.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let scratch = self.scratch.clone();
        blocking(move || scratch.sweep()).await
    }

    /// Removes the folders above `path` that have become empty, and makes the removal durable.
    fn prune(&self, path: &Path) -> Result<()> {
        for folder in path.ancestors().skip(1) {
            if folder == self.blobs || fs::remove_dir(folder).is_err() {
                return sync_folder(folder).or_else(ignore_missing).map_err(BlobError::from);
            }
        }
        Ok(())
    }

    pub(crate) fn list(&self, prefix: Option<&BlobKey>) -> BoxStream<'static, Result<BlobMeta>> {
        let (sender, mut receiver) = mpsc::channel(256);
        let blobs = self.blobs.clone();
        let prefix = prefix.cloned();
        tokio::task::spawn_blocking(move || {
            let mut send = |blob| sender.blocking_send(Ok(blob)).is_ok();
            let outcome = match &prefix {
                Some(prefix) => walk(&blobs.join(prefix.as_str()), prefix, &mut send),
                None => walk_root(&blobs, &mut send),
            };
            if let Err(error) = outcome
                && !is_missing(&error)
            {
                // A receiver that is gone does not want the error either.
                let _ = sender.blocking_send(Err(error.into()));
            }
        });
        futures::stream::poll_fn(move |context| receiver.poll_recv(context)).boxed()
    }
}

/// A scratch file being written and hashed.
struct Writer {
    file: File,
    path: TempPath,
    hasher: Sha256,
    size_bytes: u64,
}

impl Writer {
    fn new(file: File, path: TempPath) -> Self {
        Self { file, path, hasher: Sha256::new(), size_bytes: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    fn publish(self, disk: &Disk, key: &BlobKey) -> Result<BlobFacts> {
        self.file.sync_all()?;
        disk.publish(key, self.path)?;
        Ok(BlobFacts { size_bytes: self.size_bytes, sha256: self.hasher.finalize().into() })
    }
}

fn hash(file: &mut File) -> Result<BlobFacts> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BATCH_BYTES];
    let mut size_bytes = 0;
    loop {
        match file.read(&mut buffer).map_err(BlobError::SourceBroken)? {
            0 => return Ok(BlobFacts { size_bytes, sha256: hasher.finalize().into() }),
            length => {
                hasher.update(&buffer[..length]);
                size_bytes += length as u64;
            }
        }
    }
}

fn open_blob(path: &Path, key: &BlobKey) -> Result<(File, BlobMeta)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Err(BlobError::NotFound { key: key.clone() }),
        Err(error) => return Err(error.into()),
    };
    known_blob(file, key)
}

fn known_blob(file: File, key: &BlobKey) -> Result<(File, BlobMeta)> {
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(BlobError::NotFound { key: key.clone() });
    }
    Ok((file, blob_meta(key.clone(), &meta)?))
}

fn blob_meta(key: BlobKey, meta: &fs::Metadata) -> io::Result<BlobMeta> {
    // A file that was linked here may have been written to long before.
    let changed = UNIX_EPOCH + Duration::new(meta.ctime().max(0).unsigned_abs(), 0);
    let modified_at = meta.modified()?.max(changed).into();
    let nanos = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    let etag = Some(format!("\"{:x}-{nanos:x}-{:x}\"", meta.ino(), meta.len()));
    Ok(BlobMeta { key, size_bytes: meta.len(), modified_at, etag })
}

/// The bytes of `range`, read as they are asked for.
pub(crate) fn read_file(file: Arc<File>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    futures::stream::try_unfold((file, range), |(file, mut range)| async move {
        let chunk = read_next(&file, &mut range).await?;
        Ok(chunk.map(|chunk| (chunk, (file, range))))
    })
}

/// The next bytes of `range`, which begins after them then. A hop to a thread that may wait for the disk is taken only for what is not in
/// memory.
pub(crate) async fn read_next(file: &Arc<File>, range: &mut Range<u64>) -> io::Result<Option<Bytes>> {
    let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(BUFFER_BYTES);
    if length == 0 {
        return Ok(None);
    }
    let chunk = match cached::read(file, range.start, length) {
        Some(chunk) => chunk,
        None => read_from_disk(Arc::clone(file), range.clone(), length).await?,
    };
    range.start += chunk.len() as u64;
    Ok(Some(chunk))
}

/// The first `length` bytes of a range, of which more will be wanted.
async fn read_from_disk(file: Arc<File>, range: Range<u64>, length: usize) -> io::Result<Bytes> {
    tokio::task::spawn_blocking(move || {
        cached::fetch(&file, range.start, (range.end - range.start).min(AHEAD_BYTES_MAX));
        let mut buffer = Buffer::take();
        file.read_exact_at(buffer.part(length), range.start)?;
        Ok(buffer.read(length))
    })
    .await
    .map_err(io::Error::other)?
}

/// Visits the blobs below a folder in the byte order of their keys, until `visit` returns false.
fn walk(folder: &Path, prefix: &BlobKey, visit: &mut impl FnMut(BlobMeta) -> bool) -> io::Result<bool> {
    walk_entries(folder, &|name| prefix.join(name), visit)
}

fn walk_root(folder: &Path, visit: &mut impl FnMut(BlobMeta) -> bool) -> io::Result<bool> {
    walk_entries(folder, &BlobKey::parse, visit)
}

fn walk_entries(
    folder: &Path,
    key_of: &dyn Fn(&str) -> Result<BlobKey>,
    visit: &mut impl FnMut(BlobMeta) -> bool,
) -> io::Result<bool> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_dir = entry.file_type()?.is_dir();
        let Ok(mut name) = entry.file_name().into_string() else { continue };
        // With its slash, a folder sorts among files as the keys below it do.
        if is_dir {
            name.push('/');
        }
        entries.push(name);
    }
    entries.sort_unstable();
    for entry in entries {
        let name = entry.trim_end_matches('/');
        // Not every file in the folder need be ours.
        let Ok(key) = key_of(name) else { continue };
        let path = folder.join(name);
        let outcome = if name.len() < entry.len() {
            walk(&path, &key, visit)
        } else {
            fs::symlink_metadata(&path).and_then(|meta| Ok(!meta.is_file() || visit(blob_meta(key, &meta)?)))
        };
        match outcome {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Creates a folder and those above it, each durably.
fn create_folders(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return if folder.is_file() { Err(ErrorKind::NotADirectory.into()) } else { Ok(()) };
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create_folders(folder.parent().ok_or(error)?)?;
            return match fs::create_dir(folder) {
                Ok(()) => sync_parent(folder),
                // Another put may have made it, or a delete removed its parent; the rename will tell.
                Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
                    Ok(())
                }
                Err(error) => Err(error),
            };
        }
        Err(error) => return Err(error),
    }
    sync_parent(folder)
}

fn sync_parent(folder: &Path) -> io::Result<()> {
    folder.parent().map_or(Ok(()), |parent| sync_folder(parent).or_else(ignore_missing))
}

/// Makes the names in a folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if is_missing(&error) { Ok(()) } else { Err(error) }
}

/// No such file, or a blob where the key has a folder.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn write_error(error: io::Error, key: &BlobKey) -> BlobError {
    match error.kind() {
        ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::AlreadyExists => BlobError::KeyConflict { key: key.clone() },
        _ => error.into(),
    }
}
