//! Spans inside a recording.

/// A span of a recording in whole milliseconds, `start_ms <= end_ms`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct TimeRange {
    /// First millisecond.
    pub start_ms: i64,
    /// One past the last millisecond.
    pub end_ms: i64,
}

impl TimeRange {
    /// A span; an end before the start is moved to the start.
    pub fn new(start_ms: i64, end_ms: i64) -> Self {
        Self { start_ms, end_ms: end_ms.max(start_ms) }
    }

    /// Length in milliseconds.
    pub fn duration_ms(&self) -> i64 {
        self.end_ms - self.start_ms
    }

    /// Milliseconds shared with `other`.
    pub fn overlap_ms(&self, other: &Self) -> i64 {
        (self.end_ms.min(other.end_ms) - self.start_ms.max(other.start_ms)).max(0)
    }
}
