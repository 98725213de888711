//! Sentences of a passage: the stretches a hit can point at.
//!
//! Recognition and caption files break lines where breath or screen ends. The parts of one sentence are joined, so that
//! each moment says something by itself and begins where the sentence begins.

use crate::chunking::ChunkSpan;
use crate::model::Span;

/// A moment is closed at the next border once it has this many characters, whether or not the sentence goes on.
const CHARS_ENOUGH: usize = 160;
/// Shorter moments ("Yes.", "Okay.") join the next sentence of the same speaker.
const CHARS_MIN: usize = 12;
/// A pause that separates moments of one speaker.
const PAUSE_MS: i64 = 2_000;

/// Joins the spans of a passage, which lie in order of the text, into moments.
pub(crate) fn moments(text: &str, spans: &[ChunkSpan]) -> Vec<Span> {
    let chars: Vec<char> = text.chars().collect();
    let mut moments: Vec<Span> = Vec::new();
    let mut open = false;
    for span in spans {
        let joins = |last: &Span| last.speaker == span.speaker && span.start_ms - last.end_ms < PAUSE_MS;
        match moments.last_mut().filter(|last| open && joins(last)) {
            Some(last) => {
                last.char_end = span.char_end;
                last.end_ms = last.end_ms.max(span.end_ms);
            }
            None => moments.push(Span {
                char_start: span.char_start,
                char_end: span.char_end,
                start_ms: span.start_ms,
                end_ms: span.end_ms,
                speaker: span.speaker.clone(),
            }),
        }
        let Some(last) = moments.last() else { continue };
        let length = last.char_end - last.char_start;
        let ended =
            last.char_end.checked_sub(1).and_then(|at| chars.get(at)).is_some_and(|c| ends_sentence(*c));
        open = length < CHARS_MIN || (!ended && length < CHARS_ENOUGH);
    }
    moments
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '"' | '\u{201d}' | '»' | '。' | '！' | '？' | '｡' | '」')
}

/// The text of a moment.
pub(crate) fn text_of(text: &str, span: &Span) -> String {
    text.chars().skip(span.char_start).take(span.char_end.saturating_sub(span.char_start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunking::{ChunkInput, ChunkOptions, chunk};

    fn moments_of(lines: &[(&str, &str, i64)]) -> Vec<(String, i64, i64)> {
        let inputs: Vec<ChunkInput> = lines
            .iter()
            .enumerate()
            .map(|(segment_index, (speaker, text, start_ms))| ChunkInput {
                segment_index,
                start_ms: *start_ms,
                end_ms: start_ms + 1_000,
                speaker: Some((*speaker).to_owned()),
                text: (*text).to_owned(),
            })
            .collect();
        let chunks = chunk(&inputs, ChunkOptions::default());
        let joined = |draft: &crate::chunking::ChunkDraft| {
            let spans = moments(&draft.text, &draft.spans);
            spans
                .iter()
                .map(|span| (text_of(&draft.text, span), span.start_ms, span.end_ms))
                .collect::<Vec<_>>()
        };
        chunks.iter().flat_map(joined).collect()
    }

    #[test]
    fn lines_of_one_sentence_become_one_moment() {
        let found = moments_of(&[
            ("A", "We looked at the", 0),
            ("A", "numbers of last quarter.", 1_000),
            ("A", "They were good.", 2_000),
            ("B", "All of them?", 3_000),
        ]);
        let texts: Vec<_> = found.iter().map(|(text, start, _)| (text.as_str(), *start)).collect();
        assert_eq!(
            texts,
            [
                ("We looked at the numbers of last quarter.", 0),
                ("They were good.", 2_000),
                ("All of them?", 3_000)
            ]
        );
        assert_eq!(found[0].2, 2_000);
    }

    #[test]
    fn a_nod_joins_what_follows_and_a_pause_separates() {
        let found = moments_of(&[
            ("A", "Okay.", 0),
            ("A", "Let us begin with the budget.", 1_000),
            ("A", "and then", 9_000),
        ]);
        let texts: Vec<_> = found.iter().map(|(text, ..)| text.as_str()).collect();
        assert_eq!(texts, ["Okay. Let us begin with the budget.", "and then"]);
    }
}
