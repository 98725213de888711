//! Where to cut sound so that the speech model hears whole sentences: pieces of speech with the pauses around them,
//! long enough to give context and short enough for the model.

use super::levels::decibels;

const RATE: f32 = 16_000.0;
/// Longest piece in seconds.
pub const PIECE_MAX: f32 = 15.0;
/// Speech with shorter gaps than this is one island, in seconds.
const ISLAND_GAP_MAX: f32 = 0.6;
/// Islands further apart than this never share a piece, in seconds.
const PIECE_GAP_MAX: f32 = 3.0;
/// Sound kept before and after a piece, in seconds.
const MARGIN: f32 = 0.2;
/// The stretch whose level decides where to cut, in samples: 150 ms.
const CUT_WINDOW: usize = 2_400;

/// A span of seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub start: f32,
    pub end: f32,
}

impl Span {
    /// Length in seconds.
    pub fn length(self) -> f32 {
        self.end - self.start
    }

    /// The samples of the span with a margin on both sides.
    pub fn samples(self, samples: &[f32]) -> &[f32] {
        let start = (((self.start - MARGIN) * RATE).max(0.0) as usize).min(samples.len());
        let end = (((self.end + MARGIN) * RATE).max(0.0) as usize).clamp(start, samples.len());
        &samples[start..end]
    }
}

/// Turns regions of speech, ordered by start, into pieces.
pub fn plan(regions: &[Span], samples: &[f32]) -> Vec<Span> {
    let mut islands: Vec<Span> = Vec::new();
    for region in regions {
        match islands.last_mut() {
            Some(last) if region.start - last.end <= ISLAND_GAP_MAX => last.end = last.end.max(region.end),
            _ => islands.push(*region),
        }
    }
    let mut pieces: Vec<Span> = Vec::new();
    for island in islands.into_iter().flat_map(|island| cut(island, samples)) {
        match pieces.last_mut() {
            Some(last)
                if island.start - last.end <= PIECE_GAP_MAX && island.end - last.start <= PIECE_MAX =>
            {
                last.end = island.end;
            }
            _ => pieces.push(island),
        }
    }
    pieces
}

/// Cuts an island that is too long, each time at the quietest place in the second half of what fits.
fn cut(mut island: Span, samples: &[f32]) -> Vec<Span> {
    let mut parts = Vec::new();
    while island.length() > PIECE_MAX {
        let at = quietest(island.start + PIECE_MAX / 2.0, island.start + PIECE_MAX, samples);
        parts.push(Span { start: island.start, end: at });
        island.start = at;
    }
    parts.push(island);
    parts
}

/// The second between `from` and `to` around which it is quietest.
pub fn quietest(from: f32, to: f32, samples: &[f32]) -> f32 {
    let first = ((from * RATE) as usize).min(samples.len());
    let last = ((to * RATE) as usize).min(samples.len()).max(first);
    samples[first..last]
        .windows(CUT_WINDOW)
        .enumerate()
        .step_by(CUT_WINDOW / 5)
        .map(|(index, window)| ((first + index + CUT_WINDOW / 2) as f32 / RATE, decibels(window)))
        .min_by(|(_, one), (_, other)| one.total_cmp(other))
        .map_or((from + to) / 2.0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: f32, end: f32) -> Span {
        Span { start, end }
    }

    #[test]
    fn near_speech_shares_a_piece_and_far_speech_does_not() {
        let samples = vec![0.1; 16_000 * 40];
        let regions = [span(0.0, 4.0), span(4.2, 8.0), span(9.5, 12.0), span(18.0, 20.0), span(19.9, 21.0)];
        assert_eq!(plan(&regions, &samples), [span(0.0, 12.0), span(18.0, 21.0)]);
        assert!(plan(&[], &samples).is_empty());
    }

    #[test]
    fn speech_without_pauses_is_cut_where_it_is_quietest_and_nothing_is_lost() {
        let mut samples = vec![0.1; 16_000 * 40];
        for sample in &mut samples[16_000 * 11..16_000 * 11 + 3_200] {
            *sample = 0.001;
        }
        let pieces = plan(&[span(0.0, 40.0)], &samples);
        assert!((pieces[0].end - 11.1).abs() < 0.1, "{pieces:?}");
        assert!(pieces.iter().all(|piece| piece.length() <= PIECE_MAX));
        assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (0.0, 40.0));
    }

    #[test]
    fn the_samples_of_a_span_stay_inside_the_sound() {
        let samples = [0.0; 16_000];
        assert_eq!(span(0.1, 0.9).samples(&samples).len(), 16_000);
        assert_eq!(span(0.5, 0.6).samples(&samples).len(), 8_000);
        assert!(span(5.0, 6.0).samples(&samples).is_empty());
    }
}
