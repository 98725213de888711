//! A range of a file in pieces, for whoever can let the system send what it holds in memory.

use crate::cached;
use crate::disk::read_next;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Up to here, to read what is in memory takes no longer than to look whether it is there and to let the system send it.
const COPIED_BYTES_MAX: usize = 64 << 10;

/// The next bytes of a file.
#[derive(Debug)]
pub enum Piece {
    /// What was read.
    Read(Bytes),
    /// Where they lie in the file, and that the system seems to hold them in memory, at most [`Piece::BYTES_MAX`]. Only on Linux.
    InMemory(Range<u64>),
}

impl Piece {
    /// The longest piece.
    pub const BYTES_MAX: usize = 1 << 20;
}

/// A range of a file, piece by piece.
#[derive(Debug)]
pub struct Pieces {
    file: Arc<File>,
    range: Range<u64>,
}

impl Pieces {
    pub(crate) fn new(file: Arc<File>, range: Range<u64>) -> Self {
        Self { file, range }
    }

    /// The file whose pieces these are.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The next piece.
    ///
    /// # Errors
    /// Those of reading, and that the file ends before the range does.
    pub async fn next(&mut self) -> io::Result<Option<Piece>> {
        let start = self.range.start;
        let length = usize::try_from(self.range.end - start).unwrap_or(usize::MAX).min(Piece::BYTES_MAX);
        if length > COPIED_BYTES_MAX && cached::holds(&self.file, start, length) {
            self.range.start += length as u64;
            return Ok(Some(Piece::InMemory(start..self.range.start)));
        }
        Ok(read_next(&self.file, &mut self.range).await?.map(Piece::Read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustix::fs::{Advice, fadvise};
    use std::os::unix::fs::FileExt;

    const FILE_BYTES: u64 = 3 << 20;

    /// All bytes of a range, and how many of them were read.
    async fn collected(file: &Arc<File>, range: Range<u64>) -> (Vec<u8>, usize) {
        let (mut pieces, mut all, mut read) = (Pieces::new(Arc::clone(file), range), Vec::new(), 0);
        while let Some(piece) = pieces.next().await.unwrap() {
            match piece {
                Piece::Read(bytes) => {
                    read += bytes.len();
                    all.extend_from_slice(&bytes);
                }
                Piece::InMemory(range) => {
                    let length = usize::try_from(range.end - range.start).unwrap();
                    assert!((1..=Piece::BYTES_MAX).contains(&length));
                    let end = all.len();
                    all.resize(end + length, 0);
                    pieces.file().read_exact_at(&mut all[end..], range.start).unwrap();
                }
            }
        }
        (all, read)
    }

    fn file() -> (Arc<File>, Vec<u8>) {
        let file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..FILE_BYTES).map(|place| (place % 251) as u8).collect();
        file.write_all_at(&bytes, 0).unwrap();
        file.sync_all().unwrap();
        (Arc::new(file), bytes)
    }

    #[tokio::test]
    async fn what_is_in_memory_is_named_and_not_read_unless_it_is_short() {
        let (file, bytes) = file();
        assert_eq!(collected(&file, 0..FILE_BYTES).await, (bytes.clone(), 0));
        assert_eq!(collected(&file, 7..9).await, (bytes[7..9].to_vec(), 2));
        assert_eq!(collected(&file, 9..9).await, (Vec::new(), 0));
    }

    #[tokio::test]
    async fn a_file_that_is_shorter_than_the_range_fails() {
        let (file, _) = file();
        let mut pieces = Pieces::new(file, FILE_BYTES - 1..FILE_BYTES + 100_000);
        // Its last byte is in memory.
        assert!(matches!(pieces.next().await, Ok(Some(Piece::Read(byte))) if byte.len() == 1));
        assert_eq!(pieces.next().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_byte_comes_once_wherever_it_is(start in 0..FILE_BYTES, length in 0..FILE_BYTES, given_up in 0..FILE_BYTES) {
            let (file, bytes) = file();
            // What the system does about it is its own.
            fadvise(&*file, given_up, None, Advice::DontNeed).unwrap();
            let end = (start + length).min(FILE_BYTES);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (all, _) = runtime.block_on(collected(&file, start..end));
            prop_assert!(all == bytes[start as usize..end as usize]);
        }
    }
}
