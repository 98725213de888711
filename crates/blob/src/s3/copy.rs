//! Copies within one S3 service, between its buckets: the bytes do not pass through here. `object_store` copies within one
//! bucket only, so the two requests that name another one are made here (CopyObject and UploadPartCopy).

use super::requests::{Request, element, encoded};
use super::{PARTS_IN_FLIGHT, PARTS_MAX, S3, abort_upload_id, part_error};
use crate::single::CopiedBlob;
use crate::{BlobError, BlobKey, Result, content_type};
use futures::{StreamExt, TryStreamExt};
use http::Method;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as ObjectPath;
use object_store::{Attribute, Attributes, PutMultipartOptions};
use std::ops::Range;

/// What is copied by one request; more is copied in parts. The service itself takes 5 GiB, after a long silence.
const COPY_PART_BYTES: u64 = 64 << 20;

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
                done.map(drop).map_err(|error| part_error(error, key))
            }
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            abort_upload_id(&self.client, object, &id).await;
        }
        outcome
    }

    /// One request that names what it copies. Returns the answer's text.
    async fn copy_request(
        &self,
        key: &BlobKey,
        object: &ObjectPath,
        query: &str,
        source: &str,
        range: Option<Range<u64>>,
    ) -> Result<String> {
        let mut headers = vec![("x-amz-copy-source", source.to_owned()), ("content-length", "0".to_owned())];
        if let Some(range) = range {
            let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
            headers.push(("x-amz-copy-source-range", bytes));
        }
        // Keys need no escaping: see BlobKey. Nor do buckets.
        let url = format!("{}/{object}{query}", self.service.bucket_url);
        self.request(key, &Request { method: Method::PUT, url, headers, what: "copy" }).await
    }
}
