//! What the fuzz targets hold against any text.

use crate::Recognised;

/// Reads lines as tesseract writes them.
pub fn lines(tsv: &str) {
    let read = Recognised::from_tsv(tsv);
    let _text = read.text(0.4);
}
