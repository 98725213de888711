//! Chapter titles: the phrases that a chapter uses again and again and the other chapters do not.

use std::collections::HashMap;

use super::sentences::Sentence;
use super::words::{count_words, is_content, normalised, tidied, upper_first};

/// Content words that name nothing on their own.
const WEAK_WORDS: &[&str] = &[
    "different",
    "big",
    "new",
    "old",
    "made",
    "used",
    "using",
    "uses",
    "idea",
    "ideas",
    "case",
    "time",
    "times",
    "day",
    "week",
    "lots",
    "ways",
    "number",
    "whole",
    "long",
    "next",
    "start",
    "end",
    "best",
    "better",
    "easy",
    "hard",
    "today",
    "work",
    "works",
    "working",
    "happen",
    "happens",
    "happened",
    "called",
    "nice",
    "top",
    "left",
    "couple",
    "side",
    "set",
    "problem",
    "problems",
    "minutes",
    "tell",
    "told",
    "feel",
    "find",
    "found",
    "stay",
    "keep",
    "ask",
    "asked",
    "small",
    "bad",
    "sense",
    "wouldn't",
    "doing",
    "done",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "hundred",
    "thousand",
    "gonna",
    "guess",
    "hope",
    "agree",
    "mentioned",
];

const TITLE_CHARS_MAX: usize = 60;
/// A phrase of two words counts this much more than its words, since it says what they are about.
const PAIR_WEIGHT: f64 = 1.8;
/// A second phrase must say at least this share of what the first says.
const SECOND_SCORE_MIN: f64 = 0.5;

struct Phrase {
    words: Vec<String>,
    shown: String,
    score: f64,
}

/// One title for each part of a recording; never empty, and no two alike where the words allow it.
pub fn titles(parts: &[&[Sentence]]) -> Vec<String> {
    let counts: Vec<Counts> = parts.iter().map(|part| Counts::of(part)).collect();
    let mut totals: HashMap<&str, usize> = HashMap::new();
    for (phrase, seen) in counts.iter().flat_map(|counts| &counts.phrases) {
        *totals.entry(phrase.as_str()).or_default() += seen.count;
    }
    let mut given: Vec<String> = Vec::new();
    for (index, (part, counts)) in parts.iter().zip(&counts).enumerate() {
        let mut title = phrase_title(&counts.ranked(&totals))
            .or_else(|| sentence_title(part))
            .unwrap_or_else(|| format!("Part {}", index + 1));
        if given.contains(&title) {
            title = sentence_title(part).filter(|other| !given.contains(other)).unwrap_or(title);
        }
        given.push(title);
    }
    given
}

struct Seen {
    count: usize,
    /// The spellings it came in, with how often.
    spellings: HashMap<String, usize>,
    first: usize,
}

/// How often a part uses each content word and each pair of neighbouring ones, keyed by their normalised words.
struct Counts {
    phrases: HashMap<String, Seen>,
}

impl Counts {
    fn of(sentences: &[Sentence]) -> Self {
        let mut counts = Self { phrases: HashMap::new() };
        for sentence in sentences {
            let mut before: Option<(String, &str)> = None;
            for (index, raw) in sentence.text.split_whitespace().enumerate() {
                let word = normalised(raw);
                let shown = raw.trim_matches(|c: char| !c.is_alphanumeric());
                if !names_something(&word) {
                    before = None;
                    continue;
                }
                // The first word of a sentence is upper case for its place, not for what it is.
                counts.see(word.clone(), if index == 0 { word.clone() } else { shown.to_owned() });
                if let Some((first, first_shown)) = before.filter(|(first, _)| *first != word) {
                    counts.see(format!("{first} {word}"), format!("{first_shown} {shown}"));
                }
                let ends_clause = raw.ends_with(|c: char| !c.is_alphanumeric());
                before = (!ends_clause).then_some((word, shown));
            }
        }
        counts
    }

