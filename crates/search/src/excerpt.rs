//! What is shown of a passage that was found: its best sentence with the lines around it, and the words that matched.

use crate::model::{Found, Span};
use crate::vectors::similarities;
use std::collections::HashSet;
use std::ops::Range;

/// A line before and after the best sentence is shown while the whole stays within this many characters.
const EXCERPT_CHARS_MAX: usize = 360;

/// The part of a passage that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// Code points of `text`.
    pub(crate) highlights: Vec<Range<usize>>,
    /// When the best sentence begins.
    pub(crate) start_ms: i64,
    /// When it ends.
    pub(crate) end_ms: i64,
    /// Who speaks in the excerpt, in order.
    pub(crate) speakers: Vec<String>,
}

/// Cuts the excerpt of a hit. `query` is the query's vector where meaning was searched.
pub(crate) fn excerpt(found: &Found, query: Option<&[f32]>) -> Excerpt {
    let chars: Vec<char> = found.text.chars().collect();
    let Some(best) = best_span(found, &chars, query) else { return whole(found) };
    let shown = surroundings(&found.spans, best);
    let (from, to) =
        (found.spans[shown.start].char_start, found.spans[shown.end - 1].char_end.min(chars.len()));
    let from = from.min(to);
    let inside = found.matches.iter().filter(|mark| mark.start >= from && mark.end <= to);
    Excerpt {
        text: chars[from..to].iter().collect(),
        highlights: inside.map(|mark| mark.start - from..mark.end - from).collect(),
        start_ms: found.spans[best].start_ms,
        end_ms: found.spans[best].end_ms,
        speakers: names(found, &found.spans[shown]),
    }
}

/// Why a passage was found: by its words, by its meaning, or both; by neither where it is merely the nearest. From `likeness_floor` on it counts
/// as alike, unless it has a floor of its own.
pub(crate) fn matched_by(found: &Found, likeness_floor: f64) -> (bool, bool) {
    let words = found.words_rank.is_some();
    let floor = found.likeness_floor.unwrap_or(likeness_floor);
    let alike = found.similarity.is_some_and(|similarity| similarity >= floor);
    (words, alike)
}

fn whole(found: &Found) -> Excerpt {
    Excerpt {
        text: found.text.clone(),
        highlights: found.matches.clone(),
        start_ms: (found.start_seconds.unwrap_or_default() * 1_000.0) as i64,
        end_ms: (found.end_seconds.unwrap_or_default() * 1_000.0) as i64,
        speakers: names(found, &found.spans),
    }
}

/// The span that says most of what was asked: the share of the matched words that it holds, plus its likeness.
fn best_span(found: &Found, chars: &[char], query: Option<&[f32]>) -> Option<usize> {
    let marks = &found.matches;
    let word = |mark: &Range<usize>| chars[mark.clone()].iter().collect::<String>().to_lowercase();
    let all: HashSet<String> = marks.iter().map(word).collect();
    let alike = match (&found.span_vectors, query) {
        (Some(bytes), Some(query)) => similarities(bytes, query),
        _ => Vec::new(),
    };
    let score = |index: usize, span: &Span| {
        let inside = marks.iter().filter(|mark| mark.start >= span.char_start && mark.end <= span.char_end);
        let held: HashSet<String> = inside.map(word).collect();
        let share = if all.is_empty() { 0.0 } else { held.len() as f32 / all.len() as f32 };
        share + alike.get(index).copied().unwrap_or(0.0)
    };
    let scored = found.spans.iter().enumerate().map(|(index, span)| (index, score(index, span)));
    // Of equals the first one wins: what is said first introduces the rest.
    scored.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(index, _)| index)
}

/// The best span and, where there is room, the ones before and after it.
fn surroundings(spans: &[Span], best: usize) -> Range<usize> {
    let mut shown = best..best + 1;
    let length =
        |range: &Range<usize>| spans[range.end - 1].char_end.saturating_sub(spans[range.start].char_start);
    for wider in [best.saturating_sub(1)..best + 1, shown.start..(best + 2).min(spans.len())] {
        let joined = shown.start.min(wider.start)..shown.end.max(wider.end);
        if length(&joined) <= EXCERPT_CHARS_MAX {
            shown = joined;
        }
    }
    shown
}

