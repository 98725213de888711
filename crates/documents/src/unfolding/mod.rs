//! What the streams of a PDF unfold to, found out before PDFium has it, in memory that does not grow with it.
//!
//! PDFium unfolds in whole what is a page's text, a font, a table of letters, a profile of colours or a list of objects, into about
//! twice its size. Pictures it unfolds by lines, to the size of the page's picture, except where their format asks for more. So:
//!
//! - A stream that unfolds to more than 4 MiB and to more than 250 times its size is refused, as a part of an office file is, and so is
//!   one to more than `unfolded_bytes_max`. Each filter of several counts.
//! - A stream that says it is a picture may unfold to what it says it is, if that is no more than twice `unfolded_bytes_max`, or to
//!   250 times its size; and so may an attached file, which PDFium leaves as it is, except that it does not say how large it is.
//!   Either is held to the first rule where it is named as something that is unfolded in whole.
//! - What is inside of what was unfolded, such as pictures in a page's text, is unfolded and held to the first rule as well.
//! - Streams that one list names are unfolded together, such as those of a page; they are held to the same as one.
//! - Small streams that unfold to more than 250 times their size are held to `unfolded_bytes_max` together: fonts are kept.
//! - JPEGs that are kept in whole, JPEG 2000 and JBIG2 are held to numbers of pixels, and predictors to the length of a row.
//!
//! With the default limits, a sheet of A3 at 600 dots to the inch takes 70 MB of a worker as Flate, 140 MB as JPEG 2000 and up
//! to 480 MB as a progressive JPEG, of which 100 million pixels take 700 MB. The most else that passes is a text of 256 MiB, which PDFium
//! holds twice, in a file of 1 MiB or more.
//!
//! Three things are left to the worker's `memory_bytes`, which end that worker alone. What is encrypted, though it opens without a
//! password, does not unfold here. PDFium makes objects of what is drawn, ten to twenty times as large as the text that draws it: a map
//! of 2.5 million lines takes 780 MB, which is why a worker may have as much as it may. And what is read here is read as by PDFium, and
//! in doubt more is taken for a stream than is one, but a file that is made to may have PDFium see another one, or use as a drawing, a
//! shading or a letter what says it is a picture, or say elsewhere how LZW is wrapped.

mod chains;
mod dictionaries;
mod filters;
mod inside;
mod lists;
mod pictures;

use crate::{
    DocumentError,
    containers::{LARGE_BYTES, RATIO_MAX, unfolds},
    protocol::Bounds,
};
use chains::{Allowed, BEGIN_BYTES, Chain};
use dictionaries::{Dictionary, after_line};
use filters::Filter;
use inside::Inside;
use lists::{Lists, Unfolded};
use memchr::memmem;
use pictures::{Headers, JBIG2_PIXELS_MAX, too_many};
use std::collections::HashMap;

/// A file whose streams overlap is read again for each; beyond so many times its size it is refused.
const READ_TIMES_MAX: u64 = 4;
const READ_BYTES_MIN: u64 = 1 << 20;
/// Streams that unfold to less are not looked for in lists.
const LISTED_BYTES_MIN: u64 = 64 << 10;
/// A row of a predictor is no longer: 65,535 pixels of four colours in 16 bits are half a MiB.
const ROW_BYTES_MAX: u64 = 4 << 20;
/// All streams together, besides what is inside of them, are unfolded to so many times `unfolded_bytes_max`: it is a question of time. Pictures beyond it are not
/// unfolded here.
const TOGETHER_TIMES: u64 = 16;

/// Refuses a PDF that unfolds to far more than it is. Takes time for the file and for what it unfolds to.
///
/// # Errors
/// [`DocumentError::TooLarge`].
pub(crate) fn check(bytes: &[u8], bounds: Bounds) -> Result<(), DocumentError> {
    let mut streams = Streams {
        bytes,
        bounds,
        begins: Vec::new(),
        of_objects: Vec::new(),
        unfolded: HashMap::new(),
        read: 0,
        given: 0,
        pictures_given: 0,
        far_given: 0,
    };
    streams.take_objects()?;
    streams.take_others()?;
    Inside::of_file(streams.allowed(None)).take(bytes)?;
    Headers::default().take(bytes)?;
    streams.take_lists()
}

