//! Sentence embeddings: the trait and unit length.

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

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

/// How many pictures are best given to [`Embed::embed_pictures`] at once: some hundred kilobytes, and an answer within seconds
/// also where they are looked at one after the other.
pub const PICTURES_PER_CALL: usize = 8;

/// A picture as a model is given it.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file: a JPEG, small, because models look at some 200 to 500 pixels on each side.
    pub jpeg: Bytes,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Picture({} bytes)", self.jpeg.len())
    }
}

/// Turns text into unit-length vectors whose dot product is their likeness. Some also turn pictures into such vectors.
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

    /// Whether it also takes pictures. Nobody else is given any.
    fn takes_pictures(&self) -> bool {
        false
    }

    /// One vector per picture, in order, in the space of [`Embed::embed_query`]: that of a query which says what is in a picture is like
    /// the picture's, though less than texts of one meaning are like each other.
    ///
    /// # Errors
    /// Any [`AiError`]; `EngineMissing` where it takes texts alone; never a part of the vectors.
    async fn embed_pictures(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>, AiError> {
        let missing = format!("a model that takes pictures, which {} does not", self.model().name);
        match pictures.is_empty() {
            true => Ok(Vec::new()),
            false => Err(AiError::EngineMissing { missing }),
        }
    }
}

/// The vectors of any number of passages, [`PASSAGES_PER_CALL`] at a time; `progress` is told which share of them is done.
///
/// # Errors
/// What [`Embed::embed_passages`] raises; [`AiError::ProviderAnswerInvalid`] if it gives more or fewer vectors than passages;
/// [`AiError::Cancelled`] before the next call once `cancelled` is.
pub async fn embed_all(
    embed: &dyn Embed,
    passages: &[String],
    cancelled: &CancellationToken,
    progress: impl Fn(f32),
) -> Result<Vec<Vec<f32>>, AiError> {
    let mut vectors = Vec::with_capacity(passages.len());
    for batch in passages.chunks(PASSAGES_PER_CALL) {
        if cancelled.is_cancelled() {
            return Err(AiError::Cancelled);
        }
        let made = embed.embed_passages(batch).await?;
        if made.len() != batch.len() {
            let detail = format!("{} vectors for {} passages", made.len(), batch.len());
            return Err(AiError::ProviderAnswerInvalid { detail });
        }
        vectors.extend(made);
        progress(vectors.len() as f32 / passages.len() as f32);
    }
    Ok(vectors)
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

    /// Gives one vector too few where a call has more than one passage.
    struct Short;

    #[async_trait]
    impl Embed for Short {
        fn model(&self) -> EmbedModel {
            EmbedModel { name: "short".to_owned(), dimensions: 1 }
        }

        async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
            Ok(vec![vec![1.0]; (passages.len() - 1).max(1)])
        }

        async fn embed_query(&self, _query: &str) -> Result<Vec<f32>, AiError> {
            Ok(vec![1.0])
        }
    }

    #[tokio::test]
    async fn every_passage_gets_its_vector_or_none_does() {
        let passages = |count: usize| vec![String::from("text"); count];
        let running = CancellationToken::new();
        assert_eq!(embed_all(&Short, &passages(1), &running, |_| {}).await.expect("one").len(), 1);
        let error = embed_all(&Short, &passages(2), &running, |_| {}).await.expect_err("one is missing");
        assert_eq!(error.code(), "model_answer_invalid");
        running.cancel();
        assert_eq!(
            embed_all(&Short, &passages(1), &running, |_| {}).await.expect_err("cancelled").code(),
            "cancelled"
        );
    }

    #[tokio::test]
    async fn who_takes_texts_alone_says_so_of_pictures() {
        assert!(!Short.takes_pictures());
        let picture = Picture { jpeg: Bytes::from_static(b"JPEG") };
        let error = Short.embed_pictures(&[picture]).await.expect_err("it takes none");
        assert_eq!((error.code(), error.is_permanent()), ("engine_missing", true));
        assert!(error.to_string().contains("short"), "{error}");
    }

    #[test]
    fn vectors_become_unit_length_or_are_refused() {
        let mut vector = [3.0, 4.0];
        assert!(normalize(&mut vector));
        assert_eq!(vector, [0.6, 0.8]);
        assert!(!normalize(&mut [0.0, 0.0]));
        assert!(!normalize(&mut [f32::NAN, 1.0]));
    }
}
