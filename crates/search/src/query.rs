//! What a person types: words, "phrases" that must occur, and -words that must not.

/// A query taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Everything that is looked for, without quotes and without what is excluded.
    pub(crate) text: String,
    /// Must all occur, word by word.
    pub(crate) phrases: Vec<String>,
    /// None may occur.
    pub(crate) excluded: Vec<String>,
}

impl Query {
    /// Whether anything is looked for.
    pub(crate) fn is_empty(&self) -> bool {
        !self.text.chars().any(char::is_alphanumeric)
    }

    /// Whether what is like it in meaning may still not be what is looked for.
    pub(crate) fn is_narrowed(&self) -> bool {
        !self.phrases.is_empty() || !self.excluded.is_empty()
    }
}

/// Takes a query apart. A quote that is never closed is no quote; a hyphen excludes only at the start of a word.
pub(crate) fn parse(query: &str) -> Query {
    let mut rest: String = query
        .chars()
        .map(|c| if matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»') { '"' } else { c })
        .collect();
    rest = rest.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut parsed = Query::default();
    let mut words: Vec<String> = Vec::new();
    let mut left = rest.trim_start();
    while !left.is_empty() {
        let (excluded, bare) = match left.strip_prefix('-') {
            Some(bare) if bare.starts_with(|c: char| c.is_alphanumeric() || c == '"') => (true, bare),
            _ => (false, left),
        };
        let quoted = bare.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        let (piece, after, is_phrase) = match quoted {
            Some((phrase, after)) => (phrase.trim(), after, true),
            None => {
                let end = bare.find(|c: char| c.is_whitespace()).unwrap_or(bare.len());
                (bare[..end].trim_matches('"'), &bare[end..], false)
            }
        };
        if piece.chars().any(char::is_alphanumeric) {
            match (excluded, is_phrase) {
                (true, _) => parsed.excluded.push(piece.to_owned()),
                (false, true) => {
                    parsed.phrases.push(piece.to_owned());
                    words.push(piece.to_owned());
                }
                (false, false) => words.push(piece.to_owned()),
            }
        }
        left = after.trim_start();
    }
    parsed.text = words.join(" ");
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(query: &str) -> (String, Vec<String>, Vec<String>) {
        let Query { text, phrases, excluded } = parse(query);
        (text, phrases, excluded)
    }

    fn owned(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn phrases_and_exclusions_are_told_from_words() {
        let found = parts(r#"next  "road map" -budget state-of-the-art -"second half" “exact words”"#);
        assert_eq!(found.0, "next road map state-of-the-art exact words");
        assert_eq!(found.1, owned(&["road map", "exact words"]));
        assert_eq!(found.2, owned(&["budget", "second half"]));
    }

    #[test]
    fn what_is_broken_is_read_as_words() {
        assert_eq!(parts(r#"an "open quote"#), ("an open quote".into(), vec![], vec![]));
        assert_eq!(parts("a - b"), ("a b".into(), vec![], vec![]));
        assert_eq!(parts("nul\0l"), ("nul l".into(), vec![], vec![]));
        for empty in ["", "  ", "\"\"", "---", "!?", "-only"] {
            assert!(parse(empty).is_empty(), "{empty:?}");
        }
    }
}
