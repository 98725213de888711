//! Times for sentences and words that the model gives without times: text is spread over the moments at which
//! somebody speaks, in proportion to its length, and sentences are moved to the pauses next to them.

use memoreel_ai::{RecognizedSegment, RecognizedWord};

use super::levels::decibels;
use super::pieces::Span;
use super::text::sentences;

/// Samples per activity measurement: 20 ms.
const FRAME: usize = 320;
const FRAME_SECONDS: f32 = 0.02;
/// Shorter pauses are part of speech, in seconds.
const PAUSE_MIN: f32 = 0.14;
/// A sentence border within this distance of a pause lies in the pause, in seconds.
const SNAP_MAX: f32 = 0.9;
/// Speech is at least this far above the quietest tenth and at most so far below the loudest, in decibels.
const ABOVE_QUIET: f32 = 8.0;
const BELOW_LOUD: f32 = 24.0;

/// The moments of `span` in which somebody speaks, in seconds, by level alone; never empty.
pub fn active(span: Span, samples: &[f32]) -> Vec<Span> {
    let first = ((span.start * 16_000.0) as usize).min(samples.len());
    let last = ((span.end * 16_000.0) as usize).clamp(first, samples.len());
    let levels: Vec<f32> = samples[first..last].chunks(FRAME).map(decibels).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f32| sorted.get((share * sorted.len() as f32) as usize).copied().unwrap_or(-120.0);
    let threshold = (at(0.1) + ABOVE_QUIET).min(at(0.9) - 6.0).max(at(0.9) - BELOW_LOUD);
    let mut spans: Vec<Span> = Vec::new();
    for (index, _) in levels.iter().enumerate().filter(|(_, level)| **level >= threshold) {
        let start = span.start + index as f32 * FRAME_SECONDS;
        let end = (start + FRAME_SECONDS).min(span.end);
        match spans.last_mut() {
            Some(before) if start - before.end < PAUSE_MIN => before.end = end,
            _ => spans.push(Span { start, end }),
        }
    }
    // Clicks are not speech.
    let voiced: f32 = spans.iter().map(|span| span.length()).sum();
    spans.retain(|span| span.length() > 0.06 || voiced < 0.3);
    if spans.is_empty() { vec![span] } else { spans }
}

/// The sentences of `text` with their times and words. `offset` is the second of the file at which the sound of
/// `active` starts.
pub fn segments(text: &str, active: &[Span], offset: f32, confidence: Option<f32>) -> Vec<RecognizedSegment> {
    let lines = sentences(text);
    let weights: Vec<usize> = lines.iter().map(|line| line.chars().count() + 1).collect();
    let total: usize = weights.iter().sum();
    let (Some(first), Some(last)) = (active.first(), active.last()) else { return Vec::new() };
    let mut done = 0;
    let ends: Vec<f32> = weights
        .iter()
        .map(|weight| {
            done += weight;
            moment(done as f32 / total as f32, active)
        })
        .collect();
    let mut start = first.start;
    let mut begun = first.start;
    let mut segments = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        // Moving a border by less than half of the lines beside it never turns their order round.
        let at = ends[index];
        let (end, next) = match ends.get(index + 1) {
            None => (last.end, last.end),
            Some(after) => border(at, ((at - begun).min(after - at) / 2.0).min(SNAP_MAX), active),
        };
        let span = Span { start, end: end.max(start) };
        segments.push(RecognizedSegment {
            start_ms: ms(span.start + offset),
            end_ms: ms(span.end + offset),
            text: line.clone(),
            confidence,
            words: words(line, &within(span, active), offset),
            speaker: None,
            speaker_uncertain: false,
        });
        start = next.max(span.end);
        begun = at;
    }
    segments
}

