//! English numbers in one form, so that "twenty-one" and "21" count as the same word.
//!
//! Numbers that are spelled out become digits, as in the normaliser of Whisper (Radford et al., "Robust Speech
//! Recognition via Large-Scale Weak Supervision", 2022, appendix C): digits are read in one way only where words
//! can be read in several. Known are cardinals and ordinals below a million million, with or without "and", "a hundred",
//! and years said in two halves ("nineteen sixty-one"). Times of day, fractions, and numbers said digit by digit
//! stay the words they are, each turned into digits by itself.

const CARDINALS: [(&str, u64); 28] = [
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

/// The ordinals that are not a cardinal with "th" after it, nor one whose "y" became "ieth".
const IRREGULAR_ORDINALS: [(&str, u64); 7] =
    [("first", 1), ("second", 2), ("third", 3), ("fifth", 5), ("eighth", 8), ("ninth", 9), ("twelfth", 12)];

const SCALES: [(&str, u64); 3] = [("thousand", 1_000), ("million", 1_000_000), ("billion", 1_000_000_000)];

/// The first halves of years: those of times of day must stay by themselves.
const CENTURIES: std::ops::RangeInclusive<u64> = 13..=20;

/// A number at the beginning of some words.
#[derive(Clone, Copy)]
struct Number {
    value: u64,
    is_ordinal: bool,
    /// The words it takes.
    length: usize,
}

/// The words with every number in digits; an ordinal has its ending after them ("21st").
pub fn in_digits(words: &[String]) -> Vec<String> {
    let mut result = Vec::with_capacity(words.len());
    let mut rest = words;
    while let [word, others @ ..] = rest {
        match number(rest) {
            Some(number) => {
                result.push(number.in_digits());
                rest = &rest[number.length..];
            }
            None => {
                result.push(word.clone());
                rest = others;
            }
        }
    }
    result
}

impl Number {
    fn in_digits(self) -> String {
        let ending = match (self.value % 100, self.value % 10) {
            _ if !self.is_ordinal => "",
            (11..=13, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        format!("{}{ending}", self.value)
    }
}

fn number(words: &[String]) -> Option<Number> {
    let mut group = hundreds(words)?;
    if let Some(year) = year(words, group) {
        return Some(year);
    }
    let (mut sum, mut length, mut scale_before) = (0, 0, u64::MAX);
    loop {
        length += group.length;
        let (scale, is_ordinal) = match words.get(length).and_then(|word| scale(word)) {
            Some(found) if !group.is_ordinal && found.0 < scale_before => found,
            _ => return Some(Number { value: sum + group.value, is_ordinal: group.is_ordinal, length }),
        };
        sum += group.value * scale;
        length += 1;
        let so_far = Number { value: sum, is_ordinal, length };
        if is_ordinal {
            return Some(so_far);
        }
        length += usize::from(words.get(length).is_some_and(|word| word == "and"));
        group = match hundreds(&words[length..]) {
            // In "one thousand two million" the two belongs to the million.
            Some(next) if next.value < scale && !is_scaled(words, length + next.length, scale) => next,
            _ => return Some(so_far),
        };
        scale_before = scale;
    }
}

/// Whether the word there multiplies by so much or more.
fn is_scaled(words: &[String], index: usize, scale_min: u64) -> bool {
    words.get(index).and_then(|word| scale(word)).is_some_and(|(scale, _)| scale >= scale_min)
}

/// A year in two halves, of which `first` is the one.
fn year(words: &[String], first: Number) -> Option<Number> {
    if first.length != 1 || first.is_ordinal || !CENTURIES.contains(&first.value) {
        return None;
    }
    let second = below_hundred(&words[1..])?;
    // In "May twenty, nineteen sixty-one" twenty is the day.
    let begins_another = year(&words[1..], second).is_some();
    let is_year = second.value >= 10 && !second.is_ordinal && !begins_another;
    is_year.then_some(Number {
        value: first.value * 100 + second.value,
        is_ordinal: false,
        length: 1 + second.length,
    })
}

/// A number without a scale word: "five", "a hundred and five", "nineteen hundred", and digits as they are.
fn hundreds(words: &[String]) -> Option<Number> {
    let mut number = article(words).or_else(|| digits(words)).or_else(|| below_hundred(words))?;
    let Some(word) = words.get(number.length) else { return Some(number) };
    if number.is_ordinal || number.value == 0 || number.value > 99 || !word.starts_with("hundred") {
        return Some(number);
    }
    match word.as_str() {
        "hundred" => {}
        "hundredth" => number.is_ordinal = true,
        _ => return Some(number),
    }
    number.value *= 100;
    number.length += 1;
    if number.is_ordinal {
        return Some(number);
    }
    let skipped = number.length + usize::from(words.get(number.length).is_some_and(|word| word == "and"));
    Some(match below_hundred(&words[skipped..]) {
        Some(rest) if rest.value > 0 => Number {
            value: number.value + rest.value,
            is_ordinal: rest.is_ordinal,
            length: skipped + rest.length,
        },
        _ => number,
    })
}

/// The "a" of "a hundred" and "a million".
fn article(words: &[String]) -> Option<Number> {
    let [article, counted, ..] = words else { return None };
    let counts = counted == "hundred" || scale(counted).is_some_and(|(_, is_ordinal)| !is_ordinal);
    (article == "a" && counts).then_some(Number { value: 1, is_ordinal: false, length: 1 })
}

/// Digits that a scale word may follow or precede; longer ones are whole numbers already.
fn digits(words: &[String]) -> Option<Number> {
    let word = words.first()?;
    let is_short = word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    // "007" must not become "7".
    if !is_short || (word.len() > 1 && word.starts_with('0')) {
        return None;
    }
    Some(Number { value: word.parse().ok()?, is_ordinal: false, length: 1 })
}

fn below_hundred(words: &[String]) -> Option<Number> {
    let (value, is_ordinal) = single(words.first()?)?;
    let first = Number { value, is_ordinal, length: 1 };
    if is_ordinal || value < 20 {
        return Some(first);
    }
    Some(match words.get(1).and_then(|word| single(word)) {
        Some((unit @ 1..=9, is_ordinal)) => Number { value: value + unit, is_ordinal, length: 2 },
        _ => first,
    })
}

/// The value of one word, and whether it is an ordinal.
fn single(word: &str) -> Option<(u64, bool)> {
    let value_in = |table: &[(&str, u64)], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    };
    if let Some(value) = value_in(&CARDINALS, word) {
        return Some((value, false));
    }
    let ordinal = value_in(&IRREGULAR_ORDINALS, word).or_else(|| {
        let stem = word.strip_suffix("th")?;
        let tens = stem.strip_suffix("ie").map(|tens| format!("{tens}y"));
        value_in(&CARDINALS, tens.as_deref().unwrap_or(stem))
    });
    ordinal.map(|value| (value, true))
}

/// What a scale word multiplies by, and whether it is an ordinal.
fn scale(word: &str) -> Option<(u64, bool)> {
    let (stem, is_ordinal) = word.strip_suffix("th").map_or((word, false), |stem| (stem, true));
    let (_, value) = SCALES.iter().find(|(name, _)| *name == stem)?;
    Some((*value, is_ordinal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits_of(text: &str) -> String {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        in_digits(&words).join(" ")
    }

    #[test]
    fn cardinals_become_digits() {
        for (spelled, digits) in [
            ("zero", "0"),
            ("seven of clubs", "7 of clubs"),
            ("twenty one", "21"),
            ("one hundred and five", "105"),
            ("one hundred five", "105"),
            ("a hundred people", "100 people"),
            ("two thousand and twenty four", "2024"),
            ("three hundred forty two thousand one hundred and six", "342106"),
            ("one million two hundred thousand and one", "1200001"),
            ("nine hundred ninety nine billion", "999000000000"),
        ] {
            assert_eq!(digits_of(spelled), digits, "{spelled}");
        }
    }

    #[test]
    fn ordinals_become_digits_with_their_ending() {
        for (spelled, digits) in [
            ("first", "1st"),
            ("the twenty second time", "the 22nd time"),
            ("third", "3rd"),
            ("eleventh twelfth thirteenth", "11th 12th 13th"),
            ("one hundred and eleventh", "111th"),
            ("thirtieth", "30th"),
            ("two hundredth", "200th"),
            ("ten thousandth", "10000th"),
        ] {
            assert_eq!(digits_of(spelled), digits, "{spelled}");
        }
    }

    #[test]
    fn years_in_two_halves_are_one_number() {
        assert_eq!(digits_of("in nineteen sixty one"), "in 1961");
        assert_eq!(digits_of("twenty twenty"), "2020");
        assert_eq!(digits_of("nineteen hundred and five"), "1905");
        assert_eq!(digits_of("ten thirty"), "10 30");
        assert_eq!(digits_of("may twenty nineteen sixty one"), "may 20 1961");
    }

    #[test]
    fn digits_stay_unless_a_word_multiplies_them() {
        assert_eq!(digits_of("21 007 1961 21st"), "21 007 1961 21st");
        assert_eq!(digits_of("5 million"), "5000000");
        assert_eq!(digits_of("2 thousand 500"), "2500");
        assert_eq!(digits_of("100 and 5"), "100 and 5");
    }

    #[test]
    fn numbers_side_by_side_stay_apart() {
        assert_eq!(digits_of("five five"), "5 5");
        assert_eq!(digits_of("forty forty two"), "40 42");
        assert_eq!(digits_of("one thousand two million"), "1000 2000000");
        assert_eq!(digits_of("four queen of clubs"), "4 queen of clubs");
    }

    #[test]
    fn words_that_only_resemble_numbers_stay_words() {
        for text in ["tooth", "health and wealth", "a dog", "hundreds of months", "and", "tenth's"] {
            assert_eq!(digits_of(text), text);
        }
    }
}
