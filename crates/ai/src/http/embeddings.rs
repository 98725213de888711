//! `POST /embeddings`.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::{Connection, ProviderSettings};
use crate::{AiError, Embed, EmbedModel, normalize};

/// Passages per request.
const BATCH_MAX: usize = 64;
/// A vector of 4,096 numbers takes about 90 kB as text.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Embeddings from a provider.
#[derive(Debug)]
pub struct HttpEmbed {
    connection: Connection,
    dimensions: usize,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

impl HttpEmbed {
    /// A provider whose vectors have `dimensions` numbers; the number is also asked for, so that models whose
    /// vectors can be cut give them that long.
    ///
    /// # Errors
    /// `EngineMissing` where the settings cannot work.
    pub fn new(settings: ProviderSettings, dimensions: usize) -> Result<Self, AiError> {
        Ok(Self { connection: Connection::new(settings)?, dimensions })
    }

    async fn embed_batch(&self, batch: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        let body = json!({
            "model": self.connection.model(), "input": batch, "encoding_format": "float",
            "dimensions": self.dimensions,
        });
        let answer: Answer = self.connection.send_json("embeddings", &body, ANSWER_BYTES_MAX).await?;
        let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); batch.len()];
        for mut item in answer.data {
            let Some(place) = vectors.get_mut(item.index) else {
                return Err(invalid(format!(
                    "it has a vector for passage {}, which was not sent.",
                    item.index
                )));
            };
            if item.embedding.len() != self.dimensions {
                return Err(invalid(format!(
                    "its vectors have {} numbers instead of {}.",
                    item.embedding.len(),
                    self.dimensions
                )));
            }
            if !normalize(&mut item.embedding) {
                return Err(invalid("it has a vector without a direction.".into()));
            }
            *place = item.embedding;
        }
        match vectors.iter().any(Vec::is_empty) {
            true => Err(invalid("a passage has no vector.".into())),
            false => Ok(vectors),
        }
    }
}

fn invalid(detail: String) -> AiError {
    AiError::ProviderAnswerInvalid { detail }
}

#[async_trait]
impl Embed for HttpEmbed {
    fn model(&self) -> EmbedModel {
        EmbedModel { name: self.connection.model().to_owned(), dimensions: self.dimensions }
    }

    async fn embed_passages(&self, passages: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        let mut vectors = Vec::with_capacity(passages.len());
        for batch in passages.chunks(BATCH_MAX) {
            vectors.extend(self.embed_batch(batch).await?);
        }
        Ok(vectors)
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        let mut vectors = self.embed_batch(&[query.to_owned()]).await?;
        vectors.pop().ok_or_else(|| invalid("it has no vector.".into()))
    }
}
