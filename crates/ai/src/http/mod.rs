//! Providers that speak the OpenAI HTTP protocol: the connection they share, with its time-outs, retries,
//! size limits and care for the key.

mod chat;
mod embeddings;
mod transcriptions;

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use chat::HttpGenerate;
pub use embeddings::HttpEmbed;
pub use transcriptions::HttpTranscribe;

use crate::AiError;

/// Attempts before a busy provider is given up.
const ATTEMPTS_MAX: u32 = 4;
/// First wait between attempts; each further one doubles.
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// Longest wait inside one call. A provider that asks for more gets the error, and the caller's own schedule.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How much of a provider's complaint is passed on.
const COMPLAINT_CHARS_MAX: usize = 300;
/// A complaint longer than this is not read at all.
const COMPLAINT_BYTES_MAX: usize = 64 << 10;

/// A key that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Where a provider is and what is asked of it.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Base address such as `https://api.openai.com/v1`; `/v1` is added where the address has no path.
    pub base_address: Url,
    /// Sent as a bearer token where present; servers of one's own often need none.
    pub key: Option<Secret>,
    /// The model's name.
    pub model: String,
    /// The longest time one attempt may take from its first byte to its last.
    pub attempt_time_max: Duration,
}

impl ProviderSettings {
    /// Settings with ten minutes for each attempt.
    #[must_use]
    pub fn new(base_address: Url, key: Option<Secret>, model: impl Into<String>) -> Self {
        Self { base_address, key, model: model.into(), attempt_time_max: Duration::from_secs(600) }
    }
}

/// One provider's connection.
#[derive(Debug)]
struct Connection {
    client: reqwest::Client,
    settings: ProviderSettings,
}

impl Connection {
    fn new(mut settings: ProviderSettings) -> Result<Self, AiError> {
        if !matches!(settings.base_address.scheme(), "http" | "https") {
            return Err(AiError::EngineMissing { missing: "a provider address with http or https".into() });
        }
        if settings.base_address.path() == "/" {
            settings.base_address.set_path("/v1");
        }
        // A redirect could carry the key and the recording to another host.
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(settings.attempt_time_max)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("memoreel/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| AiError::EngineMissing { missing: format!("an HTTP client ({error})") })?;
        Ok(Self { client, settings })
    }

    fn model(&self) -> &str {
        &self.settings.model
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let mut address = self.settings.base_address.clone();
        let base = address.path().trim_end_matches('/').to_owned();
        address.set_path(&format!("{base}/{path}"));
        let request = self.client.post(address);
        match &self.settings.key {
            Some(key) => request.bearer_auth(&key.0),
            None => request,
        }
    }

    /// Posts JSON and reads the JSON answer, with retries.
    async fn send_json<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        size_bytes_max: usize,
    ) -> Result<T, AiError> {
        let mut retry = Retry::default();
        loop {
            match self.send_once(self.post(path).json(body), size_bytes_max).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => retry.wait(failure).await?,
            }
        }
    }

    /// One attempt.
    async fn send_once<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        size_bytes_max: usize,
    ) -> Result<T, AiError> {
        let response = request.send().await.map_err(|error| self.unavailable(error))?;
        if !response.status().is_success() {
            return Err(self.failure(response).await);
        }
        let body = self.read(response, size_bytes_max).await?;
        serde_json::from_slice(&body).map_err(|error| AiError::ProviderAnswerInvalid {
            detail: format!("it is not the JSON that was asked for ({error})."),
        })
    }

    async fn failure(&self, response: Response) -> AiError {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let detail = match self.read(response, COMPLAINT_BYTES_MAX).await {
            Ok(body) => self.complaint(&body),
            Err(_) => "it gave no readable reason.".into(),
        };
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            AiError::ProviderUnavailable {
                detail: format!("status {}, {detail}", status.as_u16()),
                retry_after,
            }
        } else {
            AiError::ProviderRefused { status: status.as_u16(), detail }
        }
    }

    fn unavailable(&self, error: reqwest::Error) -> AiError {
        let detail = if error.is_timeout() {
            "it took too long to answer.".to_owned()
        } else if error.is_connect() {
            "no connection could be made.".to_owned()
        } else {
            self.strike_out_key(&format!("the connection failed ({}).", error.without_url()))
        };
        AiError::ProviderUnavailable { detail, retry_after: None }
    }

    async fn read(&self, mut response: Response, size_bytes_max: usize) -> Result<Bytes, AiError> {
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unavailable(error))? {
            if body.len() + piece.len() > size_bytes_max {
                return Err(AiError::ProviderAnswerInvalid {
                    detail: format!("it is larger than {size_bytes_max} bytes."),
                });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The reason in an error body: `error.message`, `message` or `detail` where it is JSON, or else its start.
    fn complaint(&self, body: &[u8]) -> String {
        let parsed: Option<Value> = serde_json::from_slice(body).ok();
        let text = parsed
            .as_ref()
            .and_then(|value| {
                ["/error/message", "/error", "/message", "/detail"]
                    .iter()
                    .find_map(|place| value.pointer(place).and_then(Value::as_str))
            })
            .map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
        let text = self.strike_out_key(&text);
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.is_empty() {
            true => "it gave no reason.".into(),
            false => text.chars().take(COMPLAINT_CHARS_MAX).collect(),
        }
    }

    fn strike_out_key(&self, text: &str) -> String {
        match &self.settings.key {
            Some(key) if !key.0.is_empty() => text.replace(&key.0, "[key]"),
            _ => text.to_owned(),
        }
    }
}

/// Counts the attempts of one call.
#[derive(Debug, Default)]
struct Retry {
    failures: u32,
}

impl Retry {
    /// Waits before the next attempt, or gives the failure back where another attempt is of no use: for all but
    /// 429, 5xx and broken connections, after the last attempt, and where the provider wants a long rest.
    async fn wait(&mut self, failure: AiError) -> Result<(), AiError> {
        self.failures += 1;
        let AiError::ProviderUnavailable { retry_after, .. } = &failure else {
            return Err(failure);
        };
        let wait = retry_after.unwrap_or(BACKOFF_FIRST * 2_u32.pow(self.failures - 1));
        if self.failures == ATTEMPTS_MAX || wait > BACKOFF_MAX {
            return Err(failure);
        }
        tracing::debug!(failures = self.failures, ?wait, error = %failure, "asking the provider again");
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// The wait in a `Retry-After` header in seconds (RFC 9110, 10.2.3). The date form is left to the backoff.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
