//! What the voice model hears: logarithms of the energy in 80 mel bands, as Kaldi's `compute-fbank-feats` makes them, with
//! a Hamming window and without dither, less their mean over the window.

use std::f32::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Mel bands.
pub const BANDS: usize = 80;
/// Samples in a frame, 25 ms, and from one to the next, 10 ms.
const FRAME: usize = 400;
const SHIFT: usize = 160;
const TRANSFORM: usize = 512;
const RATE: f32 = 16_000.0;
const LOWEST_HZ: f32 = 20.0;
const PRE_EMPHASIS: f32 = 0.97;
/// Kaldi works on samples as 16-bit numbers.
const SAMPLE_SCALE: f32 = 32_768.0;

/// The tables of the transformation.
pub struct Features {
    transform: Arc<dyn RealToComplex<f32>>,
    hamming: Vec<f32>,
    filters: Vec<Filter>,
}

/// The weights of a band over neighbouring frequencies.
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

/// How many frames `samples` samples have.
pub fn frame_count(samples: usize) -> usize {
    if samples < FRAME { 0 } else { 1 + (samples - FRAME) / SHIFT }
}

impl Features {
    pub fn new() -> Self {
        let hamming = (0..FRAME).map(|n| 0.54 - 0.46 * (TAU * n as f32 / (FRAME - 1) as f32).cos()).collect();
        let transform = RealFftPlanner::new().plan_fft_forward(TRANSFORM);
        Self { transform, hamming, filters: filters() }
    }

    /// The features of samples between -1 and 1, frame by frame, [`BANDS`] for each.
    pub fn of(&self, samples: &[f32]) -> Vec<f32> {
        let frames = frame_count(samples.len());
        let mut features = Vec::with_capacity(frames * BANDS);
        let mut input = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        for frame in 0..frames {
            self.fill(&mut input, &samples[frame * SHIFT..frame * SHIFT + FRAME]);
            // It fails for buffers of another length than its own alone.
            let done = self.transform.process_with_scratch(&mut input, &mut spectrum, &mut scratch);
            debug_assert!(done.is_ok());
            let energies: Vec<f32> = spectrum.iter().map(Complex::norm_sqr).collect();
            features
                .extend(self.filters.iter().map(|filter| filter.energy(&energies).max(f32::EPSILON).ln()));
        }
        subtract_means(&mut features);
        features
    }

    fn fill(&self, input: &mut [f32], frame: &[f32]) {
        let mean = frame.iter().sum::<f32>() / frame.len() as f32;
        input.fill(0.0);
        for (index, sample) in frame.iter().enumerate() {
            let before = frame[index.saturating_sub(1)];
            let emphasised = (sample - mean) - PRE_EMPHASIS * (before - mean);
            input[index] = emphasised * SAMPLE_SCALE * self.hamming[index];
        }
    }
}

impl Filter {
    fn energy(&self, energies: &[f32]) -> f32 {
        self.weights.iter().zip(&energies[self.first..]).map(|(weight, energy)| weight * energy).sum()
    }
}

/// Triangles that stand at even distances on the mel scale and reach to their neighbours' middles.
fn filters() -> Vec<Filter> {
    let mel = |hertz: f32| 1_127.0 * (1.0 + hertz / 700.0).ln();
    let lowest = mel(LOWEST_HZ);
    let distance = (mel(RATE / 2.0) - lowest) / (BANDS + 1) as f32;
    (0..BANDS)
        .map(|band| {
            let middle = lowest + (band + 1) as f32 * distance;
            let weight =
                |bin: usize| 1.0 - (mel(bin as f32 * RATE / TRANSFORM as f32) - middle).abs() / distance;
            let inside: Vec<usize> = (0..TRANSFORM / 2).filter(|bin| weight(*bin) > 0.0).collect();
            let first = inside.first().copied().unwrap_or(0);
            Filter { first, weights: inside.into_iter().map(weight).collect() }
        })
        .collect()
}

fn subtract_means(features: &mut [f32]) {
    let frames = (features.len() / BANDS).max(1) as f32;
    let mut means = [0.0; BANDS];
    for frame in features.chunks_exact(BANDS) {
        means.iter_mut().zip(frame).for_each(|(mean, value)| *mean += value / frames);
    }
    for frame in features.chunks_exact_mut(BANDS) {
        frame.iter_mut().zip(&means).for_each(|(value, mean)| *value -= mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| 0.3 * (TAU * hertz * n as f32 / RATE).sin()).collect()
    }

    #[test]
    fn frames_are_counted_as_by_kaldi() {
        assert_eq!([399, 400, 559, 560, 160_000].map(frame_count), [0, 1, 1, 2, 998]);
        assert_eq!(Features::new().of(&tone(440.0, 16_000)).len(), 98 * BANDS);
        assert!(Features::new().of(&[]).is_empty());
    }

    #[test]
    fn a_tone_is_loudest_in_the_band_around_it() {
        let features = Features::new();
        // Half a second low, half a second high: what is left of the mean shows which band is when.
        let mut samples = tone(300.0, 8_000);
        samples.extend(tone(3_000.0, 8_000));
        let values = features.of(&samples);
        let loudest = |frame: usize| {
            let bands = &values[frame * BANDS..(frame + 1) * BANDS];
            (0..BANDS).max_by(|one, other| bands[*one].total_cmp(&bands[*other])).unwrap()
        };
        // 300 Hz is 402 mel, 3000 Hz is 1876 mel; the bands stand 34.7 mel apart from 66 mel on.
        assert!((9..=10).contains(&loudest(10)), "{}", loudest(10));
        assert!((51..=52).contains(&loudest(80)), "{}", loudest(80));
    }

    #[test]
    fn loudness_does_not_matter() {
        let samples: Vec<f32> =
            tone(500.0, 8_000).iter().zip(tone(1_700.0, 8_000)).map(|(a, b)| a + b).collect();
        let quiet: Vec<f32> = samples.iter().map(|sample| sample * 0.1).collect();
        let features = Features::new();
        let (loud, quiet) = (features.of(&samples), features.of(&quiet));
        assert!(loud.iter().zip(&quiet).all(|(one, other)| (one - other).abs() < 0.01));
    }
}
