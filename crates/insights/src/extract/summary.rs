//! A summary made of the recording's own sentences.
//!
//! Sentences are scored by centrality among all sentences (LexRank: Erkan and Radev 2004, over embeddings), by the words
//! the recording keeps coming back to, by position and length, and by how far they read like writing; they are then chosen
//! one by one so that each adds something new (maximal marginal relevance: Carbonell and Goldstein 1998).

use std::collections::{HashMap, HashSet};

use super::sentences::Sentence;
use super::style::style;
use super::vectors::{dot, unit};
use super::words::{content_words, count_words, is_backchannel, tidied};

/// How long a summary becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SummaryOptions {
    /// No sentence is begun once the summary has this many words.
    pub words_max: usize,
    /// The most sentences of the summary.
    pub sentences_max: usize,
    /// The most key points.
    pub key_points_max: usize,
}

impl Default for SummaryOptions {
    fn default() -> Self {
        Self { words_max: 120, sentences_max: 8, key_points_max: 10 }
    }
}

/// What a recording says in short. Both lists are in order of time and share no sentence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The sentences that together say most about the recording.
    pub sentences: Vec<Cited>,
    /// Further points, each different from the summary and from each other.
    pub key_points: Vec<Cited>,
}

/// A sentence that was said, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Cited {
    /// Its index in the sentences given.
    pub sentence: usize,
    /// Its words without hesitations and empty openings.
    pub text: String,
    /// When it begins, in milliseconds.
    pub start_ms: i64,
    /// When it ends, in milliseconds.
    pub end_ms: i64,
    /// Who says it.
    pub speaker: Option<usize>,
    /// How much it says about the recording, from 0 to 1 for the best.
    pub score: f32,
}

/// Pairs of sentences below this similarity are strangers (LexRank's threshold).
const SIMILARITY_MIN: f32 = 0.4;
const DAMPING: f32 = 0.85;
const ROUNDS: usize = 40;
/// How much relevance counts against novelty in choosing.
const RELEVANCE_SHARE: f32 = 0.7;
/// How much recurring words count against centrality.
const KEYWORD_WEIGHT: f32 = 1.0;
/// How much the very beginning is preferred, fading over [`OPENING_SHARE`] of the recording.
const OPENING_WEIGHT: f32 = 1.5;
const OPENING_SHARE: f32 = 0.08;
/// Questions raise what answers settle.
const QUESTION_FACTOR: f32 = 0.6;
/// Sentences shorter than this rarely stand alone.
const FULL_WORDS: f32 = 18.0;
const WORDS_MIN: usize = 5;
const WORDS_MAX: usize = 40;
const CONTENT_WORDS_MIN: usize = 5;
/// Only this many sentences, those richest in recurring words, are compared pair by pair.
const COMPARED_MAX: usize = 1_000;

struct Candidate {
    sentence: usize,
    words: usize,
    content: Vec<String>,
    vector: Vec<f32>,
    keywords: f32,
    relevance: f32,
}

/// Summarises a recording. At most a third of the sentences are chosen for each list, but at least one; where nothing
/// but listening noise was said, both lists are empty. Without embeddings only words, position and length decide.
pub fn summarise(sentences: &[Sentence], options: SummaryOptions) -> Summary {
    let mut candidates = candidates(sentences);
    score(&mut candidates, sentences);
    let third = (sentences.len() / 3).max(1);
    let mut choice = Choice::new(&candidates);

    let mut words = 0;
    let mut chosen = Vec::new();
    while chosen.len() < options.sentences_max.min(third) && words < options.words_max {
        let Some(next) = choice.next() else { break };
        words += candidates[next].words;
        chosen.push(next);
    }
    let further: Vec<usize> =
        std::iter::from_fn(|| choice.next()).take(options.key_points_max.min(third)).collect();
    Summary {
        sentences: cite(&candidates, sentences, chosen),
        key_points: cite(&candidates, sentences, further),
    }
}

fn cite(candidates: &[Candidate], sentences: &[Sentence], mut chosen: Vec<usize>) -> Vec<Cited> {
    chosen.sort_unstable_by_key(|&index| candidates[index].sentence);
    let cited = chosen.into_iter().filter_map(|index| {
        let candidate = &candidates[index];
        let sentence = sentences.get(candidate.sentence)?;
        Some(Cited {
            sentence: candidate.sentence,
            text: tidied(&sentence.text),
            start_ms: sentence.start_ms,
            end_ms: sentence.end_ms,
            speaker: sentence.speaker,
            score: candidate.relevance,
        })
    });
    cited.collect()
}

/// The sentences that can stand in a summary. Full ones if there are any to choose from, otherwise whatever says something.
fn candidates(sentences: &[Sentence]) -> Vec<Candidate> {
    let all: Vec<Candidate> = sentences
        .iter()
        .enumerate()
        .filter(|(_, sentence)| !is_backchannel(&sentence.text))
        .map(|(index, sentence)| Candidate {
            sentence: index,
            words: count_words(&sentence.text),
            content: content_words(&sentence.text),
            vector: unit(&sentence.embedding),
            keywords: 0.0,
            relevance: 0.0,
        })
        .collect();
    let wanted = (sentences.len() / 3).clamp(1, 30);
    for content_min in [CONTENT_WORDS_MIN, 3, 2] {
        let fits =
            |c: &Candidate| c.content.len() >= content_min && (WORDS_MIN..=WORDS_MAX).contains(&c.words);
        if all.iter().filter(|c| fits(c)).count() >= wanted {
            return all.into_iter().filter(fits).collect();
        }
    }
    all.into_iter().filter(|candidate| !candidate.content.is_empty()).collect()
}

