//! Requests that `object_store` does not make: signed by it, and tried again where that may help.

use super::{S3, client_options};
use crate::{BlobError, BlobKey, Result};
use http::{HeaderValue, Method, StatusCode};
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector};
use std::time::Duration;

const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What is needed to speak to the service beside `object_store`.
pub(super) struct Service {
    client: HttpClient,
    /// The address of the bucket, without a slash at its end.
    pub(super) bucket_url: String,
    region: String,
}

/// A request without a body.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// What it does, in one word, for whoever reads that it failed.
    pub(super) what: &'static str,
}

impl Service {
    pub(super) fn new(endpoint: Option<&str>, bucket: &str, region: &str, path_style: bool) -> Result<Self> {
        let invalid = |reason: String| BlobError::ConfigInvalid { reason };
        let endpoint = endpoint.map_or_else(
            || format!("https://s3.{region}.amazonaws.com"),
            |url| url.trim_end_matches('/').to_owned(),
        );
        let bucket_url = if path_style {
            format!("{endpoint}/{bucket}")
        } else if endpoint.ends_with(".amazonaws.com") && !endpoint.contains(&format!("//{bucket}.")) {
            endpoint.replacen("://", &format!("://{bucket}."), 1)
        } else {
            // Where the bucket is in the name of the host, the configured address has it already.
            endpoint.clone()
        };
        let options = client_options(endpoint.starts_with("http://"));
        let client =
            ReqwestConnector::default().connect(&options).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { client, bucket_url, region: region.to_owned() })
    }
}

impl S3 {
    /// Makes a request about `key`, and returns the answer's text.
    pub(super) async fn request(&self, key: &BlobKey, request: &Request) -> Result<String> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            match self.try_request(key, request).await {
                Err(BlobError::Unavailable(error)) if attempt < ATTEMPTS => {
                    tracing::debug!(%error, attempt, what = request.what, "a request to S3 is made again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                answered => return answered,
            }
        }
    }

    async fn try_request(&self, key: &BlobKey, wanted: &Request) -> Result<String> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = wanted.method.clone();
        *request.uri_mut() = wanted.url.parse().map_err(BlobError::unavailable)?;
        for (name, value) in &wanted.headers {
            let value = HeaderValue::from_str(value).map_err(BlobError::unavailable)?;
            request.headers_mut().insert(*name, value);
        }
        let credential = self.client.credentials().get_credential().await.map_err(BlobError::unavailable)?;
        AwsAuthorizer::new(&credential, "s3", &self.service.region)
            .try_authorize(&mut request, None)
            .map_err(BlobError::unavailable)?;
        let response = self.service.client.execute(request).await.map_err(BlobError::unavailable)?;
        let status = response.status();
        let text = response.into_body().bytes().await.map_err(BlobError::unavailable)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        match status {
            StatusCode::NOT_FOUND if text.contains("NoSuchBucket") => {
                let reason = format!("the bucket {} does not exist", self.bucket);
                Err(BlobError::ConfigInvalid { reason })
            }
            // Of an upload that is gone as little can be said as of a service that is: the blob may well be there, and whoever moves
            // it would take it for deleted.
            StatusCode::NOT_FOUND if text.contains("NoSuchKey") => {
                Err(BlobError::NotFound { key: key.clone() })
            }
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
                Err(BlobError::Denied(format!("the service answered {status} to a {}", wanted.what).into()))
            }
            // What goes wrong after the service has begun to answer is in the answer.
            status if status.is_success() && !text.contains("<Error>") => Ok(text),
            status => {
                Err(BlobError::unavailable(format!("the service answered {status} to a {}", wanted.what)))
            }
        }
    }
}

/// A value in a query.
pub(super) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The text of an element without children.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let mut text = text.to_owned();
    // The ampersand last, or what it escapes would be read twice.
    for (escaped, plain) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        text = text.replace(escaped, plain);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_bucket_is_in_its_path_or_in_its_host() {
        let url = |endpoint, path_style| {
            Service::new(endpoint, "talks", "eu-central-1", path_style).unwrap().bucket_url
        };
        assert_eq!(url(None, false), "https://talks.s3.eu-central-1.amazonaws.com");
        assert_eq!(url(None, true), "https://s3.eu-central-1.amazonaws.com/talks");
        assert_eq!(url(Some("http://127.0.0.1:9000/"), true), "http://127.0.0.1:9000/talks");
        assert_eq!(url(Some("https://talks.store.example"), false), "https://talks.store.example");
    }

    #[test]
    fn the_tag_of_a_part_is_read_however_it_is_escaped() {
        for tag in ["&quot;a1&quot;", "\"a1\"", "&#34;a1&#34;"] {
            let xml = format!("<?xml version=\"1.0\"?><CopyPartResult><ETag>{tag}</ETag></CopyPartResult>");
            assert_eq!(element(&xml, "ETag").as_deref(), Some("\"a1\""));
        }
        assert_eq!(element("<Error><Code>SlowDown</Code></Error>", "ETag"), None);
        assert_eq!(element("<Key>a&amp;lt;b&lt;c</Key>", "Key").as_deref(), Some("a&lt;b<c"));
    }
}
