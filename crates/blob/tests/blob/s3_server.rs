//! An S3 service in memory that speaks the protocol over HTTP: objects, ranges, listing in pages, multipart
//! uploads, deletion in bulk. It refuses requests without a signature, or with a body that is not the signed one.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use memoreel_blob::{BlobStore, S3Config};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

const BUCKET: &str = "recordings";
const ACCESS_KEY: &str = "test-access-key";
/// Few, so that every listing of some length takes several pages.
const LIST_PAGE: usize = 3;

#[derive(Default)]
pub struct Objects {
    pub objects: BTreeMap<String, (Bytes, String)>,
    /// Parts of the multipart uploads that are neither completed nor aborted.
    pub uploads: HashMap<String, BTreeMap<usize, Bytes>>,
    pub parts_put: usize,
    /// Parts from this number on are refused.
    pub refuse_parts_from: Option<usize>,
    /// Completing waits for ever.
    pub hang_on_complete: bool,
    pub seen_checksum_headers: usize,
    uploads_made: usize,
}

#[derive(Clone)]
pub struct S3Server {
    state: Arc<Mutex<Objects>>,
    endpoint: String,
    scratch: Arc<tempfile::TempDir>,
}

impl S3Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Objects::default()));
        let router = Router::new().fallback(serve).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { state, endpoint, scratch: Arc::new(tempfile::tempdir().unwrap()) }
    }

    pub fn state(&self) -> MutexGuard<'_, Objects> {
        self.state.lock().unwrap()
    }

    pub fn config(&self) -> S3Config {
        S3Config {
            endpoint: Some(self.endpoint.clone()),
            bucket: BUCKET.into(),
            region: "eu-central-1".into(),
            access_key: ACCESS_KEY.into(),
            secret_key: "test-secret-key".into(),
            prefix: Some("tenants/one".parse().unwrap()),
            path_style: true,
            checksum_header: true,
            scratch_dir: self.scratch.path().join("scratch"),
        }
    }

    pub fn store(&self) -> BlobStore {
        BlobStore::s3(self.config()).unwrap()
    }

    pub fn scratch_files(&self) -> usize {
        std::fs::read_dir(self.scratch.path().join("scratch")).unwrap().count()
    }
}

