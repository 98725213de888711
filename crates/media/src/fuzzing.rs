//! What the fuzz targets hold against any bytes.

use crate::fmp4::Header;
use std::io::Cursor;

/// The header of fragmented MP4 and its first segment, where a file may hold both.
#[must_use]
pub fn header_and_segment(file: &[u8]) -> (&[u8], &[u8]) {
    let kind = file.windows(4).position(|kind| kind == b"moof");
    file.split_at(kind.map_or(file.len(), |at| at.saturating_sub(4)))
}

/// Reads a header of fragmented MP4, and a segment by it. Times are finite and in order.
///
/// # Panics
/// When they are not.
pub fn segment(init: &[u8], segment: &[u8]) {
    let Some(header) = Header::read(init) else { return };
    if let Ok(Some(time)) = header.segment_time(Cursor::new(segment)) {
        assert!(time.start_ms.is_finite() && time.end_ms.is_finite(), "{time:?}");
    }
}
