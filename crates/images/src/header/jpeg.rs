//! JPEG: markers up to the frame's header, and the way to the end.

use super::{Found, check_trailer, cut_off, still};
use crate::{ImageError, read::Reader};

pub(super) fn read(bytes: &[u8]) -> Result<Found, ImageError> {
    let mut reader = Reader(bytes.get(2..).unwrap_or_default());
    let mut found: Option<Found> = None;
    loop {
        let marker = next_marker(&mut reader).ok_or_else(cut_off)?;
        match marker {
            // Markers without a length.
            0x01 | 0xD0..=0xD7 => continue,
            0xD9 => return Err(ImageError::malformed("it has no picture")),
            0xDA => break,
            _ => {}
        }
        let length = reader.be16().ok_or_else(cut_off)? as usize;
        let data = reader.take(length.saturating_sub(2)).ok_or_else(cut_off)?;
        if is_frame(marker) {
            if found.is_some() {
                return Err(ImageError::malformed("it has two headers"));
            }
            let mut frame = Reader(data);
            frame.byte();
            let size = frame.be16().zip(frame.be16()).ok_or_else(cut_off)?;
            found = Some(still(size.1, size.0));
        }
    }
    let found = found.ok_or_else(|| ImageError::malformed("its header is not where it belongs"))?;
    check_end(reader.0)?;
    Ok(found)
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Fill bytes may stand before a marker, and some cameras leave rubbish between segments.
fn next_marker(reader: &mut Reader<'_>) -> Option<u8> {
    loop {
        if reader.byte()? != 0xFF {
            continue;
        }
        loop {
            match reader.byte()? {
                0xFF => {}
                0 => break,
                marker => return Some(marker),
            }
        }
    }
}

/// What follows the end of image: nothing, padding, or what cameras append: another JPEG (a preview, a gain map, an MPO's other
/// eye) or the film of a motion photo. A picture that was cut off has no end, which the decoder judges.
fn check_end(scan: &[u8]) -> Result<(), ImageError> {
    let Some(end) = find(scan, &[0xFF, 0xD9]) else { return Ok(()) };
    let rest = &scan[end + 2..];
    // Progressive pictures have further scans, but no end between them.
    let start = rest.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &rest[start..]);
    let is_appended = match start {
        [0xFF, 0xD8, 0xFF, ..] => true,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => true,
        _ => is_motion(start),
    };
    if is_appended { Ok(()) } else { check_trailer(start) }
}

/// Motion photos have a word of their maker's before the film.
fn is_motion(rest: &[u8]) -> bool {
    let head = &rest[..rest.len().min(4096)];
    find(head, b"ftyp").is_some() || find(head, b"MotionPhoto_Data").is_some()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}
