//! What an image may be, and what the work on one may take.

use crate::{ImageError, geometry::Plan};
use std::time::Duration;

/// Limits of files, and of the processes that work on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLimits {
    /// Largest file.
    pub bytes_max: u64,
    /// Most pixels of all pictures together: width x height x pictures.
    pub pixels_max: u64,
    /// Longest side.
    pub side_max: u32,
    /// Most pictures of an animation.
    pub frames_max: u32,
    /// Private memory of one worker (`RLIMIT_DATA`).
    pub memory_bytes: u64,
    /// Longest work on one image.
    pub wall_time: Duration,
    /// Workers, and with that images in work at once.
    pub workers: usize,
    /// Threads of one worker.
    pub threads: usize,
    /// How many more may wait for a worker.
    pub waiting_max: usize,
}

impl ImageLimits {
    /// Whether a result of so many pictures has no more pixels than are worked on.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`].
    pub fn check(&self, plan: &Plan, frames: u32) -> Result<(), ImageError> {
        if plan.scaled.pixels() * u64::from(frames) > self.pixels_max {
            return Err(ImageError::too_large("the result would have too many pixels"));
        }
        Ok(())
    }
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self {
            bytes_max: 50 << 20,
            pixels_max: 100_000_000,
            side_max: 30_000,
            frames_max: 1_000,
            memory_bytes: 1 << 30,
            wall_time: Duration::from_secs(30),
            workers: std::thread::available_parallelism().map_or(2, usize::from).min(8),
            threads: 1,
            waiting_max: 256,
        }
    }
}
