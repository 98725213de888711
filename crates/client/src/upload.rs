//! Uploads by tus 1.0 (<https://tus.io/protocols/resumable-upload>): what has arrived stays, whatever happens to a connection.

use crate::{Client, ClientError, transport::Body};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use std::{io::SeekFrom, path::Path, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use url::Url;
use uuid::Uuid;

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
/// What carries a part of an upload.
const PART: HeaderValue = HeaderValue::from_static("application/offset+octet-stream");

const READ_BYTES: usize = 256 * 1024;
/// In a row, without a byte that arrived in between.
const ATTEMPTS_MAX: u32 = 8;
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What an upload becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UploadKind {
    /// A video, also of a recording without a picture.
    #[default]
    Video,
    /// An image.
    Image,
    /// A document.
    Document,
}

impl UploadKind {
    /// As the API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Image => "image",
            Self::Document => "document",
        }
    }

    /// What a file becomes by its name.
    pub fn of_name(filename: &str) -> Self {
        let extension = filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some("jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "heic" | "heif") => Self::Image,
            Some("pdf" | "docx" | "pptx" | "odt" | "odp" | "txt" | "md" | "markdown" | "html" | "htm") => {
                Self::Document
            }
            _ => Self::Video,
        }
    }
}

/// What to say about a file.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Its name; the file's own if not given.
    pub filename: Option<String>,
    /// What it becomes.
    pub kind: UploadKind,
    /// The title of the video.
    pub title: Option<String>,
    /// The channel of the video.
    pub channel_id: Option<Uuid>,
    /// The asset of the same kind whose file it replaces.
    pub replaces: Option<Uuid>,
    /// How long to wait after the first failure; twice as long after each further one, up to half a minute, or for as long as the server asks
    /// for.
    pub retry_after: Duration,
}

impl Default for NewUpload {
    fn default() -> Self {
        Self {
            filename: None,
            kind: UploadKind::Video,
            title: None,
            channel_id: None,
            replaces: None,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// An upload that the server expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedUpload {
    /// Where its bytes go, by tus.
    pub address: Url,
    /// The video it becomes; it exists once all bytes have arrived.
    pub video_id: Option<Uuid>,
    /// The image or document it becomes; it exists once all bytes have arrived.
    pub asset_id: Option<Uuid>,
}

/// What a file that the server fetches becomes. It exists already, and is processed once the file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Imported {
    /// The video it becomes.
    pub video_id: Option<Uuid>,
    /// The asset it becomes.
    pub asset_id: Option<Uuid>,
}

/// How an upload goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes were sent. It falls back when the server says that fewer have arrived.
    Sent {
        /// Of the file.
        sent_bytes: u64,
        /// Of the file.
        size_bytes: u64,
    },
    /// The connection broke; it is tried again after a pause.
    Interrupted {
        /// From 1.
        attempt: u32,
        /// The last one.
        attempts_max: u32,
    },
}

type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

impl Client {
    /// Announces an upload of so many bytes. Where the bytes come from is for the caller to know.
    ///
    /// # Errors
    /// As the server says, such as `forbidden` for those who may not upload.
    pub async fn create_upload(
        &self,
        filename: &str,
        size_bytes: u64,
        new: &NewUpload,
    ) -> Result<CreatedUpload, ClientError> {
        let mut request = self.tus(Method::POST, "/api/v1/uploads")?;
        let headers = request.headers_mut();
        headers.insert(LENGTH, HeaderValue::from(size_bytes));
        headers.insert(METADATA, metadata(filename, new)?);
        let answer = self.send(request).await?;
        let location =
            read(&answer, &header::LOCATION).ok_or_else(|| missing("it does not say where to upload to"))?;
        let id = |name| read(&answer, &name).and_then(|text| text.parse().ok());
        Ok(CreatedUpload {
            address: self.address(location)?,
            video_id: id(HeaderName::from_static("memoreel-video-id")),
            asset_id: id(HeaderName::from_static("memoreel-asset-id")),
        })
    }

    /// Has the server fetch a file from where a link leads. Whether it arrives is told as of any step of the processing
    /// ([`Client::wait_until_ready`]).
    ///
    /// # Errors
    /// As the server says, such as `url_refused` for an address that is not open to everybody.
    pub async fn import(&self, link: &str, new: &NewUpload) -> Result<Imported, ClientError> {
        let wanted = serde_json::json!({
            "url": link,
            "kind": new.kind.as_str(),
            "filename": new.filename,
            "title": new.title,
            "channel_id": new.channel_id,
        });
        let mut request = self.request(Method::POST, "/api/v1/imports", Vec::new())?;
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Body::Bytes(wanted.to_string().into());
        let answer = self.send(request).await?;
        serde_json::from_slice(answer.body())
            .map_err(|error| ClientError::Unexpected { reason: error.to_string() })
    }

