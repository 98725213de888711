//! Pictures of words, as the product's own reader of documents draws a page.

use crate::document_files::pdf;
use memoreel_documents::{DocumentLimits, Documents};
use memoreel_parts::Parts;

/// A page for each of these texts, as PNGs that are so many pixels wide at most.
pub async fn page_pictures(texts: &[&str], width: u32) -> Vec<Vec<u8>> {
    let command = vec![env!("CARGO_BIN_EXE_memoreel").into(), "document-worker".into()];
    let documents =
        Documents::new(command, Parts::locate().unwrap().pdfium().unwrap(), DocumentLimits::default());
    let mut document = documents.open(&pdf(texts), "a.pdf").await.unwrap();
    let mut pictures = Vec::new();
    for number in (0..).take(texts.len()) {
        pictures.push(document.image(number, width).await.unwrap().png);
    }
    pictures
}

/// A picture of these words.
pub async fn picture(text: &str) -> Vec<u8> {
    page_pictures(&[text], 1_400).await.remove(0)
}
