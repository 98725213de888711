//! Cuts a transcript into the passages that are indexed: chunks on segment borders, with speakers and seconds.
//!
//! Meaning is found more precisely in small passages, and words need some context around them: a chunk holds at most
//! [`ChunkOptions::words_max`] words and, once it has [`ChunkOptions::words_min`], ends at the next change of speaker
//! or pause. Each sentence keeps its place in the chunk's text and its times, so that a hit points at the sentence.
//! Pure functions; embedding, storage and ranking are not known here.

/// A transcript segment to index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkInput {
    /// The segment's position in its transcript.
    pub segment_index: usize,
    /// Milliseconds from the start of the recording.
    pub start_ms: i64,
    /// Milliseconds; an end before the start is read as no duration.
    pub end_ms: i64,
    /// The name or label of who speaks.
    pub speaker: Option<String>,
    /// What is said.
    pub text: String,
}

/// How large chunks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkOptions {
    /// No chunk has more words than this; at least 1.
    pub words_max: usize,
    /// From this size on a chunk ends at a change of speaker or a pause.
    pub words_min: usize,
    /// How long a pause is that ends a chunk, in milliseconds.
    pub pause_ms: i64,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self { words_max: 200, words_min: 60, pause_ms: 2_000 }
    }
}

/// A passage ready to be embedded and indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkDraft {
    /// The chunk's position, from 0.
    pub index: usize,
    /// The words of its segments, with single spaces between them and a line break where the speaker changes.
    pub text: String,
    /// When its first word is said, in milliseconds.
    pub start_ms: i64,
    /// When its last word ends, in milliseconds.
    pub end_ms: i64,
    /// Who speaks in it, in order of first word, each once.
    pub speakers: Vec<String>,
    /// The [`ChunkInput::segment_index`] of its first segment.
    pub first_segment: usize,
    /// The [`ChunkInput::segment_index`] of its last segment.
    pub last_segment: usize,
    /// How many words it has.
    pub word_count: usize,
    /// Its sentences, or parts of sentences where a segment ends inside one, in order of the text.
    pub spans: Vec<ChunkSpan>,
}

/// A stretch of a chunk's text and when it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkSpan {
    /// Where it begins in the chunk's text, in Unicode code points.
    pub char_start: usize,
    /// Where it ends, exclusive, in Unicode code points.
    pub char_end: usize,
    /// Milliseconds from the start of the recording; inside a segment interpolated by characters.
    pub start_ms: i64,
    /// Milliseconds from the start of the recording.
    pub end_ms: i64,
    /// Who says it.
    pub speaker: Option<String>,
}

/// A word longer than this is cut, so that text without spaces has places to end a chunk.
const ATOM_CHARS_MAX: usize = 40;
/// A last chunk with fewer words than this joins the one before it where there is room.
const TAIL_WORDS_MIN: usize = 20;

/// A sentence or part of one within one segment.
#[derive(Clone, Debug)]
struct Piece<'a> {
    segment: &'a ChunkInput,
    text: String,
    words: usize,
    start_ms: i64,
    end_ms: i64,
    /// Whether the piece begins its segment.
    opens_segment: bool,
    /// Whether white space stood before the piece.
    spaced: bool,
}

/// Cuts segments into chunks. Sentences are taken in order of their start; segments without text are skipped. No word is
/// lost or repeated, and start times never go backwards.
pub fn chunk(segments: &[ChunkInput], options: ChunkOptions) -> Vec<ChunkDraft> {
    let words_max = options.words_max.max(1);
    let mut ordered: Vec<Piece<'_>> =
        segments.iter().flat_map(|segment| pieces(segment, words_max)).collect();
    // Where people talk at once, their sentences take turns; each segment's own words stay in order.
    ordered.sort_by_key(|piece| piece.start_ms);

    let mut groups: Vec<Vec<Piece<'_>>> = Vec::new();
    let mut current: Vec<Piece<'_>> = Vec::new();
    for piece in ordered {
        if current.last().is_some_and(|last| ends_passage(last, &piece, words(&current), options)) {
            groups.push(std::mem::take(&mut current));
        }
        while !current.is_empty() && words(&current) + piece.words > words_max {
            let rest = current.split_off(best_break(&current, &piece, options.words_min));
            groups.push(std::mem::replace(&mut current, rest));
        }
        current.push(piece);
    }
    if !current.is_empty() {
        groups.push(current);
    }
    join_tail(&mut groups, words_max);
    groups.iter().enumerate().map(|(index, pieces)| draft(index, pieces)).collect()
}

