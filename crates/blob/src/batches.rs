//! Regrouping a stream of any chunk sizes into batches of one size, so that memory stays bounded and each
//! visit to a blocking thread is worth its cost.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use std::io;

/// What is handed to the disk at once.
pub(crate) const BATCH_BYTES: usize = 1 << 20;

/// A stream and the part of its last chunk that did not fit the last batch.
pub(crate) struct Batches<S> {
    stream: S,
    carry: Bytes,
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Batches<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, carry: Bytes::new() }
    }

    /// Fills `batch` up to `size` bytes. `Ok(false)` means that the stream has ended; after an error, `batch`
    /// holds the bytes that arrived before it. Bytes are copied, because a small chunk may pin a large buffer.
    pub(crate) async fn fill(&mut self, batch: &mut Vec<u8>, size: usize) -> io::Result<bool> {
        loop {
            let fits = self.carry.len().min(size.saturating_sub(batch.len()));
            batch.extend_from_slice(&self.carry.split_to(fits));
            if batch.len() >= size {
                return Ok(true);
            }
            match self.stream.next().await {
                Some(chunk) => self.carry = chunk?,
                None => return Ok(false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_hold_the_same_bytes_whatever_the_chunks(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20),
            size in 1_usize..30,
        ) {
            let whole = chunks.concat();
            let stream = futures::stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))));
            let mut batches = Batches::new(stream);
            let mut seen = Vec::new();
            futures::executor::block_on(async {
                loop {
                    let mut batch = Vec::new();
                    let more = batches.fill(&mut batch, size).await.unwrap();
                    assert!(batch.len() <= size && (!more || batch.len() == size));
                    seen.extend(batch);
                    if !more { break }
                }
            });
            prop_assert_eq!(seen, whole);
        }
    }
}
