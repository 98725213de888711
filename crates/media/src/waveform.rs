//! The outline of the sound, for drawing under a player.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::package::AUDIO_IN_TIME;
use crate::{Control, Ffmpeg, MediaError, Probe};

const SAMPLE_RATE: u32 = 8_000;
/// Ten milliseconds: finer than a screen shows.
const SAMPLES_PER_PEAK_MIN: u64 = 80;
const PEAKS_MAX: usize = 8_000;

/// Loudness over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waveform {
    /// Length of the sound.
    pub duration_ms: u64,
    /// How many peaks a second has; a fraction for long recordings.
    pub peaks_per_second: f64,
    /// Largest absolute sample of each stretch, from 0 (silence) to 1 (full scale), at most 8,000 of them.
    pub peaks: Vec<f32>,
}

impl Ffmpeg {
    /// Measures the outline of the sound, all channels mixed. Nothing is written.
    ///
    /// # Errors
    /// [`MediaError::NoSound`] without sound; any other [`MediaError`].
    pub async fn waveform(
        &self,
        input: &Path,
        probe: &Probe,
        control: &Control,
    ) -> Result<Waveform, MediaError> {
        let audio = probe.need_audio()?;
        let mut arguments = Arguments::silent_ffmpeg(self.limits().threads);
        arguments.input(input, self.limits().threads)?;
        arguments.add(["-map", &format!("0:{}", audio.index), "-af", AUDIO_IN_TIME, "-ac", "1"]).add([
            "-ar",
            &SAMPLE_RATE.to_string(),
            "-c:a",
            "pcm_s16le",
            "-f",
            "s16le",
            "pipe:1",
        ]);
        let mut outline = Outline::default();
        let expected = (probe.duration_ms as f64 / 1000.0 * f64::from(SAMPLE_RATE)).max(1.0);
        let mut reported = 0.0;
        self.stream(arguments, control, |bytes| {
            outline.push(bytes);
            let fraction = (outline.samples as f64 / expected).min(1.0);
            if fraction >= reported + 0.01 {
                reported = fraction;
                control.report(fraction);
            }
            Ok(())
        })
        .await?;
        if outline.samples == 0 {
            return Err(MediaError::Damaged { what: "its sound cannot be decoded.", detail: String::new() });
        }
        control.report(1.0);
        Ok(outline.finish())
    }
}

/// Peaks gathered as samples arrive. When there are too many, each two become one, so that memory and result
/// stay bounded whatever the length turns out to be.
struct Outline {
    samples_per_peak: u64,
    samples: u64,
    peaks: Vec<u16>,
    current: u16,
    current_samples: u64,
    /// The first half of a sample whose second half has not arrived.
    odd: Option<u8>,
}

impl Default for Outline {
    fn default() -> Self {
        Self {
            samples_per_peak: SAMPLES_PER_PEAK_MIN,
            samples: 0,
            peaks: Vec::new(),
            current: 0,
            current_samples: 0,
            odd: None,
        }
    }
}

impl Outline {
    fn push(&mut self, mut bytes: &[u8]) {
        if let (Some(low), [high, rest @ ..]) = (self.odd, bytes) {
            self.sample(i16::from_le_bytes([low, *high]));
            self.odd = None;
            bytes = rest;
        }
        let (pairs, rest) = bytes.as_chunks::<2>();
        for pair in pairs {
            self.sample(i16::from_le_bytes(*pair));
        }
        if let [low] = rest {
            self.odd = Some(*low);
        }
    }

    fn sample(&mut self, sample: i16) {
        self.samples += 1;
        self.current = self.current.max(sample.unsigned_abs());
        self.current_samples += 1;
        if self.current_samples == self.samples_per_peak {
            self.close_peak();
        }
    }

    fn close_peak(&mut self) {
        self.peaks.push(std::mem::take(&mut self.current));
        self.current_samples = 0;
        if self.peaks.len() == PEAKS_MAX {
            self.peaks = self.peaks.chunks(2).map(|two| two.iter().copied().max().unwrap_or(0)).collect();
            self.samples_per_peak *= 2;
        }
    }

    fn finish(mut self) -> Waveform {
        if self.current_samples > 0 {
            self.close_peak();
        }
        let shown = |peak: u16| (f32::from(peak) / 32768.0 * 1000.0).round() / 1000.0;
        Waveform {
            duration_ms: self.samples * 1000 / u64::from(SAMPLE_RATE),
            peaks_per_second: f64::from(SAMPLE_RATE) / self.samples_per_peak as f64,
            peaks: self.peaks.into_iter().map(shown).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_the_same_however_the_bytes_are_cut_and_stays_bounded() {
        let samples: Vec<u8> =
            (0..2_000_000_u32).flat_map(|n| (-((n / 700 % 30_000) as i16)).to_le_bytes()).collect();
        let mut whole = Outline::default();
        whole.push(&samples);
        let mut pieces = Outline::default();
        for piece in samples.chunks(977) {
            pieces.push(piece);
        }
        let (whole, pieces) = (whole.finish(), pieces.finish());
        assert_eq!(whole, pieces);
        assert_eq!(whole.duration_ms, 250_000);
        assert_eq!(whole.peaks_per_second, 25.0);
        assert_eq!(whole.peaks.len(), 6_250);
        assert!(whole.peaks.is_sorted());
    }
}
