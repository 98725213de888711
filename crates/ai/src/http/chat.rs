//! `POST /chat/completions` with a JSON answer.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Connection, ProviderSettings};
use crate::{AiError, EngineName, Generate, GenerateRequest, schema};

const ANSWER_BYTES_MAX: usize = 8 << 20;

/// A language model at a provider. Asks for `json_schema` answers; where the provider refuses those, for
/// `json_object` ones with the schema in the prompt. Either way the answer is checked, and a faulty one is sent
/// back once with its fault.
#[derive(Debug)]
pub struct HttpGenerate {
    connection: Connection,
    /// Set once the provider has refused a schema, so that later calls do not ask again.
    schema_refused: AtomicBool,
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

impl HttpGenerate {
    /// A provider's model.
    ///
    /// # Errors
    /// `EngineMissing` where the settings cannot work.
    pub fn new(settings: ProviderSettings) -> Result<Self, AiError> {
        Ok(Self { connection: Connection::new(settings)?, schema_refused: AtomicBool::new(false) })
    }

    async fn complete(&self, request: &GenerateRequest, messages: &[Value]) -> Result<String, AiError> {
        if !self.schema_refused.load(Ordering::Relaxed) {
            let format = json!({
                "type": "json_schema",
                "json_schema": {"name": request.schema_name, "strict": true, "schema": request.schema},
            });
            match self.ask(request, messages, &format).await {
                Err(AiError::ProviderRefused { status: 400 | 404 | 415 | 422 | 501, detail }) => {
                    tracing::debug!(detail, "the provider takes no schema; asking for any JSON object");
                }
                other => return other,
            }
        }
        let mut messages = messages.to_vec();
        let rule = format!(
            "{}\n\nAnswer with one JSON object and nothing else. It must follow this JSON schema:\n{}",
            request.system, request.schema
        );
        messages[0] = json!({"role": "system", "content": rule});
        let answer = self.ask(request, &messages, &json!({"type": "json_object"})).await?;
        self.schema_refused.store(true, Ordering::Relaxed);
        Ok(answer)
    }

    async fn ask(
        &self,
        request: &GenerateRequest,
        messages: &[Value],
        format: &Value,
    ) -> Result<String, AiError> {
        let body = json!({
            "model": self.connection.model(), "messages": messages, "response_format": format,
            "max_tokens": request.tokens_max, "temperature": 0,
        });
        let answer: Answer = self.connection.send_json("chat/completions", &body, ANSWER_BYTES_MAX).await?;
        let choice = answer.choices.into_iter().next().ok_or_else(|| invalid("it has no choices."))?;
        if choice.finish_reason.as_deref() == Some("length") {
            return Err(invalid("it broke off at the limit of tokens."));
        }
        if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
            let refusal: String = refusal.chars().take(200).collect();
            return Err(invalid(&format!("the model declined: {refusal}")));
        }
        choice.message.content.ok_or_else(|| invalid("it has no content."))
    }
}

fn invalid(detail: &str) -> AiError {
    AiError::ProviderAnswerInvalid { detail: detail.into() }
}

/// Reads an answer and checks it; the fault is worded for the model.
fn parse(request: &GenerateRequest, content: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(strip_fence(content))
        .map_err(|error| format!("The answer is not valid JSON: {error}."))?;
    schema::check(&request.schema, &value)?;
    Ok(value)
}

/// Takes away a Markdown code fence around the whole answer.
fn strip_fence(content: &str) -> &str {
    let content = content.trim();
    let Some(inner) = content.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else {
        return content;
    };
    match inner.split_once('\n') {
        Some((language, body)) if language.trim().chars().all(char::is_alphanumeric) => body.trim(),
        _ => inner.trim(),
    }
}

#[async_trait]
impl Generate for HttpGenerate {
    fn engine(&self) -> EngineName {
        EngineName { engine: "openai-compatible".into(), model: self.connection.model().to_owned() }
    }

    async fn generate(&self, request: GenerateRequest) -> Result<Value, AiError> {
        let mut messages = vec![
            json!({"role": "system", "content": request.system}),
            json!({"role": "user", "content": request.user}),
        ];
        let first = self.complete(&request, &messages).await?;
        let fault = match parse(&request, &first) {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        tracing::debug!(fault, "the model's answer is faulty; asking it to repair");
        messages.push(json!({"role": "assistant", "content": first}));
        messages.push(
            json!({"role": "user", "content": format!("{fault} Give the whole answer again, corrected.")}),
        );
        let second = self.complete(&request, &messages).await?;
        parse(&request, &second).map_err(|fault| invalid(&fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_fences_are_taken_away() {
        assert_eq!(strip_fence("```json\n{\"a\": 1}\n```"), "{\"a\": 1}");
        assert_eq!(strip_fence(" ```\n[]```\n"), "[]");
        assert_eq!(strip_fence("```{}```"), "{}");
        assert_eq!(strip_fence("{\"a\": \"```\"}"), "{\"a\": \"```\"}");
    }
}
