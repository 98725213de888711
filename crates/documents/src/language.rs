//! Which language a text is in.

use whatlang::{Lang, detect};

/// So much of a text says what language it is in.
const CHARS_LOOKED_AT: usize = 20_000;
/// Shorter texts may be in any.
const CHARS_MIN: usize = 40;

/// The language of a text as ISO 639-1, of those that are searched by the roots of their words; nothing where it is another one,
/// or cannot be told.
#[must_use]
pub fn language_of(text: &str) -> Option<&'static str> {
    let beginning: String = text.chars().take(CHARS_LOOKED_AT).collect();
    if beginning.chars().filter(|letter| letter.is_alphabetic()).count() < CHARS_MIN {
        return None;
    }
    let found = detect(&beginning).filter(|found| found.is_reliable())?;
    Some(match found.lang() {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Por => "pt",
        Lang::Nld => "nl",
        Lang::Swe => "sv",
        _ => return None,
    })
}

/// The first part of a language tag such as `de-AT`, where it is one.
pub(crate) fn of_tag(tag: &str) -> Option<String> {
    let first = tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    (first.len() == 2 && first.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart_and_a_few_words_tell_nothing() {
        assert_eq!(
            language_of("The quick brown fox jumps over the lazy dog, and nobody minds that at all."),
            Some("en")
        );
        assert_eq!(
            language_of("Die Katze sitzt auf dem Dach und schaut den Vögeln zu, die vorüberziehen."),
            Some("de")
        );
        assert_eq!(language_of("Total 42"), None);
        assert_eq!(of_tag("de-AT").as_deref(), Some("de"));
        assert_eq!(of_tag("x"), None);
    }
}
