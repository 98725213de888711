//! The S3 store, through `object_store`: requests are signed, timed out and retried there; this module streams
//! blobs in parts, aborts what fails, and translates keys, ranges and errors.

mod copy;
mod downloads;
mod requests;
mod unfinished;

use self::downloads::Downloads;
use crate::batches::Batches;
use crate::disk::read_file;
use crate::error::blocking;
use crate::scratch::Scratch;
use crate::store::{BlobFacts, BlobMeta, BlobRead, DIRECTORY_CONCURRENCY, DirectoryFacts, Source};
use crate::{BlobError, BlobKey, RangeRequest, Result, content_type};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::multipart::MultipartStore;
use object_store::path::Path as ObjectPath;
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, GetRange, MultipartId, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, RetryConfig,
};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// S3 takes at most this many parts.
const PARTS_MAX: u64 = 10_000;
const FILE_PART_BYTES: u64 = 8 << 20;
const STREAM_PART_BYTES: u64 = 16 << 20;
/// Parts on their way at once; with the one being filled, they bound memory to four parts for each put.
const PARTS_IN_FLIGHT: usize = 3;
/// Largest blob of unknown length, in bytes: 10,000 parts of 16 MiB. A file may be larger.
pub const STREAM_BYTES_MAX: u64 = PARTS_MAX * STREAM_PART_BYTES;

/// Beyond every blob, and yet a number to services that read positions with a sign.
const POSITION_MAX: u64 = i64::MAX.unsigned_abs() - 1;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence of the service, including the time a part takes to send.
const READ_TIMEOUT: Duration = Duration::from_secs(120);
const RETRIES_MAX: usize = 4;
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// Where an S3 bucket is and how to enter it.
#[derive(Clone)]
pub struct S3Config {
    /// Base URL of the service, such as `https://s3.eu-central-1.amazonaws.com`; `None` means Amazon's own.
    pub endpoint: Option<String>,
    /// The bucket, which must exist. Multipart uploads that a killed process leaves in it cost until they are aborted, by
    /// [`crate::SingleStore::abandon`] or by a lifecycle rule.
    pub bucket: String,
    /// The region; most other services take any.
    pub region: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key; never shown.
    pub secret_key: String,
    /// Put before every key, so that a bucket can be shared.
    pub prefix: Option<BlobKey>,
    /// The bucket in the path of the URL rather than in its host name; most services other than Amazon's need it.
    pub path_style: bool,
    /// Sends `x-amz-checksum-sha256`, which the service keeps. Bytes are covered by the request's signature anyway;
    /// turn this off for a service that refuses the header.
    pub checksum_header: bool,
    /// A folder with room for the recordings being processed.
    pub scratch_dir: PathBuf,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("access_key", &self.access_key)
            .field("prefix", &self.prefix)
            .field("path_style", &self.path_style)
            .field("checksum_header", &self.checksum_header)
            .field("scratch_dir", &self.scratch_dir)
            .finish_non_exhaustive()
    }
}

pub(crate) struct S3 {
    client: AmazonS3,
    service: requests::Service,
    /// Endpoint, region and access key: buckets of one account can be copied between by the service.
    account: (Option<String>, String, String),
    bucket: String,
    prefix: Option<BlobKey>,
    scratch: Scratch,
    downloads: Downloads,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl S3 {
    pub(crate) fn open(config: S3Config) -> Result<Self> {
        let is_plain = config.endpoint.as_deref().is_some_and(|url| url.starts_with("http://"));
        let options = client_options(is_plain);
        let retry =
            RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_client_options(options)
            .with_retry(retry)
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key)
            .with_secret_access_key(&config.secret_key)
            .with_virtual_hosted_style_request(!config.path_style);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        if config.checksum_header {
            builder = builder.with_checksum_algorithm(Checksum::SHA256);
        }
        let client =
            builder.build().map_err(|error| BlobError::ConfigInvalid { reason: error.to_string() })?;
        let service = requests::Service::new(
            config.endpoint.as_deref(),
            &config.bucket,
            &config.region,
            config.path_style,
        )?;
        let scratch = Scratch::open(config.scratch_dir)?;
        let account = (config.endpoint, config.region, config.access_key);
        let (bucket, prefix, downloads) = (config.bucket, config.prefix, Downloads::default());
        Ok(Self { client, service, account, bucket, prefix, scratch, downloads })
    }

