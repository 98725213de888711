//! Dictionaries of streams in a PDF (ISO 32000-2, 7.3), read as PDFium reads them: what is out of place is passed over.

use super::filters::Filter;
use crate::{DocumentError, containers};
use std::borrow::Cow;

/// PDFium follows what lies in one another no deeper.
const DEPTH_MAX: usize = 64;
/// No stream has more filters.
const FILTERS_MAX: usize = 32;
/// Samples of a pixel, of which nobody says how many there are.
const SAMPLES: u64 = 4;
const BITS: u64 = 8;

/// What the dictionary of a stream says of its bytes.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    filter: Option<Value>,
    is_picture: bool,
    /// Whether a file is in it, which PDFium leaves as it is.
    is_file: bool,
    /// Whether it is something else, such as a drawing, by a name that is no media type.
    is_other: bool,
    /// Whether objects are in it.
    pub(crate) has_objects: bool,
    width: u64,
    height: u64,
    bits: Option<u64>,
    is_mask: bool,
    columns: Option<u64>,
    colors: Option<u64>,
    changes_late: bool,
    row_bytes_inside: u64,
}

#[derive(Debug)]
enum Value {
    Name(Vec<u8>),
    Number(u64),
    True,
    /// The first of its elements.
    List(Vec<Value>),
    Dictionary(Box<Dictionary>),
    /// In another object.
    Elsewhere,
    Other,
}

impl Dictionary {
    /// The dictionary of the stream that an object is, whose keyword ends here, and where the stream begins; and how far was read.
    pub(crate) fn of_stream(bytes: &[u8], at: usize) -> (Option<(Self, usize)>, usize) {
        let mut words = Words { bytes, at };
        let stream = words.stream();
        (stream, words.at)
    }

    /// The filters, from the outermost. None, where another object says which.
    pub(crate) fn filters(&self) -> Result<Option<Vec<Filter>>, DocumentError> {
        let of = |value: &Value| match value {
            Value::Name(name) => Some(Filter::of(name, !self.changes_late)),
            _ => None,
        };
        match &self.filter {
            None => Ok(Some(Vec::new())),
            Some(Value::List(list)) if list.len() > FILTERS_MAX => Err(containers::unfolds()),
            Some(Value::List(list)) => Ok(list.iter().map(of).collect()),
            Some(value) => Ok(of(value).map(|filter| vec![filter])),
        }
    }

    /// The bytes of the picture that it says it is; at least these, where samples have a few colours. A file may have any number.
    pub(crate) fn picture_bytes(&self) -> Option<u64> {
        if self.is_file && !self.is_other {
            return Some(u64::MAX);
        }
        let bits = if self.is_mask { 1 } else { self.bits.unwrap_or(BITS) };
        let row = self.width.saturating_mul(bits).saturating_mul(SAMPLES).div_ceil(8);
        // A predictor puts a byte before each row.
        self.is_picture.then(|| row.saturating_add(1).saturating_mul(self.height))
    }

    /// Width x height.
    pub(crate) fn pixels(&self) -> u64 {
        self.width.saturating_mul(self.height)
    }

    /// Whether it is a picture of bits that is kept in whole.
    pub(crate) fn is_bits(&self) -> bool {
        let is = |value: &Value| matches!(value, Value::Name(name) if name == b"JBIG2Decode");
        match &self.filter {
            Some(Value::List(list)) => list.last().is_some_and(is),
            Some(value) => is(value),
            None => false,
        }
    }

    /// Bytes of the row that a predictor keeps.
    pub(crate) fn row_bytes(&self) -> u64 {
        let own = self.columns.map_or(0, |columns| {
            let bits = self.colors.unwrap_or(1).saturating_mul(self.bits.unwrap_or(BITS));
            columns.saturating_mul(bits).div_ceil(8)
        });
        own.max(self.row_bytes_inside)
    }

    fn set(&mut self, key: &[u8], value: Value) {
        let list =
            if let Value::List(list) = &value { list.as_slice() } else { std::slice::from_ref(&value) };
        for inside in list {
            if let Value::Dictionary(inside) = inside {
                self.row_bytes_inside = self.row_bytes_inside.max(inside.row_bytes());
                self.changes_late |= inside.changes_late;
            }
        }
        match (key, value) {
            (b"Filter", value) => self.filter = Some(value),
            (b"Subtype", Value::Name(name)) => {
                self.is_picture = name == b"Image";
                self.is_other = !name.contains(&b'/');
            }
            (b"Type", Value::Name(name)) => {
                self.has_objects = name == b"ObjStm";
                self.is_file = name == b"EmbeddedFile";
            }
            (b"Width", Value::Number(width)) => self.width = width,
            (b"Height", Value::Number(height)) => self.height = height,
            (b"BitsPerComponent", Value::Number(bits)) => self.bits = Some(bits),
            (b"ImageMask", value) => self.is_mask = matches!(value, Value::True),
            (b"Columns", Value::Number(columns)) => self.columns = Some(columns),
            (b"Colors", Value::Number(colors)) => self.colors = Some(colors),
            (b"EarlyChange", Value::Number(early)) => self.changes_late = early == 0,
            _ => {}
        }
    }
}

