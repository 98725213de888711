//! Buffers for what is read from a file to be sent on. They are used again: to fill a new one with zeros takes a third of the time that it
//! takes to read into it from memory.

use bytes::Bytes;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// The size of each, and so what one read hands to the network.
pub(crate) const BUFFER_BYTES: usize = 256 << 10;
/// So many wait to be used again; as many as are sent from at once on a busy server.
const WAITING_MAX: usize = 64;

static WAITING: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

/// A buffer, of which the first `length` bytes are read.
pub(crate) struct Buffer {
    bytes: Box<[u8]>,
    length: usize,
}

impl Buffer {
    /// One that was used before, with what was in it, or a new one.
    pub(crate) fn take() -> Self {
        let used = WAITING.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { bytes: used.unwrap_or_else(|| vec![0; BUFFER_BYTES].into()), length: 0 }
    }

    /// Its first `length` bytes, to be written over.
    pub(crate) fn part(&mut self, length: usize) -> &mut [u8] {
        &mut self.bytes[..length]
    }

    /// The first `length` bytes, which are what was read. When nobody needs them any more, the buffer waits to be used again.
    pub(crate) fn read(mut self, length: usize) -> Bytes {
        self.length = length;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX {
            waiting.push(mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_buffer_that_was_used_before_no_more_is_seen_than_was_read() {
        let mut first = Buffer::take();
        first.part(9).copy_from_slice(b"tall ship");
        let bytes = first.read(9);
        let tail = bytes.slice(5..);
        drop(bytes);
        assert_eq!(tail.as_ref(), b"ship");
        drop(tail);
        let mut used = Buffer::take();
        used.part(3).copy_from_slice(b"sea");
        let other = Buffer::take();
        assert_eq!((used.read(3).as_ref(), other.read(0).as_ref()), (&b"sea"[..], &b""[..]));
    }
}