fn names(found: &Found, spans: &[Span]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for label in spans.iter().filter_map(|span| span.speaker.as_ref()) {
        let name = found.speaker_names.get(label).unwrap_or(label);
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FoundIn;
    use crate::vectors::push_packed;
    use memoreel_kernel::Timestamp;
    use std::collections::HashMap;
    use uuid::Uuid;

    fn found(sentences: &[(&str, &str)], matching: &[&str]) -> Found {
        let mut text = String::new();
        let mut spans = Vec::new();
        for (index, (speaker, sentence)) in sentences.iter().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            let char_start = text.chars().count();
            text.push_str(sentence);
            let start_ms = index as i64 * 1_000;
            spans.push(Span {
                char_start,
                char_end: text.chars().count(),
                start_ms,
                end_ms: start_ms + 900,
                speaker: Some((*speaker).to_owned()),
            });
        }
        let place = |from: usize, word: &str| {
            let start = text[..from].chars().count();
            start..start + word.chars().count()
        };
        let mut matches: Vec<Range<usize>> = matching
            .iter()
            .flat_map(|word| text.match_indices(word).map(|(from, word)| place(from, word)))
            .collect();
        matches.sort_unstable_by_key(|range| range.start);
        Found {
            chunk_id: Uuid::nil().into(),
            of: FoundIn::Video {
                id: Uuid::nil().into(),
                title: "Title".into(),
                channel_id: None,
                recording: None,
                is_pictured: false,
                is_seen: false,
                is_described: false,
            },
            created_at: Timestamp::UNIX_EPOCH,
            configuration: "english".into(),
            lexemes: Vec::new(),
            matches,
            text,
            is_picture: false,
            start_seconds: Some(0.0),
            end_seconds: Some(9.0),
            spans,
            speaker_names: HashMap::from([("Speaker 1".to_owned(), "Ana".to_owned())]),
            span_vectors: None,
            words_rank: Some(1),
            meaning_rank: None,
            similarity: None,
            likeness_floor: None,
            score: 1.0,
        }
    }

    const TALK: [(&str, &str); 4] = [
        ("Speaker 2", "Good mörning."),
        ("Speaker 1", "The budget grows."),
        ("Speaker 1", "And the budget for travel shrinks."),
        ("Speaker 2", "Why?"),
    ];

    #[test]
    fn the_sentence_with_most_of_the_words_is_the_second() {
        let found = found(&TALK, &["budget", "travel"]);
        let cut = excerpt(&found, None);
        assert_eq!((cut.start_ms, cut.end_ms), (2_000, 2_900));
        assert_eq!(cut.text, "The budget grows. And the budget for travel shrinks. Why?");
        let chars: Vec<char> = cut.text.chars().collect();
        let words: Vec<String> =
            cut.highlights.iter().map(|range| chars[range.clone()].iter().collect()).collect();
        assert_eq!(words, ["budget", "budget", "travel"]);
        assert_eq!(cut.speakers, ["Ana", "Speaker 2"]);
    }

    #[test]
    fn without_matching_words_the_likeliest_sentence_is_the_second() {
        let mut found = found(&TALK, &[]);
        let mut bytes = Vec::new();
        for vector in [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]] {
            push_packed(&mut bytes, Some(&vector), 2);
        }
        found.span_vectors = Some(bytes);
        assert_eq!(excerpt(&found, Some(&[0.0, 1.0])).start_ms, 1_000);
        assert_eq!(excerpt(&found, Some(&[1.0, 0.1])).start_ms, 0);
        assert!(excerpt(&found, Some(&[1.0, 0.1])).highlights.is_empty());
    }

    #[test]
    fn a_passage_without_sentences_is_shown_as_it_is() {
        let mut found = found(&TALK, &[]);
        found.spans.clear();
        let cut = excerpt(&found, None);
        assert_eq!((cut.text.as_str(), cut.start_ms, cut.end_ms), (found.text.as_str(), 0, 9_000));
    }

    #[test]
    fn meaning_is_a_reason_only_where_it_is_alike() {
        let mut hit = found(&TALK, &[]);
        assert_eq!(matched_by(&hit, 0.25), (true, false));
        (hit.meaning_rank, hit.similarity) = (Some(90), Some(0.05));
        assert_eq!(matched_by(&hit, 0.25), (true, false));
        hit.similarity = Some(0.6);
        assert_eq!(matched_by(&hit, 0.25), (true, true));
        (hit.words_rank, hit.similarity) = (None, Some(0.05));
        assert_eq!(matched_by(&hit, 0.25), (false, false), "the nearest, and far away");
    }
}
