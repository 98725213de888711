//! Evens levels: quiet and far-away speech is lifted slowly toward a common level, loud speech is lowered, and peaks
//! are bent instead of cut. Silence is left alone.

/// Samples per level measurement: 100 ms.
const FRAME: usize = 1_600;
/// Level that the louder parts of speech are brought to, in decibels of full scale.
const TARGET_DB: f32 = -20.0;
/// Frames to each side that decide the gain: 5 s.
const REACH: usize = 50;
/// Share of those frames that are at most as loud as the level that counts.
const LOUD_SHARE: f32 = 0.9;
const GAIN_DB_MIN: f32 = -6.0;
const GAIN_DB_MAX: f32 = 30.0;
/// Below this there is nothing to lift.
const SILENCE_DB: f32 = -70.0;
/// Where the limiter starts to bend.
const KNEE: f32 = 0.8;

/// Evens the levels of samples between -1 and 1 in place.
pub fn even(samples: &mut [f32]) {
    let levels: Vec<f32> = samples.chunks(FRAME).map(decibels).collect();
    let gains: Vec<f32> = (0..levels.len()).map(|frame| gain_at(&levels, frame)).collect();
    for (frame, chunk) in samples.chunks_mut(FRAME).enumerate() {
        let before = gains[frame.saturating_sub(1)];
        let (here, after) = (gains[frame], gains[(frame + 1).min(gains.len() - 1)]);
        for (index, sample) in chunk.iter_mut().enumerate() {
            // Gains hold in the middle of their frame and go over into each other in a straight line.
            let place = index as f32 / FRAME as f32 - 0.5;
            let gain =
                if place < 0.0 { here + (before - here) * -place } else { here + (after - here) * place };
            *sample = limit(*sample * 10_f32.powf(gain / 20.0));
        }
    }
}

/// Level of samples in decibels of full scale.
pub fn decibels(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * (power + 1e-12).log10()
}

fn gain_at(levels: &[f32], frame: usize) -> f32 {
    let near = &levels[frame.saturating_sub(REACH)..(frame + REACH + 1).min(levels.len())];
    let mut sorted = near.to_vec();
    sorted.sort_by(f32::total_cmp);
    let loud = sorted[(LOUD_SHARE * (sorted.len() - 1) as f32) as usize];
    if loud < SILENCE_DB { 0.0 } else { (TARGET_DB - loud).clamp(GAIN_DB_MIN, GAIN_DB_MAX) }
}

fn limit(sample: f32) -> f32 {
    let size = sample.abs();
    if size <= KNEE {
        return sample;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * ((size - KNEE) / room).tanh()).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: usize, size: f32) -> Vec<f32> {
        (0..seconds * 16_000).map(|n| size * (n as f32 * 0.1).sin()).collect()
    }

    #[test]
    fn quiet_sound_is_lifted_and_loud_sound_lowered_to_the_same_level() {
        for size in [0.01, 0.1, 0.19] {
            let mut samples = tone(20, size);
            even(&mut samples);
            assert!((decibels(&samples) - TARGET_DB).abs() < 0.5, "{size}: {}", decibels(&samples));
        }
    }

    #[test]
    fn near_silence_is_not_lifted() {
        let mut samples = tone(5, 0.000_1);
        let before = samples.clone();
        even(&mut samples);
        assert_eq!(samples, before);
        even(&mut []);
    }

    #[test]
    fn a_shout_in_a_quiet_room_stays_within_full_scale() {
        let mut samples = tone(20, 0.005);
        for sample in &mut samples[160_000..160_400] {
            *sample *= 180.0;
        }
        even(&mut samples);
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
    }
}
