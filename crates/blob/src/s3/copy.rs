//! Copies within one S3 service, between its buckets: the bytes do not pass through here. `object_store` copies within one
//! bucket only, so the two requests that name another one are made here (CopyObject and UploadPartCopy), signed by it.

use super::{PARTS_IN_FLIGHT, PARTS_MAX, S3, abort_upload_id, client_options};
use crate::single::CopiedBlob;
use crate::{BlobError, BlobKey, Result, content_type};
use futures::{StreamExt, TryStreamExt};
use http::{HeaderValue, Method, StatusCode};
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as ObjectPath;
use object_store::{Attribute, Attributes, PutMultipartOptions};
use std::ops::Range;
use std::time::Duration;

/// What is copied by one request; more is copied in parts. The service itself takes 5 GiB, after a long silence.
const COPY_PART_BYTES: u64 = 64 << 20;
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What is needed to speak to the service beside `object_store`.
pub(super) struct Service {
    client: HttpClient,
    /// The address of the bucket, without a slash at its end.
    bucket_url: String,
    region: String,
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
    /// Whether the other bucket can be copied from by the service itself.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        self.account == other.account
    }

    /// Copies an object of another bucket of the same service.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] if there is none; what the service raises.
    pub(crate) async fn copy_within(&self, from: &Self, key: &BlobKey) -> Result<CopiedBlob> {
        let Some(meta) = from.head(key).await? else { return Err(BlobError::NotFound { key: key.clone() }) };
        let size_bytes = meta.size_bytes;
        let source = format!("{}/{}", from.bucket, from.object(key)?);
        let object = self.object(key)?;
        if size_bytes <= COPY_PART_BYTES {
            let answer = self.copy_request(key, &object, "", &source, None).await?;
            if !answer.contains("CopyObjectResult") {
                return Err(BlobError::unavailable("the service did not copy the object"));
            }
        } else {
            self.copy_in_parts(key, &object, &source, size_bytes).await?;
        }
        Ok(CopiedBlob { size_bytes, sha256: None })
    }

    async fn copy_in_parts(
        &self,
        key: &BlobKey,
        object: &ObjectPath,
        source: &str,
        size_bytes: u64,
    ) -> Result<()> {
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type(key))]);
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let upload = self.client.create_multipart_opts(object, options).await;
        let id = upload.map_err(|error| self.put_error(error, key))?;
        let part_bytes = size_bytes.div_ceil(PARTS_MAX - 1).next_multiple_of(1 << 20).max(COPY_PART_BYTES);
        let ranges = (0..size_bytes.div_ceil(part_bytes))
            .map(|part| (part + 1, part * part_bytes..((part + 1) * part_bytes).min(size_bytes)));
        let parts = futures::stream::iter(ranges)
            .map(|(number, range)| {
                let query = format!("?partNumber={number}&uploadId={}", encoded(&id));
                async move {
                    let answer = self.copy_request(key, object, &query, source, Some(range)).await?;
                    let etag = element(&answer, "ETag");
                    let content_id = etag.ok_or_else(|| BlobError::unavailable("a part was not copied"))?;
                    Ok::<_, BlobError>(PartId { content_id })
                }
            })
            .buffered(PARTS_IN_FLIGHT)
            .try_collect::<Vec<_>>()
            .await;
        let outcome = match parts {
            Ok(parts) => {
                let done = self.client.complete_multipart(object, &id, parts).await;
                done.map(drop).map_err(|error| self.put_error(error, key))
            }
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            abort_upload_id(&self.client, object, &id).await;
        }
        outcome
    }

    /// One request that names what it copies, tried again where that may help. Returns the answer's text.
    async fn copy_request(
        &self,
        key: &BlobKey,
        object: &ObjectPath,
        query: &str,
        source: &str,
        range: Option<Range<u64>>,
    ) -> Result<String> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            match self.try_copy_request(key, object, query, source, range.clone()).await {
                Err(BlobError::Unavailable(error)) if attempt < ATTEMPTS => {
                    tracing::debug!(%error, attempt, "copying within S3 is tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                answered => return answered,
            }
        }
    }

    async fn try_copy_request(
        &self,
        key: &BlobKey,
        object: &ObjectPath,
        query: &str,
        source: &str,
        range: Option<Range<u64>>,
    ) -> Result<String> {
        // Keys need no escaping: see BlobKey. Nor do buckets.
        let url = format!("{}/{object}{query}", self.service.bucket_url);
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = url.parse().map_err(BlobError::unavailable)?;
        let headers = request.headers_mut();
        let value = |text: String| HeaderValue::from_str(&text).map_err(BlobError::unavailable);
        headers.insert("x-amz-copy-source", value(source.to_owned())?);
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        if let Some(range) = range {
            let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
            headers.insert("x-amz-copy-source-range", value(bytes)?);
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
            StatusCode::NOT_FOUND => Err(BlobError::NotFound { key: key.clone() }),
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
                Err(BlobError::Denied(format!("the service answered {status}").into()))
            }
            // What goes wrong after the service has begun to answer is in the answer.
            status if status.is_success() && !text.contains("<Error>") => Ok(text),
            status => Err(BlobError::unavailable(format!("the service answered {status} to a copy"))),
        }
    }
}

/// An upload's id in a query.
fn encoded(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The text of an element without children.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&amp;", "&"))
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
    }
}
