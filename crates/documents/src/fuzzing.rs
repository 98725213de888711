//! What the fuzz targets hold against any bytes.

use crate::{
    DocumentError, Format,
    format::{Recognised, recognise},
    html, markdown, office, plain,
    protocol::Bounds,
    unfolding,
};

const BOUNDS: Bounds = Bounds { pages_max: 100, text_bytes_max: 1 << 20, unfolded_bytes_max: 8 << 20 };

/// Reads a document in this process, as a worker would; of a PDF, which is not ours to read, what comes before PDFium. What is read
/// keeps to its bounds.
///
/// # Panics
/// When it does not.
pub fn document(bytes: &[u8], filename: &str) {
    let Ok(recognised) = recognise(bytes, filename, BOUNDS) else { return };
    let pages = match recognised {
        Recognised::Pdf => return pdf(bytes),
        Recognised::Container(mut container, format) => {
            office::read(&mut container, format, BOUNDS).map(|office| office.pages)
        }
        Recognised::Plain(Format::Html, text) => html::read(&text, BOUNDS).map(|html| html.pages),
        Recognised::Plain(Format::Markdown, text) => markdown::read(&text, BOUNDS),
        Recognised::Plain(_, text) => plain::read(&text, BOUNDS),
    };
    if let Ok(pages) = pages {
        assert!(pages.len() <= BOUNDS.pages_max as usize);
        assert!(pages.iter().map(|page| page.text.len() as u64).sum::<u64>() <= BOUNDS.text_bytes_max);
    }
}

/// Looks through a PDF, or what is none: it is refused for its size, or left to PDFium.
///
/// # Panics
/// When it is refused for something else.
pub fn pdf(bytes: &[u8]) {
    let checked = unfolding::check(bytes, BOUNDS);
    assert!(matches!(checked, Ok(()) | Err(DocumentError::TooLarge { .. })), "{checked:?}");
}