struct Streams<'a> {
    bytes: &'a [u8],
    bounds: Bounds,
    /// Where those begin whose dictionaries were read.
    begins: Vec<usize>,
    /// Those in which objects are: where they begin, and their filters.
    of_objects: Vec<(usize, Vec<Filter>)>,
    /// By the number of their object.
    unfolded: HashMap<u32, Unfolded>,
    /// Bytes of the file that were read for dictionaries and by filters.
    read: u64,
    given: u64,
    pictures_given: u64,
    /// What those gave that unfold to far more than they are.
    far_given: u64,
}

impl<'a> Streams<'a> {
    /// The streams that objects are.
    fn take_objects(&mut self) -> Result<(), DocumentError> {
        for at in memmem::find_iter(self.bytes, b"obj") {
            let (stream, end) = Dictionary::of_stream(self.bytes, at + 3);
            self.count_read(end.saturating_sub(at) as u64)?;
            let Some((dictionary, begin)) = stream else { continue };
            self.count_read(begin.saturating_sub(end) as u64)?;
            self.begins.push(begin);
            self.take(&dictionary, begin, number_before(self.bytes, at))?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        dictionary: &Dictionary,
        begin: usize,
        number: Option<u32>,
    ) -> Result<(), DocumentError> {
        if dictionary.row_bytes() > ROW_BYTES_MAX {
            return Err(unfolds());
        }
        if dictionary.is_bits() && dictionary.pixels() > JBIG2_PIXELS_MAX {
            return Err(too_many(JBIG2_PIXELS_MAX));
        }
        // Where they are named elsewhere, Flate tells itself, and LZW is tried.
        let filters = match dictionary.filters()? {
            Some(filters) => filters,
            None => {
                self.take_unknown(begin)?;
                vec![Filter::Lzw { early_change: true }]
            }
        };
        let together = self.bounds.unfolded_bytes_max.saturating_mul(TOGETHER_TIMES);
        let picture_bytes = dictionary.picture_bytes();
        if picture_bytes.is_some() && self.pictures_given > together {
            // Whatever unfolds it in whole may not.
            if let Some(number) = number {
                self.unfolded.insert(number, Unfolded { taken: 0, given: u64::MAX });
            }
            return Ok(());
        }
        let allowed = self.allowed(picture_bytes);
        let Some(mut chain) = Chain::of(&filters, allowed) else {
            let is_plain = filters.is_empty() && picture_bytes.is_none();
            return if is_plain { self.take_unknown(begin) } else { Ok(()) };
        };
        let mut inside = Inside::of_unfolded(self.allowed(None), dictionary.has_objects);
        let mut headers = Headers::default();
        let is_coded = filters.contains(&Filter::Picture);
        let coded = self.coded(begin, &filters)?;
        chain.unfold(coded, &mut |made| match picture_bytes {
            _ if is_coded => headers.take(made),
            Some(_) => Ok(()),
            None => inside.take(made),
        })?;
        let (taken, given) = (chain.taken(), chain.given());
        self.count_read(taken)?;
        if picture_bytes.is_some() {
            self.pictures_given = self.pictures_given.saturating_add(given);
        } else {
            self.count_given(taken, given)?;
        }
        if dictionary.has_objects {
            self.of_objects.push((begin, filters));
        }
        if let Some(number) = number.filter(|_| given > LISTED_BYTES_MIN) {
            let known = self.unfolded.entry(number).or_default();
            if given > known.given {
                *known = Unfolded { taken, given };
            }
        }
        Ok(())
    }

    /// What comes after the word and follows no dictionary that can be read.
    fn take_others(&mut self) -> Result<(), DocumentError> {
        self.begins.sort_unstable();
        let mut begin = 0;
        for at in memmem::find_iter(self.bytes, b"stream") {
            // On one line, all end where the first does.
            if at + 6 >= begin {
                begin = after_line(self.bytes, at + 6);
            }
            let is_end = self.bytes[..at].ends_with(b"end");
            if !is_end && self.begins.binary_search(&begin).is_err() {
                self.take_unknown(begin)?;
            }
        }
        Ok(())
    }

    fn take_unknown(&mut self, begin: usize) -> Result<(), DocumentError> {
        for mut chain in Chain::guessed(self.allowed(None)) {
            chain.unfold(self.rest(begin), &mut |_: &[u8]| Ok(()))?;
            // What shows at once that nothing is there is not counted: words stand in texts as well.
            if chain.taken() > BEGIN_BYTES as u64 {
                self.count_read(chain.taken())?;
                self.count_given(chain.taken(), chain.given())?;
            }
        }
        Ok(())
    }

    /// What is named together, in the file and in its streams of objects.
    fn take_lists(&mut self) -> Result<(), DocumentError> {
        if self.unfolded.is_empty() {
            return Ok(());
        }
        let allowed = self.allowed(None);
        Lists::new(&self.unfolded, allowed).take(self.bytes)?;
        for (begin, filters) in std::mem::take(&mut self.of_objects) {
            let coded = self.coded(begin, &filters)?;
            let mut lists = Lists::new(&self.unfolded, allowed);
            if let Some(mut chain) = Chain::of(&filters, allowed) {
                chain.unfold(coded, &mut |made| lists.take(made))?;
            }
        }
        Ok(())
    }

    fn rest(&self, begin: usize) -> &'a [u8] {
        self.bytes.get(begin..).unwrap_or_default()
    }

