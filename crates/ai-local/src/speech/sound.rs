//! The sound of a file as the engines want it: one stream of floats per voice channel, read in bounded windows.

use memoreel_ai::AiError;
use memoreel_ai::wav::{SAMPLE_RATE, WavFile};

use super::levels::decibels;

/// Channels less alike than this carry different things: a caller on each, say.
const LIKENESS_MAX: f32 = 0.5;
/// A channel below this level carries nothing, in decibels.
const SILENT_DB: f32 = -60.0;
/// Places of a file at which its channels are compared, and seconds compared at each.
const PROBES: u64 = 40;
const PROBE_SECONDS: usize = 2;

/// Which channels of a file are listened to, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// All mixed into one.
    Mixed,
    /// Each alone: the two channels carry different voices.
    Apart,
}

/// Whether the two channels of a file carry different sound.
pub fn choose_channels(wav: &mut WavFile) -> Result<Channels, AiError> {
    if wav.channels() != 2 {
        return Ok(Channels::Mixed);
    }
    let (mut left_power, mut right_power, mut product) = (0.0_f64, 0.0_f64, 0.0_f64);
    let (mut left_loudest, mut right_loudest) = (f32::MIN, f32::MIN);
    let length = PROBE_SECONDS * SAMPLE_RATE as usize;
    let step = (wav.frames() / PROBES).max(length as u64);
    let mut at = 0;
    while at < wav.frames() {
        wav.seek(at)?;
        let (left, right) = split(&wav.read(length)?);
        left_loudest = left_loudest.max(decibels(&left));
        right_loudest = right_loudest.max(decibels(&right));
        for (one, other) in left.iter().zip(&right) {
            left_power += f64::from(one * one);
            right_power += f64::from(other * other);
            product += f64::from(one * other);
        }
        at += step;
    }
    wav.seek(0)?;
    let likeness = (product / (left_power * right_power).sqrt().max(1e-12)) as f32;
    let both_speak = left_loudest > SILENT_DB && right_loudest > SILENT_DB;
    Ok(if both_speak && likeness < LIKENESS_MAX { Channels::Apart } else { Channels::Mixed })
}

/// Reads up to `frames` frames mixed into one channel.
pub fn read_mixed(wav: &mut WavFile, frames: usize) -> Result<Vec<f32>, AiError> {
    let samples = wav.read(frames)?;
    if wav.channels() == 1 {
        return Ok(samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect());
    }
    let pairs = samples.chunks_exact(2);
    Ok(pairs.map(|pair| (f32::from(pair[0]) + f32::from(pair[1])) / 65_536.0).collect())
}

/// Reads up to `frames` frames of one channel and, beside it, of the other.
pub fn read_apart(wav: &mut WavFile, frames: usize, channel: usize) -> Result<(Vec<f32>, Vec<f32>), AiError> {
    let (left, right) = split(&wav.read(frames)?);
    Ok(if channel == 0 { (left, right) } else { (right, left) })
}

fn split(samples: &[i16]) -> (Vec<f32>, Vec<f32>) {
    samples.chunks_exact(2).map(|pair| (f32::from(pair[0]) / 32_768.0, f32::from(pair[1]) / 32_768.0)).unzip()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn stereo(pair: impl Fn(usize) -> (f32, f32)) -> Channels {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let frames = 16_000 * 6;
        file.write_all(&memoreel_ai::wav::header(2, frames * 4)).unwrap();
        let bytes: Vec<u8> = (0..frames as usize)
            .flat_map(|n| [pair(n).0, pair(n).1])
            .flat_map(|sample| ((sample * 32_000.0) as i16).to_le_bytes())
            .collect();
        file.write_all(&bytes).unwrap();
        let mut wav = WavFile::open(file.path()).unwrap();
        choose_channels(&mut wav).unwrap()
    }

    fn voice(n: usize, pitch: f32) -> f32 {
        (n as f32 * pitch).sin() * 0.3
    }

    #[test]
    fn different_voices_on_two_channels_are_heard_apart() {
        assert_eq!(stereo(|n| (voice(n, 0.05), voice(n, 0.083))), Channels::Apart);
        assert_eq!(
            stereo(|n| if n < 48_000 { (voice(n, 0.05), 0.0) } else { (0.0, voice(n, 0.05)) }),
            Channels::Apart
        );
    }

    #[test]
    fn ordinary_stereo_and_a_dead_channel_are_mixed() {
        assert_eq!(stereo(|n| (voice(n, 0.05), voice(n, 0.05) * 0.6)), Channels::Mixed);
        assert_eq!(stereo(|n| (voice(n, 0.05), 0.0)), Channels::Mixed);
    }
}
