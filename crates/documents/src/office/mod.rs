//! Documents of office programs.

mod docx;
mod odf;
mod pptx;
mod relations;

use crate::{
    DocumentError, Format, containers::Container, language, pages::Page, pages::line, protocol::Bounds, xml,
};

/// What an office document says, and of itself.
#[derive(Default)]
pub(crate) struct Office {
    pub(crate) pages: Vec<Page>,
    pub(crate) title: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) language: Option<String>,
}

pub(crate) fn read(
    container: &mut Container,
    format: Format,
    bounds: Bounds,
) -> Result<Office, DocumentError> {
    let (pages, about) = match format {
        Format::Docx => (docx::read(container, bounds)?, container.part("docProps/core.xml")?),
        Format::Pptx => (pptx::read(container, bounds)?, container.part("docProps/core.xml")?),
        _ => (odf::read(container, bounds, format == Format::Odp)?, container.part("meta.xml")?),
    };
    let Some(about) = about else { return Ok(Office { pages, ..Office::default() }) };
    // What a document says of itself may be damaged without harm to what it says.
    let [title, creator, first_creator, tag] =
        xml::first_texts(&about, ["title", "creator", "initial-creator", "language"]).unwrap_or_default();
    Ok(Office {
        pages,
        title: title.as_deref().and_then(line),
        author: creator.as_deref().and_then(line).or_else(|| first_creator.as_deref().and_then(line)),
        language: tag.as_deref().and_then(language::of_tag),
    })
}