/// Whether a chunk that is large enough ends between two pieces.
fn ends_passage(last: &Piece<'_>, next: &Piece<'_>, words: usize, options: ChunkOptions) -> bool {
    let changes = last.segment.speaker != next.segment.speaker;
    words >= options.words_min.max(1) && (changes || pause(last, next) >= options.pause_ms)
}

fn pause(last: &Piece<'_>, next: &Piece<'_>) -> i64 {
    next.start_ms.saturating_sub(last.end_ms)
}

/// Where a full chunk is cut: at the strongest border behind `words_min` words, the latest of equals, or else at its end.
fn best_break(current: &[Piece<'_>], next: &Piece<'_>, words_min: usize) -> usize {
    let mut before = 0;
    let mut best = (current.len(), (0, false, false));
    for (at, piece) in current.iter().enumerate() {
        before += piece.words;
        let follower = current.get(at + 1).unwrap_or(next);
        if before < words_min && at + 1 < current.len() {
            continue;
        }
        // Pauses below half a second say nothing about the content.
        let strength =
            (pause(piece, follower).max(0) / 500, ends_sentence(&piece.text), follower.opens_segment);
        if strength >= best.1 {
            best = (at + 1, strength);
        }
    }
    best.0.max(1).min(current.len())
}

fn join_tail(groups: &mut Vec<Vec<Piece<'_>>>, words_max: usize) {
    let [.., before, tail] = groups.as_slice() else { return };
    if words(tail) < TAIL_WORDS_MIN && words(before) + words(tail) <= words_max {
        let tail = groups.pop().unwrap_or_default();
        if let Some(before) = groups.last_mut() {
            before.extend(tail);
        }
    }
}

fn words(pieces: &[Piece<'_>]) -> usize {
    pieces.iter().map(|piece| piece.words).sum()
}

fn draft(index: usize, pieces: &[Piece<'_>]) -> ChunkDraft {
    let mut text = String::new();
    let mut chars = 0;
    let mut speakers: Vec<String> = Vec::new();
    let mut spans = Vec::with_capacity(pieces.len());
    let mut last: Option<&Piece<'_>> = None;
    for piece in pieces {
        let speaker = piece.segment.speaker.as_ref();
        if let Some(last) = last {
            let changes = last.segment.speaker.as_ref() != speaker;
            if changes || piece.spaced {
                text.push(if changes { '\n' } else { ' ' });
                chars += 1;
            }
        }
        let char_start = chars;
        text.push_str(&piece.text);
        chars += piece.text.chars().count();
        spans.push(ChunkSpan {
            char_start,
            char_end: chars,
            start_ms: piece.start_ms,
            end_ms: piece.end_ms,
            speaker: speaker.cloned(),
        });
        if let Some(speaker) = speaker.filter(|speaker| !speakers.contains(speaker)) {
            speakers.push(speaker.clone());
        }
        last = Some(piece);
    }
    ChunkDraft {
        index,
        text,
        start_ms: pieces.first().map_or(0, |piece| piece.start_ms),
        end_ms: pieces.iter().map(|piece| piece.end_ms).max().unwrap_or(0),
        speakers,
        first_segment: pieces.iter().map(|piece| piece.segment.segment_index).min().unwrap_or(0),
        last_segment: pieces.iter().map(|piece| piece.segment.segment_index).max().unwrap_or(0),
        word_count: words(pieces),
        spans,
    }
}

/// The sentences of a segment, each of at most `words_max` words.
fn pieces(segment: &ChunkInput, words_max: usize) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut open = false;
    for atom in atoms(&segment.text) {
        let fits = open && pieces.last().is_some_and(|piece| piece.words + atom.words <= words_max);
        let end_ms = time_at(segment, atom.offset + atom.text.len());
        match pieces.last_mut().filter(|_| fits) {
            Some(piece) => {
                if atom.spaced {
                    piece.text.push(' ');
                }
                piece.text.push_str(atom.text);
                piece.words += atom.words;
                piece.end_ms = end_ms;
            }
            None => pieces.push(Piece {
                segment,
                text: atom.text.to_owned(),
                words: atom.words,
                start_ms: time_at(segment, atom.offset),
                end_ms,
                opens_segment: pieces.is_empty(),
                spaced: atom.spaced || pieces.is_empty(),
            }),
        }
        open = !ends_sentence(atom.text);
    }
    // White space around the text is no speech: the segment's own times hold at its ends.
    if let Some(first) = pieces.first_mut() {
        first.start_ms = segment.start_ms;
    }
    if let Some(last) = pieces.last_mut() {
        last.end_ms = time_at(segment, segment.text.len());
    }
    pieces
}

/// When the byte at an offset of a segment's text is said.
fn time_at(segment: &ChunkInput, offset: usize) -> i64 {
    let duration_ms = i128::from(segment.end_ms) - i128::from(segment.start_ms);
    let length = i128::try_from(segment.text.len()).unwrap_or(i128::MAX).max(1);
    let passed = duration_ms.max(0) * i128::try_from(offset).unwrap_or(0) / length;
    segment.start_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
}

/// The smallest stretch of text that is never cut.
struct Atom<'a> {
    text: &'a str,
    offset: usize,
    words: usize,
    /// Whether white space stands before it.
    spaced: bool,
}

fn atoms(text: &str) -> impl Iterator<Item = Atom<'_>> {
    text.split_whitespace().flat_map(move |word| {
        cut_word(word).into_iter().enumerate().map(move |(index, part)| Atom {
            text: part,
            offset: part.as_ptr() as usize - text.as_ptr() as usize,
            words: count_words(part),
            spaced: index == 0,
        })
    })
}

