use super::word_count;
use crate::rouge::{rouge_of, tokens};

/// The extractive oracle: of the sentences that still fit, the one that raises ROUGE-1 and ROUGE-2 together most is added
/// until none raises them (Nallapati, Zhai and Zhou 2017).
pub fn oracle(sentences: &[String], reference: &str, words_max: usize) -> String {
    let reference = tokens(reference);
    let stems: Vec<Vec<String>> = sentences.iter().map(|sentence| tokens(sentence)).collect();
    let score = |chosen: &[usize]| {
        let summary: Vec<String> = chosen.iter().flat_map(|index| stems[*index].iter().cloned()).collect();
        let score = rouge_of(&reference, &summary);
        score.rouge1 + score.rouge2
    };
    let mut chosen: Vec<usize> = Vec::new();
    let (mut best, mut left) = (0.0, words_max);
    loop {
        let fits = |index: &usize| !chosen.contains(index) && word_count(&sentences[*index]) <= left;
        let added = (0..sentences.len()).filter(fits).map(|index| {
            let mut with = chosen.clone();
            with.push(index);
            with.sort_unstable();
            (score(&with), index)
        });
        let Some((next, index)) = added.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))) else { break };
        if next <= best {
            break;
        }
        best = next;
        left -= word_count(&sentences[index]);
        chosen.push(index);
        chosen.sort_unstable();
    }
    chosen.into_iter().map(|index| sentences[index].as_str()).collect::<Vec<_>>().join(" ")
}
