//! Lists of a PDF that name streams which are unfolded together: those of a page's text, above all.

use super::{chains::Allowed, dictionaries::is_regular};
use crate::{DocumentError, containers::unfolds};
use std::collections::{HashMap, HashSet};

/// No word that is looked for is longer.
const WORD_BYTES: usize = 24;
/// What stands by itself, and is unfolded in whole whatever it says it is.
const IN_WHOLE: [&[u8]; 9] = [
    b"/Contents",
    b"/ToUnicode",
    b"/FontFile",
    b"/FontFile2",
    b"/FontFile3",
    b"/Encoding",
    b"/CIDToGIDMap",
    b"/ICCBased",
    b"/Function",
];

/// What a stream unfolded to, and from how much.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unfolded {
    pub(crate) taken: u64,
    pub(crate) given: u64,
}

/// Adds up what the streams of one list unfold to, however often it names them.
///
/// Texts are not told from other bytes: it is enough that lists of numbers of heavy streams are not written anywhere by chance.
pub(crate) struct Lists<'a> {
    unfolded: &'a HashMap<u32, Unfolded>,
    allowed: Allowed,
    word: Vec<u8>,
    /// The two words before this one, as numbers.
    numbers: [Option<u32>; 2],
    /// Whether what is named now is of a list.
    is_listed: bool,
    given: u64,
    taken: u64,
    named: HashSet<u32>,
}

impl<'a> Lists<'a> {
    pub(crate) fn new(unfolded: &'a HashMap<u32, Unfolded>, allowed: Allowed) -> Self {
        Self {
            unfolded,
            allowed,
            word: Vec::with_capacity(WORD_BYTES),
            numbers: [None; 2],
            is_listed: true,
            given: 0,
            taken: 0,
            named: HashSet::new(),
        }
    }

    /// Takes what comes next.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), DocumentError> {
        for byte in piece {
            if is_regular(*byte) {
                if self.word.len() < WORD_BYTES {
                    self.word.push(*byte);
                }
                continue;
            }
            if !self.word.is_empty() {
                self.end_word()?;
            }
            match byte {
                b'/' => self.word.push(b'/'),
                b'[' => self.is_listed = true,
                b']' => self.end_list(),
                _ => {}
            }
        }
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), DocumentError> {
        let number = || str::from_utf8(&self.word).ok()?.parse().ok();
        match self.word.as_slice() {
            b"R" => {
                if let [Some(object), Some(_)] = self.numbers
                    && self.is_listed
                {
                    self.name(object)?;
                }
                (self.numbers, self.is_listed) = ([None; 2], true);
            }
            [b'/', ..] => {
                // What follows a name is a value by itself.
                self.is_listed = false;
                self.numbers = [None; 2];
                if IN_WHOLE.contains(&self.word.as_slice()) {
                    self.end_list();
                    self.is_listed = true;
                }
            }
            b"obj" | b"endobj" => {
                self.end_list();
                (self.numbers, self.is_listed) = ([None; 2], true);
            }
            [b'0'..=b'9', ..] => {
                // Before the two numbers of a name is one more: they stand in a list, such as that of a table of colours.
                self.is_listed |= self.numbers[0].is_some();
                self.numbers = [self.numbers[1], number()];
            }
            _ => {
                (self.numbers, self.is_listed) = ([None; 2], true);
            }
        }
        self.word.clear();
        Ok(())
    }

    fn end_list(&mut self) {
        (self.given, self.taken) = (0, 0);
        self.named.clear();
    }

    fn name(&mut self, object: u32) -> Result<(), DocumentError> {
        let Some(Unfolded { taken, given }) = self.unfolded.get(&object) else { return Ok(()) };
        self.given = self.given.saturating_add(*given);
        if self.named.insert(object) {
            self.taken = self.taken.saturating_add(*taken);
        }
        let in_whole = Allowed { picture_bytes: None, ..self.allowed };
        in_whole.hold(self.taken, self.given).map_err(|_| unfolds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Allowed = Allowed { bytes_max: 64 << 20, picture_bytes: None };

    fn is_refused(text: &str) -> bool {
        let known = HashMap::from([
            (4, Unfolded { taken: 4096, given: 1 << 20 }),
            (5, Unfolded { taken: 4 << 20, given: 5 << 20 }),
            (6, Unfolded { taken: 4096, given: 5 << 20 }),
        ]);
        let refused = |piece: usize| {
            let mut lists = Lists::new(&known, ALLOWED);
            text.as_bytes().chunks(piece).any(|piece| lists.take(piece).is_err())
        };
        let expected = refused(text.len());
        assert!([1, 3].iter().all(|piece| refused(*piece) == expected), "{text}");
        expected
    }

    #[test]
    fn what_one_list_names_is_held_to_what_one_stream_is() {
        let list = |what: &str, times: usize| format!("<< /Contents [{}] >>", what.repeat(times));
        assert!(!is_refused(&list("4 0 R ", 4)));
        assert!(is_refused(&list("4 0 R ", 5)));
        assert!(!is_refused(&list("5 0 R ", 12)), "each is hardly smaller");
        assert!(is_refused(&list("5 0 R ", 13)), "but together they are too much");
        assert!(!is_refused(&list("4 0 R ", 4).repeat(100)), "pages are read one after the other");
        assert!(is_refused(&format!("9 0 obj [{}] endobj", "4 0 R\n".repeat(5))), "a list by itself");
        assert!(!is_refused(&"<< /X 4 0 R >> ".repeat(100)), "a picture on many pages");
    }

    #[test]
    fn what_is_unfolded_in_whole_is_no_picture() {
        assert!(is_refused("<< /Type /Page /Contents 6 0 R >>"));
        assert!(is_refused("<</ToUnicode 6 0 R>>"));
        assert!(is_refused("[ /ICCBased 6 0 R ]"));
        assert!(is_refused("<< /Functions [ 6 0 R ] >>"));
        assert!(!is_refused("<< /XObject << /Im0 6 0 R /Im1 6 0 R >> >>"));
        assert!(!is_refused("6 0 obj << /Length 7 0 R >>"));
    }
}