/// A word in parts: behind full stops that need no space after them, and at [`ATOM_CHARS_MAX`].
fn cut_word(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for stretch in word.split_inclusive(['。', '！', '？', '｡']) {
        let mut rest = stretch;
        while let Some((at, _)) = rest.char_indices().nth(ATOM_CHARS_MAX) {
            let (part, tail) = rest.split_at(at);
            parts.push(part);
            rest = tail;
        }
        parts.push(rest);
    }
    parts
}

/// A part counts one word for two Han, kana or Thai characters, and otherwise one in all: text that has no spaces, as where a file is written
/// down in letters, fills passages as well.
fn count_words(part: &str) -> usize {
    let unspaced = part.chars().filter(|c| is_unspaced(*c)).count();
    if unspaced > 0 { unspaced.div_ceil(2) } else { 1 }
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{0e00}'..='\u{0e7f}' | '\u{f900}'..='\u{faff}')
}

fn ends_sentence(text: &str) -> bool {
    let bare = text.trim_end_matches(['"', '\'', ')', ']', '\u{201d}', '\u{2019}', '»', '」']);
    if bare.ends_with(['!', '?', '…', '。', '！', '？', '｡']) {
        return true;
    }
    let Some(stem) = bare.strip_suffix('.') else { return false };
    // "Mr.", "e.g." and initials go on; a full stop that stands by itself ends what was before it.
    let word = stem.rsplit(char::is_whitespace).next().unwrap_or(stem).to_lowercase();
    word.chars().count() != 1
        && !matches!(word.as_str(), "mr" | "mrs" | "ms" | "dr" | "prof" | "st" | "vs" | "e.g" | "i.e" | "etc")
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(index: usize, start_s: i64, end_s: i64, speaker: &str, text: &str) -> ChunkInput {
        ChunkInput {
            segment_index: index,
            start_ms: start_s * 1000,
            end_ms: end_s * 1000,
            speaker: Some(speaker.to_owned()),
            text: text.to_owned(),
        }
    }

    fn words_of(count: usize, stem: &str) -> String {
        (0..count).map(|n| format!("{stem}{n}")).collect::<Vec<_>>().join(" ")
    }

    fn sizes(chunks: &[ChunkDraft]) -> Vec<usize> {
        chunks.iter().map(|chunk| chunk.word_count).collect()
    }

    fn slice(text: &str, span: &ChunkSpan) -> String {
        text.chars().skip(span.char_start).take(span.char_end - span.char_start).collect()
    }

    #[test]
    fn a_short_recording_is_one_chunk_with_a_span_for_each_sentence() {
        let chunks = chunk(
            &[segment(4, 10, 20, "Zoë", "Ünder way. Mr. X agrees."), segment(5, 20, 22, "Ben", "Good.")],
            ChunkOptions::default(),
        );
        let [only] = chunks.as_slice() else { panic!("one chunk, not {}", chunks.len()) };
        assert_eq!(only.text, "Ünder way. Mr. X agrees.\nGood.");
        assert_eq!((only.start_ms, only.end_ms, only.word_count), (10_000, 22_000, 6));
        assert_eq!((only.first_segment, only.last_segment), (4, 5));
        assert_eq!(only.speakers, ["Zoë", "Ben"]);
        let spoken: Vec<_> = only.spans.iter().map(|span| slice(&only.text, span)).collect();
        assert_eq!(spoken, ["Ünder way.", "Mr. X agrees.", "Good."]);
        assert_eq!(only.spans[0].start_ms, 10_000);
        assert_eq!(only.spans[1].start_ms, 10_000 + 10_000 * 12 / 25);
        assert_eq!(only.spans[1].end_ms, 20_000);
        assert_eq!(only.spans[2].speaker.as_deref(), Some("Ben"));
    }

    #[test]
    fn a_large_enough_chunk_ends_where_the_speaker_changes() {
        let chunks = chunk(
            &[
                segment(0, 0, 20, "A", &words_of(40, "a")),
                segment(1, 20, 40, "B", &words_of(30, "b")),
                segment(2, 40, 60, "B", &words_of(30, "c")),
                segment(3, 60, 80, "A", &words_of(30, "d")),
            ],
            ChunkOptions::default(),
        );
        assert_eq!(sizes(&chunks), [100, 30]);
        assert_eq!(chunks[1].speakers, ["A"]);
    }

    #[test]
    fn a_large_enough_chunk_ends_at_a_pause() {
        let long = |index, start, text| segment(index, start, start + 20, "A", text);
        let (a, b) = (words_of(70, "a"), words_of(70, "b"));
        assert_eq!(sizes(&chunk(&[long(0, 0, &a), long(1, 22, &b)], ChunkOptions::default())), [70, 70]);
        assert_eq!(sizes(&chunk(&[long(0, 0, &a), long(1, 21, &b)], ChunkOptions::default())), [140]);
    }

    #[test]
    fn a_full_chunk_is_cut_at_the_longest_pause_within_it() {
        let long = |index, start, text: &str| segment(index, start, start + 20, "A", text);
        let text: Vec<String> = ["a", "b", "c"].iter().map(|stem| words_of(80, stem)).collect();
        let chunks = chunk(
            &[long(0, 0, &text[0]), long(1, 21, &text[1]), long(2, 41, &text[2])],
            ChunkOptions::default(),
        );
        assert_eq!(sizes(&chunks), [80, 160]);
    }

    #[test]
    fn one_endless_segment_is_split_with_times_in_between() {
        let chunks = chunk(&[segment(7, 100, 200, "A", &words_of(450, "w"))], ChunkOptions::default());
        assert_eq!(sizes(&chunks), [200, 200, 50]);
        assert!(chunks.iter().all(|chunk| (chunk.first_segment, chunk.last_segment) == (7, 7)));
        assert_eq!((chunks[0].start_ms, chunks[2].end_ms), (100_000, 200_000));
        assert!(
            chunks[0].end_ms > 140_000
                && chunks[0].end_ms <= chunks[1].start_ms
                && chunks[1].end_ms < 195_000
        );
    }

    #[test]
    fn text_without_spaces_is_cut_too() {
        let text = "今日は会議を始めます。".repeat(60);
        let chunks = chunk(&[segment(0, 0, 100, "A", &text)], ChunkOptions::default());
        assert!(chunks.len() >= 2);
        assert!(chunks.iter().all(|chunk| chunk.word_count <= 200));
        assert_eq!(chunks.iter().map(|chunk| chunk.text.as_str()).collect::<String>(), text);
    }

    #[test]
    fn a_word_that_never_ends_fills_no_passage_with_more_than_so_many_letters() {
        let text = "QUJD".repeat(50_000);
        let chunks = chunk(&[segment(0, 0, 100, "A", &text)], ChunkOptions::default());
        assert_eq!(chunks.len(), 200_000 / (200 * ATOM_CHARS_MAX));
        assert!(chunks.iter().all(|chunk| chunk.text.len() == 200 * ATOM_CHARS_MAX));
        assert_eq!(chunks.iter().map(|chunk| chunk.text.as_str()).collect::<String>(), text);
    }

    #[test]
    fn a_few_last_words_do_not_stand_alone() {
        let chunks = chunk(
            &[segment(0, 0, 20, "A", &words_of(70, "a")), segment(1, 30, 31, "B", "Thank you, goodbye.")],
            ChunkOptions::default(),
        );
        assert_eq!(sizes(&chunks), [73]);
    }

    #[test]
    fn silence_yields_no_chunk() {
        assert_eq!(chunk(&[], ChunkOptions::default()), []);
        assert_eq!(chunk(&[segment(0, 0, 1, "A", "  \n ")], ChunkOptions::default()), []);
    }
}
