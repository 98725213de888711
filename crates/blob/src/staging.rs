//! Where resumable uploads grow: one local file for each upload, appended to by offset, until it is whole and
//! moved to the store.
//!
//! Acknowledged bytes are on disk before the call returns; bytes beyond the offset that the caller has recorded
//! are leftovers of a broken request, and the next append cuts them off. While bytes arrive under a checksum, a file beside
//! the upload says that it was not compared yet, so that nobody takes them for good after a crash. One writer at a time: a
//! mutex within the process and a file lock across processes that share the folder.

use crate::batches::{BATCH_BYTES, Batches};
use crate::disk::sync_folder;
use crate::error::blocking;
use crate::locked::LockedFile;
use crate::{BlobError, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::Stream;
use memoreel_kernel::{Timestamp, UploadId};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// What the bytes of one append must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-1, which every tus server with checksums must know. It guards against accidents only.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

impl Checksum {
    /// The algorithms for `Tus-Checksum-Algorithm`.
    pub const ALGORITHMS: &str = "sha1,sha256";

    /// Reads an `Upload-Checksum` header of tus 1.0: algorithm, space, base64.
    ///
    /// # Errors
    /// [`BlobError::ChecksumInvalid`] for another algorithm, base64 or length.
    pub fn parse(header: &str) -> Result<Self> {
        let read = || {
            let (algorithm, encoded) = header.trim().split_once(' ')?;
            let digest = (encoded.len() <= 64).then(|| BASE64_STANDARD.decode(encoded).ok())??;
            match algorithm {
                "sha1" => Some(Self::Sha1(digest.try_into().ok()?)),
                "sha256" => Some(Self::Sha256(digest.try_into().ok()?)),
                _ => None,
            }
        };
        read().ok_or(BlobError::ChecksumInvalid)
    }
}

/// A checksum on its way to being compared.
enum Verifier {
    None,
    Sha1(Sha1, [u8; 20]),
    Sha256(Sha256, [u8; 32]),
}

impl Verifier {
    fn new(checksum: Option<Checksum>) -> Self {
        match checksum {
            None => Self::None,
            Some(Checksum::Sha1(expected)) => Self::Sha1(Sha1::new(), expected),
            Some(Checksum::Sha256(expected)) => Self::Sha256(Sha256::new(), expected),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha1(hasher, _) => hasher.update(bytes),
            Self::Sha256(hasher, _) => hasher.update(bytes),
        }
    }

    fn matches(self) -> bool {
        match self {
            Self::None => true,
            Self::Sha1(hasher, expected) => hasher.finalize().as_slice().ct_eq(&expected).into(),
            Self::Sha256(hasher, expected) => hasher.finalize().as_slice().ct_eq(&expected).into(),
        }
    }
}

/// How far an append came.
#[derive(Debug)]
#[must_use]
pub struct AppendOutcome {
    /// Bytes of the upload that are on disk and acknowledged; record this whatever else is said here.
    pub new_offset: u64,
    /// Why it stopped before the stream ended: [`BlobError::SourceBroken`], [`BlobError::Full`] or another failure
    /// to write. The upload can go on from `new_offset`.
    pub interrupted: Option<BlobError>,
}

/// A folder of uploads in progress. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Staging {
    dir: PathBuf,
    busy: Arc<Mutex<HashSet<UploadId>>>,
}

