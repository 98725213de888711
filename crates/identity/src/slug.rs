//! Names of organizations in addresses: lower-case ASCII letters, digits and single hyphens.

use crate::{IdentityError, input};

/// What the column allows.
pub(crate) const SLUG_CHARS_MAX: usize = 50;
/// Leaves room for `-` and a suffix of eight characters.
const BASE_CHARS_MAX: usize = SLUG_CHARS_MAX - 9;
/// After this many numbered suffixes a random one is taken.
const NUMBERED: std::ops::RangeInclusive<u32> = 2..=9;

/// Slugs for a person's organization, best first: from the name, or else from the address; then numbered; then one
/// that ends in `random`, which is as good as free.
pub(crate) fn candidates(name: &str, email: &str, random: u32) -> Vec<String> {
    let base = [name, input::local_part(email)].into_iter().map(derive).find(|slug| !slug.is_empty());
    let base = base.unwrap_or_else(|| "organization".to_owned());
    let numbered = NUMBERED.map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).chain([format!("{base}-{random:08x}")]).collect()
}

/// The slug somebody chose, without surrounding blanks.
///
/// # Errors
/// [`IdentityError::SlugInvalid`].
pub(crate) fn check(text: &str) -> Result<&str, IdentityError> {
    let slug = text.trim();
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let fits = slug.len() <= SLUG_CHARS_MAX && slug.split('-').all(is_word);
    if fits { Ok(slug) } else { Err(IdentityError::SlugInvalid) }
}

fn derive(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        match fold(character) {
            Some(letters) => slug.push_str(letters),
            None if character.is_ascii_alphanumeric() => slug.push(character),
            // Apostrophes and combining accents stand inside a word, which stays one.
            None if matches!(character, '\'' | '’' | '\u{300}'..='\u{36f}') => {}
            None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            None => {}
        }
    }
    slug.truncate(BASE_CHARS_MAX);
    slug.trim_end_matches('-').to_owned()
}

/// ASCII for the accented letters of European languages.
fn fold(character: char) -> Option<&'static str> {
    const FOLDED: [(&str, &str); 24] = [
        ("àáâãåāăą", "a"),
        ("æä", "ae"),
        ("çćčĉċ", "c"),
        ("ďđð", "d"),
        ("èéêëēĕėęě", "e"),
        ("ĝğġģ", "g"),
        ("ĥħ", "h"),
        ("ìíîïĩīĭįı", "i"),
        ("ĵ", "j"),
        ("ķ", "k"),
        ("ĺļľŀł", "l"),
        ("ñńņňŋ", "n"),
        ("òóôõøōŏő", "o"),
        ("œö", "oe"),
        ("ŕŗř", "r"),
        ("śŝşšș", "s"),
        ("ß", "ss"),
        ("ţťŧț", "t"),
        ("þ", "th"),
        ("ùúûũūŭůűų", "u"),
        ("ü", "ue"),
        ("ŵ", "w"),
        ("ýÿŷ", "y"),
        ("źżž", "z"),
    ];
    FOLDED.into_iter().find(|(letters, _)| letters.contains(character)).map(|(_, ascii)| ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str, email: &str) -> String {
        candidates(name, email, 7).swap_remove(0)
    }

    #[test]
    fn a_slug_comes_from_the_name() {
        assert_eq!(first("Ada Lovelace", "x@example.com"), "ada-lovelace");
        assert_eq!(first("  --Jean-Luc  O’Neill, Jr.  ", "x@example.com"), "jean-luc-oneill-jr");
        assert_eq!(first("Jürgen Groß", "x@example.com"), "juergen-gross");
        assert_eq!(first("ŁUKASZ ÇELİK", "x@example.com"), "lukasz-celik");
    }

    #[test]
    fn a_name_without_latin_letters_leaves_it_to_the_address_and_then_to_a_word() {
        assert_eq!(first("李小龍", "Bruce.Lee@example.com"), "bruce-lee");
        assert_eq!(first("李小龍", "李@example.com"), "organization");
    }

    #[test]
    fn a_slug_of_ones_own_choice_is_words_with_single_hyphens_between() {
        for text in ["a", "0", "ada-lovelace", " acme-2 ", &"a".repeat(SLUG_CHARS_MAX)] {
            assert_eq!(check(text).ok(), Some(text.trim()), "{text:?}");
        }
        for text in
            ["", "-", "-a", "a-", "a--b", "A", "é", "a b", "a_b", "a\0", &"a".repeat(SLUG_CHARS_MAX + 1)]
        {
            assert!(matches!(check(text), Err(IdentityError::SlugInvalid)), "{text:?}");
        }
    }

    #[test]
    fn every_candidate_satisfies_the_column_and_differs() {
        let form = |slug: &str| {
            slug.starts_with(|first: char| first.is_ascii_alphanumeric())
                && slug.len() <= SLUG_CHARS_MAX
                && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        for name in ["a", "Ada Lovelace", "ß ß", "-", &"long name ".repeat(10), &"ü".repeat(100)] {
            let mut slugs = candidates(name, "-@-", u32::MAX);
            assert!(slugs.iter().all(|slug| form(slug) && check(slug).is_ok()), "{slugs:?}");
            let count = slugs.len();
            slugs.sort();
            slugs.dedup();
            assert_eq!((slugs.len(), count), (10, 10));
        }
    }
}
