//! What counts as a word, or as a character, when a transcript is compared with a reference.
//!
//! Two people who write down the same speech differ in capitals, punctuation, abbreviations and numbers. None of that
//! was said, so none of it may count as an error. Words that were said differently stay different: contractions
//! are not expanded, and neither spelling nor compounds are reconciled.

use super::numbers;

/// Languages that put no spaces between words; their transcripts are compared by characters. Korean has spaces,
/// but rules for them that people who write do not agree on.
const BY_CHARACTERS: [&str; 4] = ["ja", "zh", "th", "ko"];

/// English words that are written short, and what is said.
const ABBREVIATIONS: [(&str, &[&str]); 9] = [
    ("mr", &["mister"]),
    ("mrs", &["missus"]),
    ("dr", &["doctor"]),
    ("prof", &["professor"]),
    ("jr", &["junior"]),
    ("sr", &["senior"]),
    ("vs", &["versus"]),
    ("etc", &["et", "cetera"]),
    ("ok", &["okay"]),
];

/// Sounds that some people write down and others do not.
const FILLERS: [&str; 7] = ["uh", "um", "uhm", "umm", "hm", "hmm", "mhm"];

/// Marks that are part of a word in scripts that write a sound above or below a letter, and no letters to Unicode.
const MARKS: [std::ops::RangeInclusive<char>; 3] =
    ['\u{0300}'..='\u{036f}', '\u{0e47}'..='\u{0e4e}', '\u{3099}'..='\u{309a}'];

/// Whether the tag names English of any country.
pub fn is_english(language: &str) -> bool {
    primary(language) == "en"
}

/// Whether transcripts in the language are compared by characters.
pub fn is_by_characters(language: &str) -> bool {
    BY_CHARACTERS.contains(&primary(language).as_str())
}

/// The parts of a text that are compared: words, or characters where the language wants that.
pub fn units(text: &str, language: &str) -> Vec<String> {
    if is_by_characters(language) {
        let characters = text.chars().filter(|character| is_letter(*character));
        characters.map(|character| character.to_lowercase().collect()).collect()
    } else if is_english(language) {
        english(text)
    } else {
        spaced(&plain(text)).collect()
    }
}

/// The language in a tag such as `en-GB`.
fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

fn english(text: &str) -> Vec<String> {
    let text = plain(text);
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        match initials(chunk) {
            Some(letters) => words.push(letters),
            None => words.extend(spaced(&spoken(chunk)).flat_map(|word| unabbreviated(&word))),
        }
    }
    words.retain(|word| !FILLERS.contains(&word.as_str()));
    numbers::in_digits(&words)
}

/// In lower case, with one kind of apostrophe.
fn plain(text: &str) -> String {
    let text = text.to_lowercase();
    text.chars().map(|character| if "’‘ʼ＇".contains(character) { '\'' } else { character }).collect()
}

/// The words between everything that is no part of one. Apostrophes count inside words only.
fn spaced(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|character| !is_letter(character) && character != '\'');
    let words = parts.map(|part| part.trim_matches('\'')).filter(|part| !part.is_empty());
    words.map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || MARKS.iter().any(|marks| marks.contains(&character))
}

/// The letters of "u.s." and "a.m.".
fn initials(chunk: &str) -> Option<String> {
    let chunk = chunk.trim_matches(|character| !is_letter(character));
    let parts: Vec<&str> = chunk.split('.').collect();
    let are_letters = parts.iter().all(|part| {
        let mut characters = part.chars();
        characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
    });
    (parts.len() > 1 && are_letters).then(|| parts.concat())
}

/// The signs that are said, as words: "3.14%" is "3 point 1 4 percent". The comma of "1,000" is not said.
fn spoken(chunk: &str) -> String {
    let characters: Vec<char> = chunk.chars().collect();
    let is_digit = |index: usize| characters.get(index).is_some_and(char::is_ascii_digit);
    let mut text = String::with_capacity(chunk.len());
    let mut is_decimal = false;
    for (index, character) in characters.iter().enumerate() {
        let is_between = index > 0 && is_digit(index - 1) && is_digit(index + 1);
        let leads_three =
            is_digit(index + 1) && is_digit(index + 2) && is_digit(index + 3) && !is_digit(index + 4);
        match character {
            '.' if is_between => {
                text.push_str(" point");
                is_decimal = true;
            }
            ',' if is_between && leads_three => {}
            '%' => text.push_str(" percent "),
            '&' => text.push_str(" and "),
            digit if is_decimal && digit.is_ascii_digit() => text.extend([' ', *digit]),
            other => {
                is_decimal = false;
                text.push(*other);
            }
        }
    }
    text
}

fn unabbreviated(word: &str) -> Vec<String> {
    match ABBREVIATIONS.iter().find(|(short, _)| *short == word) {
        Some((_, full)) => full.iter().map(|word| (*word).to_owned()).collect(),
        None => vec![word.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english_of(text: &str) -> String {
        units(text, "en").join(" ")
    }

    #[test]
    fn capitals_and_punctuation_do_not_count() {
        assert_eq!(
            english_of("And so, my fellow Americans: ask NOT — “what”?"),
            "and so my fellow americans ask not what"
        );
        assert_eq!(english_of("self-substantial fuel"), english_of("self substantial fuel"));
        assert_eq!(english_of(" … -- ' \n"), "");
    }

    #[test]
    fn apostrophes_count_inside_words_and_are_all_the_same() {
        assert_eq!(english_of("Feed’st thy light's 'flame'"), "feed'st thy light's flame");
        assert_ne!(english_of("its"), english_of("it's"));
    }

    #[test]
    fn abbreviations_are_what_is_said() {
        assert_eq!(english_of("Mr. Quilter"), english_of("mister quilter"));
        assert_eq!(english_of("Dr Who vs. Prof. X, etc."), "doctor who versus professor x et cetera");
        assert_eq!(english_of("the U.S. at 5 a.m."), english_of("the US at five am"));
        assert_eq!(english_of("Um, OK, uh, okay"), "okay okay");
    }

    #[test]
    fn numbers_count_the_same_in_words_and_in_digits() {
        for (digits, spelled) in [
            ("5", "five"),
            ("21 clubs", "twenty-one clubs"),
            ("the 1st", "the first"),
            ("January 20, 1961", "January twenty, nineteen sixty-one"),
            ("1,250,000", "one million two hundred and fifty thousand"),
            ("3.14", "three point one four"),
            ("95%", "ninety-five percent"),
            ("100", "a hundred"),
        ] {
            assert_eq!(english_of(digits), english_of(spelled), "{digits}");
        }
        assert_eq!(english_of("1, 2, 3"), "1 2 3");
        assert_ne!(english_of("five five"), english_of("fifty five"));
    }

    #[test]
    fn other_languages_keep_their_letters_and_their_numbers() {
        assert_eq!(units("Eaux et Forêts, à l’aube.", "fr"), ["eaux", "et", "forêts", "à", "l'aube"]);
        assert_eq!(units("One, TWO", "it"), ["one", "two"]);
    }

    #[test]
    fn languages_without_spaces_are_compared_by_characters() {
        assert_eq!(units("길 한 옆으로.", "ko"), ["길", "한", "옆", "으", "로"]);
        assert_eq!(units("東京、です。", "ja-JP").len(), 4);
        assert_eq!(units("ไม่", "th").len(), 3);
        assert!(!is_by_characters("en-GB") && is_english("en-GB") && !is_english("en+de"));
    }
}
