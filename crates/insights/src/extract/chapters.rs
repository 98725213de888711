//! Chapters: where a recording turns to something else.
//!
//! The sentences are gathered into blocks of equal length, and the blocks are divided into consecutive stretches so that
//! the embeddings within each differ least from their mean: the exact optimum, by dynamic programming (after Utiyama and
//! Isahara 2001; the scatter as cost after Alemi and Ginsparg 2015). A mild preference for even lengths keeps a
//! digression from becoming a chapter. Hearst's TextTiling (1997), which looks at one border at a time, did worse on
//! meetings.

use super::sentences::Sentence;
use super::titles::titles;
use super::vectors::{add_scaled, unit};
use super::words::{content_words, count_words};

/// A stretch of a recording about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// A few words from the chapter itself, never empty.
    pub title: String,
    /// Where it begins, in milliseconds.
    pub start_ms: i64,
    /// Where it ends, which is where the next begins, in milliseconds.
    pub end_ms: i64,
}

/// Words to a block.
const BLOCK_WORDS: usize = 50;
/// Longer recordings get longer blocks, so that the search stays within a moment.
const BLOCKS_MAX: usize = 400;
/// The least blocks of a chapter: about two minutes of speech.
const CHAPTER_BLOCKS_MIN: usize = 5;
/// Chapters grow with the square root of the minutes: 2 at ten minutes, 3 at half an hour, 5 at an hour.
const CHAPTERS_PER_ROOT_MINUTE: f64 = 0.6;
/// How much an uneven chapter costs, in units of a typical block's scatter.
const UNEVEN_COST: f64 = 0.5;

/// Divides a recording of `duration_ms` into chapters that cover it from 0 to its end without gaps. Their number follows
/// from the duration; a recording too short to divide is one chapter, one in which nothing is said has none. Without
/// embeddings the chapters are of even length. Sentences are expected in order of time.
pub fn chapters(sentences: &[Sentence], duration_ms: i64) -> Vec<Chapter> {
    if sentences.is_empty() {
        return Vec::new();
    }
    let starts = chapter_starts(sentences, duration_ms);
    let parts: Vec<&[Sentence]> = starts
        .iter()
        .enumerate()
        .map(|(index, &start)| &sentences[start..starts.get(index + 1).copied().unwrap_or(sentences.len())])
        .collect();
    let end_ms = sentences.iter().map(|sentence| sentence.end_ms).max().unwrap_or(0).max(duration_ms);
    let begin = |index: usize| if index == 0 { 0 } else { sentences[starts[index]].start_ms };
    titles(&parts)
        .into_iter()
        .enumerate()
        .map(|(index, title)| {
            let end_ms = if index + 1 < starts.len() { begin(index + 1) } else { end_ms };
            Chapter { title, start_ms: begin(index), end_ms }
        })
        .collect()
}

/// The indexes of the sentences that open a chapter; the first is 0.
pub fn chapter_starts(sentences: &[Sentence], duration_ms: i64) -> Vec<usize> {
    let blocks = blocks(sentences);
    let minutes = duration_ms.max(0) as f64 / 60_000.0;
    let wanted = (CHAPTERS_PER_ROOT_MINUTE * minutes.sqrt()).round() as usize;
    let count = wanted.min(blocks.len() / CHAPTER_BLOCKS_MIN).max(1);
    if count == 1 {
        return vec![0];
    }
    let vectors = block_vectors(sentences, &blocks);
    divide(&vectors, count).into_iter().map(|block| blocks[block].0).collect()
}

/// Ranges of sentences, first inclusive and last exclusive, of about equally many words.
fn blocks(sentences: &[Sentence]) -> Vec<(usize, usize)> {
    let words: Vec<usize> = sentences.iter().map(|sentence| count_words(&sentence.text)).collect();
    let size = BLOCK_WORDS.max(words.iter().sum::<usize>().div_ceil(BLOCKS_MAX));
    let mut blocks = Vec::new();
    let (mut first, mut held) = (0, 0);
    for (index, count) in words.iter().enumerate() {
        held += count;
        if held >= size || index + 1 == words.len() {
            blocks.push((first, index + 1));
            (first, held) = (index + 1, 0);
        }
    }
    blocks
}

/// The direction of each block: its sentences weighted by the root of their content words, less what all blocks share.
fn block_vectors(sentences: &[Sentence], blocks: &[(usize, usize)]) -> Vec<Vec<f32>> {
    let dimensions = sentences.iter().map(|sentence| sentence.embedding.len()).max().unwrap_or(0);
    let mut vectors: Vec<Vec<f32>> = blocks
        .iter()
        .map(|&(first, last)| {
            let mut sum = vec![0.0; dimensions];
            for sentence in &sentences[first..last] {
                let weight = (content_words(&sentence.text).len() as f32).sqrt();
                add_scaled(&mut sum, &unit(&sentence.embedding), weight);
            }
            unit(&sum)
        })
        .collect();
    let mut mean = vec![0.0; dimensions];
    for vector in &vectors {
        add_scaled(&mut mean, vector, 1.0 / blocks.len().max(1) as f32);
    }
    for vector in &mut vectors {
        add_scaled(vector, &mean, -1.0);
    }
    vectors
}

/// The first blocks of the `count` stretches with the least cost in all.
fn divide(vectors: &[Vec<f32>], count: usize) -> Vec<usize> {
    let blocks = vectors.len();
    let cost = stretch_costs(vectors, count);
    let mut best = vec![vec![f64::INFINITY; blocks + 1]; count + 1];
    let mut from = vec![vec![0_usize; blocks + 1]; count + 1];
    best[0][0] = 0.0;
    for stretch in 1..=count {
        for end in stretch * CHAPTER_BLOCKS_MIN..=blocks {
            for start in (stretch - 1) * CHAPTER_BLOCKS_MIN..=end - CHAPTER_BLOCKS_MIN {
                let total = best[stretch - 1][start] + cost[start][end - start];
                if total < best[stretch][end] {
                    best[stretch][end] = total;
                    from[stretch][end] = start;
                }
            }
        }
    }
    let mut starts = vec![0; count];
    let mut end = blocks;
    for stretch in (1..=count).rev() {
        end = from[stretch][end];
        starts[stretch - 1] = end;
    }
    starts
}

/// For each first block and length, how much the blocks differ from their mean, and how uneven the length is.
fn stretch_costs(vectors: &[Vec<f32>], count: usize) -> Vec<Vec<f64>> {
    let blocks = vectors.len();
    let squares: Vec<f64> = vectors.iter().map(|vector| squared(vector)).collect();
    let typical = median(&squares).max(f64::EPSILON);
    let even = blocks as f64 / count as f64;
    (0..blocks)
        .map(|start| {
            let mut sum = vec![0.0_f32; vectors[start].len()];
            let mut scatter = 0.0;
            let mut costs = vec![0.0];
            for end in start..blocks {
                add_scaled(&mut sum, &vectors[end], 1.0);
                scatter += squares[end];
                let length = (end + 1 - start) as f64;
                let uneven = (length / even - 1.0).powi(2);
                costs.push((scatter - squared(&sum) / length) / typical + UNEVEN_COST * uneven);
            }
            costs
        })
        .collect()
}

fn squared(vector: &[f32]) -> f64 {
    vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
