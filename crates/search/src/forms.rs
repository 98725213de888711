//! Which words of a passage are forms of a query's words.
//!
//! PostgreSQL alone knows the root of a word; what it said is remembered, so that it is asked about a word once. Only words that
//! begin like a word of the query are asked about: a root begins like its forms, but for accents, and for a y that becomes an i.

use crate::model::Found;
use crate::store;
use memoreel_db::TenantTx;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{PoisonError, RwLock};
use unicode_normalization::char::decompose_canonical;

/// Beyond so many words, what was remembered is forgotten.
const KNOWN_MAX: usize = 200_000;
/// A longer one is no word.
const WORD_CHARS_MAX: usize = 100;

/// The roots of words, by text search configuration.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    known: RwLock<HashMap<String, HashMap<String, Vec<String>>>>,
}

/// A word of a text, as it is written there.
#[derive(Debug, PartialEq, Eq)]
struct Word<'a> {
    /// Code points of the text.
    place: Range<usize>,
    text: &'a str,
}

/// A word in small letters, and where it is in code points.
#[derive(Debug)]
struct Candidate {
    place: Range<usize>,
    text: String,
}

impl Forms {
    /// Notes which words of what was found by its words are forms of the query's.
    pub(crate) async fn mark(
        &self,
        tx: &mut TenantTx,
        query: &str,
        found: &mut [Found],
    ) -> Result<(), sqlx::Error> {
        let mut beginnings: Vec<[char; 2]> = words(query).map(|word| beginning(word.text)).collect();
        beginnings.sort_unstable();
        let worded = found.iter_mut().filter(|found| found.words_rank.is_some());
        let mut marked: Vec<(&mut Found, Vec<Candidate>)> = worded
            .map(|found| {
                let alike =
                    words(&found.text).filter(|word| beginnings.binary_search(&beginning(word.text)).is_ok());
                let alike = alike.map(|word| Candidate { place: word.place, text: word.text.to_lowercase() });
                let candidates = alike.collect();
                (found, candidates)
            })
            .collect();
        self.learn(tx, &marked).await?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for (found, candidates) in &mut marked {
            let Some(known) = known.get(&found.configuration) else { continue };
            let is_form = |word: &Candidate| {
                let roots = known.get(&word.text).map(Vec::as_slice).unwrap_or_default();
                roots.iter().any(|root| found.lexemes.contains(root))
            };
            found.matches =
                candidates.iter().filter(|word| is_form(word)).map(|word| word.place.clone()).collect();
        }
        Ok(())
    }

    /// Asks about the words that nobody has asked about.
    async fn learn(
        &self,
        tx: &mut TenantTx,
        marked: &[(&mut Found, Vec<Candidate>)],
    ) -> Result<(), sqlx::Error> {
        let unknown: HashSet<(String, String)> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let all = marked
                .iter()
                .flat_map(|(found, words)| words.iter().map(|word| (&found.configuration, &word.text)));
            let is_new =
                |configuration, word| known.get(configuration).is_none_or(|known| !known.contains_key(word));
            all.filter(|(configuration, word)| is_new(*configuration, *word))
                .map(|(configuration, word)| (configuration.clone(), word.clone()))
                .collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        let roots = store::roots(tx, unknown.into_iter().unzip()).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(HashMap::len).sum::<usize>() > KNOWN_MAX {
            known.clear();
        }
        for (configuration, word, roots) in roots {
            known.entry(configuration).or_default().insert(word, roots);
        }
        Ok(())
    }
}

/// The words of a text: letters and digits, with single marks between them that hold names of hosts, files and numbers together,
/// as PostgreSQL's parser does.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut chars = text.char_indices().enumerate().peekable();
    std::iter::from_fn(move || {
        let (start, (from, first)) = chars.find(|(_, (_, c))| c.is_alphanumeric())?;
        let (mut end, mut to) = (start + 1, from + first.len_utf8());
        let mut is_joined = false;
        while let Some((place, (at, c))) =
            chars.next_if(|(_, (_, c))| c.is_alphanumeric() || (!is_joined && matches!(c, '.' | '/' | '@')))
        {
            is_joined = !c.is_alphanumeric();
            if !is_joined {
                (end, to) = (place + 1, at + c.len_utf8());
            }
        }
        Some(Word { place: start..end, text: &text[from..to] })
    })
    .filter(|word| word.place.len() <= WORD_CHARS_MAX)
}

/// The first two letters of a word, as its root may have them.
fn beginning(word: &str) -> [char; 2] {
    let mut letters = word.chars().map(bare);
    [letters.next().unwrap_or_default(), letters.next().unwrap_or_default()]
}

/// A letter, small and without accents; an i in place of a y.
fn bare(letter: char) -> char {
    let small = letter.to_lowercase().next().unwrap_or(letter);
    let mut bare = None;
    if !small.is_ascii() {
        decompose_canonical(small, |part| bare = bare.or(Some(part)));
    }
    match bare.unwrap_or(small) {
        'y' => 'i',
        bare => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_as_the_database_tells_them() {
        let found: Vec<(Range<usize>, String)> = words("Ünser state-of-the-art 3.5 and/or don't. A.B. x..y")
            .map(|word| (word.place, word.text.to_lowercase()))
            .collect();
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            texts,
            ["ünser", "state", "of", "the", "art", "3.5", "and/or", "don", "t", "a.b", "x", "y"]
        );
        assert_eq!((found[0].0.clone(), found[9].0.clone()), (0..5, 41..44));
        assert_eq!(words("...").count() + words("").count(), 0);
    }

    #[test]
    fn a_root_begins_like_its_forms() {
        for (form, root) in [("lying", "lie"), ("Häuser", "haus"), ("flies", "fly"), ("a", "a")] {
            assert_eq!(beginning(form), beginning(root), "{form}");
        }
        assert_ne!(beginning("ab"), beginning("a"));
    }
}
