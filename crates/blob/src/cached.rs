//! Files whose place and bytes the system holds in memory: what needs no disk is read at once, and only what may have to wait for one
//! is left to a thread that may. A hop to such a thread and back takes longer than reading 64 KiB from memory.

use bytes::Bytes;
use std::fs::File;
use std::path::Path;

/// What is given up of a file is given up in long runs, and each look takes as long as copying some KiB.
#[cfg(target_os = "linux")]
const LOOKED_AT_EVERY: usize = 256 << 10;

/// The file at `path`, if finding it asks no disk (`RESOLVE_CACHED`, openat2(2)). `None` says nothing about whether it exists.
#[cfg(target_os = "linux")]
pub(crate) fn open(path: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED).ok().map(File::from)
}

/// Up to `length` bytes, at most those of a buffer, from `start` on, as far as they are in memory (`RWF_NOWAIT`, preadv2(2)). `None` says
/// nothing about the file.
#[cfg(target_os = "linux")]
pub(crate) fn read(file: &File, start: u64, length: usize) -> Option<Bytes> {
    use crate::buffers::Buffer;
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;
    let mut buffer = Buffer::take();
    let part = IoSliceMut::new(buffer.part(length));
    let count = preadv2(file, &mut [part], start, ReadWriteFlags::NOWAIT).ok()?;
    (count > 0).then(|| buffer.read(count))
}

/// Whether these bytes seem to be in memory: the first, the last and some between are. Whoever is wrong about it waits for the disk. A look
/// at what is not there brings it there, alone: whoever reads it then should [`fetch`] what is around it.
#[cfg(target_os = "linux")]
pub(crate) fn holds(file: &File, start: u64, length: usize) -> bool {
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;
    let last = start + (length as u64).saturating_sub(1);
    (start..last).step_by(LOOKED_AT_EVERY).chain([last]).all(|place| {
        let mut byte = [0];
        preadv2(file, &mut [IoSliceMut::new(&mut byte)], place, ReadWriteFlags::NOWAIT) == Ok(1)
    })
}

/// Lets the system read these bytes into memory, while its caller goes on; it may take a moment to say so.
#[cfg(target_os = "linux")]
pub(crate) fn fetch(file: &File, start: u64, length: u64) {
    use rustix::fs::{Advice, fadvise};
    if let Some(length) = std::num::NonZeroU64::new(length) {
        // Without it they come when they are asked for.
        let _ = fadvise(file, start, Some(length), Advice::WillNeed);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn holds(_: &File, _: u64, _: usize) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn fetch(_: &File, _: u64, _: u64) {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn open(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read(_: &File, _: u64, _: usize) -> Option<Bytes> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_was_just_written_is_read_from_memory_and_what_is_not_there_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"on a tall ship").unwrap();
        let file = open(&path).unwrap();
        assert_eq!(read(&file, 5, 4).as_deref(), Some(b"tall".as_slice()));
        assert_eq!(read(&file, 10, 100).as_deref(), Some(b"ship".as_slice()));
        assert_eq!(read(&file, 14, 1), None);
        assert!(holds(&file, 0, 14) && holds(&file, 13, 1) && !holds(&file, 5, 10));
        assert!(open(&folder.path().join("none")).is_none());
    }
}
