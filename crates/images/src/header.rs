//! What a file says of itself before it is decoded: format, size, pictures. Read in safe code, in time and memory bounded by the
//! file's length, so that limits hold before a decoder sees anything.
//!
//! It also says whether the file is only an image: what follows the end of one, as in a file that is a picture and an archive
//! or a program at once, is refused, except for what cameras are known to append.

mod heif;
mod jpeg;

use crate::{ImageError, ImageLimits, InputFormat, geometry::Size, read::Reader};
use serde::{Deserialize, Serialize};

/// Padding and little trailers that tools leave after the end of an image.
const TRAILER_BYTES_MAX: usize = 64 * 1024;

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format, by content.
    pub format: InputFormat,
    /// Width and height as stored, before any orientation.
    pub size: Size,
    /// Pictures of an animation; 1 for a still.
    pub frames: u32,
}

impl Header {
    /// Reads the header and holds it against the limits.
    ///
    /// # Errors
    /// [`ImageError::Unknown`], [`ImageError::Malformed`] or [`ImageError::TooLarge`].
    pub fn read(bytes: &[u8], limits: &ImageLimits) -> Result<Self, ImageError> {
        if bytes.len() as u64 > limits.bytes_max {
            return Err(ImageError::too_large(format!("{} MiB is the most", limits.bytes_max >> 20)));
        }
        let format = recognise(bytes).ok_or(ImageError::Unknown)?;
        let read = match format {
            InputFormat::Jpeg => jpeg::read(bytes),
            InputFormat::Png => png(bytes),
            InputFormat::Gif => gif(bytes),
            InputFormat::Webp => webp(bytes),
            InputFormat::Avif | InputFormat::Heic => heif::read(bytes),
        };
        let Found { size, frames } = read?;
        let header = Self { format, size, frames: frames.max(1) };
        header.check(limits)?;
        Ok(header)
    }

    fn check(&self, limits: &ImageLimits) -> Result<(), ImageError> {
        let Size { width, height } = self.size;
        if width == 0 || height == 0 {
            return Err(ImageError::malformed("it has no pixels"));
        }
        if width.max(height) > limits.side_max {
            return Err(ImageError::too_large(format!("{} pixels is the longest side", limits.side_max)));
        }
        if self.frames > limits.frames_max {
            return Err(ImageError::too_large(format!("{} pictures is the most", limits.frames_max)));
        }
        if self.size.pixels() * u64::from(self.frames) > limits.pixels_max {
            let millions = limits.pixels_max / 1_000_000;
            return Err(ImageError::too_large(format!("{millions} million pixels is the most")));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy)]
struct Found {
    size: Size,
    frames: u32,
}

fn still(width: u32, height: u32) -> Found {
    Found { size: Size { width, height }, frames: 1 }
}

fn recognise(bytes: &[u8]) -> Option<InputFormat> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(InputFormat::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(InputFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(InputFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(InputFormat::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif::recognise(bytes),
        _ => None,
    }
}

fn cut_off() -> ImageError {
    ImageError::malformed("it is cut off")
}

/// Refuses what follows the end of an image, unless it is short, or all zeros.
fn check_trailer(rest: &[u8]) -> Result<(), ImageError> {
    if rest.len() > TRAILER_BYTES_MAX && rest.iter().any(|byte| *byte != 0) {
        return Err(ImageError::malformed("something else follows the image"));
    }
    if is_something_else(rest) {
        return Err(ImageError::malformed("something else follows the image"));
    }
    Ok(())
}

/// Whether bytes after an image are a file of their own that some program would open.
fn is_something_else(rest: &[u8]) -> bool {
    const MARKS: [&[u8]; 7] =
        [b"PK\x03\x04", b"%PDF-", b"\x7fELF", b"Rar!\x1a", b"7z\xbc\xaf\x27\x1c", b"<script", b"<?php"];
    let start = &rest[..rest.len().min(TRAILER_BYTES_MAX)];
    MARKS.iter().any(|mark| start.windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark)))
}

fn png(bytes: &[u8]) -> Result<Found, ImageError> {
    let mut reader = Reader(bytes.get(8..).unwrap_or_default());
    let mut found = None;
    let mut has_data = false;
    loop {
        let chunk = png_chunk(&mut reader).ok_or_else(cut_off)?;
        match (chunk.0, found) {
            (b"IHDR", None) => {
                let mut header = Reader(chunk.1);
                let (width, height) = header.be32().zip(header.be32()).ok_or_else(cut_off)?;
                found = Some(still(width, height));
            }
            (_, None) | (b"IHDR", Some(_)) => {
                return Err(ImageError::malformed("its header is not where it belongs"));
            }
            (b"IDAT", Some(_)) => has_data = true,
            (b"IEND", Some(found)) if has_data => {
                check_trailer(reader.0)?;
                return Ok(found);
            }
            (b"IEND", _) => return Err(ImageError::malformed("it has no picture")),
            _ => {}
        }
    }
}

fn png_chunk<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8; 4], &'a [u8])> {
    let length = usize::try_from(reader.be32()?).ok()?;
    let name = reader.take(4)?.first_chunk::<4>()?;
    let data = reader.take(length)?;
    reader.take(4)?;
    Some((name, data))
}