fn score(candidates: &mut Vec<Candidate>, sentences: &[Sentence]) {
    score_keywords(candidates);
    if candidates.len() > COMPARED_MAX {
        candidates.sort_by(|a, b| b.keywords.total_cmp(&a.keywords));
        candidates.truncate(COMPARED_MAX);
        candidates.sort_by_key(|candidate| candidate.sentence);
    }
    let centrality = centrality(candidates);
    let keywords_max = largest(candidates.iter().map(|candidate| candidate.keywords));
    let centrality_max = largest(centrality.iter().copied());
    for (candidate, centrality) in candidates.iter_mut().zip(centrality) {
        let position = ratio(candidate.sentence, sentences.len());
        let opening = 1.0 + OPENING_WEIGHT * (-position / OPENING_SHARE).exp();
        let length = (candidate.words as f32 / FULL_WORDS).min(1.0);
        let said = &sentences[candidate.sentence].text;
        let asks = said.trim_end().ends_with(['?', '？']);
        let tone = if asks { QUESTION_FACTOR } else { 1.0 } * style(said, &tidied(said));
        let meaning = centrality / centrality_max + KEYWORD_WEIGHT * candidate.keywords / keywords_max;
        candidate.relevance = meaning * opening * length * tone;
    }
    let relevance_max = largest(candidates.iter().map(|candidate| candidate.relevance));
    for candidate in candidates {
        candidate.relevance /= relevance_max;
    }
}

fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

/// The largest value, or 1 where there is none to divide by.
fn largest(values: impl Iterator<Item = f32>) -> f32 {
    let max = values.fold(0.0_f32, f32::max);
    if max > 0.0 { max } else { 1.0 }
}

/// Scores each sentence by its words that other sentences use too, each once, damped by the logarithm.
fn score_keywords(candidates: &mut [Candidate]) {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for candidate in candidates.iter() {
        for word in distinct(&candidate.content) {
            *uses.entry(word).or_default() += 1;
        }
    }
    let weight =
        |word: &str| uses.get(word).filter(|count| **count > 1).map_or(0.0, |count| (*count as f32).ln_1p());
    let keywords: Vec<f32> = candidates
        .iter()
        .map(|candidate| distinct(&candidate.content).into_iter().map(weight).sum())
        .collect();
    for (candidate, keywords) in candidates.iter_mut().zip(keywords) {
        candidate.keywords = keywords;
    }
}

/// The words in order of first use, each once, so that sums do not depend on hash order.
fn distinct(words: &[String]) -> Vec<&str> {
    let mut seen = HashSet::new();
    words.iter().map(String::as_str).filter(|word| seen.insert(*word)).collect()
}

/// PageRank over the graph of similar sentences.
fn centrality(candidates: &[Candidate]) -> Vec<f32> {
    let count = candidates.len();
    let mut links: Vec<Vec<(usize, f32)>> = vec![Vec::new(); count];
    for a in 0..count {
        for b in a + 1..count {
            let similarity = dot(&candidates[a].vector, &candidates[b].vector);
            if similarity > SIMILARITY_MIN {
                links[a].push((b, similarity));
                links[b].push((a, similarity));
            }
        }
    }
    let totals: Vec<f32> = links.iter().map(|links| links.iter().map(|(_, weight)| weight).sum()).collect();
    let mut ranks = vec![1.0_f32; count];
    for _ in 0..ROUNDS {
        let mut next = vec![1.0 - DAMPING; count];
        for (from, links) in links.iter().enumerate() {
            for (to, weight) in links {
                next[*to] += DAMPING * ranks[from] * weight / totals[from];
            }
        }
        ranks = next;
    }
    ranks
}

/// Chooses candidates by maximal marginal relevance, one after the other.
struct Choice<'a> {
    candidates: &'a [Candidate],
    taken: Vec<bool>,
    /// Each candidate's greatest similarity to anything chosen so far.
    closeness: Vec<f32>,
}

impl<'a> Choice<'a> {
    fn new(candidates: &'a [Candidate]) -> Self {
        Self { candidates, taken: vec![false; candidates.len()], closeness: vec![0.0; candidates.len()] }
    }

    fn next(&mut self) -> Option<usize> {
        let gain = |index: usize| {
            RELEVANCE_SHARE * self.candidates[index].relevance
                - (1.0 - RELEVANCE_SHARE) * self.closeness[index]
        };
        let open = (0..self.candidates.len()).filter(|index| !self.taken[*index]);
        // Of equals the earlier one: max_by keeps the last, so the order is reversed.
        let best = open.rev().max_by(|a, b| gain(*a).total_cmp(&gain(*b)))?;
        self.taken[best] = true;
        let chosen = &self.candidates[best];
        for (index, other) in self.candidates.iter().enumerate() {
            // Said in the same words it is the same sentence, whatever the embedding thinks.
            if other.content == chosen.content {
                self.taken[index] = true;
            }
            self.closeness[index] = self.closeness[index].max(dot(&chosen.vector, &other.vector));
        }
        Some(best)
    }
}
