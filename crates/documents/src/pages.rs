//! Pages of text with headings, as parsers write them.

use crate::{DocumentError, protocol::Bounds};
use serde::{Deserialize, Serialize};

/// A longer heading is cut.
pub const HEADING_CHARS_MAX: usize = 200;
/// Of one page no more are kept: they travel in the header of a frame.
const HEADINGS_MAX: usize = 60;

/// A heading of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 is the highest, 6 the lowest.
    pub level: u8,
    /// What it says.
    pub text: String,
    /// Where it begins in the page's text, in Unicode code points.
    pub char_start: usize,
}

/// The text of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) headings: Vec<Heading>,
    /// Code points of `text`.
    chars: usize,
}

/// Collects what a parser reads, paragraph by paragraph, and holds it to the limits.
pub(crate) struct Writer {
    pages: Vec<Page>,
    bounds: Bounds,
    bytes: u64,
}

impl Writer {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { pages: vec![Page::default()], bounds, bytes: 0 }
    }

    /// A paragraph, set apart from the one before by an empty line. White space within a line is one space.
    pub(crate) fn paragraph(&mut self, text: &str) -> Result<(), DocumentError> {
        self.block(text, None)
    }

    /// A heading is a paragraph that is remembered as one.
    pub(crate) fn heading(&mut self, level: u8, text: &str) -> Result<(), DocumentError> {
        self.block(text, Some(level.clamp(1, 6)))
    }

    /// What follows is on the next page. A page on which nothing is written yet does not end.
    pub(crate) fn end_written_page(&mut self) -> Result<(), DocumentError> {
        if self.pages.last().is_some_and(|page| !page.text.is_empty()) { self.end_page() } else { Ok(()) }
    }

    /// What follows is on the next page, whether or not something is on this one.
    pub(crate) fn end_page(&mut self) -> Result<(), DocumentError> {
        if self.pages.len() as u64 >= u64::from(self.bounds.pages_max) {
            return Err(too_many_pages(self.bounds.pages_max));
        }
        self.pages.push(Page::default());
        Ok(())
    }

    /// The pages; one that was begun after the last one and has nothing on it is none.
    pub(crate) fn finish(mut self) -> Vec<Page> {
        if self.pages.len() > 1 && self.pages.last().is_some_and(|page| page.text.is_empty()) {
            self.pages.pop();
        }
        self.pages
    }

    fn block(&mut self, text: &str, level: Option<u8>) -> Result<(), DocumentError> {
        let text = tidy(text);
        if text.is_empty() {
            return Ok(());
        }
        self.bytes += text.len() as u64 + 2;
        if self.bytes > self.bounds.text_bytes_max {
            return Err(too_much_text(self.bounds.text_bytes_max));
        }
        let Some(page) = self.pages.last_mut() else { return Ok(()) };
        if !page.text.is_empty() {
            page.text.push_str("\n\n");
            page.chars += 2;
        }
        if let Some(level) = level.filter(|_| page.headings.len() < HEADINGS_MAX) {
            let line = text.replace('\n', " ");
            page.headings.push(Heading {
                level,
                text: line.chars().take(HEADING_CHARS_MAX).collect(),
                char_start: page.chars,
            });
        }
        page.chars += text.chars().count();
        page.text.push_str(&text);
        Ok(())
    }
}

pub(crate) fn too_many_pages(pages_max: u32) -> DocumentError {
    DocumentError::too_large(format!("it has more than {pages_max} pages"))
}

pub(crate) fn too_much_text(bytes_max: u64) -> DocumentError {
    DocumentError::too_large(format!("it has more than {} MiB of text", bytes_max >> 20))
}

/// Lines without control characters, with single spaces and no empty ones between or around them.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line
            .split(|letter: char| letter.is_whitespace() || letter.is_control())
            .filter(|word| !word.is_empty());
        let Some(first) = words.next() else { continue };
        if !tidy.is_empty() {
            tidy.push('\n');
        }
        tidy.push_str(first);
        for word in words {
            tidy.push(' ');
            tidy.push_str(word);
        }
    }
    tidy
}

/// A line such as a title, cut to a sensible length; nothing where it says nothing.
pub(crate) fn line(text: &str) -> Option<String> {
    let line = tidy(text).replace('\n', " ");
    Some(line.chars().take(HEADING_CHARS_MAX).collect::<String>()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { pages_max: 3, text_bytes_max: 100, unfolded_bytes_max: 0 };

    #[test]
    fn paragraphs_are_set_apart_and_headings_say_where_they_are() {
        let mut writer = Writer::new(BOUNDS);
        writer.paragraph(" \u{e4}\u{0}b\t c \n\n d ").unwrap();
        writer.heading(2, "Part\none").unwrap();
        writer.end_written_page().unwrap();
        writer.end_written_page().unwrap();
        writer.paragraph("last").unwrap();
        let pages = writer.finish();
        assert_eq!(pages.len(), 2);
        assert_eq!(pages[0].text, "ä b c\nd\n\nPart\none");
        assert_eq!(pages[0].headings, [Heading { level: 2, text: "Part one".to_owned(), char_start: 9 }]);
        assert_eq!(pages[1].text, "last");
    }

    #[test]
    fn what_is_too_much_is_refused_as_it_comes() {
        let mut writer = Writer::new(BOUNDS);
        assert!(matches!(writer.paragraph(&"x".repeat(101)), Err(DocumentError::TooLarge { .. })));
        let mut writer = Writer::new(BOUNDS);
        writer.end_page().unwrap();
        writer.end_page().unwrap();
        assert!(matches!(writer.end_page(), Err(DocumentError::TooLarge { .. })));
    }
}
