//! Whether a recording is another file at once, for programs that do not go by how a file begins.
//!
//! What a file is, its first bytes tell ([`crate::sniff`]). But readers of PDF look for its beginning further in, those of zip archives begin
//! at the end, those of tar look at one place, and what takes a file for a page goes by its beginning. Only where programs look is looked,
//! however long the file is: elsewhere everything may occur by chance, and in descriptions and subtitles people write of code.

/// How many last bytes [`also`] wants: those in which readers of zip archives look for the end of one.
pub const TAIL_BYTES: usize = ZIP_END_BYTES + COMMENT_BYTES_MAX;

/// The end of a zip's directory, and how long it is without a comment (APPNOTE 6.3.10, 4.3.16).
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
/// Readers of PDF look for its beginning within so many bytes.
const BEGINS_WITHIN: usize = 1024;
/// Where the mark of tar stands (POSIX, ustar).
const TAR_MARK_AT: usize = 257;
/// Each has something behind it that ends its name: alone they are so short that they occur by chance.
const PAGES: [&[u8]; 4] = [b"<!doctype html", b"<html", b"<script", b"<?php"];
/// Archives that are found behind something else, as behind the program that unpacks them.
const ARCHIVES: [&[u8]; 2] = [b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"];

/// What else a recording is, as part of a sentence, by its first bytes ([`crate::SNIFF_BYTES`] of them) and its last ([`TAIL_BYTES`]);
/// all of a shorter file is both. `None` where it is a recording alone.
#[must_use]
pub fn also(head: &[u8], tail: &[u8]) -> Option<&'static str> {
    let start = &head[..head.len().min(BEGINS_WITHIN)];
    // The G of a GIF is the mark of a packet of a transport stream.
    if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        Some("an image")
    } else if contains(start, b"%PDF-") {
        Some("a PDF")
    } else if PAGES.iter().any(|mark| contains_name(start, mark)) {
        Some("a page that runs scripts")
    } else if ends_a_zip(tail)
        || head.get(TAR_MARK_AT..).is_some_and(|rest| rest.starts_with(b"ustar"))
        || ARCHIVES.iter().any(|mark| contains(tail, mark))
    {
        Some("an archive")
    } else {
        None
    }
}

/// Whether readers of zip archives find one: its last record says that the whole archive is in this file.
fn ends_a_zip(tail: &[u8]) -> bool {
    tail.windows(ZIP_END_BYTES).any(|end| {
        let number = |at: usize| u16::from_le_bytes([end[at], end[at + 1]]);
        // Numbers that are too large for the record stand in another one.
        let is_first_disk = |at| matches!(number(at), 0 | u16::MAX);
        end.starts_with(ZIP_END) && is_first_disk(4) && is_first_disk(6) && number(8) == number(10)
    })
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark))
}

fn contains_name(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len() + 1).any(|window| {
        let (name, behind) = window.split_at(mark.len());
        name.eq_ignore_ascii_case(mark) && matches!(behind, [b'\t' | b'\n' | b'\r' | b' ' | b'/' | b'>'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x30\0\0\0\x40\0\0\0\x03\0abc";

    fn of(file: &[u8]) -> Option<&'static str> {
        also(file, &file[file.len().saturating_sub(TAIL_BYTES)..])
    }

    #[test]
    fn what_programs_find_beside_the_recording_is_told() {
        let film = [&b"\0\0\0\x18ftypisom\0\0\0\0isommp42"[..], &[0xA7; 200_000]].concat();
        let with = |at: usize, what: &[u8]| {
            let mut file = film.clone();
            file.splice(at..at, what.iter().copied());
            file
        };
        assert_eq!(of(&film), None);
        for (file, also) in [
            (with(24, b"\0\0\0\x40free%PDF-1.7"), "a PDF"),
            (with(24, b"\0\0\0\x40free<!DOCTYPE HTML>"), "a page that runs scripts"),
            (with(24, b"\0\0\0\x40free<SCRIPT>alert(1)</script>"), "a page that runs scripts"),
            (with(900, b"<?php echo 1;"), "a page that runs scripts"),
            (with(film.len(), ZIP), "an archive"),
            // Readers forgive what stands behind it.
            (with(film.len(), &[ZIP, b"\0\0\0"].concat()), "an archive"),
            (with(film.len(), b"Rar!\x1a\x07\x01\0"), "an archive"),
            (with(TAR_MARK_AT, b"ustar\x0000"), "an archive"),
            ([b"GIF89a".to_vec(), vec![0x47; 2_000]].concat(), "an image"),
        ] {
            assert_eq!(of(&file), Some(also), "{:?}", &file[..64]);
        }
        for file in [
            with(2_000, b"%PDF-1.7"),
            with(100_000, b"<script>"),
            // In a description at the end, and by chance.
            with(film.len(), b"To embed it, write <script src=x></script>"),
            with(24, b"\x91<htmL\x07"),
            with(100_000, ZIP),
            with(film.len(), b"PK\x05\x06 and nothing that a zip would say"),
        ] {
            assert_eq!(of(&file), None);
        }
        assert_eq!((of(b""), of(b"PK\x05\x06")), (None, None));
    }
}