    fn see(&mut self, phrase: String, shown: String) {
        let first = self.phrases.len();
        let seen =
            self.phrases.entry(phrase).or_insert_with(|| Seen { count: 0, spellings: HashMap::new(), first });
        seen.count += 1;
        *seen.spellings.entry(shown).or_default() += 1;
    }

    /// Phrases that recur, the most telling first.
    fn ranked(&self, totals: &HashMap<&str, usize>) -> Vec<Phrase> {
        let mut ranked: Vec<(&String, &Seen, f64)> = self
            .phrases
            .iter()
            .filter(|(_, seen)| seen.count >= 2)
            .map(|(phrase, seen)| {
                let total = totals.get(phrase.as_str()).copied().unwrap_or(seen.count).max(1);
                let share = seen.count as f64 / total as f64;
                let weight = if phrase.contains(' ') { PAIR_WEIGHT } else { 1.0 };
                (phrase, seen, seen.count as f64 * share * weight)
            })
            .collect();
        ranked.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.1.first.cmp(&b.1.first)));
        let phrases = ranked.into_iter().take(40).map(|(phrase, seen, score)| Phrase {
            words: phrase.split(' ').map(str::to_owned).collect(),
            shown: seen.commonest(),
            score,
        });
        phrases.collect()
    }
}

impl Seen {
    fn commonest(&self) -> String {
        let best = self.spellings.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        best.map(|(spelling, _)| spelling.clone()).unwrap_or_default()
    }
}

fn names_something(word: &str) -> bool {
    word.chars().count() >= 3
        && word.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '\'')
        && word.chars().any(char::is_alphabetic)
        && is_content(word)
        && !WEAK_WORDS.contains(&word)
}

/// The most telling phrase, joined by a second one that says something else.
fn phrase_title(ranked: &[Phrase]) -> Option<String> {
    let first = fuller(ranked.first()?, ranked);
    let shares =
        |phrase: &Phrase| phrase.words.iter().any(|word| first.words.iter().any(|other| alike(word, other)));
    let telling = |phrase: &&Phrase| !shares(phrase) && phrase.score >= SECOND_SCORE_MIN * first.score;
    let second = ranked.iter().find(telling).map(|phrase| fuller(phrase, ranked));
    let lead = title_case(&first.shown);
    let title = match second.filter(|second| !shares(second)) {
        Some(second) => format!("{lead} and {}", title_case(&second.shown)),
        None => lead.clone(),
    };
    if title.chars().count() <= TITLE_CHARS_MAX { Some(title) } else { Some(shortened(&lead)) }
}

/// The pair that a single word usually stands in, if there is one.
fn fuller<'a>(phrase: &'a Phrase, ranked: &'a [Phrase]) -> &'a Phrase {
    let [word] = phrase.words.as_slice() else { return phrase };
    ranked
        .iter()
        .find(|other| {
            other.words.len() > 1 && other.words.contains(word) && other.score * 3.0 >= phrase.score
        })
        .unwrap_or(phrase)
}

/// Whether two words are the same but for an ending.
fn alike(a: &str, b: &str) -> bool {
    let shorter = a.chars().count().min(b.chars().count());
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    a == b || (shorter >= 4 && common + 1 >= shorter)
}

/// The first full sentence, shortened at a word.
fn sentence_title(sentences: &[Sentence]) -> Option<String> {
    let longest = sentences.iter().max_by_key(|sentence| count_words(&sentence.text).min(12))?;
    let tidy = tidied(&longest.text);
    let title = shortened(tidy.trim_end_matches(['.', '!', '?', ',', ';', ':', '。', '…']));
    (!title.trim().is_empty()).then_some(title)
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= TITLE_CHARS_MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(TITLE_CHARS_MAX - 1).collect();
    let whole = cut.rsplit_once(char::is_whitespace).map_or(cut.as_str(), |(words, _)| words);
    format!("{}…", whole.trim_end_matches([',', ';', ':', ' ']))
}

fn title_case(phrase: &str) -> String {
    phrase.split(' ').map(upper_first).collect::<Vec<_>>().join(" ")
}
