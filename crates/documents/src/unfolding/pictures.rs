//! Pictures in a PDF that are larger than their bytes let expect, and that PDFium keeps in whole.

use super::chains::PIECE_BYTES;
use crate::DocumentError;

/// Pictures that are kept in whole to be unfolded have no more pixels, as images have (`ImageLimits`).
const PIXELS_MAX: u64 = 100_000_000;
/// JPEG 2000 is unfolded to the size at which it is shown.
const SCALED_PIXELS_MAX: u64 = 400_000_000;
/// Black and white, a bit each.
pub(crate) const JBIG2_PIXELS_MAX: u64 = 1_000_000_000;
/// A header that is looked for is no longer.
const HEADER_BYTES: usize = 42;

/// Whether a JPEG 2000's size is as long as its components make it. Four bytes alone are in many a large file by chance.
fn is_whole_size(header: &[u8]) -> bool {
    let number =
        |at: usize| header.get(at..at + 2).map(|two| u32::from(u16::from_be_bytes([two[0], two[1]])));
    number(4).zip(number(40)).is_some_and(|(length, components)| length == 38 + 3 * components)
}

/// Looks for pictures that say of themselves that they are larger than PDFium may keep, whatever is said of them elsewhere.
#[derive(Default)]
pub(crate) struct Headers {
    /// What came last, and what is looked at now.
    window: Vec<u8>,
    /// Pixels and components of the JPEG that began last.
    jpeg: Option<(u64, u8)>,
}

impl Headers {
    /// Takes what comes next.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), DocumentError> {
        bytes.chunks(PIECE_BYTES).try_for_each(|piece| self.take_piece(piece))
    }

    fn take_piece(&mut self, piece: &[u8]) -> Result<(), DocumentError> {
        self.window.extend_from_slice(piece);
        let window = std::mem::take(&mut self.window);
        let whole = window.len().saturating_sub(HEADER_BYTES);
        for at in memchr::memchr_iter(0xff, &window[..whole]) {
            self.look(&window[at..])?;
        }
        self.window = window;
        self.window.drain(..whole);
        Ok(())
    }

    fn look(&mut self, header: &[u8]) -> Result<(), DocumentError> {
        match *header {
            // The size of a JPEG 2000 (ISO 15444-1, A.5.1), after its beginning.
            [0xff, 0x4f, 0xff, 0x51, _, _, _, _, a, b, c, d, e, f, g, h, ..] if is_whole_size(header) => {
                let (width, height) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                let pixels = u64::from(width) * u64::from(height);
                if pixels > SCALED_PIXELS_MAX { Err(too_many(SCALED_PIXELS_MAX)) } else { Ok(()) }
            }
            // A frame of a JPEG (ITU-T T.81, B.2.2), whose length says whether it is one.
            [0xff, kind @ 0xc0..=0xcf, 0, length, 8, a, b, c, d, count, ..]
                if (1..=4).contains(&count)
                    && length == 8 + 3 * count
                    && !matches!(kind, 0xc4 | 0xc8 | 0xcc) =>
            {
                let (height, width) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                let pixels = u64::from(height) * u64::from(width);
                self.jpeg = Some((pixels, count));
                // Progressive: every scan is over all of it.
                if matches!(kind & 3, 2) { hold(pixels) } else { Ok(()) }
            }
            // A scan, of all components or of some (B.2.3).
            [0xff, 0xda, 0, length, count, ..] if (1..=4).contains(&count) && length == 6 + 2 * count => {
                match self.jpeg.take() {
                    Some((pixels, components)) if count < components => hold(pixels),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

fn hold(pixels: u64) -> Result<(), DocumentError> {
    if pixels > PIXELS_MAX { Err(too_many(PIXELS_MAX)) } else { Ok(()) }
}

pub(crate) fn too_many(pixels_max: u64) -> DocumentError {
    DocumentError::too_large(format!(
        "a picture in it has more than {} million pixels",
        pixels_max / 1_000_000
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a picture with this header is refused, wherever the pieces end in which it comes.
    fn is_refused(header: &[u8]) -> bool {
        let file = [&[0xff, 0xd8], header, &[0; 40]].concat();
        let refused = |piece: usize| {
            let mut headers = Headers::default();
            file.chunks(piece).any(|piece| headers.take(piece).is_err())
        };
        let expected = refused(file.len());
        assert!([1, 3, 16].iter().all(|piece| refused(*piece) == expected), "{header:?}");
        expected
    }

    fn frame(kind: u8, side: u16, scanned: u8) -> Vec<u8> {
        let [a, b] = side.to_be_bytes();
        let scan = [&[0xff, 0xda, 0, 6 + 2 * scanned, scanned], vec![0; 30].as_slice()].concat();
        [&[0xff, kind, 0, 17, 8, a, b, a, b, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], scan.as_slice()].concat()
    }

    #[test]
    fn a_jpeg_that_is_kept_in_whole_has_no_more_pixels_than_an_image() {
        assert!(!is_refused(&frame(0xc2, 9_900, 3)));
        assert!(is_refused(&frame(0xc2, 10_100, 3)));
        assert!(is_refused(&frame(0xc0, 10_100, 1)), "in several scans");
        assert!(!is_refused(&frame(0xc0, 65_000, 3)), "unfolded by lines");
        assert!(!is_refused(&frame(0xc4, 65_000, 1)), "no frame");
    }

    #[test]
    fn a_jpeg_2000_has_no_more_pixels_than_can_be_scaled() {
        let size = |side: u32| {
            let side = side.to_be_bytes();
            [[0xff, 0x4f, 0xff, 0x51, 0, 47, 0, 0].as_slice(), &side, &side, &[0; 24], &[0, 3]].concat()
        };
        let by_chance = [[0xff, 0x4f, 0xff, 0x51].as_slice(), &[0xff; 60]].concat();
        assert!(!is_refused(&by_chance));
        assert!(!is_refused(&size(20_000)));
        assert!(is_refused(&size(20_001)));
        assert!(is_refused(&size(u32::MAX)));
    }
}
