//! A browser or program that talks to the server under test, and what it gets back.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use std::{ops::Deref, time::Duration};

/// Every code that a problem may have.
const ERRORS: &str = include_str!("../../../../docs/errors.md");

pub const PASSWORD: &str = "zebra crossing at noon";

/// Keeps cookies and says `X-Memoreel-Request` with everything, as the web app does.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// Somebody who has just signed up.
#[derive(Debug, Clone)]
pub struct Person {
    pub client: Client,
    pub user_id: String,
    pub organization_id: String,
    pub email: String,
}

impl Deref for Person {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Person {
    /// A request about another organization than their own.
    pub async fn ask(&self, organization_id: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = self.request(method, path).header("memoreel-organization", organization_id);
        send(if body.is_null() { request } else { request.json(&body) }).await
    }
}

impl Client {
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .timeout(Duration::from_secs(60))
            // Where an answer leads is for the tests to see.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { http, base: base.to_owned() }
    }

    /// `path` is below `/api/v1` unless it is one of the few that are not.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let elsewhere = ["/api/", "/media/", "/i/", "/health/", "/metrics", "/dev/", "/mcp", "/.well-known/"]
            .iter()
            .any(|prefix| path.starts_with(prefix));
        let prefix = if elsewhere { "" } else { "/api/v1" };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{prefix}{path}", self.base)).header("x-memoreel-request", "1")
    }

    /// Sends a request that was changed by hand.
    pub async fn execute(&self, request: reqwest::Request) -> Answer {
        read(self.http.execute(request).await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request("PATCH", path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request("PUT", path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request("DELETE", path)).await
    }

    /// A request of the tus protocol.
    pub fn tus(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    /// Announces an upload; returns its path below `/api/v1`.
    pub async fn announce(&self, size_bytes: usize, filename: &str) -> String {
        let request = self
            .tus("POST", "/uploads")
            .header("upload-length", size_bytes)
            .header("upload-metadata", metadata(&[("filename", filename)]));
        let answer = send(request).await.is(201);
        answer.header("location").strip_prefix("/api/v1").unwrap().to_owned()
    }

    /// Sends bytes of an upload.
    pub async fn append(&self, upload: &str, offset: usize, bytes: impl Into<Bytes>) -> Answer {
        send(self.appending(upload, offset).body(bytes.into())).await
    }

    /// A PATCH without its body.
    pub fn appending(&self, upload: &str, offset: usize) -> RequestBuilder {
        self.tus("PATCH", upload)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
    }

    /// Uploads an image in one request; returns its id.
    pub async fn upload_image(&self, filename: &str, bytes: Vec<u8>) -> String {
        let request = self
            .tus("POST", "/uploads")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata(&[("filename", filename), ("kind", "image")]))
            .header("content-type", "application/offset+octet-stream")
            .body(bytes);
        send(request).await.is(201).header("memoreel-asset-id").to_owned()
    }

    /// Uploads a document in one request; returns its id.
    pub async fn upload_document(&self, filename: &str, bytes: Vec<u8>) -> String {
        let request = self
            .tus("POST", "/uploads")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata(&[("filename", filename), ("kind", "document")]))
            .header("content-type", "application/offset+octet-stream")
            .body(bytes);
        send(request).await.is(201).header("memoreel-asset-id").to_owned()
    }

    /// Uploads a file in one request; returns the id of its video.
    pub async fn upload(&self, filename: &str, bytes: Vec<u8>) -> String {
        let request = self
            .tus("POST", "/uploads")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata(&[("filename", filename)]))
            .header("content-type", "application/offset+octet-stream")
            .body(bytes);
        send(request).await.is(201).header("memoreel-video-id").to_owned()
    }
}

/// `Upload-Metadata` of these pairs.
pub fn metadata(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name} {}", BASE64_STANDARD.encode(value))).collect();
    pairs.join(",")
}

pub async fn send(request: RequestBuilder) -> Answer {
    read(request.send().await.unwrap()).await
}

async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap() }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        value.to_str().unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// What every refusal must be: problem details that carry the status, a code that the documentation has, and the request's id.
    #[track_caller]
    pub fn is_a_problem(&self) -> Value {
        assert_eq!(
            self.headers.get("content-type").and_then(|value| value.to_str().ok()),
            Some("application/problem+json"),
            "{} {}",
            self.status,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        let code = problem["code"].as_str().unwrap_or_default();
        assert!(ERRORS.contains(&format!("\n| `{code}` | ")), "docs/errors.md does not have {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        let told_in_a_header = match self.status {
            401 => Some("www-authenticate"),
            405 => Some("allow"),
            429 | 503 => Some("retry-after"),
            _ => None,
        };
        let is_told = |name| self.headers.get_all(name).iter().count() == 1;
        assert!(told_in_a_header.is_none_or(is_told), "{:?} {problem}", self.headers);
        problem
    }

    /// A problem with this status and code.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        let problem = self.is_a_problem();
        assert_eq!(problem["code"], code, "{problem}");
        self
    }
}

/// Server-sent events as they come.
pub struct EventStream {
    response: reqwest::Response,
    text: String,
}

impl EventStream {
    pub async fn open(client: &Client) -> Self {
        Self::of(client.request("GET", "/events")).await
    }

    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// Whether the server ends it within two seconds. What it says until then is read away.
    pub async fn ends(&mut self) -> bool {
        let end = async { while self.response.chunk().await.unwrap().is_some() {} };
        tokio::time::timeout(Duration::from_secs(2), end).await.is_ok()
    }

    /// The next event: its name and its data.
    pub async fn next(&mut self) -> (String, Value) {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
                };
                if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                    return (name, serde_json::from_str(&data).unwrap());
                }
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