    /// Uploads a file. Where a connection breaks, it goes on from what has arrived.
    ///
    /// # Errors
    /// When the file cannot be read, the server refuses it, or nothing arrives for several attempts. What has arrived stays for
    /// a day: [`Client::resume_upload`].
    pub async fn upload_file(
        &self,
        path: &Path,
        new: &NewUpload,
        progress: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Result<CreatedUpload, ClientError> {
        let size_bytes = file_size(path).await?;
        let own_name = || path.file_name().map(|name| name.to_string_lossy().into_owned());
        let filename = new.filename.clone().or_else(own_name).unwrap_or_default();
        let created = self.create_upload(&filename, size_bytes, new).await?;
        self.resume_upload(&created.address, path, new.retry_after, progress).await?;
        Ok(created)
    }

    /// Sends what is missing of an upload.
    ///
    /// # Errors
    /// See [`Client::upload_file`].
    pub async fn resume_upload(
        &self,
        address: &Url,
        path: &Path,
        retry_after: Duration,
        progress: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Result<(), ClientError> {
        let size_bytes = file_size(path).await?;
        let tell: Tell = Arc::new(progress);
        let (mut attempt, mut arrived) = (0, 0);
        loop {
            let sent = match self.upload_offset(address).await {
                Ok(offset) if offset >= size_bytes => return Ok(()),
                Ok(offset) => {
                    if offset > arrived {
                        (attempt, arrived) = (0, offset);
                    }
                    self.append(address, path, offset, size_bytes, &tell).await
                }
                Err(error) => Err(error),
            };
            match sent {
                Ok(offset) if offset >= size_bytes => return Ok(()),
                // The server took everything there was, and it was not everything.
                Ok(_) => return Err(ClientError::FileChanged { path: path.to_owned() }),
                Err(error) if attempt + 1 >= ATTEMPTS_MAX || !may_go_on(&error) => return Err(error),
                Err(error) => {
                    attempt += 1;
                    tell(Progress::Interrupted { attempt, attempts_max: ATTEMPTS_MAX });
                    let pause = (retry_after * (1 << (attempt - 1).min(8))).min(PAUSE_MAX);
                    tokio::time::sleep(pause.max(error.retry_after().unwrap_or_default())).await;
                }
            }
        }
    }

    /// How much of an upload has arrived for good.
    ///
    /// # Errors
    /// `upload_closed` once it was given up, among others.
    pub async fn upload_offset(&self, address: &Url) -> Result<u64, ClientError> {
        let answer = self.send(self.tus(Method::HEAD, address.as_str())?).await?;
        offset(&answer)
    }

    async fn append(
        &self,
        address: &Url,
        path: &Path,
        from: u64,
        size_bytes: u64,
        tell: &Tell,
    ) -> Result<u64, ClientError> {
        let unreadable = |source| ClientError::File { path: path.to_owned(), source };
        let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        file.seek(SeekFrom::Start(from)).await.map_err(unreadable)?;
        tell(Progress::Sent { sent_bytes: from, size_bytes });
        let (tell, mut sent_bytes) = (Arc::clone(tell), from);
        // A file that grows meanwhile is sent as long as it was announced.
        let rest = ReaderStream::with_capacity(file.take(size_bytes - from), READ_BYTES);
        let stream = rest.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                sent_bytes += chunk.len() as u64;
                tell(Progress::Sent { sent_bytes, size_bytes });
            }
        });
        let mut request = self.tus(Method::PATCH, address.as_str())?;
        request.headers_mut().insert(OFFSET, HeaderValue::from(from));
        request.headers_mut().insert(header::CONTENT_TYPE, PART);
        *request.body_mut() = Body::Stream(stream.boxed());
        offset(&self.send(request).await?)
    }

    fn tus(&self, method: Method, address: &str) -> Result<Request<Body>, ClientError> {
        let mut request = self.request(method, address, Vec::new())?;
        request.headers_mut().insert(RESUMABLE, VERSION);
        Ok(request)
    }
}

