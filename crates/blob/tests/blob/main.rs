//! Both stores and the staging area, from outside.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod conformance;
mod disk;
mod faults;
mod placements;
mod s3;
mod service;
mod staging;

use bytes::Bytes;
use futures::Stream;
use memoreel_blob::BlobKey;
use std::io;

fn key(text: &str) -> BlobKey {
    BlobKey::parse(text).unwrap()
}

/// Bytes that do not repeat with any power of two, so that a misplaced part shows.
fn content(size: usize) -> Vec<u8> {
    let block: Vec<u8> =
        (0..100_003_usize.min(size)).map(|index| (index % 251) as u8 ^ (index / 251) as u8).collect();
    let mut content = block.repeat(size.div_ceil(block.len().max(1)));
    content.truncate(size);
    content
}

fn chunks(bytes: &[u8], size: usize) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    futures::stream::iter(chunks)
}

/// The chunks, and then an error as of a lost connection.
fn broken(bytes: &[u8], size: usize) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    futures::StreamExt::chain(
        chunks(bytes, size),
        futures::stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))]),
    )
}
