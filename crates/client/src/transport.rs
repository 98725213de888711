//! How requests reach a server: over the network, or another way that somebody provides.

use crate::ClientError;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use http::{HeaderValue, Request, Response, header};
use std::{io, time::Duration};

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// For requests that carry no file.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// A connection on which nothing moves any more is noticed after about this long.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// More is no answer of the API: the transcript of a day is a tenth of this.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// What a request carries.
pub enum Body {
    /// Nothing.
    Empty,
    /// A few bytes.
    Bytes(Bytes),
    /// Bytes as they come.
    Stream(BoxStream<'static, io::Result<Bytes>>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// Sends requests to the server, with what shows who is asking.
#[async_trait]
pub trait Transport: std::fmt::Debug + Send + Sync {
    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer.
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, ClientError>;
}

/// Over the network, with an API key.
#[derive(Clone)]
pub struct HttpTransport {
    http: reqwest::Client,
    authorization: HeaderValue,
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// With a key of the form `mrl_…`.
    ///
    /// # Errors
    /// [`ClientError::Settings`] when the key cannot be one.
    pub fn new(api_key: &str) -> Result<Self, ClientError> {
        let settings = |reason: &str| ClientError::Settings { reason: reason.to_owned() };
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", api_key.trim()))
            .map_err(|_| settings("this is not an API key"))?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .tcp_keepalive(KEEPALIVE)
            .user_agent(concat!("memoreel-client/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| settings(&format!("no connections can be made: {error}")))?;
        Ok(Self { http, authorization })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, ClientError> {
        let (parts, body) = request.into_parts();
        let server = parts.uri.authority().map(ToString::to_string).unwrap_or_default();
        let unreachable = |source: reqwest::Error| ClientError::Unreachable {
            server: server.clone(),
            source: Box::new(source.without_url()),
        };
        let mut sending = self
            .http
            .request(parts.method, parts.uri.to_string())
            .headers(parts.headers)
            .header(header::AUTHORIZATION, self.authorization.clone());
        sending = match body {
            Body::Empty => sending.timeout(ANSWER_WAIT),
            Body::Bytes(bytes) => sending.timeout(ANSWER_WAIT).body(bytes),
            Body::Stream(stream) => sending.body(reqwest::Body::wrap_stream(stream)),
        };
        let mut answer = sending.send().await.map_err(unreachable)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let mut content = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if content.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ClientError::Unexpected { reason: "it is too long".to_owned() });
            }
            content.extend_from_slice(&chunk);
        }
        *response.body_mut() = content.freeze();
        Ok(response)
    }
}
