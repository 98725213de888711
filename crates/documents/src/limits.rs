//! What a document may be, and what reading it may take.

use std::time::Duration;

/// Limits of files, and of the processes that read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Largest file.
    pub bytes_max: u64,
    /// Most pages.
    pub pages_max: u32,
    /// Most text of all pages together, in bytes.
    pub text_bytes_max: u64,
    /// Most that the parts of a container, or a stream of a PDF that is kept in whole, may unfold to, in bytes.
    pub unfolded_bytes_max: u64,
    /// Private memory of one worker (`RLIMIT_DATA`). Drawings of millions of lines take most of it.
    pub memory_bytes: u64,
    /// Longest work on one page, or on opening a document.
    pub wall_time: Duration,
    /// Workers, and with that documents being read at once.
    pub workers: usize,
    /// How many more may wait for a worker.
    pub waiting_max: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            bytes_max: 100 << 20,
            pages_max: 3_000,
            text_bytes_max: 8 << 20,
            unfolded_bytes_max: 256 << 20,
            memory_bytes: 1 << 30,
            wall_time: Duration::from_secs(30),
            workers: std::thread::available_parallelism().map_or(2, usize::from).min(4),
            waiting_max: 64,
        }
    }
}
