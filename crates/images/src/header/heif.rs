//! HEIF (ISO/IEC 23008-12): the brands, and the sizes among the item properties.

use super::{Found, cut_off, still};
use crate::{ImageError, InputFormat, read::Reader};

/// How deep boxes are looked into: meta, iprp, ipco.
const DEPTH_MAX: u32 = 3;

pub(super) fn recognise(bytes: &[u8]) -> Option<InputFormat> {
    let mut reader = Reader(bytes);
    let (name, mut data) = next_box(&mut reader)?;
    if name != *b"ftyp" {
        return None;
    }
    let mut brands = Vec::new();
    brands.push(data.array::<4>()?);
    data.take(4)?;
    while let Some(brand) = data.array::<4>() {
        brands.push(brand);
        if brands.len() > 64 {
            break;
        }
    }
    let has = |wanted: &[&[u8; 4]]| brands.iter().any(|brand| wanted.contains(&brand));
    match &brands[0] {
        b"avif" | b"avis" => Some(InputFormat::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" => Some(InputFormat::Heic),
        b"mif1" | b"msf1" if has(&[b"avif", b"avis"]) => Some(InputFormat::Avif),
        b"mif1" | b"msf1" if has(&[b"heic", b"heix", b"heim", b"heis"]) => Some(InputFormat::Heic),
        _ => None,
    }
}

/// The largest of all sizes that are named: the primary picture's is among them, and a grid's parts are smaller than it.
pub(super) fn read(bytes: &[u8]) -> Result<Found, ImageError> {
    let mut largest: Option<Found> = None;
    let mut reader = Reader(bytes);
    let (mut has_meta, mut moves) = (false, false);
    while !reader.is_empty() {
        let rest = reader.0;
        let Some((name, data)) = next_box(&mut reader) else {
            // Nothing but padding may follow; a box that says to be longer than the file is cut off.
            if rest.iter().any(|byte| *byte != 0) {
                return Err(cut_off());
            }
            break;
        };
        match &name {
            b"meta" => {
                has_meta = true;
                walk(data, true, 1, &mut largest)?;
            }
            b"moov" => moves = true,
            _ => {}
        }
    }
    if !has_meta && moves {
        return Err(ImageError::malformed("it has moving pictures and no still one"));
    }
    if !has_meta {
        return Err(cut_off());
    }
    largest.ok_or_else(|| ImageError::malformed("it names no size"))
}

fn walk(
    mut data: Reader<'_>,
    is_full: bool,
    depth: u32,
    largest: &mut Option<Found>,
) -> Result<(), ImageError> {
    if is_full {
        data.take(4).ok_or_else(cut_off)?;
    }
    while let Some((name, mut inner)) = next_box(&mut data) {
        match &name {
            b"iprp" | b"ipco" if depth < DEPTH_MAX => walk(inner, false, depth + 1, largest)?,
            b"ispe" => {
                inner.take(4).ok_or_else(cut_off)?;
                let (width, height) = inner.be32().zip(inner.be32()).ok_or_else(cut_off)?;
                let found = still(width, height);
                if largest.is_none_or(|largest| largest.size.pixels() < found.size.pixels()) {
                    *largest = Some(found);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A box and what is in it; `None` at the end, or where it says to be longer than what is there.
fn next_box<'a>(reader: &mut Reader<'a>) -> Option<([u8; 4], Reader<'a>)> {
    let size = reader.be32()?;
    let name = reader.array::<4>()?;
    let data = match size {
        // To the end of the file.
        0 => reader.take(reader.0.len())?,
        1 => {
            let long = reader.array().map(u64::from_be_bytes)?;
            reader.take(usize::try_from(long.checked_sub(16)?).ok()?)?
        }
        size => reader.take(size.checked_sub(8)? as usize)?,
    };
    Some((name, Reader(data)))
}