fn words(line: &str, active: &[Span], offset: f32) -> Vec<RecognizedWord> {
    let weights: Vec<(&str, usize)> =
        line.split_whitespace().map(|word| (word, word.chars().count() + 1)).collect();
    let total: usize = weights.iter().map(|(_, weight)| weight).sum();
    let at = |done: usize| ms(moment(done as f32 / total as f32, active) + offset);
    let mut done = 0;
    weights
        .iter()
        .map(|(word, weight)| {
            let start_ms = at(done);
            done += weight;
            RecognizedWord { text: (*word).to_owned(), start_ms, end_ms: at(done), interpolated: true }
        })
        .collect()
}

/// The second at which a share of the speaking time has passed.
fn moment(share: f32, active: &[Span]) -> f32 {
    let total: f32 = active.iter().map(|span| span.length()).sum();
    let mut left = share.clamp(0.0, 1.0) * total;
    for span in active {
        if left <= span.length() {
            return span.start + left;
        }
        left -= span.length();
    }
    active.last().map_or(0.0, |span| span.end)
}

/// End of one sentence and start of the next near a second: around the nearest pause within `reach`, or the second
/// itself.
fn border(at: f32, reach: f32, active: &[Span]) -> (f32, f32) {
    active
        .windows(2)
        .map(|pair| (pair[0].end, pair[1].start))
        .filter(|(end, start)| *end - at <= reach && at - *start <= reach)
        .min_by(|one, other| distance(at, *one).total_cmp(&distance(at, *other)))
        .unwrap_or((at, at))
}

/// Distance of a second from a pause, shortened for longer pauses, which are likelier to part sentences.
fn distance(at: f32, (end, start): (f32, f32)) -> f32 {
    (end - at).max(at - start).max(0.0) - (start - end).min(1.0) * 0.5
}

/// The parts of `active` inside a span; never empty.
fn within(span: Span, active: &[Span]) -> Vec<Span> {
    let parts: Vec<Span> = active
        .iter()
        .map(|part| Span { start: part.start.max(span.start), end: part.end.min(span.end) })
        .filter(|part| part.end > part.start)
        .collect();
    if parts.is_empty() { vec![span] } else { parts }
}

fn ms(seconds: f32) -> u64 {
    (f64::from(seconds.max(0.0)) * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: f32, end: f32) -> Span {
        Span { start, end }
    }

    #[test]
    fn speaking_time_is_found_by_level() {
        let mut samples = vec![0.0005; 16_000 * 4];
        for second in [0, 2] {
            for (index, sample) in samples[second * 16_000..(second + 1) * 16_000].iter_mut().enumerate() {
                *sample = 0.2 * (index as f32 * 0.3).sin();
            }
        }
        let spans = active(span(0.0, 4.0), &samples);
        assert_eq!(spans.len(), 2, "{spans:?}");
        assert!(spans[0].end < 1.05 && (1.95..2.05).contains(&spans[1].start));
        assert_eq!(active(span(1.0, 1.0), &samples), [span(1.0, 1.0)]);
    }

    #[test]
    fn sentences_end_in_the_pauses_and_words_lie_where_somebody_speaks() {
        let active = [span(1.0, 2.8), span(4.0, 6.0)];
        let lines = segments("Ever tried, ever failed. No matter, try again.", &active, 10.0, Some(0.9));
        assert_eq!((lines[0].start_ms, lines[0].end_ms), (11_000, 12_800));
        assert_eq!((lines[1].start_ms, lines[1].end_ms), (14_000, 16_000));
        assert!(lines[1].words.iter().all(|word| word.start_ms >= 14_000 && word.interpolated));
        assert_eq!(lines[0].words.len(), 4);
        assert_eq!(lines[1].words.last().map(|word| word.end_ms), Some(16_000));
    }

    #[test]
    fn times_never_run_backwards() {
        let active = [span(0.0, 0.2), span(0.9, 1.0)];
        let lines = segments("A b. C d. E f. G h. I j.", &active, 0.0, None);
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|line| line.start_ms < line.end_ms), "{lines:?}");
        assert!(lines.windows(2).all(|pair| pair[0].end_ms <= pair[1].start_ms));
    }
}