    /// To where the stream ends, unless its first filter knows better.
    fn coded(&mut self, begin: usize, filters: &[Filter]) -> Result<&'a [u8], DocumentError> {
        let rest = self.rest(begin);
        if !filters.first().is_some_and(|filter| filter.may_be_open()) {
            return Ok(rest);
        }
        let end = memmem::find(rest, b"endstream").unwrap_or(rest.len());
        self.count_read(end as u64)?;
        Ok(&rest[..end])
    }

    fn allowed(&self, picture_bytes: Option<u64>) -> Allowed {
        let bytes_max = self.bounds.unfolded_bytes_max;
        let picture_bytes = picture_bytes.map(|bytes| bytes.min(bytes_max.saturating_mul(2)));
        Allowed { bytes_max, picture_bytes }
    }

    /// Whether the file was read too often: streams and dictionaries begin in one another, each of which goes on to the end.
    fn count_read(&mut self, bytes: u64) -> Result<(), DocumentError> {
        self.read = self.read.saturating_add(bytes);
        if self.read > (self.bytes.len() as u64).saturating_mul(READ_TIMES_MAX).saturating_add(READ_BYTES_MIN)
        {
            return Err(DocumentError::too_large("its parts lie in one another"));
        }
        Ok(())
    }

    fn count_given(&mut self, taken: u64, given: u64) -> Result<(), DocumentError> {
        let bytes_max = self.bounds.unfolded_bytes_max;
        self.given = self.given.saturating_add(given);
        if given > taken.saturating_mul(RATIO_MAX) {
            self.far_given = self.far_given.saturating_add(given);
        }
        let is_too_much = self.far_given > bytes_max.max(LARGE_BYTES)
            || self.given > bytes_max.saturating_mul(TOGETHER_TIMES).max(LARGE_BYTES);
        if is_too_much { Err(unfolds()) } else { Ok(()) }
    }
}

