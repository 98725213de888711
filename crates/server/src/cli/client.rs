//! A client of our own API.

use super::credentials::Server;
use anyhow::{Context, Result, bail};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// A server and the right to use it.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    key: String,
}

impl Client {
    pub(super) fn new(server: &Server) -> Result<Self> {
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).build()?;
        Ok(Self { http, base: server.server.clone(), key: server.key()? })
    }

    pub(super) fn url(&self, path: &str) -> Result<Url> {
        Ok(self.base.join(path)?)
    }

    pub(super) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        Ok(self.http.request(method, self.url(path)?).bearer_auth(&self.key))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T> {
        let response =
            self.request(Method::GET, path)?.query(query).timeout(Duration::from_secs(60)).send().await;
        let response =
            checked(response.with_context(|| format!("the server {} does not answer", self.base))?).await?;
        Ok(response.json().await?)
    }
}

/// Turns a problem into an error that says what the server said.
pub(super) async fn checked(response: Response) -> Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let problem: Value = response.json().await.unwrap_or_default();
    let detail = problem["detail"]
        .as_str()
        .unwrap_or_else(|| status.canonical_reason().unwrap_or("the request failed"));
    match problem["hint"].as_str() {
        Some(hint) => bail!("{detail} {hint}"),
        None => bail!("{detail}"),
    }
}

/// Milliseconds as people write them: 1:02:03 or 2:03.
pub(super) fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
