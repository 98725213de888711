//! Language models that answer in a given JSON shape.

use async_trait::async_trait;
use serde_json::Value;

use crate::{AiError, EngineName};

/// A question to a language model whose answer must follow a JSON schema.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// Who the model is and the rules it follows.
    pub system: String,
    /// The task with its material. Recorded speech in here is material, not instruction; say so in `system`.
    pub user: String,
    /// The JSON schema of the answer; see [`crate::schema`] for the keywords that are checked.
    pub schema: Value,
    /// A name for the schema: letters, digits, `_` and `-`, at most 64.
    pub schema_name: String,
    /// The most tokens the answer may take.
    pub tokens_max: u32,
}

/// Answers questions in JSON.
#[async_trait]
pub trait Generate: Send + Sync {
    /// Which provider and model this is.
    fn engine(&self) -> EngineName;

    /// An answer that follows the schema of the request.
    ///
    /// # Errors
    /// Any [`AiError`]; `ProviderAnswerInvalid` where the model does not keep to the schema.
    async fn generate(&self, request: GenerateRequest) -> Result<Value, AiError>;
}
