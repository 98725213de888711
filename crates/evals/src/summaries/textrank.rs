use std::collections::{HashMap, HashSet};

use super::taken;
use crate::rouge::tokens;

const DAMPING: f64 = 0.85;
const CONVERGED: f64 = 0.000_1;
const ROUNDS_MAX: usize = 100;
/// Stems too common to make sentences alike.
const STOP_STEMS: &str = "a about after all also am an and ani are as at be been but by can could did do don ever for from \
get go had has have he her here him his how i if in into is it just know ll like m me more my no not now of oh okai on \
one or other our out over re realli right s said she so some t than that the their them then there these thei thing \
think thi to too um uh up us ve veri wa we well were what when where which who will with would yeah ye you your";

/// TextRank (Mihalcea and Tarau 2004): PageRank over sentences joined by the stems they share, divided by the logarithms
/// of their lengths.
pub fn textrank(sentences: &[String], words_max: usize) -> String {
    let stop: HashSet<&str> = STOP_STEMS.split_whitespace().collect();
    let stems: Vec<HashSet<String>> = sentences
        .iter()
        .map(|sentence| tokens(sentence).into_iter().filter(|stem| !stop.contains(stem.as_str())).collect())
        .collect();
    let ranks = ranks(&links(&stems));
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    order.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]).then(a.cmp(b)));
    taken(sentences, order, words_max)
}

#[expect(clippy::cast_precision_loss, reason = "counts of words are far below 2^53")]
fn links(stems: &[HashSet<String>]) -> Vec<Vec<(usize, f64)>> {
    let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, stems) in stems.iter().enumerate() {
        for stem in stems {
            users.entry(stem).or_default().push(index);
        }
    }
    let logarithm = |index: usize| (stems[index].len() as f64).ln();
    let mut shared: Vec<HashMap<usize, f64>> = vec![HashMap::new(); stems.len()];
    for users in users.values() {
        for a in users {
            for b in users.iter().filter(|b| *b != a) {
                *shared[*a].entry(*b).or_default() += 1.0;
            }
        }
    }
    shared
        .into_iter()
        .enumerate()
        .map(|(from, others)| {
            let similarity = |to: usize, count: f64| {
                let lengths = logarithm(from) + logarithm(to);
                if lengths > 0.0 { count / lengths } else { 0.0 }
            };
            let mut links: Vec<(usize, f64)> =
                others.into_iter().map(|(to, count)| (to, similarity(to, count))).collect();
            // In order, so that sums are the same from run to run.
            links.sort_unstable_by_key(|(to, _)| *to);
            links
        })
        .collect()
}

fn ranks(links: &[Vec<(usize, f64)>]) -> Vec<f64> {
    let totals: Vec<f64> = links.iter().map(|links| links.iter().map(|(_, weight)| weight).sum()).collect();
    let mut ranks = vec![1.0; links.len()];
    for _ in 0..ROUNDS_MAX {
        let mut next = vec![1.0 - DAMPING; links.len()];
        for (from, links) in links.iter().enumerate().filter(|(from, _)| totals[*from] > 0.0) {
            for (to, weight) in links {
                next[*to] += DAMPING * ranks[from] * weight / totals[from];
            }
        }
        let change =
            ranks.iter().zip(&next).map(|(old, new): (&f64, &f64)| (old - new).abs()).fold(0.0, f64::max);
        ranks = next;
        if change < CONVERGED {
            break;
        }
    }
    ranks
}