/// Where the next attempt asks how much has arrived, also that it was not what was thought is made good by it.
fn may_go_on(error: &ClientError) -> bool {
    error.is_transient() || error.problem().is_some_and(|problem| problem.status == 409)
}

async fn file_size(path: &Path) -> Result<u64, ClientError> {
    let unreadable = |source| ClientError::File { path: path.to_owned(), source };
    let metadata = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        Err(unreadable(std::io::Error::other("it is not a file")))
    }
}

fn metadata(filename: &str, new: &NewUpload) -> Result<HeaderValue, ClientError> {
    let channel_id = new.channel_id.map(|id| id.to_string());
    let replaces = new.replaces.map(|id| id.to_string());
    let pairs = [
        ("filename", Some(filename)),
        ("kind", Some(new.kind.as_str())),
        ("title", new.title.as_deref()),
        ("channel_id", channel_id.as_deref()),
        ("replaces", replaces.as_deref()),
    ];
    let given = pairs
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", BASE64_STANDARD.encode((*value)?))));
    HeaderValue::from_str(&given.collect::<Vec<_>>().join(","))
        .map_err(|_| ClientError::Settings { reason: "the name of the file is too long".to_owned() })
}

fn read<'a>(answer: &'a Response<Bytes>, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

fn offset(answer: &Response<Bytes>) -> Result<u64, ClientError> {
    let given = read(answer, &OFFSET).and_then(|text| text.parse().ok());
    given.ok_or_else(|| missing("it does not say how much has arrived"))
}

fn missing(what: &str) -> ClientError {
    ClientError::Unexpected { reason: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;
    use async_trait::async_trait;
    use http::StatusCode;
    use std::sync::Mutex;

    /// Answers with these, last first, and keeps from where parts were sent.
    #[derive(Debug)]
    struct Answers {
        left: Mutex<Vec<(StatusCode, u64)>>,
        sent_from: Arc<Mutex<Vec<HeaderValue>>>,
    }

    #[async_trait]
    impl Transport for Answers {
        async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, ClientError> {
            self.sent_from.lock().unwrap().extend(request.headers().get(&OFFSET).cloned());
            let (status, offset) = self.left.lock().unwrap().pop().unwrap();
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = status;
            answer.headers_mut().insert(OFFSET, HeaderValue::from(offset));
            Ok(answer)
        }
    }

    #[tokio::test]
    async fn an_upload_of_which_another_part_arrived_goes_on_from_there() {
        let sent_from = Arc::default();
        let mut answers = vec![
            (StatusCode::OK, 0),
            (StatusCode::CONFLICT, 0),
            (StatusCode::OK, 4),
            (StatusCode::NO_CONTENT, 9),
        ];
        answers.reverse();
        let transport = Answers { left: Mutex::new(answers), sent_from: Arc::clone(&sent_from) };
        let client = Client::over("http://localhost".parse().unwrap(), Arc::new(transport));
        let path = std::env::temp_dir().join(format!("memoreel-client-{}", std::process::id()));
        std::fs::write(&path, "recording").unwrap();
        let address = client.address("/api/v1/uploads/1").unwrap();
        let sent = client.resume_upload(&address, &path, Duration::ZERO, |_| {}).await;
        std::fs::remove_file(&path).unwrap();
        sent.unwrap();
        assert_eq!(*sent_from.lock().unwrap(), [HeaderValue::from(0_u64), HeaderValue::from(4_u64)]);
    }

    #[test]
    fn names_of_any_language_are_told_in_ascii() {
        let new = NewUpload { title: Some("Große Pause".to_owned()), ..NewUpload::default() };
        let header = metadata("会議.mp4", &new).unwrap();
        let text = header.to_str().unwrap();
        let pairs: Vec<_> = text.split(',').map(|pair| pair.split_once(' ').unwrap()).collect();
        let decoded = |value| String::from_utf8(BASE64_STANDARD.decode(value).unwrap()).unwrap();
        assert_eq!(pairs.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["filename", "kind", "title"]);
        assert_eq!(
            (decoded(pairs[0].1), decoded(pairs[2].1)),
            ("会議.mp4".to_owned(), "Große Pause".to_owned())
        );
    }

    #[test]
    fn a_kind_is_told_by_a_name() {
        for (name, kind) in [
            ("Report.PDF", UploadKind::Document),
            ("photo.heic", UploadKind::Image),
            ("talk.mp4", UploadKind::Video),
            ("noise", UploadKind::Video),
        ] {
            assert_eq!(UploadKind::of_name(name), kind, "{name}");
        }
    }
}
