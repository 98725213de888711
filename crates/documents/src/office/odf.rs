//! OpenDocument text and slides (ISO/IEC 26300).

use crate::{
    DocumentError,
    containers::Container,
    pages::{Page, Writer},
    protocol::Bounds,
    xml::{self, Element, Part},
};
use std::collections::HashSet;

/// More spaces in one place mean nothing.
const SPACES_MAX: usize = 100;

/// The pages: slides, or what ends where the text says so, or where the program that wrote it last ended them.
pub(super) fn read(
    container: &mut Container,
    bounds: Bounds,
    are_slides: bool,
) -> Result<Vec<Page>, DocumentError> {
    let content = container.needed("content.xml")?;
    let mut body = Body {
        writer: Writer::new(bounds),
        are_slides,
        slides: 0,
        breaking: HashSet::new(),
        style: String::new(),
        is_body: false,
        open: Vec::new(),
        left_out: 0,
    };
    xml::read(&content, |part| body.take(part))?;
    let mut pages = body.writer.finish();
    if pages.len() < body.slides {
        pages.resize_with(body.slides, Page::default);
    }
    Ok(pages)
}

struct Body {
    writer: Writer,
    are_slides: bool,
    slides: usize,
    /// Styles of paragraphs before which a page ends.
    breaking: HashSet<String>,
    /// The style that is being read.
    style: String,
    /// Whether what comes is the text, rather than styles.
    is_body: bool,
    /// The paragraphs that are open: one may hold a frame that holds others.
    open: Vec<(Option<u8>, String)>,
    /// In how many elements that are left out we are.
    left_out: usize,
}

impl Body {
    fn take(&mut self, part: Part) -> Result<(), DocumentError> {
        match part {
            Part::Begin(element) if is_left_out(&element.name) => {
                self.left_out += 1;
                Ok(())
            }
            Part::End(name) if is_left_out(&name) => {
                self.left_out = self.left_out.saturating_sub(1);
                Ok(())
            }
            _ if self.left_out > 0 => Ok(()),
            Part::Begin(element) => self.begin(&element),
            Part::End(name) => self.end(&name),
            Part::Text(text) => {
                self.push(&text);
                Ok(())
            }
        }
    }

    fn push(&mut self, text: &str) {
        if let Some((_, paragraph)) = self.open.last_mut() {
            // Line breaks of the file are none of the text.
            paragraph.extend(text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter }));
        }
    }

    fn begin(&mut self, element: &Element) -> Result<(), DocumentError> {
        match element.name.as_slice() {
            b"style" => self.style = element.attribute("name").unwrap_or_default().to_owned(),
            b"paragraph-properties" if element.attribute("break-before") == Some("page") => {
                self.breaking.insert(self.style.clone());
            }
            b"body" => self.is_body = true,
            b"page" if self.is_body && self.are_slides => {
                if self.slides > 0 {
                    self.writer.end_page()?;
                }
                self.slides += 1;
            }
            b"soft-page-break" if self.is_body && !self.are_slides => self.end_page()?,
            b"p" | b"h" if self.is_body => {
                let style = element.attribute("style-name").unwrap_or_default();
                if !self.are_slides && self.breaking.contains(style) {
                    self.end_page()?;
                }
                let level =
                    || element.attribute("outline-level").and_then(|level| level.parse().ok()).unwrap_or(1);
                self.open.push(((element.is("h")).then(level), String::new()));
            }
            b"tab" => self.push(" "),
            b"line-break" => {
                if let Some((_, paragraph)) = self.open.last_mut() {
                    paragraph.push('\n');
                }
            }
            b"s" => {
                let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1_usize);
                self.push(&" ".repeat(count.min(SPACES_MAX)));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), DocumentError> {
        if !matches!(name, b"p" | b"h") || !self.is_body {
            return Ok(());
        }
        match self.open.pop() {
            Some((Some(level), text)) => self.writer.heading(level, &text),
            Some((None, text)) => self.writer.paragraph(&text),
            None => Ok(()),
        }
    }

    /// A page may end within a paragraph, which then goes on as another.
    fn end_page(&mut self) -> Result<(), DocumentError> {
        if let Some((_, paragraph)) = self.open.last_mut() {
            let text = std::mem::take(paragraph);
            self.writer.paragraph(&text)?;
        }
        self.writer.end_written_page()
    }
}

/// What was deleted, and what others say about it.
fn is_left_out(name: &[u8]) -> bool {
    matches!(name, b"tracked-changes" | b"annotation" | b"script" | b"event-listeners")
}
