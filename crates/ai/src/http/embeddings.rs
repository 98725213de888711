//! `POST /embeddings`, and what servers of models that look at pictures have added to it.
//!
//! OpenAI's protocol knows texts alone. Where pictures are taken, inputs have the form that Jina gave them, `"input": [{"text": "…"},
//! {"image": "…"}]` with the file in base64: SGLang speaks it for the models that it serves, and Jina for its own. Many pictures go in one
//! request, and the answer is that for texts.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Connection, ProviderSettings};
use crate::{AiError, Embed, EmbedModel, PICTURES_PER_CALL, Picture, normalize};

/// Passages per request.
const BATCH_MAX: usize = 64;
/// A vector of 4,096 numbers takes about 90 kB as text.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Embeddings from a provider.
#[derive(Debug)]
pub struct HttpEmbed {
    connection: Connection,
    dimensions: usize,
    takes_pictures: bool,
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
        Ok(Self { connection: Connection::new(settings)?, dimensions, takes_pictures: false })
    }

    /// The same, which is also sent pictures or is not.
    #[must_use]
    pub fn with_pictures(self, takes_pictures: bool) -> Self {
        Self { takes_pictures, ..self }
    }

    async fn embed_texts(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, AiError> {
        let inputs: Value = match self.takes_pictures {
            // A server may prepare texts that are named as such in the way of pictures, and bare ones not at all: they are to be comparable.
            true => texts.iter().map(|text| json!({ "text": text })).collect(),
            false => json!(texts),
        };
        self.embed_batch(&inputs, texts.len()).await
    }

    /// The vectors of so many inputs.
    async fn embed_batch(&self, inputs: &Value, count: usize) -> Result<Vec<Vec<f32>>, AiError> {
        let body = json!({
            "model": self.connection.model(), "input": inputs, "encoding_format": "float",
            "dimensions": self.dimensions,
        });
        let answer: Answer = self.connection.send_json("embeddings", &body, ANSWER_BYTES_MAX).await?;
        let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); count];
        for mut item in answer.data {
            let Some(place) = vectors.get_mut(item.index) else {
                return Err(invalid(format!(
                    "it has a vector for input {}, which was not sent.",
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
            true => Err(invalid("an input has no vector.".into())),
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
            vectors.extend(self.embed_texts(batch).await?);
        }
        Ok(vectors)
    }

    async fn embed_query(&self, query: &str) -> Result<Vec<f32>, AiError> {
        let mut vectors = self.embed_texts(&[query.to_owned()]).await?;
        vectors.pop().ok_or_else(|| invalid("it has no vector.".into()))
    }

    fn takes_pictures(&self) -> bool {
        self.takes_pictures
    }

    async fn embed_pictures(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>, AiError> {
        if !self.takes_pictures {
            let missing = format!("leave to send pictures to the server of {}", self.connection.model());
            return Err(AiError::EngineMissing { missing });
        }
        let mut vectors = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(PICTURES_PER_CALL) {
            let inputs = batch.iter().map(|picture| json!({ "image": STANDARD.encode(&picture.jpeg) }));
            let inputs = Value::Array(inputs.collect());
            vectors.extend(self.embed_batch(&inputs, batch.len()).await?);
        }
        Ok(vectors)
    }
}
