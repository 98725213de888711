//! What the fuzz targets hold against any text.

use crate::query::parse;

/// Takes a query apart, and what is looked for once more, which must come to the same.
///
/// # Panics
/// When it does not.
pub fn query(text: &str) {
    let query = parse(text);
    assert!(query.text.len() <= text.len() * 2, "{query:?}");
    let again = parse(&query.text);
    assert!(again.phrases.is_empty(), "{query:?} {again:?}");
}