    fn object(&self, key: &BlobKey) -> Result<ObjectPath> {
        let path = match &self.prefix {
            Some(prefix) => ObjectPath::parse(format!("{prefix}/{key}")),
            None => ObjectPath::parse(key.as_str()),
        };
        path.map_err(BlobError::unavailable)
    }

    /// A missing bucket answers a put as a missing blob answers a get.
    fn put_error(&self, error: object_store::Error, key: &BlobKey) -> BlobError {
        match error {
            object_store::Error::NotFound { .. } => {
                BlobError::ConfigInvalid { reason: format!("the bucket {} does not exist", self.bucket) }
            }
            error => BlobError::from_object_store(error, key),
        }
    }

    pub(crate) async fn put_file(&self, key: &BlobKey, path: &Path) -> Result<BlobFacts> {
        let path = path.to_owned();
        let (file, size_bytes) = blocking(move || {
            let open = || {
                let file = File::open(path)?;
                let meta = file.metadata()?;
                if meta.is_file() { Ok((file, meta.len())) } else { Err(io::ErrorKind::IsADirectory.into()) }
            };
            open().map_err(BlobError::SourceBroken)
        })
        .await?;
        self.upload(key, read_file(Arc::new(file), 0..size_bytes), part_bytes(size_bytes)).await
    }

    pub(crate) async fn put_files(&self, files: Vec<(BlobKey, PathBuf)>) -> Result<DirectoryFacts> {
        let mut written = futures::stream::iter(files)
            .map(|(key, path)| async move { self.put_file(&key, &path).await })
            .buffer_unordered(DIRECTORY_CONCURRENCY);
        let mut facts = DirectoryFacts::default();
        while let Some(file) = written.try_next().await? {
            facts.files += 1;
            facts.size_bytes += file.size_bytes;
        }
        Ok(facts)
    }

