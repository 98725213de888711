//! Turns transcript lines, whose borders follow breath and screen width, into sentences with times.
//!
//! Lines of one speaker are read as one stream of words; sentence punctuation ends a sentence wherever it stands in a
//! line, and a second inside a line is interpolated by characters. Transcripts without punctuation (many caption
//! files) are cut at pauses and at a readable length instead.

use super::words::{is_abbreviation, is_backchannel};

/// A transcript line as it was heard or captioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words, with whatever punctuation there is.
    pub text: String,
    /// When it begins, in milliseconds.
    pub start_ms: i64,
    /// When it ends, in milliseconds.
    pub end_ms: i64,
    /// Which voice spoke, as an index of the caller's choosing.
    pub speaker: Option<usize>,
}

/// One sentence of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// The words as they were transcribed.
    pub text: String,
    /// When its first word begins, in milliseconds.
    pub start_ms: i64,
    /// When its last word ends, in milliseconds.
    pub end_ms: i64,
    /// The speaker of its lines.
    pub speaker: Option<usize>,
    /// The sentence's vector; empty until the caller fills it in. All sentences of one call need one model.
    pub embedding: Vec<f32>,
}

/// Beyond this many words a sentence is cut at its best inner border, so that one speaker who is never given a full
/// stop does not become one unquotable sentence.
const SENTENCE_WORDS_MAX: usize = 60;
/// Without punctuation a sentence is closed at the next line border once it has this many words.
const UNPUNCTUATED_WORDS: usize = 18;
/// A silence that ends a sentence where there is no punctuation to do it.
const PAUSE_MS: i64 = 900;
/// A silence that ends a sentence whatever the punctuation says.
const LONG_PAUSE_MS: i64 = 4_000;
/// A transcript with fewer sentence ends than one in this many words counts as unpunctuated.
const WORDS_PER_SENTENCE_END: usize = 50;

struct Word<'a> {
    text: &'a str,
    start_ms: i64,
    end_ms: i64,
    pause_before_ms: i64,
    opens_line: bool,
}

/// Splits and merges transcript lines into sentences, in order of time, with empty embeddings.
///
/// Lines need not be sorted; empty ones are skipped, and an end before its start is read as no duration. No word is
/// lost: the sentences' words are the lines' words.
pub fn split_sentences(lines: &[Line]) -> Vec<Sentence> {
    let mut ordered: Vec<&Line> = lines.iter().filter(|line| !line.text.trim().is_empty()).collect();
    ordered.sort_by_key(|line| line.start_ms);
    let punctuated = is_punctuated(&ordered);

    let mut sentences = Vec::new();
    for turn in turns(&ordered) {
        split_turn(&turn, punctuated, &mut sentences);
    }
    sentences.sort_by_key(|sentence| sentence.start_ms);
    sentences
}

fn is_punctuated(lines: &[&Line]) -> bool {
    let words = lines.iter().flat_map(|line| line_words(&line.text));
    let (count, ends) =
        words.fold((0, 0), |(count, ends), word| (count + 1, ends + usize::from(has_stop(word))));
    ends * WORDS_PER_SENTENCE_END >= count
}

/// Groups lines into turns of one speaker. Somebody else's "mm-hmm" does not end a turn whose sentence is still open.
fn turns<'a>(lines: &[&'a Line]) -> Vec<Vec<&'a Line>> {
    let mut turns: Vec<Vec<&Line>> = Vec::new();
    let mut current: Vec<&Line> = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i];
        match current.last() {
            Some(last) if last.speaker == line.speaker => current.push(line),
            Some(last) if interjected(last, line, lines.get(i + 1).copied()) => turns.push(vec![line]),
            _ => {
                if !current.is_empty() {
                    turns.push(std::mem::take(&mut current));
                }
                current.push(line);
            }
        }
        i += 1;
    }
    if !current.is_empty() {
        turns.push(current);
    }
    turns
}

fn interjected(before: &Line, line: &Line, after: Option<&Line>) -> bool {
    after.is_some_and(|after| after.speaker == before.speaker)
        && !before.text.trim_end().ends_with(['.', '!', '?', '…'])
        && is_backchannel(&line.text)
}

