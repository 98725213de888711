//! Pages of text as OpenDocument text in one file of XML, from which they can be laid out.
//!
//! It has paragraphs, headings and the ends of pages, and names nothing: what a file refers to was left behind when it was read.

use crate::PageText;
use quick_xml::escape::partial_escape;
use std::collections::HashMap;
use std::fmt::Write as _;

const BEGIN: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    r#"<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0""#,
    r#" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0""#,
    r#" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0""#,
    r#" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0""#,
    r#" office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text"><office:automatic-styles>"#,
    r#"<style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm""#,
    r#" fo:margin="2cm"/></style:page-layout>"#,
);
const TEXT: &str = concat!(
    r#"</office:automatic-styles><office:master-styles><style:master-page style:name="Standard""#,
    r#" style:page-layout-name="A4"/></office:master-styles><office:body><office:text>"#,
);
const END: &str = "</office:text></office:body></office:document>";
/// How large letters are, in points: those of text, and of headings by their level.
const POINTS: [u8; 7] = [11, 20, 17, 15, 13, 12, 11];

/// How a paragraph is set.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// Of a heading; 0 where it is none.
    level: usize,
    begins_page: bool,
    is_from_right: bool,
}

impl Look {
    fn all() -> impl Iterator<Item = Self> {
        (0..POINTS.len()).flat_map(|level| {
            [(false, false), (false, true), (true, false), (true, true)]
                .map(|(begins_page, is_from_right)| Self { level, begins_page, is_from_right })
        })
    }

    fn name(self) -> String {
        let Self { level, begins_page, is_from_right } = self;
        format!("P{level}{}{}", u8::from(begins_page), u8::from(is_from_right))
    }

    fn style(self) -> String {
        let (points, name) = (POINTS[self.level], self.name());
        let (mut paragraph, mut letters) = (r#"fo:margin-bottom="0.25cm""#.to_owned(), String::new());
        if self.begins_page {
            paragraph.push_str(r#" fo:break-before="page""#);
        }
        if self.is_from_right {
            paragraph.push_str(r#" style:writing-mode="rl-tb" fo:text-align="right""#);
        }
        if self.level > 0 {
            paragraph.push_str(r#" fo:keep-with-next="always""#);
        }
        // Of each of three groups of scripts by itself.
        for scripts in ["fo:font-size", "style:font-size-asian", "style:font-size-complex"] {
            let _ = write!(letters, r#" {scripts}="{points}pt""#);
        }
        for scripts in ["fo:font-weight", "style:font-weight-asian", "style:font-weight-complex"] {
            let weight = if self.level > 0 { "bold" } else { "normal" };
            let _ = write!(letters, r#" {scripts}="{weight}""#);
        }
        format!(
            "<style:style style:name=\"{name}\" style:family=\"paragraph\"><style:paragraph-properties {paragraph}/>\
             <style:text-properties fo:font-family=\"Liberation Serif\"{letters}/></style:style>"
        )
    }
}

/// The file. Each of `pages` begins a page, and takes as many as it needs.
#[must_use]
pub fn flat_open_document(pages: &[PageText]) -> Vec<u8> {
    let mut xml = BEGIN.to_owned();
    xml.extend(Look::all().map(Look::style));
    xml.push_str(TEXT);
    for (number, page) in pages.iter().enumerate() {
        let levels: HashMap<usize, u8> =
            page.headings.iter().map(|heading| (heading.char_start, heading.level)).collect();
        let mut char_start = 0;
        for paragraph in page.text.split("\n\n") {
            let level = levels.get(&char_start).copied().map_or(0, usize::from);
            let look = Look {
                level: level.min(POINTS.len() - 1),
                begins_page: number > 0 && char_start == 0,
                is_from_right: is_from_right(paragraph),
            };
            write(&mut xml, look, paragraph);
            char_start += paragraph.chars().count() + 2;
        }
    }
    xml.push_str(END);
    xml.into_bytes()
}

fn write(xml: &mut String, look: Look, paragraph: &str) {
    let (name, level) = (look.name(), look.level);
    let element = if level == 0 { "text:p" } else { "text:h" };
    let _ = write!(xml, r#"<{element} text:style-name="{name}""#);
    if level > 0 {
        let _ = write!(xml, r#" text:outline-level="{level}""#);
    }
    xml.push('>');
    for (at, line) in paragraph.lines().enumerate() {
        if at > 0 {
            xml.push_str("<text:line-break/>");
        }
        let line: String = line.chars().filter(|letter| is_in_xml(*letter)).collect();
        xml.push_str(&partial_escape(line.as_str()));
    }
    let _ = write!(xml, "</{element}>");
}

/// Whether XML may have it. Others say nothing.
fn is_in_xml(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}')
}

/// Whether it is written from right to left, as its first letter says (UAX #9, P2).
fn is_from_right(text: &str) -> bool {
    let first = text.chars().find(|letter| letter.is_alphabetic());
    first.is_some_and(|letter| {
        matches!(
            letter,
            '\u{590}'..='\u{8ff}'
                | '\u{fb1d}'..='\u{fdff}'
                | '\u{fe70}'..='\u{fefc}'
                | '\u{10800}'..='\u{10fff}'
                | '\u{1e800}'..='\u{1efff}'
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Heading,
        xml::{self, Part},
    };

    /// The paragraphs of a file: with which element, in which style and with which text, lines parted by `/`.
    fn paragraphs(file: &[u8]) -> Vec<(String, String, String)> {
        let mut found: Vec<(String, String, String)> = Vec::new();
        let mut styles = Vec::new();
        xml::read(file, |part| {
            match part {
                Part::Begin(element) if element.is("p") || element.is("h") => {
                    let style = element.attribute("style-name").unwrap_or_default().to_owned();
                    found.push((String::from_utf8_lossy(&element.name).into_owned(), style, String::new()));
                }
                Part::Begin(element) if element.is("style") => {
                    styles.push(element.attribute("name").unwrap_or_default().to_owned());
                }
                Part::Begin(element) if element.is("line-break") => found.last_mut().unwrap().2.push('/'),
                Part::Text(text) => found.last_mut().unwrap().2.push_str(&text),
                Part::Begin(_) | Part::End(_) => {}
            }
            Ok(())
        })
        .unwrap();
        assert!(found.iter().all(|(_, style, _)| styles.contains(style)), "{styles:?}");
        found
    }

    #[test]
    fn what_is_written_is_text_whatever_it_looks_like() {
        let first = PageText {
            text: "<a> & \"b\"\n\u{ffff}]]>\n\nPlan\nB\n\n</text:p>&lt;".to_owned(),
            headings: vec![Heading { level: 2, text: "Plan B".to_owned(), char_start: 16 }],
            has_layer: true,
        };
        let page = |text: &str| PageText { text: text.to_owned(), headings: Vec::new(), has_layer: true };
        let file = flat_open_document(&[first, page(""), page("(שלום)\n\nMore")]);
        let expected = [
            ("p", "P000", "<a> & \"b\"/]]>"),
            ("h", "P200", "Plan/B"),
            ("p", "P000", "</text:p>&lt;"),
            ("p", "P010", ""),
            ("p", "P011", "(שלום)"),
            ("p", "P000", "More"),
        ]
        .map(|(element, style, text)| (element.to_owned(), style.to_owned(), text.to_owned()));
        assert_eq!(paragraphs(&file), expected);
    }
}
