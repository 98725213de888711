//! What a child process may use, and how its caller watches and stops it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// What one ffmpeg or ffprobe process may use, and which recordings are accepted at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest run of one child; quick steps such as probing have a shorter limit of their own.
    pub wall_time: Duration,
    /// A child that works through a recording, and tells how far it is, may take so many times what that lasts, if that is longer.
    pub slowness_max: u32,
    /// Longest time in which such a child comes no further.
    pub stall_time: Duration,
    /// Private memory of the child (`RLIMIT_DATA`).
    pub memory_bytes: u64,
    /// Largest single file the child may write (`RLIMIT_FSIZE`).
    pub output_bytes_max: u64,
    /// Threads for decoding, filtering and encoding, each.
    pub threads: usize,
    /// Scheduling niceness, 0 (as the parent) to 19 (least urgent).
    pub nice: i32,
    /// Most pixels in one picture of the input.
    pub pixels_max: u64,
    /// Longest input.
    pub duration_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_time: Duration::from_secs(6 * 3600),
            slowness_max: 10,
            stall_time: Duration::from_secs(1800),
            memory_bytes: 4 << 30,
            output_bytes_max: 8 << 30,
            threads: std::thread::available_parallelism().map_or(2, usize::from).min(16),
            nice: 10,
            pixels_max: 8192 * 4608,
            duration_ms_max: 24 * 3_600_000,
        }
    }
}

/// Receives how far a step has come, as a fraction from 0 to 1 that never decreases.
pub type Progress = Arc<dyn Fn(f64) + Send + Sync>;

/// How the caller stops a step and hears of its progress. The default does neither.
#[derive(Clone, Default)]
pub struct Control {
    /// Cancelling ends the child and yields [`crate::MediaError::Cancelled`].
    pub cancel: CancellationToken,
    /// Called at most a few times per second, from the task that awaits the step.
    pub on_progress: Option<Progress>,
}

impl Control {
    /// A control that stops with `cancel` and reports nothing.
    #[must_use]
    pub fn cancelled_by(cancel: CancellationToken) -> Self {
        Self { cancel, on_progress: None }
    }

    /// The same control, reporting to `on_progress`.
    #[must_use]
    pub fn reporting(self, on_progress: impl Fn(f64) + Send + Sync + 'static) -> Self {
        Self { on_progress: Some(Arc::new(on_progress)), ..self }
    }

    /// The same control for a step that is `from..to` of the whole.
    pub(crate) fn part(&self, from: f64, to: f64) -> Self {
        let on_progress = self.on_progress.clone().map(|report| -> Progress {
            Arc::new(move |fraction: f64| report(from + fraction.clamp(0.0, 1.0) * (to - from)))
        });
        Self { cancel: self.cancel.clone(), on_progress }
    }

    pub(crate) fn report(&self, fraction: f64) {
        if let Some(on_progress) = &self.on_progress {
            on_progress(fraction.clamp(0.0, 1.0));
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Control")
            .field("cancelled", &self.cancel.is_cancelled())
            .field("reports", &self.on_progress.is_some())
            .finish()
    }
}
