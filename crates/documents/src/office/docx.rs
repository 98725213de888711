//! Text of Office Open XML (ECMA-376, part 1, WordprocessingML).

use super::relations;
use crate::{
    DocumentError,
    containers::Container,
    pages::{Page, Writer},
    protocol::Bounds,
    xml::{self, Element, Part},
};
use std::collections::HashMap;

/// The pages: they end where the text says so, or where the program that wrote it last ended them.
pub(super) fn read(container: &mut Container, bounds: Bounds) -> Result<Vec<Page>, DocumentError> {
    let main = relations::main_part(container)?;
    let relations = relations::of(container, &main)?;
    let part =
        |kind: &str| relations.iter().find(|relation| relation.kind == kind).map(|relation| &relation.target);
    let styles = match part("styles") {
        Some(name) => container.part(name)?.map(|xml| headings(&xml)).transpose()?.unwrap_or_default(),
        None => HashMap::new(),
    };
    let mut body = Body { writer: Writer::new(bounds), styles, ..Body::new(bounds) };
    let document = container.needed(&main)?;
    xml::read(&document, |part| body.take(part))?;
    // What is said at the foot of pages comes last: on which page it is, nothing says.
    for kind in ["footnotes", "endnotes"] {
        if let Some(notes) = part(kind).map(|name| container.part(name)).transpose()?.flatten() {
            xml::read(&notes, |part| body.take(part))?;
        }
    }
    Ok(body.writer.finish())
}

/// The levels of the styles that are headings, by their ids. Ids are in the language of whoever wrote, names are not.
fn headings(xml: &[u8]) -> Result<HashMap<String, u8>, DocumentError> {
    let mut levels = HashMap::new();
    let mut style = String::new();
    xml::read(xml, |part| {
        let Part::Begin(element) = part else { return Ok(()) };
        if element.is("style") {
            style = element.attribute("styleId").unwrap_or_default().to_owned();
        } else if element.is("name") {
            let name = element.attribute("val").unwrap_or_default().to_ascii_lowercase();
            let level = match name.strip_prefix("heading ") {
                Some(number) => number.parse::<u8>().ok(),
                None => (name == "title").then_some(1),
            };
            if let Some(level) = level {
                levels.insert(style.clone(), level);
            }
        } else if element.is("outlineLvl") {
            let level = element
                .attribute("val")
                .and_then(|level| level.parse::<u8>().ok())
                .filter(|level| *level < 9);
            if let Some(level) = level {
                levels.entry(style.clone()).or_insert(level + 1);
            }
        }
        Ok(())
    })?;
    Ok(levels)
}

struct Body {
    writer: Writer,
    styles: HashMap<String, u8>,
    paragraph: String,
    level: Option<u8>,
    /// A row of a table, whose cells are set apart.
    row: Option<String>,
    /// Whether what comes is text that is written: in `w:t`.
    is_text: bool,
    /// In how many elements that are left out we are.
    left_out: usize,
}

impl Body {
    fn new(bounds: Bounds) -> Self {
        Self {
            writer: Writer::new(bounds),
            styles: HashMap::new(),
            paragraph: String::new(),
            level: None,
            row: None,
            is_text: false,
            left_out: 0,
        }
    }

    fn take(&mut self, part: Part) -> Result<(), DocumentError> {
        match part {
            Part::Begin(element) if self.left_out > 0 || is_left_out(&element.name) => {
                if is_left_out(&element.name) {
                    self.left_out += 1;
                }
                Ok(())
            }
            Part::Begin(element) => self.begin(&element),
            Part::End(name) if is_left_out(&name) => {
                self.left_out = self.left_out.saturating_sub(1);
                Ok(())
            }
            Part::End(_) if self.left_out > 0 => Ok(()),
            Part::End(name) => self.end(&name),
            Part::Text(text) => {
                if self.is_text && self.left_out == 0 {
                    self.paragraph.push_str(&text);
                }
                Ok(())
            }
        }
    }

    fn begin(&mut self, element: &Element) -> Result<(), DocumentError> {
        match element.name.as_slice() {
            b"t" => self.is_text = true,
            b"tab" => self.paragraph.push('\t'),
            b"noBreakHyphen" => self.paragraph.push('-'),
            b"br" if element.attribute("type") == Some("page") => self.end_page()?,
            b"lastRenderedPageBreak" => self.end_page()?,
            b"pageBreakBefore" if !matches!(element.attribute("val"), Some("0" | "false")) => {
                self.end_page()?
            }
            b"br" | b"cr" => self.paragraph.push('\n'),
            b"pStyle" => {
                let style = element.attribute("val").unwrap_or_default();
                self.level = self.styles.get(style).copied();
            }
            b"outlineLvl" if self.level.is_none() => {
                let level = element.attribute("val").and_then(|level| level.parse::<u8>().ok());
                self.level = level.filter(|level| *level < 9).map(|level| level + 1);
            }
            b"tr" => self.row = Some(String::new()),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), DocumentError> {
        match name {
            b"t" => self.is_text = false,
            b"p" => self.end_paragraph()?,
            b"tr" => {
                if let Some(row) = self.row.take() {
                    self.writer.paragraph(&row)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_paragraph(&mut self) -> Result<(), DocumentError> {
        let (text, level) = (std::mem::take(&mut self.paragraph), self.level.take());
        match (&mut self.row, level) {
            (Some(row), _) => {
                if !row.is_empty() && !text.trim().is_empty() {
                    row.push_str(" | ");
                }
                row.push_str(&text.replace('\n', " "));
                Ok(())
            }
            (None, Some(level)) => self.writer.heading(level, &text),
            (None, None) => self.writer.paragraph(&text),
        }
    }

    /// A page may end within a paragraph, which then goes on as another.
    fn end_page(&mut self) -> Result<(), DocumentError> {
        if self.row.is_none() {
            let text = std::mem::take(&mut self.paragraph);
            self.writer.paragraph(&text)?;
        }
        // One that was asked for and then came about is one.
        self.writer.end_written_page()
    }
}

/// What was deleted, what older programs show instead, and where text is moved from.
fn is_left_out(name: &[u8]) -> bool {
    matches!(name, b"Fallback" | b"del" | b"moveFrom")
}
