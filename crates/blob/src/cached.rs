//! Files whose place and bytes the system holds in memory: what needs no disk is read at once, and only what may have to wait for one
//! is left to a thread that may. A hop to such a thread and back takes longer than reading 64 KiB from memory.

use bytes::Bytes;
use std::fs::File;
use std::path::Path;

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
        assert!(open(&folder.path().join("none")).is_none());
    }
}
