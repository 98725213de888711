//! Rankings beside ones worked out passage by passage.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A passage as it is made up: its transcript, how long it is, whose it is, and how often it has the words a to d.
#[derive(Debug, Clone)]
struct MadeUp {
    id: Uuid,
    transcript: u128,
    length: u16,
    private_to: Option<Uuid>,
    said: [u16; 4],
    about: [bool; 4],
}

const LEXEMES: [&str; 4] = ["a", "b", "c", "d"];
const COUNT: usize = 5;

fn made_up() -> impl Strategy<Value = Vec<MadeUp>> {
    let said = prop::array::uniform4(prop_oneof![3 => Just(0_u16), 1 => 1..4_u16]);
    let about = prop::array::uniform4(prop::bool::weighted(0.1));
    let private_to = prop::option::weighted(0.3, (1..3_u128).prop_map(Uuid::from_u128));
    let passage = (any::<u128>(), 1..60_u16, private_to, said, about);
    prop::collection::vec((passage, 0..2_u128), 1..40).prop_map(|passages| {
        let mut transcript = 0;
        let made = passages.into_iter().map(|((id, length, private_to, said, about), step)| {
            transcript += step;
            MadeUp { id: Uuid::from_u128(id), transcript, length, private_to, said, about }
        });
        made.collect()
    })
}

/// As PostgreSQL sends it.
fn vector(counts: impl Iterator<Item = (&'static str, u16)>) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    for (lexeme, count) in counts.filter(|(_, count)| *count > 0) {
        bytes.extend(lexeme.as_bytes());
        bytes.push(0);
        bytes.extend(count.to_be_bytes());
        bytes.extend((1..=count).flat_map(u16::to_be_bytes));
    }
    bytes
}

fn words_of(passages: &[MadeUp]) -> Words {
    let mut words = Words::default();
    for passage in passages {
        words.push(&Passage {
            id: passage.id,
            transcript_id: Uuid::from_u128(passage.transcript),
            length: passage.length,
            configuration: "simple".to_owned(),
            private_to: passage.private_to.map(Some),
            said: vector(LEXEMES.into_iter().zip(passage.said)),
            about: vector(LEXEMES.into_iter().zip(passage.about.map(u16::from))),
        });
    }
    words.finish();
    words
}

/// How often a passage has a word, its context counted as once.
fn occurrences(passage: &MadeUp, lexeme: usize) -> f64 {
    f64::from(passage.said[lexeme]) + f64::from(u8::from(passage.about[lexeme]))
}

fn bm25(occurrences: f64, relative_length: f64) -> f64 {
    occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * relative_length))
}

/// The best by their own words, and all that can be seen with what lies around them, from the definition.
fn expected(passages: &[MadeUp], reader: Uuid, query: &[usize]) -> (Vec<Uuid>, BTreeMap<Uuid, f64>) {
    let seen: Vec<&MadeUp> =
        passages.iter().filter(|p| p.private_to.is_none_or(|owner| owner == reader)).collect();
    let holders = |lexeme: usize| seen.iter().filter(move |p| occurrences(p, lexeme) > 0.0);
    let rarity = |lexeme: usize| {
        let holders = holders(lexeme).count() as f64;
        (1.0 + (passages.len() as f64 - holders + 0.5) / (holders + 0.5)).ln()
    };
    let lengths: Vec<f64> = query.iter().flat_map(|l| holders(*l)).map(|p| f64::from(p.length)).collect();
    let mean = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
    let own = |p: &MadeUp| {
        query.iter().map(|l| rarity(*l) * bm25(occurrences(p, *l), f64::from(p.length) / mean)).sum::<f64>()
    };
    let mut best: Vec<(f64, Uuid)> =
        seen.iter().map(|p| (own(p), p.id)).filter(|(words, _)| *words > 0.0).collect();
    best.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    best.truncate(COUNT);
    let around = |p: &MadeUp| {
        let place = passages.iter().position(|other| other.id == p.id).unwrap();
        let near = passages.iter().enumerate().filter(move |(other, _)| other.abs_diff(place) <= 2);
        let p = p.clone();
        near.filter(move |(_, other)| other.transcript == p.transcript)
            .map(move |(other, q)| (q.clone(), [1.0, 0.5, 0.3][other.abs_diff(place)]))
    };
    let length = |p: &MadeUp| around(p).map(|(q, share)| share * f64::from(q.length)).sum::<f64>();
    let mean = seen.iter().map(|p| length(p)).sum::<f64>() / seen.len().max(1) as f64;
    let lent = |p: &MadeUp| {
        let of = |l: usize| around(p).map(|(q, share)| share * occurrences(&q, l)).sum::<f64>();
        query.iter().map(|l| rarity(*l) * bm25(of(*l), length(p) / mean)).sum::<f64>()
    };
    (best.into_iter().map(|(_, id)| id).collect(), seen.iter().map(|p| (p.id, lent(p))).collect())
}

proptest! {
    #[test]
    fn a_ranking_is_what_its_definition_says_for_each_reader(
        passages in made_up(),
        query in prop::sample::subsequence(vec![0_usize, 1, 2, 3], 1..4),
        reader in (1..4_u128).prop_map(Uuid::from_u128),
    ) {
        let words = words_of(&passages);
        let terms: Vec<Term> = query
            .iter()
            .map(|lexeme| Term {
                configuration: "simple".to_owned(),
                lexeme: LEXEMES[*lexeme].to_owned(),
                place: i16::try_from(*lexeme).unwrap(),
            })
            .collect();
        let all: Vec<Uuid> = passages.iter().map(|passage| passage.id).collect();
        let (best, lent) = expected(&passages, reader, &query);
        // All are asked about, so that the mean length is that of all.
        let ranking = words.rank(Reader::Person(reader), &terms, COUNT, &all);
        let mut chosen = ranking.ids[..ranking.best].to_vec();
        let order: Vec<f64> = ranking.words[..ranking.best].to_vec();
        prop_assert!(order.is_sorted_by(|one, other| one >= other));
        // Of those that are level, one is as good as another.
        if !ranking.is_cut {
            let mut best = best;
            best.sort();
            chosen.sort();
            prop_assert_eq!(chosen, best);
        }
        for (id, words) in ranking.ids.iter().zip(&ranking.words) {
            prop_assert!((words - lent[id]).abs() < 1e-6, "{} is not {}", words, lent[id]);
        }
        let found = lent.values().filter(|words| **words > 0.0).count();
        prop_assert_eq!(ranking.ids.len(), found, "nothing is missing, and nothing is there that is not to be seen");
    }
}
