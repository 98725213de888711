//! Sentence embeddings: the trait and unit length.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::AiError;

/// Which model makes the vectors. Vectors of different models must never be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedModel {
    /// The model, such as `all-MiniLM-L6-v2`.
    pub name: String,
    /// Length of every vector.
    pub dimensions: usize,
}

/// How many passages are best given to [`Embed::embed_passages`] at once: among many there are enough of like length to run
/// together, and a few seconds' work still leaves room for progress and cancellation.
pub const PASSAGES_PER_CALL: usize = 256;

/// Turns text into unit-length vectors whose dot product is their likeness.
#[async_trait]
pub trait Embed: Send + Sync {
    /// Which model this is.
    fn model(&self) -> EmbedModel;

    /// One vector per passage, in order. Passages longer than the model reads are cut.
    ///
    /// # Errors
    /// Any [`AiError`]; never a part of the vectors.
    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError>;

    /// The vector of a search query, with little delay.
    ///
    /// # Errors
    /// Any [`AiError`].
    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError>;
}

/// Scales a vector to length 1. Returns `false`, leaving the vector alone, where that cannot be done (zero,
/// infinite or not a number).
#[must_use]
pub fn normalize(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length < 1e-12 {
        return false;
    }
    for value in vector {
        *value = (f64::from(*value) / length) as f32;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_become_unit_length_or_are_refused() {
        let mut vector = [3.0, 4.0];
        assert!(normalize(&mut vector));
        assert_eq!(vector, [0.6, 0.8]);
        assert!(!normalize(&mut [0.0, 0.0]));
        assert!(!normalize(&mut [f32::NAN, 1.0]));
    }
}
