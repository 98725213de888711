//! The few calls of the HTTP interface that the commands make.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::server_process::agent;

/// Answers are small; one that is not is an error.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
const PAGE_LIMIT: &str = "100";
const SEARCH_LIMIT: &str = "3";

/// What the server said to a request, whatever it was.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body, or null where it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Talks to the server as one user.
pub struct Client {
    agent: ureq::Agent,
    /// Where the server answers, without a slash at the end.
    pub url: String,
    api_key: String,
}

impl Client {
    pub fn new(url: &str, api_key: &str) -> Self {
        Self { agent: agent(), url: url.to_owned(), api_key: api_key.to_owned() }
    }

    /// The key it signs in with.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Whether the server takes the key.
    pub fn is_signed_in(&self) -> Result<bool> {
        if self.api_key.is_empty() {
            return Ok(false);
        }
        let response = self.agent.get(self.address("/me")).header("Authorization", self.bearer()).call()?;
        match response.status().as_u16() {
            401 => Ok(false),
            _ => answer(response).map(|_| true),
        }
    }

    /// Everything that was uploaded.
    pub fn videos(&self) -> Result<Vec<Value>> {
        let mut videos = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", PAGE_LIMIT)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut page = self.get("/videos", &query)?;
            if let Value::Array(items) = page["items"].take() {
                videos.extend(items);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(videos),
            }
        }
    }

    /// One video with its stages and its addresses.
    pub fn video(&self, id: &str) -> Result<Value> {
        self.get(&format!("/videos/{id}"), &[])
    }

    /// Has a video that failed processed again.
    pub fn retry(&self, id: &str) -> Result<()> {
        let request = self.agent.post(self.address(&format!("/videos/{id}/retry")));
        answer(request.header("Authorization", self.bearer()).send_empty()?).map(drop)
    }

    pub fn transcript(&self, id: &str) -> Result<Value> {
        self.get(&format!("/videos/{id}/transcript"), &[])
    }

    pub fn summary(&self, id: &str) -> Result<Value> {
        self.get(&format!("/videos/{id}/summary"), &[])
    }

    /// The best hits, both by words and by meaning.
    pub fn search(&self, text: &str) -> Result<Value> {
        self.get("/search", &[("q", text), ("limit", SEARCH_LIMIT)])
    }

    /// Hits for the parameters of a search.
    pub fn search_with(&self, parameters: &[(&str, &str)]) -> Result<Value> {
        self.get("/search", parameters)
    }

    /// Makes a video without a recording.
    pub fn create_video(&self, video: &Value) -> Result<Value> {
        let request = self.agent.post(self.address("/videos")).header("Authorization", self.bearer());
        answer(request.send_json(video)?).context("POST /videos")
    }

    /// Gives a video its transcript, in the form that `captions.json` has.
    pub fn put_captions(&self, id: &str, captions: &Value) -> Result<()> {
        let request = self.agent.put(self.address(&format!("/videos/{id}/captions")));
        let response = request.header("Authorization", self.bearer()).send_json(captions)?;
        answer(response).with_context(|| format!("PUT /videos/{id}/captions")).map(drop)
    }

    /// The text behind an address that an answer named, such as a playlist's.
    pub fn text(&self, address: &str) -> Result<String> {
        Ok(String::from_utf8(self.file(address)?)?)
    }

    /// The file behind an address that an answer named.
    pub fn file(&self, address: &str) -> Result<Vec<u8>> {
        let url =
            if address.starts_with('/') { format!("{}{address}", self.url) } else { address.to_owned() };
        let mut response = self.agent.get(url).call()?;
        if response.status().is_success() {
            Ok(response.body_mut().read_to_vec()?)
        } else {
            Err(refusal(response))
        }
    }

    /// Sends one request of the upload protocol and returns the answer's headers.
    pub fn tus(
        &self,
        method: &str,
        address: &str,
        headers: &[(&str, String)],
        body: &mut dyn Read,
    ) -> Result<BTreeMap<String, String>> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(address)
            .header("Tus-Resumable", "1.0.0")
            .header("Authorization", self.bearer());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = self.agent.run(request.body(ureq::SendBody::from_reader(body))?)?;
        let text = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = response.headers().iter().filter_map(text).collect();
        if response.status().is_success() { Ok(headers) } else { Err(refusal(response)) }
    }

    /// Sends a request whose answer may be a refusal.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(self.address(path))
            .header("Authorization", self.bearer());
        // A GET with a body, even an empty one, is another request.
        let mut response = if body.is_empty() && method == "GET" {
            self.agent.run(request.body(())?)?
        } else {
            self.agent.run(request.body(body)?)?
        };
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Answer { status, body })
    }

    /// The full address of a path below the interface's root.
    pub fn address(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.url)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.api_key)
    }

    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let request = self.agent.get(self.address(path)).header("Authorization", self.bearer());
        let response = request.query_pairs(query.iter().copied()).call()?;
        answer(response).with_context(|| format!("GET {path}"))
    }
}

/// The JSON of a successful answer; null when it has no body.
pub fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Value> {
    if !response.status().is_success() {
        return Err(refusal(response));
    }
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
}

/// What the server says about a request that it did not carry out.
fn refusal(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Error {
    let status = response.status();
    let text = response.body_mut().read_to_string().unwrap_or_default();
    let problem = || -> Result<String> {
        let problem: Value = serde_json::from_str(&text)?;
        match (problem["code"].as_str(), problem["detail"].as_str()) {
            (Some(code), Some(detail)) => Ok(format!("{code}: {detail}")),
            _ => bail!("not a problem document"),
        }
    };
    anyhow::anyhow!("the server answered {status}: {}", problem().unwrap_or(text))
}
