//! Slides of Office Open XML (ECMA-376, part 1, PresentationML).

use super::relations;
use crate::{
    DocumentError,
    containers::Container,
    pages::{Page, Writer},
    protocol::Bounds,
    xml::{self, Part},
};

/// A page a slide, in the order in which they are shown, each with what its speaker notes.
pub(super) fn read(container: &mut Container, bounds: Bounds) -> Result<Vec<Page>, DocumentError> {
    let main = relations::main_part(container)?;
    let relations = relations::of(container, &main)?;
    let presentation = container.needed(&main)?;
    let mut slides = Vec::new();
    xml::read(&presentation, |part| {
        let Part::Begin(element) = part else { return Ok(()) };
        if element.is("sldId") {
            // It has an `id` of its own beside that of its relation, whichever comes first.
            let slide = relations
                .iter()
                .find(|relation| relation.kind == "slide" && element.has_attribute("id", &relation.id));
            slides.extend(slide.map(|relation| relation.target.clone()));
        }
        Ok(())
    })?;
    let mut writer = Writer::new(bounds);
    for (at, name) in slides.iter().enumerate() {
        if at > 0 {
            writer.end_page()?;
        }
        let slide = container.needed(name)?;
        read_shapes(&slide, &mut writer, false)?;
        let notes =
            relations::of(container, name)?.into_iter().find(|relation| relation.kind == "notesSlide");
        if let Some(notes) = notes.map(|notes| container.part(&notes.target)).transpose()?.flatten() {
            read_shapes(&notes, &mut writer, true)?;
        }
    }
    let pages = writer.finish();
    Ok(if pages.len() < slides.len() { padded(pages, slides.len()) } else { pages })
}

/// A last slide without words is a slide.
fn padded(mut pages: Vec<Page>, count: usize) -> Vec<Page> {
    pages.resize_with(count, Page::default);
    pages
}

/// The paragraphs of a slide. Of its notes, only what was noted: not the slide's number, nor its header.
fn read_shapes(xml: &[u8], writer: &mut Writer, are_notes: bool) -> Result<(), DocumentError> {
    let (mut paragraph, mut is_text, mut kind, mut left_out) = (String::new(), false, String::new(), 0_usize);
    let mut row: Option<String> = None;
    xml::read(xml, |part| {
        match part {
            Part::Begin(element) => match element.name.as_slice() {
                b"Fallback" => left_out += 1,
                b"sp" => kind.clear(),
                b"ph" => kind = element.attribute("type").unwrap_or("body").to_owned(),
                b"t" => is_text = left_out == 0,
                b"br" => paragraph.push('\n'),
                b"tr" => row = Some(String::new()),
                _ => {}
            },
            Part::Text(text) if is_text => paragraph.push_str(&text),
            Part::Text(_) => {}
            Part::End(name) => match name.as_slice() {
                b"Fallback" => left_out = left_out.saturating_sub(1),
                b"t" => is_text = false,
                b"sp" => kind.clear(),
                b"tr" => {
                    if let Some(row) = row.take() {
                        writer.paragraph(&row)?;
                    }
                }
                b"p" => {
                    let text = std::mem::take(&mut paragraph);
                    if let Some(row) = &mut row {
                        if !row.is_empty() && !text.trim().is_empty() {
                            row.push_str(" | ");
                        }
                        row.push_str(&text.replace('\n', " "));
                    } else if matches!(kind.as_str(), "sldNum" | "hdr" | "ftr" | "dt")
                        || (are_notes && kind != "body")
                    {
                    } else if !are_notes && matches!(kind.as_str(), "title" | "ctrTitle") {
                        writer.heading(1, &text)?;
                    } else {
                        writer.paragraph(&text)?;
                    }
                }
                _ => {}
            },
        }
        Ok(())
    })
}