fn gif(bytes: &[u8]) -> Result<Found, ImageError> {
    gif_blocks(bytes).ok_or_else(cut_off)?
}

/// `None` where the file ends too early.
fn gif_blocks(bytes: &[u8]) -> Option<Result<Found, ImageError>> {
    let mut reader = Reader(bytes.get(6..)?);
    let (mut width, mut height) = (reader.le16()?, reader.le16()?);
    let flags = reader.byte()?;
    reader.take(2)?;
    skip_colours(&mut reader, flags)?;
    let mut frames = 0;
    // A file that ends between two blocks lacks its end and nothing else.
    while let Some(introducer) = reader.byte() {
        match introducer {
            0x2C => {
                let (left, top) = (reader.le16()?, reader.le16()?);
                let (columns, rows) = (reader.le16()?, reader.le16()?);
                // Decoders make the canvas as large as its largest picture.
                (width, height) = (width.max(left + columns), height.max(top + rows));
                let flags = reader.byte()?;
                skip_colours(&mut reader, flags)?;
                reader.byte()?;
                if skip_sub_blocks(&mut reader).is_none() {
                    frames += 1;
                    break;
                }
                frames += 1;
            }
            0x21 => {
                reader.byte()?;
                skip_sub_blocks(&mut reader)?;
            }
            0x3B => {
                if let Err(error) = check_trailer(reader.0) {
                    return Some(Err(error));
                }
                break;
            }
            // Padding between blocks, which some tools leave.
            0 => {}
            _ => return Some(Err(ImageError::malformed("its blocks are in no known form"))),
        }
    }
    if frames == 0 {
        return Some(Err(ImageError::malformed("it has no picture")));
    }
    Some(Ok(Found { size: Size { width, height }, frames }))
}

fn skip_colours(reader: &mut Reader<'_>, flags: u8) -> Option<()> {
    let bytes = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    reader.take(bytes).map(|_| ())
}

fn skip_sub_blocks(reader: &mut Reader<'_>) -> Option<()> {
    loop {
        match reader.byte()? {
            0 => return Some(()),
            length => drop(reader.take(length.into())?),
        }
    }
}

fn webp(bytes: &[u8]) -> Result<Found, ImageError> {
    let mut reader = Reader(bytes.get(4..).unwrap_or_default());
    let size = reader.le32().map(|size| size as usize).ok_or_else(cut_off)?;
    let body = reader.take(size).ok_or_else(cut_off)?;
    check_trailer(reader.0)?;
    let mut chunks = Reader(body.get(4..).unwrap_or_default());
    let (mut canvas, mut frames) = (None, 0);
    while !chunks.is_empty() {
        let Some((name, data)) = riff_chunk(&mut chunks) else { return Err(cut_off()) };
        let mut data = Reader(data);
        match name {
            b"VP8 " if canvas.is_none() => canvas = vp8(&mut data),
            b"VP8L" if canvas.is_none() => canvas = vp8l(&mut data),
            b"VP8X" if canvas.is_none() => {
                data.take(4);
                canvas = data.le24().zip(data.le24()).map(|(width, height)| (width + 1, height + 1));
            }
            b"ANMF" => frames += 1,
            _ => {}
        }
        if canvas.is_none() {
            return Err(ImageError::malformed("its header is not where it belongs"));
        }
    }
    let (width, height) = canvas.ok_or_else(cut_off)?;
    Ok(Found { size: Size { width, height }, frames })
}

fn riff_chunk<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8; 4], &'a [u8])> {
    let name = reader.take(4)?.first_chunk::<4>()?;
    let length = reader.le32()? as usize;
    let data = reader.take(length)?;
    // Padded to an even length, except by some at the end.
    if length % 2 == 1 {
        reader.take(1);
    }
    Some((name, data))
}

fn vp8(data: &mut Reader<'_>) -> Option<(u32, u32)> {
    data.take(3)?;
    if data.take(3)? != [0x9D, 0x01, 0x2A] {
        return None;
    }
    Some((data.le16()? & 0x3FFF, data.le16()? & 0x3FFF))
}

fn vp8l(data: &mut Reader<'_>) -> Option<(u32, u32)> {
    if data.byte()? != 0x2F {
        return None;
    }
    let bits = data.le32()?;
    Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
}

#[cfg(test)]
mod tests;
