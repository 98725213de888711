//! The two models of pyannote community-1, which the speech library carries with it: one splits ten seconds into voices,
//! the other describes the sound of a voice.

use std::path::Path;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;

use super::features::{BANDS, Features, frame_count};
use crate::runtime::environment;
use crate::speech::moonshine::Moonshine;

/// Samples that the models hear at once: ten seconds.
pub const WINDOW: usize = 160_000;
/// Voices that a window is split into at most.
pub const VOICES: usize = 3;
/// Frames of a window in which voices speak or do not.
pub const FRAMES: usize = 589;
/// From one frame to the next, in seconds.
pub const FRAME_SECONDS: f64 = 0.016_875;
/// Numbers that describe the sound of a voice.
pub const DIMENSIONS: usize = 256;
/// A voice that speaks alone for fewer frames than this is described together with those who speak at the same time.
const ALONE_FRAMES_MIN: usize = 6;

/// The models, ready to run.
pub struct Models {
    split: Session,
    describe: Session,
    features: Features,
}

/// A voice in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice {
    /// In which frames it speaks.
    pub active: Vec<bool>,
    /// How many of those are its own alone.
    pub frames_alone: usize,
    /// Its sound, of length 1.
    pub sound: Vec<f32>,
}

impl Models {
    /// Loads the models out of the speech library.
    pub fn load(library: &Moonshine, onnxruntime_library: &Path) -> Result<Self, String> {
        let environment = environment(onnxruntime_library)?;
        Ok(Self {
            split: session(environment, library.embedded_model("segmentation_ort_data")?)?,
            describe: session(environment, library.embedded_model("embedding_ort_data")?)?,
            features: Features::new(),
        })
    }

    /// The voices in [`WINDOW`] samples.
    pub fn voices(&mut self, samples: &[f32]) -> Result<Vec<Voice>, String> {
        let active = self.split(samples)?;
        let alone = |frame: usize| active.iter().filter(|voice| voice[frame]).count() == 1;
        let described: Vec<(&Vec<bool>, usize, Vec<f32>)> = active
            .iter()
            .filter(|voice| voice.contains(&true))
            .map(|voice| {
                let own: Vec<bool> = (0..FRAMES).map(|frame| voice[frame] && alone(frame)).collect();
                let frames_alone = own.iter().filter(|own| **own).count();
                let heard = if frames_alone > ALONE_FRAMES_MIN { &own } else { voice };
                (voice, frames_alone, weights(heard))
            })
            .collect();
        if described.is_empty() {
            return Ok(Vec::new());
        }
        let sounds = self.describe(samples, described.iter().map(|(.., weights)| weights.as_slice()))?;
        let voices = described.into_iter().zip(sounds);
        Ok(voices
            .map(|((active, frames_alone, _), sound)| Voice { active: active.clone(), frames_alone, sound })
            .collect())
    }

    /// In which frames each of the voices speaks.
    fn split(&mut self, samples: &[f32]) -> Result<Vec<Vec<bool>>, String> {
        let input = Tensor::from_array(([1, 1, WINDOW], samples.to_vec())).map_err(fault)?;
        let outputs = self.split.run(ort::inputs!["waveforms" => input]).map_err(fault)?;
        let (_, values) = outputs["segmentation"].try_extract_tensor::<f32>().map_err(fault)?;
        if values.len() != FRAMES * VOICES {
            return Err("the model of speaking voices gives an answer of another size".into());
        }
        let active = |voice: usize| values.iter().skip(voice).step_by(VOICES).map(|value| *value > 0.5);
        Ok((0..VOICES).map(|voice| active(voice).collect()).collect())
    }

    /// The sounds of voices that are to be heard by these weights.
    fn describe<'a>(
        &mut self,
        samples: &[f32],
        weights: impl ExactSizeIterator<Item = &'a [f32]>,
    ) -> Result<Vec<Vec<f32>>, String> {
        let count = weights.len();
        let features = self.features.of(samples).repeat(count);
        let weights: Vec<f32> = weights.flatten().copied().collect();
        let frames = frame_count(WINDOW);
        let features = Tensor::from_array(([count, frames, BANDS], features)).map_err(fault)?;
        let weights = Tensor::from_array(([count, frames], weights)).map_err(fault)?;
        let outputs =
            self.describe.run(ort::inputs!["fbank" => features, "weights" => weights]).map_err(fault)?;
        let (_, values) = outputs["embedding"].try_extract_tensor::<f32>().map_err(fault)?;
        if values.len() != count * DIMENSIONS {
            return Err("the model of the sound of voices gives an answer of another size".into());
        }
        Ok(values.chunks_exact(DIMENSIONS).map(unit).collect())
    }
}

fn session(environment: &'static Environment, model: &[u8]) -> Result<Session, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    Session::builder(environment)
        .map_err(fault)?
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(fault)?
        .with_intra_threads(threads)
        .map_err(fault)?
        .with_intra_op_spinning(false)
        .map_err(fault)?
        .commit_from_memory(model)
        .map_err(fault)
}

/// For each frame of the features, whether the frame of the voices at the same time counts.
fn weights(counts: &[bool]) -> Vec<f32> {
    let frames = frame_count(WINDOW);
    (0..frames).map(|frame| if counts[frame * FRAMES / frames] { 1.0 } else { 0.0 }).collect()
}

/// The vector at length 1; one without a direction or with broken numbers becomes zeros.
fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if !length.is_finite() || length < 1e-12 {
        return vec![0.0; vector.len()];
    }
    vector.iter().map(|value| value / length).collect()
}

fn fault(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_the_frames_of_voices_in_time() {
        let counts: Vec<bool> = (0..FRAMES).map(|frame| frame >= FRAMES / 2).collect();
        let weights = weights(&counts);
        let share = weights.iter().sum::<f32>() / weights.len() as f32;
        assert!((share - 0.5).abs() < 0.01 && weights[0] == 0.0 && weights[weights.len() - 1] == 1.0);
    }

    #[test]
    fn vectors_get_length_one_or_none() {
        assert_eq!(unit(&[3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(unit(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(unit(&[f32::NAN, 1.0]), [0.0, 0.0]);
    }
}
