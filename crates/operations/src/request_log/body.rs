//! What is counted of bodies as they pass.

use super::{Entry, writer::RequestLog};
use memoreel_web::WatchBody;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts what is read of a request.
pub(super) struct Read(pub(super) Arc<AtomicU64>);

impl WatchBody for Read {
    fn passed(&mut self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Counts what is sent in answer. When that is let go, the request is over and logged.
pub(super) struct Answered {
    pub(super) log: RequestLog,
    pub(super) entry: Option<Entry>,
    /// Of the request, when there is something to read.
    pub(super) read: Option<Arc<AtomicU64>>,
}

impl WatchBody for Answered {
    fn passed(&mut self, bytes: u64) {
        if let Some(entry) = &mut self.entry {
            entry.bytes_out += bytes;
        }
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.bytes_in = self.read.as_ref().map_or(0, |read| read.load(Ordering::Relaxed));
            self.log.add(entry);
        }
    }
}