/// A word of a PDF's syntax.
#[derive(Debug)]
enum Word<'a> {
    Name(Cow<'a, [u8]>),
    DictionaryBegins,
    DictionaryEnds,
    ListBegins,
    ListEnds,
    Text,
    Plain(&'a [u8]),
}

struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn stream(&mut self) -> Option<(Dictionary, usize)> {
        let Word::DictionaryBegins = self.next()? else { return None };
        let dictionary = self.dictionary(0)?;
        match self.next()? {
            Word::Plain(b"stream") => Some((dictionary, after_line(self.bytes, self.at))),
            _ => None,
        }
    }

    /// What follows its beginning.
    fn dictionary(&mut self, depth: usize) -> Option<Dictionary> {
        let mut dictionary = Dictionary::default();
        loop {
            match self.next()? {
                Word::DictionaryEnds | Word::Plain(b"endobj") => return Some(dictionary),
                Word::Name(key) => {
                    let value = self.value(depth)?;
                    dictionary.set(&key, value);
                }
                _ => {}
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let before = self.at;
        Some(match self.next()? {
            Word::DictionaryBegins | Word::ListBegins if depth >= DEPTH_MAX => return None,
            Word::Name(name) => Value::Name(name.into_owned()),
            // Nobody asks for the filter of one that lies in another, which may be as long as it likes.
            Word::DictionaryBegins => {
                Value::Dictionary(Box::new(Dictionary { filter: None, ..self.dictionary(depth + 1)? }))
            }
            Word::ListBegins => self.list(depth + 1)?,
            Word::Plain(word) if word.iter().all(u8::is_ascii_digit) => self.number(word),
            Word::Plain(b"true") => Value::True,
            Word::DictionaryEnds => {
                self.at = before;
                Value::Other
            }
            Word::ListEnds | Word::Text | Word::Plain(_) => Value::Other,
        })
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        loop {
            let before = self.at;
            match self.next()? {
                Word::ListEnds | Word::Plain(b"endobj") => return Some(Value::List(list)),
                // Passed over, or the end of the dictionary would be read for ever.
                Word::DictionaryEnds => {}
                _ => {
                    self.at = before;
                    let value = self.value(depth)?;
                    if list.len() <= FILTERS_MAX {
                        // No filter is a list in a list.
                        list.push(if matches!(value, Value::List(_)) { Value::Other } else { value });
                    }
                }
            }
        }
    }

    /// A number, or the object that it is the number of.
    fn number(&mut self, digits: &[u8]) -> Value {
        let after = self.at;
        if let Some(Word::Plain(second)) = self.next()
            && second.iter().all(u8::is_ascii_digit)
            && let Some(Word::Plain(b"R")) = self.next()
        {
            return Value::Elsewhere;
        }
        self.at = after;
        Value::Number(
            digits.iter().fold(0_u64, |number, digit| {
                number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
            }),
        )
    }

    fn next(&mut self) -> Option<Word<'a>> {
        self.skip_white();
        let begin = self.at;
        let first = *self.bytes.get(begin)?;
        self.at += 1;
        let is_doubled = self.bytes.get(self.at) == Some(&first);
        Some(match first {
            b'/' => Word::Name(name(self.regular(begin + 1))),
            b'<' | b'>' if is_doubled => {
                self.at += 1;
                if first == b'<' { Word::DictionaryBegins } else { Word::DictionaryEnds }
            }
            b'<' => {
                self.skip_while(|byte| byte != b'>');
                self.at += 1;
                Word::Text
            }
            b'(' => {
                self.skip_text();
                Word::Text
            }
            b'[' => Word::ListBegins,
            b']' => Word::ListEnds,
            _ if is_delimiter(first) => Word::Plain(&self.bytes[begin..self.at]),
            _ => Word::Plain(self.regular(begin)),
        })
    }

    fn skip_white(&mut self) {
        loop {
            self.skip_while(is_white);
            if self.bytes.get(self.at) != Some(&b'%') {
                return;
            }
            self.skip_while(|byte| !matches!(byte, b'\r' | b'\n'));
        }
    }

    fn skip_while(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| is_skipped(*byte)) {
            self.at += 1;
        }
    }

    fn regular(&mut self, begin: usize) -> &'a [u8] {
        self.skip_while(is_regular);
        &self.bytes[begin..self.at]
    }

    /// To the bracket that ends a text. Brackets in it come in pairs, or after a backslash.
    fn skip_text(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 && self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }
}

