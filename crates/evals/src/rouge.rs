//! ROUGE (Lin 2004) as the Python package `rouge-score` counts it with stemming, which is what papers quote.

mod porter;

use std::collections::HashMap;

use serde::Serialize;

/// Three F1 scores of a summary against a reference, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rouge {
    /// Shared words.
    pub rouge1: f64,
    /// Shared pairs of neighbouring words.
    pub rouge2: f64,
    /// The longest common subsequence of the whole texts (`rougeL`, not `rougeLsum`, which goes sentence by sentence).
    #[serde(rename = "rougeL")]
    pub rouge_l: f64,
}

/// Scores a summary.
pub fn rouge(reference: &str, summary: &str) -> Rouge {
    let (reference, summary) = (tokens(reference), tokens(summary));
    let longest = longest_common_subsequence(&reference, &summary);
    Rouge { rouge_l: f1(longest, reference.len(), summary.len()), ..rouge_of(&reference, &summary) }
}

/// The scores of stems, without the longest common subsequence, which takes longest to find.
pub(crate) fn rouge_of(reference: &[String], summary: &[String]) -> Rouge {
    let shared = |length| shared_f1(reference, summary, length);
    Rouge { rouge1: shared(1), rouge2: shared(2), rouge_l: 0.0 }
}

/// The best score against any of several references, for each measure by itself; 0 without one.
pub fn best_rouge<'a>(references: impl IntoIterator<Item = &'a str>, summary: &str) -> Rouge {
    references.into_iter().map(|reference| rouge(reference, summary)).fold(Rouge::default(), |best, next| {
        Rouge {
            rouge1: best.rouge1.max(next.rouge1),
            rouge2: best.rouge2.max(next.rouge2),
            rouge_l: best.rouge_l.max(next.rouge_l),
        }
    })
}

/// The mean of scores; 0 of none.
pub fn mean_rouge(scores: &[Rouge]) -> Rouge {
    #[expect(clippy::cast_precision_loss, reason = "counts of summaries are far below 2^53")]
    let mean = |part: fn(&Rouge) -> f64| scores.iter().map(part).sum::<f64>() / scores.len().max(1) as f64;
    Rouge {
        rouge1: mean(|score| score.rouge1),
        rouge2: mean(|score| score.rouge2),
        rouge_l: mean(|score| score.rouge_l),
    }
}

/// The stems of a text's words: runs of ASCII letters and digits; those of three letters and fewer stay as they are.
pub fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| if word.len() > 3 { porter::stem(word) } else { word.to_owned() })
        .collect()
}

fn shared_f1(reference: &[String], summary: &[String], length: usize) -> f64 {
    let mut counts: HashMap<&[String], usize> = HashMap::new();
    for gram in reference.windows(length) {
        *counts.entry(gram).or_default() += 1;
    }
    let mut shared = 0;
    for gram in summary.windows(length) {
        if let Some(left) = counts.get_mut(gram).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    let grams = |words: &[String]| (words.len() + 1).saturating_sub(length);
    f1(shared, grams(reference), grams(summary))
}

fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (at, other) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

fn f1(shared: usize, reference: usize, summary: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of words are far below 2^53")]
    let share = |of: usize| shared as f64 / of.max(1) as f64;
    let (recall, precision) = (share(reference), share(summary));
    if shared == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

#[cfg(test)]
mod tests;
