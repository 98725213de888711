//! Organizations with people who are signed in, their videos, and what is said in them.
//!
//! Words are made of syllables and occur as often as in a language: the word of rank r with a frequency of 1/r.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

pub const ORGANIZATIONS: usize = 8;
/// People of each organization.
pub const PEOPLE: usize = 4;
pub const SPEAKERS: [&str; 2] = ["Speaker 1", "Speaker 2"];
pub const PASSAGE_MS: usize = 45_000;
const PASSAGES: usize = 6;
const SENTENCES: usize = 6;
const SENTENCE_WORDS: usize = 18;
const TITLE_WORDS: usize = 5;
const DESCRIPTION_WORDS: usize = 30;
const VOCABULARY: usize = 8_000;
const CONSONANTS: &[u8] = b"bdfgklmnprstvz";
const VOWELS: &[u8] = b"aeiou";
/// The ranks of words that people search for: neither the most usual nor those that nobody says.
const SEARCHED: std::ops::Range<usize> = 100..2_000;
const QUERIES: usize = 500;
const SEED: u64 = 1;

/// Everything, the same each time.
pub struct Population {
    /// Their organizations by turns.
    pub videos: Vec<Video>,
    /// Two words each.
    pub queries: Vec<String>,
}

pub struct Video {
    pub title: String,
    pub description: String,
    pub passages: Vec<Passage>,
}

/// What is said in [`PASSAGE_MS`].
pub struct Passage {
    pub text: String,
    /// Its sentences, as `chunks.spans` keeps them.
    pub spans: Value,
}

impl Population {
    pub fn new(videos: usize) -> Self {
        let mut random = StdRng::seed_from_u64(SEED);
        let words = Words::new(&mut random);
        let videos = (0..videos).map(|_| Video::new(&words, &mut random)).collect();
        let queries = (0..QUERIES).map(|_| {
            let mut word = || words.words[random.random_range(SEARCHED)].clone();
            format!("{} {}", word(), word())
        });
        Self { videos, queries: queries.collect() }
    }

    /// The number of an organization's first person; the others follow.
    pub fn first_person(organization: usize) -> usize {
        organization * PEOPLE
    }
}

impl Video {
    fn new(words: &Words, random: &mut StdRng) -> Self {
        Self {
            title: words.several(TITLE_WORDS, random),
            description: words.several(DESCRIPTION_WORDS, random),
            passages: (0..PASSAGES).map(|index| Passage::new(index, words, random)).collect(),
        }
    }
}

impl Passage {
    fn new(index: usize, words: &Words, random: &mut StdRng) -> Self {
        let (mut text, mut spans) = (String::new(), Vec::new());
        let sentence_ms = PASSAGE_MS / SENTENCES;
        for sentence in 0..SENTENCES {
            if sentence > 0 {
                text.push(' ');
            }
            let (char_start, start_ms) = (text.len(), index * PASSAGE_MS + sentence * sentence_ms);
            text.push_str(&words.several(SENTENCE_WORDS, random));
            text.push('.');
            spans.push(json!({
                "char_start": char_start, "char_end": text.len(), "start_ms": start_ms, "end_ms": start_ms + sentence_ms,
                "speaker": SPEAKERS[sentence % SPEAKERS.len()],
            }));
        }
        Self { text, spans: Value::Array(spans) }
    }
}

struct Words {
    words: Vec<String>,
    /// For each rank the sum of the frequencies up to it.
    sums: Vec<f64>,
}

impl Words {
    fn new(random: &mut StdRng) -> Self {
        let mut letter = |letters: &[u8]| char::from(letters[random.random_range(0..letters.len())]);
        let mut word = |syllables: usize| -> String {
            (0..syllables).flat_map(|_| [letter(CONSONANTS), letter(VOWELS)]).collect()
        };
        let words = (0..VOCABULARY).map(|rank| word(2 + rank % 3)).collect();
        let mut sum = 0.0;
        let sums = (1..=VOCABULARY).map(|rank| {
            #[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^53")]
            let frequency = 1.0 / rank as f64;
            sum += frequency;
            sum
        });
        Self { words, sums: sums.collect() }
    }

    fn several(&self, count: usize, random: &mut StdRng) -> String {
        let total = self.sums.last().copied().unwrap_or_default();
        let words = (0..count).map(|_| {
            let drawn = random.random_range(0.0..total);
            let rank = self.sums.partition_point(|sum| *sum < drawn).min(self.words.len() - 1);
            self.words[rank].as_str()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_the_sentences_of_their_passage() {
        let population = Population::new(1);
        let passage = &population.videos[0].passages[1];
        let spans = passage.spans.as_array().unwrap();
        assert_eq!(spans.len(), SENTENCES);
        for span in spans {
            let place = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
            let sentence = &passage.text[place("char_start")..place("char_end")];
            assert_eq!(sentence.split(' ').count(), SENTENCE_WORDS);
            assert!(sentence.ends_with('.') && !sentence.starts_with(' '));
        }
    }
}