/// A name without its escapes.
fn name(written: &[u8]) -> Cow<'_, [u8]> {
    if !written.contains(&b'#') {
        return Cow::Borrowed(written);
    }
    let digit = |at: usize| written.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut name, mut at) = (Vec::with_capacity(written.len()), 0);
    while at < written.len() {
        if written[at] == b'#'
            && let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2))
        {
            name.push((high << 4 | low) as u8);
            at += 3;
        } else {
            name.push(written[at]);
            at += 1;
        }
    }
    Cow::Owned(name)
}

/// Where the line after this one begins: there the bytes of a stream begin.
pub(crate) fn after_line(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    match memchr::memchr2(b'\r', b'\n', rest) {
        Some(end) if rest[end] == b'\r' && rest.get(end + 1) == Some(&b'\n') => at + end + 2,
        Some(end) => at + end + 1,
        None => bytes.len(),
    }
}

/// To PDFium, two bytes beyond ASCII are white as well.
pub(crate) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ' | 0x80 | 0xff)
}

pub(crate) fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

pub(crate) fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !is_delimiter(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(object: &[u8]) -> Option<(Dictionary, usize)> {
        Dictionary::of_stream(object, 0).0
    }

    fn filters(object: &[u8]) -> Option<Vec<Filter>> {
        read(object).expect("it is a stream").0.filters().expect("there are few")
    }

    #[test]
    fn filters_are_found_however_they_are_written() {
        let flate = Some(vec![Filter::Flate]);
        assert_eq!(filters(b" << /Length 3 /Filter /FlateDecode >> stream\nabc"), flate);
        assert_eq!(filters(b"<</Filter/Fl>>stream\r\nabc"), flate);
        assert_eq!(filters(b"<</F#69lter /#46l % a comment >>\n>>stream\n"), flate);
        assert_eq!(filters(b"<< /A (a \\( /Filter /LZW >> ( ) ) /B <00> /Filter /Fl >>stream\n"), flate);
        assert_eq!(filters(b"<< /Filter /LZW /A << /Filter /AHx >> 5 /Filter [ /Fl ] >>stream\n"), flate);
        assert_eq!(
            filters(b"<< /Filter [/AHx/A85 /RL /LZW] /DecodeParms [null << /EarlyChange 0 >>] >> stream\n"),
            Some(vec![Filter::Hex, Filter::Base85, Filter::RunLength, Filter::Lzw { early_change: false }])
        );
        assert_eq!(
            filters(b"<< /Filter [/Crypt /DCTDecode] >> stream\n"),
            Some(vec![Filter::Crypt, Filter::Picture])
        );
        assert_eq!(filters(b"<< /Filter 7 0 R >> stream\n"), None);
        assert_eq!(filters(b"<< /Length 7 >> stream\n"), Some(Vec::new()));
        let many = ["<< /Filter [", &"/Fl ".repeat(40), "] >> stream\n"].concat();
        assert!(read(many.as_bytes()).expect("it is a stream").0.filters().is_err());
    }

    #[test]
    fn what_is_no_stream_is_none_and_one_begins_on_the_next_line() {
        assert_eq!(read(b"<< /A 1 >>stream \t\r\nabc").map(|(_, at)| at), Some(20));
        assert_eq!(read(b"<< /A 1 >>stream\rabc").map(|(_, at)| at), Some(17));
        for object in
            [b"<< /A 1 >> endobj".as_slice(), b"[ 1 2 ] stream\n", b"<< /A (", b"<< /A [ /B >>", b""]
        {
            assert!(read(object).is_none(), "{object:?}");
        }
        let deep = "<< /A ".repeat(100_000);
        assert!(read(deep.as_bytes()).is_none());
    }

    #[test]
    fn sizes_of_pictures_and_rows_are_those_that_are_said() {
        let (picture, _) = read(
            b"<< /Subtype /Image /Width 1000 /Height 10 /BitsPerComponent 8 /DecodeParms [<< /Columns 9000 /Colors 3 >>] >>stream\n",
        )
        .expect("it is a stream");
        assert_eq!(
            (picture.picture_bytes(), picture.pixels(), picture.row_bytes()),
            (Some(40_010), 10_000, 27_000)
        );
        let (mask, _) =
            read(b"<< /Subtype /Image /ImageMask true /Width 80 /Height 9999999999999999999999 >>stream\n")
                .expect("it is a stream");
        assert_eq!(mask.picture_bytes(), Some(u64::MAX));
        let file = |subtype: &str| {
            let object = format!("<< /Type /EmbeddedFile {subtype} >>stream\n");
            read(object.as_bytes()).expect("it is a stream").0.picture_bytes()
        };
        assert_eq!(
            [file(""), file("/Subtype /text#2Fcsv"), file("/Subtype /Form")],
            [Some(u64::MAX), Some(u64::MAX), None]
        );
        let (text, _) = read(b"<< /Width 80 /Height 80 /Type /ObjStm >>stream\n").expect("it is a stream");
        assert_eq!((text.picture_bytes(), text.has_objects), (None, true));
    }
}