    pub(crate) async fn put_stream(
        &self,
        key: &BlobKey,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<BlobFacts> {
        self.upload(key, stream, STREAM_PART_BYTES).await
    }

    /// A stream whose length is known, of any size that S3 can hold.
    pub(crate) async fn put_sized(
        &self,
        key: &BlobKey,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
        size_bytes: u64,
    ) -> Result<BlobFacts> {
        self.upload(key, stream, part_bytes(size_bytes)).await
    }

    async fn upload(
        &self,
        key: &BlobKey,
        stream: impl Stream<Item = io::Result<Bytes>> + Send,
        part_bytes: u64,
    ) -> Result<BlobFacts> {
        let part_size = usize::try_from(part_bytes).map_err(BlobError::unavailable)?;
        let object = self.object(key)?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type(key))]);
        let stream = pin!(stream);
        let mut parts =
            Parts { batches: Batches::new(stream), hasher: Sha256::new(), size_bytes: 0, part_size };
        let (first, more) = parts.next().await?;
        if !more {
            let options = PutOptions { attributes, ..PutOptions::default() };
            let put = self.client.put_opts(&object, PutPayload::from_bytes(first), options).await;
            put.map_err(|error| self.put_error(error, key))?;
            return Ok(parts.facts());
        }
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let upload = self.client.put_multipart_opts(&object, options).await;
        let mut upload = Multipart::new(upload.map_err(|error| self.put_error(error, key))?);
        let outcome = async {
            upload.put(first).await.map_err(|error| part_error(error, key))?;
            for _ in 1..PARTS_MAX {
                let (part, more) = parts.next().await?;
                if !part.is_empty() {
                    upload.put(part).await.map_err(|error| part_error(error, key))?;
                }
                if !more {
                    return upload.complete().await.map_err(|error| part_error(error, key));
                }
            }
            Err(BlobError::TooLarge { size_bytes_max: PARTS_MAX * part_bytes })
        }
        .await;
        match outcome {
            Ok(()) => Ok(parts.facts()),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    pub(crate) async fn get(&self, key: &BlobKey, range: Option<RangeRequest>) -> Result<BlobRead> {
        let object = self.object(key)?;
        let wanted = range.map(|range| match range {
            RangeRequest::Between { start, last } => {
                GetRange::Bounded(start.min(POSITION_MAX)..last.min(POSITION_MAX) + 1)
            }
            RangeRequest::From(start) => GetRange::Offset(start.min(POSITION_MAX)),
            RangeRequest::Suffix(length) => GetRange::Suffix(length.min(POSITION_MAX)),
        });
        let options = GetOptions { range: wanted, ..GetOptions::default() };
        let result = match self.client.get_opts(&object, options).await {
            Ok(result) => result,
            Err(error) => {
                let error = BlobError::from_object_store(error, key);
                return Err(self.explain_range(key, range, error).await);
            }
        };
        let meta = blob_meta(key.clone(), &result.meta);
        let range = result.range.clone();
        let bytes = result.into_stream().map_err(io::Error::other).boxed();
        Ok(BlobRead { meta, range, source: Source::Network(bytes) })
    }

    /// A range outside the blob is refused by the service in its own words; the size tells it from other failures.
    async fn explain_range(&self, key: &BlobKey, range: Option<RangeRequest>, error: BlobError) -> BlobError {
        if !matches!(error, BlobError::Unavailable(_)) {
            return error;
        }
        let Some(range) = range else { return error };
        match self.head(key).await {
            Ok(Some(meta)) => range.resolve(meta.size_bytes).err().unwrap_or(error),
            _ => error,
        }
    }

    pub(crate) async fn head(&self, key: &BlobKey) -> Result<Option<BlobMeta>> {
        match self.client.head(&self.object(key)?).await {
            Ok(meta) => Ok(Some(blob_meta(key.clone(), &meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(BlobError::from_object_store(error, key)),
        }
    }

    pub(crate) async fn delete(&self, key: &BlobKey) -> Result<()> {
        match self.client.delete(&self.object(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::from_object_store(error, key)),
        }
    }

    /// Removes temporary files that killed processes left.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let scratch = self.scratch.clone();
        blocking(move || scratch.sweep()).await
    }

    pub(crate) async fn delete_prefix(&self, prefix: &BlobKey) -> Result<u64> {
        let object = self.object(prefix)?;
        let found = self.client.list(Some(&object)).map_ok(|meta| meta.location).boxed();
        let mut deleted = self.client.delete_stream(found);
        let mut count = 0;
        while let Some(outcome) = deleted.next().await {
            match outcome {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => count += 1,
                Err(error) => return Err(BlobError::from_object_store(error, prefix)),
            }
        }
        Ok(count)
    }

    pub(crate) fn list(&self, prefix: Option<&BlobKey>) -> BoxStream<'static, Result<BlobMeta>> {
        let object = match (prefix, &self.prefix) {
            (Some(prefix), _) => match self.object(prefix) {
                Ok(object) => Some(object),
                Err(error) => return futures::stream::iter([Err(error)]).boxed(),
            },
            (None, Some(own)) => Some(ObjectPath::from(own.as_str())),
            (None, None) => None,
        };
        let own = self.prefix.as_ref().map(|own| format!("{own}/")).unwrap_or_default();
        self.client
            .list(object.as_ref())
            .try_filter_map(move |meta| {
                // Not every object in the bucket need be ours.
                let key = meta
                    .location
                    .as_ref()
                    .strip_prefix(own.as_str())
                    .and_then(|key| BlobKey::parse(key).ok());
                futures::future::ready(Ok(key.map(|key| blob_meta(key, &meta))))
            })
            .map_err(|error| match error {
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. } => BlobError::Denied(error.into()),
                error => BlobError::unavailable(error),
            })
            .boxed()
    }
}

/// A total time-out would cut off whoever watches slowly; silence is what is timed.
fn client_options(is_plain: bool) -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(READ_TIMEOUT)
        .with_timeout_disabled()
        .with_allow_http(is_plain)
}

/// What is not found once an upload was begun is that upload: it was completed by a request whose answer was lost, or aborted by
/// somebody else. The bucket is there, and the blob may be.
fn part_error(error: object_store::Error, key: &BlobKey) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::Unavailable(error.into()),
        error => BlobError::from_object_store(error, key),
    }
}