fn reply(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

fn error(status: StatusCode, code: &str) -> Response<Body> {
    reply(status, format!("<Error><Code>{code}</Code></Error>"))
}

async fn serve(State(state): State<Arc<Mutex<Objects>>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    if let Some(refusal) = refuse(&parts.headers, &body) {
        return refusal;
    }
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    if bucket != BUCKET {
        return error(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    let query: HashMap<String, String> =
        axum::extract::Query::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
    if query.contains_key("uploadId")
        && parts.method == Method::POST
        && state.lock().unwrap().hang_on_complete
    {
        std::future::pending::<()>().await;
    }
    let mut state = state.lock().unwrap();
    state.seen_checksum_headers += usize::from(parts.headers.contains_key("x-amz-checksum-sha256"));
    match (parts.method, key) {
        (Method::GET, "") => list(&state, &query),
        (Method::POST, "") if query.contains_key("delete") => delete_many(&mut state, &body),
        (Method::POST, key) => multipart(&mut state, key, &query),
        (Method::PUT, _) if query.contains_key("uploadId") => put_part(&mut state, &query, body),
        (Method::PUT, key) => {
            let content_type = parts.headers["content-type"].to_str().unwrap().to_owned();
            state.objects.insert(key.to_owned(), (body.clone(), content_type));
            tagged(StatusCode::OK, &body, Body::empty())
        }
        (Method::DELETE, key) => {
            match query.get("uploadId") {
                Some(id) => drop(state.uploads.remove(id)),
                None => drop(state.objects.remove(key)),
            }
            reply(StatusCode::NO_CONTENT, Body::empty())
        }
        (Method::GET | Method::HEAD, key) => get(&state, key, &parts.headers),
        _ => error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn refuse(headers: &HeaderMap, body: &[u8]) -> Option<Response<Body>> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !text("authorization").starts_with(&format!("AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/")) {
        return Some(error(StatusCode::FORBIDDEN, "AccessDenied"));
    }
    let digest = Sha256::digest(body);
    if text("x-amz-content-sha256") != hex::encode(digest) {
        return Some(error(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch"));
    }
    let checksum = text("x-amz-checksum-sha256");
    if !checksum.is_empty() && checksum != BASE64_STANDARD.encode(digest) {
        return Some(error(StatusCode::BAD_REQUEST, "BadDigest"));
    }
    None
}

fn tagged(status: StatusCode, content: &[u8], body: Body) -> Response<Body> {
    let mut response = reply(status, body);
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(content)[..16]));
    response.headers_mut().insert("etag", etag.parse().unwrap());
    response.headers_mut().insert("last-modified", "Mon, 04 May 2026 12:00:00 GMT".parse().unwrap());
    response
}

fn get(state: &Objects, key: &str, headers: &HeaderMap) -> Response<Body> {
    let Some((content, content_type)) = state.objects.get(key) else {
        return error(StatusCode::NOT_FOUND, "NoSuchKey");
    };
    let size = content.len();
    let mut response = match headers.get("range") {
        None => tagged(StatusCode::OK, content, Body::from(content.clone())),
        Some(range) => {
            let (start, end) =
                range.to_str().unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let range = match (start, end) {
                ("", suffix) => size.saturating_sub(suffix.parse().unwrap())..size,
                (start, "") => start.parse().unwrap()..size,
                (start, last) => {
                    start.parse().unwrap()..(last.parse::<usize>().unwrap().saturating_add(1)).min(size)
                }
            };
            if range.start >= range.end {
                return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
            }
            let mut response =
                tagged(StatusCode::PARTIAL_CONTENT, content, Body::from(content.slice(range.clone())));
            let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            response.headers_mut().insert("content-range", value.parse().unwrap());
            response
        }
    };
    response.headers_mut().insert("content-type", content_type.parse().unwrap());
    response
}

fn list(state: &Objects, query: &HashMap<String, String>) -> Response<Body> {
    let prefix = query.get("prefix").map(String::as_str).unwrap_or_default();
    let after = query.get("continuation-token").map(String::as_str).unwrap_or_default();
    let found: Vec<_> =
        state.objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after).collect();
    let mut xml = String::from("<ListBucketResult>");
    for (key, (content, _)) in found.iter().take(LIST_PAGE) {
        xml.push_str(&format!(
            "<Contents><Key>{key}</Key><Size>{}</Size><ETag>\"tag\"</ETag>\
             <LastModified>2026-05-04T12:00:00.000Z</LastModified></Contents>",
            content.len()
        ));
    }
    if found.len() > LIST_PAGE {
        xml.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", found[LIST_PAGE - 1].0));
    }
    reply(StatusCode::OK, xml + "</ListBucketResult>")
}

fn delete_many(state: &mut Objects, body: &[u8]) -> Response<Body> {
    let xml = std::str::from_utf8(body).unwrap();
    let mut result = String::from("<DeleteResult>");
    for key in xml.split("<Key>").skip(1) {
        let key = key.split_once("</Key>").unwrap().0;
        state.objects.remove(key);
        result.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
    }
    reply(StatusCode::OK, result + "</DeleteResult>")
}

fn put_part(state: &mut Objects, query: &HashMap<String, String>, body: Bytes) -> Response<Body> {
    let number: usize = query["partNumber"].parse().unwrap();
    if state.refuse_parts_from.is_some_and(|from| number >= from) {
        return error(StatusCode::BAD_REQUEST, "InvalidPart");
    }
    state.parts_put += 1;
    match state.uploads.get_mut(&query["uploadId"]) {
        Some(upload) => {
            upload.insert(number, body.clone());
            tagged(StatusCode::OK, &body, Body::empty())
        }
        None => error(StatusCode::NOT_FOUND, "NoSuchUpload"),
    }
}

fn multipart(state: &mut Objects, key: &str, query: &HashMap<String, String>) -> Response<Body> {
    let Some(id) = query.get("uploadId") else {
        state.uploads_made += 1;
        let id = format!("upload-{}", state.uploads_made);
        state.uploads.insert(id.clone(), BTreeMap::new());
        let xml = format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        return reply(StatusCode::OK, xml);
    };
    let Some(parts) = state.uploads.remove(id) else { return error(StatusCode::NOT_FOUND, "NoSuchUpload") };
    let sizes: Vec<_> = parts.values().map(Bytes::len).collect();
    if sizes.iter().rev().skip(1).any(|&size| size < 5 << 20 || size != sizes[0]) {
        return error(StatusCode::BAD_REQUEST, "EntityTooSmall");
    }
    let whole: Vec<u8> = parts.into_values().collect::<Vec<_>>().concat();
    state.objects.insert(key.to_owned(), (whole.into(), "application/octet-stream".into()));
    reply(
        StatusCode::OK,
        "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>",
    )
}