impl Staging {
    /// Stages in `dir`, which is created. On the file system of the disk store, a finished upload becomes a blob
    /// without being copied. Blocks; call it at start-up, once, and clone.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn new(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, busy: Arc::default() })
    }

    /// Writes `stream` to the upload from `offset` on, in bounded memory, and syncs it. An append at offset 0
    /// creates the upload. Bytes that were staged beyond `offset` are cut off first. When the stream breaks, what
    /// arrived is kept, except under a checksum, which can then not be compared.
    ///
    /// Whoever acknowledges the bytes in a database does so while it [holds](Staging::hold) the upload, or another request may
    /// cut them off in between.
    ///
    /// # Errors
    /// As [`HeldUpload::append`], and as [`Staging::hold`].
    pub async fn append(
        &self,
        id: UploadId,
        offset: u64,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
        size_bytes_max: u64,
        checksum: Option<Checksum>,
    ) -> Result<AppendOutcome> {
        let held = self.hold(id, offset == 0).await?;
        let (outcome, _) = held.append(offset, stream, size_bytes_max, checksum).await?;
        Ok(outcome)
    }

    /// Takes an upload, which `creates` makes if there is none: until the value is dropped, nobody else writes to it or removes it.
    ///
    /// # Errors
    /// [`BlobError::Locked`] while somebody else has it; [`BlobError::UploadNotFound`].
    pub async fn hold(&self, id: UploadId, creates: bool) -> Result<HeldUpload> {
        let lease = self.lease(id)?;
        let (dir, path) = (self.dir.clone(), self.path(id));
        blocking(move || {
            let is_new = creates && OpenOptions::new().append(true).create_new(true).open(&path).is_ok();
            if is_new {
                sync_folder(&dir)?;
            }
            let file = lock(&path)?.ok_or(BlobError::UploadNotFound)?;
            Ok(HeldUpload { file, path, is_new, _lease: lease })
        })
        .await
    }

    /// Bytes staged, acknowledged or not; `None` if the upload does not exist.
    ///
    /// # Errors
    /// What the disk raises.
    pub async fn len(&self, id: UploadId) -> Result<Option<u64>> {
        let path = self.path(id);
        blocking(move || match fs::metadata(path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// Where the bytes are, for probing, and for [`crate::BlobStore::put_file`] once the upload is whole.
    pub fn path(&self, id: UploadId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Removes an upload. Returns whether there was one.
    ///
    /// # Errors
    /// [`BlobError::Locked`] while it is appended to.
    pub async fn remove(&self, id: UploadId) -> Result<bool> {
        self.remove_if(id, |_| Ok(true)).await
    }

    /// The uploads that have bytes here.
    ///
    /// # Errors
    /// What the disk raises.
    pub async fn ids(&self) -> Result<Vec<UploadId>> {
        let dir = self.dir.clone();
        blocking(move || {
            let mut ids = Vec::new();
            for entry in fs::read_dir(&dir)? {
                ids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<UploadId>().ok()));
            }
            Ok(ids)
        })
        .await
    }

    /// Removes an upload that was last written to before `before`. Returns whether it was.
    ///
    /// # Errors
    /// [`BlobError::Locked`] while it is appended to.
    pub async fn remove_older(&self, id: UploadId, before: Timestamp) -> Result<bool> {
        self.remove_if(id, move |file| Ok(Timestamp::from(file.metadata()?.modified()?) < before)).await
    }

    async fn remove_if(
        &self,
        id: UploadId,
        is_to_go: impl FnOnce(&File) -> Result<bool> + Send + 'static,
    ) -> Result<bool> {
        let lease = self.lease(id)?;
        let path = self.path(id);
        blocking(move || {
            let _lease = lease;
            let Some(locked) = lock(&path)? else { return Ok(false) };
            let is_to_go = is_to_go(&locked)?;
            if is_to_go {
                remove_if_there(&unchecked(&path))?;
                fs::remove_file(&path)?;
            }
            Ok(is_to_go)
        })
        .await
    }

    fn lease(&self, id: UploadId) -> Result<Lease> {
        let entered = self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        if entered { Ok(Lease { id, busy: self.busy.clone() }) } else { Err(BlobError::Locked) }
    }
}

/// An upload that nobody else writes to, or removes, until this is dropped.
#[derive(Debug)]
pub struct HeldUpload {
    // Unlocked before the lease ends: whoever of this process is next finds both free.
    file: LockedFile,
    path: PathBuf,
    is_new: bool,
    _lease: Lease,
}

impl HeldUpload {
    /// Bytes staged, acknowledged or not.
    ///
    /// # Errors
    /// What the disk raises.
    pub fn size_bytes(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Whether bytes beyond those that were acknowledged arrived under a checksum that was not compared: who wrote them was killed.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        unchecked(&self.path).exists()
    }

    /// As [`Staging::append`], of an upload that stays held.
    ///
    /// Dropping the call keeps whatever was written as unacknowledged leftovers. To acknowledge what a client sent
    /// before it vanished, run the call in a task of its own.
    ///
    /// # Errors
    /// Nothing is kept of this append when the result is an error. [`BlobError::OffsetInvalid`] if fewer bytes are staged than
    /// `offset`; [`BlobError::TooLarge`] if the upload would exceed `size_bytes_max` in all; [`BlobError::ChecksumMismatch`].
    pub async fn append(
        self,
        offset: u64,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
        size_bytes_max: u64,
        checksum: Option<Checksum>,
    ) -> Result<(AppendOutcome, Self)> {
        if offset > size_bytes_max {
            return Err(BlobError::TooLarge { size_bytes_max });
        }
        let verifier = Verifier::new(checksum);
        let mut writer = blocking(move || Writer::open(self, offset, verifier)).await?;
        let stream = pin!(stream);
        let mut batches = Batches::new(stream);
        let mut batch = Vec::new();
        let mut interrupted = None;
        loop {
            let more = match batches.fill(&mut batch, BATCH_BYTES).await {
                Ok(more) => more,
                Err(error) => {
                    interrupted = Some(BlobError::SourceBroken(error));
                    false
                }
            };
            if batch.len() as u64 > size_bytes_max - writer.end {
                blocking(move || writer.cut(offset)).await?;
                return Err(BlobError::TooLarge { size_bytes_max });
            }
            let failure;
            (writer, batch, failure) = blocking(move || {
                let failure = writer.write(&batch).err();
                batch.clear();
                Ok((writer, batch, failure))
            })
            .await?;
            if failure.is_some() {
                interrupted = failure;
                break;
            }
            if !more {
                break;
            }
        }
        let unverifiable = interrupted.is_some() && checksum.is_some();
        let (new_offset, held) = blocking(move || writer.finish(offset, unverifiable)).await?;
        Ok((AppendOutcome { new_offset, interrupted }, held))
    }

    /// Removes the upload.
    ///
    /// # Errors
    /// What the disk raises.
    pub async fn remove(self) -> Result<()> {
        blocking(move || {
            remove_if_there(&unchecked(&self.path))?;
            Ok(fs::remove_file(&self.path)?)
        })
        .await
    }

    /// Leaves the upload as it was before it was taken: without a file, if there was none.
    ///
    /// # Errors
    /// What the disk raises.
    pub async fn leave(self) -> Result<()> {
        if self.is_new { self.remove().await } else { Ok(()) }
    }
}

/// An upload taken by this process.
#[derive(Debug)]
struct Lease {
    id: UploadId,
    busy: Arc<Mutex<HashSet<UploadId>>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Says, while it is there, that bytes of the upload at `path` arrive under a checksum.
fn unchecked(path: &Path) -> PathBuf {
    path.with_extension("unchecked")
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Opens a file for writing and locks it against other processes; `None` if it does not exist.
fn lock(path: &Path) -> Result<Option<LockedFile>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let file = match LockedFile::new(file) {
        Ok(file) => file,
        Err(TryLockError::WouldBlock) => return Err(BlobError::Locked),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    };
    // It may have been removed between the opening and the lock.
    Ok((file.metadata()?.nlink() > 0).then_some(file))
}

/// An upload open at its end. It moves to the thread that writes, so that a dropped call keeps its locks until the
/// write under way is done.
struct Writer {
    held: HeldUpload,
    /// Where the last successful write ended.
    end: u64,
    verifier: Verifier,
}

impl Writer {
    fn open(mut held: HeldUpload, offset: u64, verifier: Verifier) -> Result<Self> {
        let size_bytes = held.size_bytes()?;
        if offset > size_bytes {
            return Err(BlobError::OffsetInvalid { size_bytes });
        }
        held.file.set_len(offset)?;
        held.file.seek(SeekFrom::Start(offset))?;
        let marker = unchecked(&held.path);
        let mut writer = Self { held, end: offset, verifier };
        if !matches!(writer.verifier, Verifier::None) {
            // Before the first of the bytes it is about.
            File::create(&marker)?.sync_all()?;
            sync_folder(marker.parent().unwrap_or(Path::new(".")))?;
        } else if marker.exists() {
            // After the last of them.
            writer.cut(offset)?;
            remove_if_there(&marker)?;
        }
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.held.file.write_all(bytes)?;
        self.verifier.update(bytes);
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Cuts off everything from `offset` on.
    fn cut(&mut self, offset: u64) -> Result<()> {
        self.held.file.set_len(offset)?;
        self.held.file.sync_all()?;
        Ok(())
    }

    /// Makes the append durable, or undoes it back to `start`. Returns the new end.
    fn finish(mut self, start: u64, unverifiable: bool) -> Result<(u64, HeldUpload)> {
        let marker = unchecked(&self.held.path);
        let has_marker = !matches!(self.verifier, Verifier::None);
        let matches = !unverifiable && std::mem::replace(&mut self.verifier, Verifier::None).matches();
        // A failed write may have left part of a batch behind the last good one.
        let end = if matches { self.end } else { start };
        self.cut(end)?;
        if has_marker {
            remove_if_there(&marker)?;
        }
        if matches || unverifiable { Ok((end, self.held)) } else { Err(BlobError::ChecksumMismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_upload_is_free_as_soon_as_it_is_let_go_whoever_has_a_copy_of_its_descriptor() {
        let dir = tempfile::tempdir().unwrap();
        let staging = Staging::new(dir.path()).unwrap();
        let id = UploadId::new(Timestamp::default());
        let held = staging.hold(id, true).await.unwrap();
        // As a child has it that was just forked.
        let copy = held.file.try_clone().unwrap();
        drop(held);
        // Those of another process find it free as well.
        for staging in [staging, Staging::new(dir.path()).unwrap()] {
            drop(staging.hold(id, false).await.unwrap());
            assert!(!staging.remove_older(id, Timestamp::default()).await.unwrap());
        }
        drop(copy);
    }
}