/// The parts of one blob, hashed as they pass.
struct Parts<S> {
    batches: Batches<S>,
    hasher: Sha256,
    size_bytes: u64,
    part_size: usize,
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Parts<S> {
    /// The next part, and whether more may follow. All parts but the last are of one size, as some services demand.
    async fn next(&mut self) -> Result<(Bytes, bool)> {
        let mut part = Vec::new();
        let more = self.batches.fill(&mut part, self.part_size).await.map_err(BlobError::SourceBroken)?;
        let part = Bytes::from(part);
        let (mut hasher, bytes) = (std::mem::take(&mut self.hasher), part.clone());
        self.hasher = blocking(move || {
            hasher.update(&bytes);
            Ok(hasher)
        })
        .await?;
        self.size_bytes += part.len() as u64;
        Ok((part, more))
    }

    fn facts(self) -> BlobFacts {
        BlobFacts { size_bytes: self.size_bytes, sha256: self.hasher.finalize().into() }
    }
}

/// A multipart upload that is aborted unless it is completed, even when the call that makes it is dropped.
struct Multipart {
    upload: Option<Box<dyn MultipartUpload>>,
    parts: JoinSet<object_store::Result<()>>,
}

impl Multipart {
    fn new(upload: Box<dyn MultipartUpload>) -> Self {
        Self { upload: Some(upload), parts: JoinSet::new() }
    }

    async fn put(&mut self, part: Bytes) -> object_store::Result<()> {
        while self.parts.len() >= PARTS_IN_FLIGHT {
            self.one_done().await?;
        }
        if let Some(upload) = &mut self.upload {
            self.parts.spawn(upload.put_part(PutPayload::from_bytes(part)));
        }
        Ok(())
    }

    async fn one_done(&mut self) -> object_store::Result<()> {
        match self.parts.join_next().await {
            Some(outcome) => outcome?,
            None => Ok(()),
        }
    }

    async fn complete(&mut self) -> object_store::Result<()> {
        while !self.parts.is_empty() {
            self.one_done().await?;
        }
        if let Some(upload) = &mut self.upload {
            upload.complete().await?;
        }
        self.upload = None;
        Ok(())
    }

    async fn abort(&mut self) {
        self.parts.shutdown().await;
        if let Some(upload) = self.upload.take() {
            abort_upload(upload).await;
        }
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let mut parts = std::mem::take(&mut self.parts);
            runtime.spawn(async move {
                parts.shutdown().await;
                abort_upload(upload).await;
            });
        }
    }
}

async fn abort_upload(mut upload: Box<dyn MultipartUpload>) {
    if let Err(error) = upload.abort().await {
        tracing::warn!(%error, "an upload to S3 could not be aborted; `memoreel store sweep` will");
    }
}

async fn abort_upload_id(client: &AmazonS3, object: &ObjectPath, id: &MultipartId) {
    if let Err(error) = client.abort_multipart(object, id).await {
        tracing::warn!(%error, "an upload to S3 could not be aborted; `memoreel store sweep` will");
    }
}

fn blob_meta(key: BlobKey, meta: &ObjectMeta) -> BlobMeta {
    BlobMeta { key, size_bytes: meta.size, modified_at: meta.last_modified, etag: meta.e_tag.clone() }
}

/// Parts large enough that a file of `size_bytes` needs no more than S3 takes, in whole MiB.
fn part_bytes(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(PARTS_MAX - 1).next_multiple_of(1 << 20).max(FILE_PART_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_s3_can_hold_fits_in_its_parts() {
        for size_bytes in [0, 1, FILE_PART_BYTES * PARTS_MAX, FILE_PART_BYTES * PARTS_MAX + 1, 5 << 40] {
            assert!(part_bytes(size_bytes) * (PARTS_MAX - 1) >= size_bytes, "{size_bytes}");
            assert!(part_bytes(size_bytes) <= 5 << 30);
        }
        assert_eq!(part_bytes(100 << 20), FILE_PART_BYTES);
    }

    #[test]
    fn the_secret_is_never_shown() {
        let config = S3Config {
            endpoint: None,
            bucket: "recordings".into(),
            region: "eu-central-1".into(),
            access_key: "AKIAEXAMPLE".into(),
            secret_key: "tell-nobody".into(),
            prefix: None,
            path_style: false,
            checksum_header: true,
            scratch_dir: std::env::temp_dir(),
        };
        assert!(!format!("{config:?}").contains("tell-nobody"));
        let dir = tempfile::tempdir().unwrap();
        let store = S3::open(S3Config { scratch_dir: dir.path().into(), ..config }).unwrap();
        assert!(!format!("{store:?}").contains("tell-nobody"));
    }
}