/// The number of the object whose keyword begins here.
fn number_before(bytes: &[u8], at: usize) -> Option<u32> {
    let head = bytes[at.saturating_sub(64)..at].trim_ascii_end();
    let generation = head.iter().rposition(|byte| !byte.is_ascii_digit())?;
    let head = head[..=generation].trim_ascii_end();
    let begin = head.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |before| before + 1);
    str::from_utf8(&head[begin..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write as _;

    const BOUNDS: Bounds = Bounds { pages_max: 10, text_bytes_max: 1 << 20, unfolded_bytes_max: 16 << 20 };

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).expect("memory takes it");
        packer.finish().expect("memory takes it")
    }

    fn object(number: u32, dictionary: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("{number} 0 obj\n<< {dictionary} >>\nstream\n");
        [head.as_bytes(), content, b"\nendstream\nendobj\n"].concat()
    }

    fn is_refused(file: &[u8]) -> bool {
        check(file, BOUNDS).is_err()
    }

    #[test]
    fn small_streams_that_unfold_far_are_held_to_the_bound_together() {
        let small = object(4, "/Filter /Fl", &packed(&[0; 2 << 20]));
        assert!(!is_refused(&small.repeat(8)));
        assert!(is_refused(&small.repeat(9)));
        let row = object(4, "/Subtype /Image /Width 999 /Height 999 /Filter /Fl", &packed(&[0; 3_000_000]));
        assert!(!is_refused(&row.repeat(50)), "pictures come one after the other");
    }

    #[test]
    fn a_list_in_a_stream_of_objects_is_found() {
        let stream = object(4, "/Filter /Fl", &packed(&[0; 1 << 20]));
        let list = |times: usize| {
            let text = format!("5 0 << /Contents [{}] >>", "4 0 R ".repeat(times));
            object(6, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &packed(text.as_bytes()))
        };
        assert!(!is_refused(&[list(4), stream.clone()].concat()));
        assert!(is_refused(&[list(5), stream].concat()));
    }

    #[test]
    fn a_stream_in_a_stream_of_objects_is_found() {
        let inner = [b"5 0 << /Filter /Fl >>\nstream\n".as_slice(), &packed(&[0; 8 << 20])].concat();
        for filter in ["", "/Filter /FlateDecode"] {
            let content = if filter.is_empty() { inner.clone() } else { packed(&inner) };
            assert!(is_refused(&object(6, &format!("/Type /ObjStm /N 1 /First 4 {filter}"), &content)));
        }
    }

    #[test]
    fn rows_and_pictures_of_bits_are_bounded() {
        let row = |columns: u64| format!("/Filter /Fl /DecodeParms << /Predictor 12 /Columns {columns} >>");
        assert!(!is_refused(&object(4, &row(4 << 20), b"")));
        assert!(is_refused(&object(4, &row((4 << 20) + 1), b"")));
        let bits =
            |side: u32| format!("/Subtype /Image /Width {side} /Height {side} /Filter [/A85 /JBIG2Decode]");
        assert!(!is_refused(&object(4, &bits(30_000), b"")));
        assert!(is_refused(&object(4, &bits(40_000), b"")));
    }

    #[test]
    fn what_lies_in_one_another_is_refused_before_it_takes_time() {
        for part in [
            b"1 0 obj<</Filter/LZW>>stream\n".as_slice(),
            b"1 0 obj<</Filter/RL>>stream\n",
            b"1 0 obj<<",
            b"1 0 obj<</A(",
            b"1 0 obj<</A[",
            b"stream\n\x78\x9c\x00\xf0\xff\x0f\x00",
        ] {
            let file = part.repeat(100_000);
            assert!(is_refused(&file), "{}", String::from_utf8_lossy(part));
        }
        for part in [b"stream\n".as_slice(), b"endobj ", b" ID ", b"1 0 obj[", b"[4 0 R ", b"\xff"] {
            let file = part.repeat(100_000);
            assert!(!is_refused(&file), "{}", String::from_utf8_lossy(part));
        }
    }

    #[test]
    fn the_number_of_an_object_stands_before_its_word() {
        let number = |text: &str| number_before(text.as_bytes(), text.len());
        assert_eq!(number("endobj\n12 0 "), Some(12));
        assert_eq!(number("7\r\n0\t"), Some(7));
        for none in ["", "12", "a b ", "99999999999 0 ", "end"] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