fn split_turn(turn: &[&Line], punctuated: bool, sentences: &mut Vec<Sentence>) {
    let words = timed_words(turn);
    let speaker = turn.first().and_then(|line| line.speaker);
    let mut first = 0;
    for i in 0..words.len() {
        let closes =
            words.get(i + 1).is_none_or(|next| ends_here(&words[i], next, i + 1 - first, punctuated));
        if closes {
            for piece in capped(&words[first..=i]) {
                sentences.push(sentence_of(piece, speaker));
            }
            first = i + 1;
        }
    }
}

fn ends_here(word: &Word<'_>, next: &Word<'_>, length: usize, punctuated: bool) -> bool {
    if next.pause_before_ms >= LONG_PAUSE_MS {
        return true;
    }
    if ends_sentence(word.text, next.text) {
        return true;
    }
    !punctuated && next.opens_line && (next.pause_before_ms >= PAUSE_MS || length >= UNPUNCTUATED_WORDS)
}

fn ends_sentence(word: &str, next: &str) -> bool {
    let bare = word.trim_end_matches(is_closing);
    if bare.ends_with(['!', '?', '。', '！', '？', '｡']) {
        return !next.starts_with(is_punctuation);
    }
    let Some(stem) = bare.strip_suffix(['.', '…']) else { return false };
    let continues = next.starts_with(|c: char| c.is_lowercase() || is_punctuation(c));
    let abbreviated = bare.ends_with('.') && is_abbreviation(stem, next);
    !continues && !abbreviated
}

fn has_stop(word: &str) -> bool {
    word.trim_end_matches(is_closing).ends_with(['.', '!', '?', '…', '。', '！', '？', '｡'])
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '\u{201d}' | '\u{2019}' | '»' | '」' | '』')
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | '…')
}

/// Cuts an overlong sentence into pieces of at most [`SENTENCE_WORDS_MAX`] words, at the comma or longest pause nearest
/// its middle.
fn capped<'a, 'b>(words: &'b [Word<'a>]) -> Vec<&'b [Word<'a>]> {
    let mut pieces = Vec::new();
    let mut rest = words;
    while rest.len() > SENTENCE_WORDS_MAX {
        let window = SENTENCE_WORDS_MAX / 3..SENTENCE_WORDS_MAX;
        let cut = window
            .max_by_key(|&i| {
                let comma = rest[i - 1].text.ends_with([',', ';', ':']);
                (rest[i].pause_before_ms, comma, rest[i].opens_line, i)
            })
            .unwrap_or(SENTENCE_WORDS_MAX);
        let (piece, tail) = rest.split_at(cut);
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

fn sentence_of(words: &[Word<'_>], speaker: Option<usize>) -> Sentence {
    let mut text = String::new();
    for word in words {
        // Text that is written without spaces was cut behind its full stops and must not gain any.
        if !text.is_empty() && !text.ends_with(['。', '！', '？', '｡']) {
            text.push(' ');
        }
        text.push_str(word.text);
    }
    let start_ms = words.first().map_or(0, |word| word.start_ms);
    let end_ms = words.iter().map(|word| word.end_ms).max().unwrap_or(start_ms);
    Sentence { text, start_ms, end_ms, speaker, embedding: Vec::new() }
}

fn timed_words<'a>(turn: &[&'a Line]) -> Vec<Word<'a>> {
    let mut words = Vec::new();
    let mut last_end_ms = turn.first().map_or(0, |line| line.start_ms);
    for line in turn {
        let duration_ms = line.end_ms.saturating_sub(line.start_ms).max(0);
        let length = i64::try_from(line.text.len()).unwrap_or(i64::MAX).max(1);
        let at = |offset: usize| {
            let offset = i128::try_from(offset).unwrap_or(0);
            let passed = i128::from(duration_ms) * offset / i128::from(length);
            line.start_ms.saturating_add(i64::try_from(passed).unwrap_or(0))
        };
        let mut pause_before_ms = line.start_ms.saturating_sub(last_end_ms).max(0);
        let mut opens_line = true;
        for text in line_words(&line.text) {
            let offset = text.as_ptr() as usize - line.text.as_ptr() as usize;
            words.push(Word {
                text,
                start_ms: at(offset),
                end_ms: at(offset + text.len()),
                pause_before_ms,
                opens_line,
            });
            pause_before_ms = 0;
            opens_line = false;
        }
        last_end_ms = last_end_ms.max(line.start_ms.saturating_add(duration_ms));
    }
    words
}

/// The words of a line; text without spaces is cut behind its full stops.
fn line_words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|word| word.split_inclusive(['。', '！', '？', '｡']))
}
