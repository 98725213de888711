//! The operations that a client has.

use crate::{
    Asset, ClientError, DocumentPage, HttpTransport, Me, Page, Problem, SearchKind, SearchMode,
    SearchResults, Summary, Transcript, Transport, Video, transport::Body,
};
use bytes::Bytes;
use http::{Method, Request, Response, Uri, header};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use url::Url;
use uuid::Uuid;

/// A server and the right to use it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    server: Url,
    transport: Arc<dyn Transport>,
}

/// Which videos to list.
#[derive(Debug, Clone, Default)]
pub struct Videos {
    /// From the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 20 if not given.
    pub limit: Option<u32>,
    /// Only those whose title has this.
    pub title: Option<String>,
    /// Only those of this channel.
    pub channel_id: Option<Uuid>,
    /// Only `pending`, `processing`, `completed` or `failed` ones.
    pub status: Option<String>,
    /// `newest`, which is the order if nothing is said, `oldest` or `title`.
    pub sort: Option<String>,
}

/// Which files to list.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    /// From the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 20 if not given.
    pub limit: Option<u32>,
    /// `image`, `video`, `audio` or `document`.
    pub kind: Option<String>,
    /// Only those whose name has this.
    pub q: Option<String>,
    /// `newest`, which is the order if nothing is said, `oldest`, `filename` or `largest`.
    pub sort: Option<String>,
}

/// What to look for, and where.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Words, "phrases" that must occur and -words that must not.
    pub query: String,
    /// What to go by.
    pub mode: SearchMode,
    /// 1 to 100; 20 if not given.
    pub limit: Option<u32>,
    /// Only in these; in all where nothing is named.
    pub kinds: Vec<SearchKind>,
    /// Only in this video.
    pub video_id: Option<Uuid>,
    /// Only in videos of this channel.
    pub channel_id: Option<Uuid>,
    /// Only where this speaker speaks.
    pub speaker: Option<String>,
    /// Only in what was added at or after this time or day.
    pub from: Option<String>,
    /// Only in what was added at or before this time or day.
    pub to: Option<String>,
}

impl Search {
    /// By words and meaning, everywhere.
    pub fn of(query: impl Into<String>) -> Self {
        Self { query: query.into(), ..Self::default() }
    }
}

/// A form of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptionFormat {
    /// Plain text with speakers.
    Text,
    /// WebVTT.
    WebVtt,
    /// SubRip.
    SubRip,
    /// Everything, as JSON.
    Json,
}

impl CaptionFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::WebVtt => "vtt",
            Self::SubRip => "srt",
            Self::Json => "json",
        }
    }
}

type Query = Vec<(&'static str, Option<String>)>;

impl Client {
    /// A client of the server at an address, with an API key of the form `mrl_…`.
    ///
    /// # Errors
    /// [`ClientError::Settings`] when the address or the key cannot be one.
    pub fn new(server: Url, api_key: &str) -> Result<Self, ClientError> {
        if !matches!(server.scheme(), "http" | "https") || server.host().is_none() {
            let reason = "the address of the server must begin with http:// or https://".to_owned();
            return Err(ClientError::Settings { reason });
        }
        Ok(Self::over(server, Arc::new(HttpTransport::new(api_key)?)))
    }

    /// A client that reaches its server in another way. `server` is where people reach it.
    pub fn over(server: Url, transport: Arc<dyn Transport>) -> Self {
        Self { server, transport }
    }

    /// An address on the server.
    ///
    /// # Errors
    /// When `path` is none.
    pub fn address(&self, path: &str) -> Result<Url, ClientError> {
        Ok(self.server.join(path)?)
    }

    /// Where people watch a video, from a second on.
    pub fn video_link(&self, id: Uuid, second: Option<i64>) -> Url {
        let mut link = self.server.clone();
        link.set_path(&format!("/videos/{id}"));
        link.set_query(second.map(|second| format!("t={second}")).as_deref());
        link
    }

    /// Where people look at an image or a document.
    pub fn file_link(&self, asset_id: Uuid) -> Url {
        let mut link = self.server.clone();
        link.set_path(&format!("/files/{asset_id}"));
        link.set_query(None);
        link
    }

    /// Whose key it is, and what it may do.
    ///
    /// # Errors
    /// As the server says, or when it does not answer. So it is with all that follows.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get("/api/v1/me", Vec::new()).await
    }

    /// A page of the videos, newest first unless it is asked otherwise.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn list_videos(&self, wanted: &Videos) -> Result<Page<Video>, ClientError> {
        let query = vec![
            ("cursor", wanted.cursor.clone()),
            ("limit", wanted.limit.map(|limit| limit.to_string())),
            ("title", wanted.title.clone()),
            ("channel_id", wanted.channel_id.map(|id| id.to_string())),
            ("status", wanted.status.clone()),
            ("sort", wanted.sort.clone()),
        ];
        self.get("/api/v1/videos", query).await
    }

    /// A video.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn video(&self, id: Uuid) -> Result<Video, ClientError> {
        self.get(&format!("/api/v1/videos/{id}"), Vec::new()).await
    }

    /// The transcript of a video, or how far it is.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn transcript(&self, video_id: Uuid) -> Result<Transcript, ClientError> {
        self.get(&format!("/api/v1/videos/{video_id}/transcript"), Vec::new()).await
    }

    /// The transcript of a video as a file of captions.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn captions(&self, video_id: Uuid, format: CaptionFormat) -> Result<String, ClientError> {
        let path = format!("/api/v1/videos/{video_id}/captions.{}", format.extension());
        let answer = self.send(self.request(Method::GET, &path, Vec::new())?).await?;
        let text = String::from_utf8(answer.into_body().to_vec());
        text.map_err(|_| ClientError::Unexpected { reason: "it is not text".to_owned() })
    }

    /// The summary of a video, or how far it is.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn summary(&self, video_id: Uuid) -> Result<Summary, ClientError> {
        self.get(&format!("/api/v1/videos/{video_id}/summary"), Vec::new()).await
    }

    /// A page of the files, newest first unless it is asked otherwise.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn list_assets(&self, wanted: &Assets) -> Result<Page<Asset>, ClientError> {
        let query = vec![
            ("cursor", wanted.cursor.clone()),
            ("limit", wanted.limit.map(|limit| limit.to_string())),
            ("kind", wanted.kind.clone()),
            ("q", wanted.q.clone()),
            ("sort", wanted.sort.clone()),
        ];
        self.get("/api/v1/assets", query).await
    }

    /// A file.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn asset(&self, id: Uuid) -> Result<Asset, ClientError> {
        self.get(&format!("/api/v1/assets/{id}"), Vec::new()).await
    }

    /// Pages of a document after the one with this number, of which 0 is before the first: 1 to 100 at a time. None while it is not ready.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn pages(
        &self,
        asset_id: Uuid,
        after: u32,
        limit: u32,
    ) -> Result<Page<DocumentPage>, ClientError> {
        let query = vec![("cursor", Some(after.to_string())), ("limit", Some(limit.to_string()))];
        self.get(&format!("/api/v1/assets/{asset_id}/pages"), query).await
    }

    /// Finds what was said and written.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn search(&self, wanted: &Search) -> Result<SearchResults, ClientError> {
        self.get("/api/v1/search", search_query(wanted)).await
    }

    /// The same as the server puts it, in JSON.
    ///
    /// # Errors
    /// See [`Client::me`].
    pub async fn search_json(&self, wanted: &Search) -> Result<serde_json::Value, ClientError> {
        self.get("/api/v1/search", search_query(wanted)).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: Query) -> Result<T, ClientError> {
        let answer = self.send(self.request(Method::GET, path, query)?).await?;
        serde_json::from_slice(answer.body())
            .map_err(|error| ClientError::Unexpected { reason: error.to_string() })
    }

    /// A request without a body.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        query: Query,
    ) -> Result<Request<Body>, ClientError> {
        let mut url = self.address(path)?;
        let given: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        if !given.is_empty() {
            url.query_pairs_mut().extend_pairs(given);
        }
        let uri: Uri = url
            .as_str()
            .parse()
            .map_err(|_| ClientError::Settings { reason: format!("{url} is no address") })?;
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().insert(header::ACCEPT, header::HeaderValue::from_static("*/*"));
        Ok(request)
    }

    /// Sends a request; a refusal is an error.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, ClientError> {
        let answer = self.transport.send(request).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(ClientError::Refused(Box::new(Problem::read(&answer))))
    }
}

fn kinds(kinds: &[SearchKind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")
}

fn search_query(wanted: &Search) -> Query {
    vec![
        ("q", Some(wanted.query.clone())),
        ("mode", Some(wanted.mode.as_str().to_owned())),
        ("limit", wanted.limit.map(|limit| limit.to_string())),
        ("kind", (!wanted.kinds.is_empty()).then(|| kinds(&wanted.kinds))),
        ("video_id", wanted.video_id.map(|id| id.to_string())),
        ("channel_id", wanted.channel_id.map(|id| id.to_string())),
        ("speaker", wanted.speaker.clone()),
        ("from", wanted.from.clone()),
        ("to", wanted.to.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(server: &str) -> Result<Client, ClientError> {
        Client::new(server.parse()?, "mrl_x")
    }

    #[test]
    fn a_link_opens_the_player_at_a_second() {
        let client = client("https://memoreel.example/").unwrap();
        let id = Uuid::from_u128(7);
        assert_eq!(
            client.video_link(id, Some(83)).as_str(),
            "https://memoreel.example/videos/00000000-0000-0000-0000-000000000007?t=83"
        );
        assert_eq!(client.file_link(id).path(), "/files/00000000-0000-0000-0000-000000000007");
    }

    #[test]
    fn what_cannot_be_a_server_or_a_key_is_said_before_anything_is_sent() {
        assert!(matches!(client("file:///etc"), Err(ClientError::Settings { .. })));
        assert!(matches!(client("memoreel"), Err(ClientError::Settings { .. })));
        let with_key = |key| Client::new("http://localhost".parse().unwrap(), key);
        assert!(matches!(with_key("mrl_\n1"), Err(ClientError::Settings { .. })));
    }

    #[test]
    fn what_is_asked_for_is_encoded() {
        let client = client("http://localhost:8080").unwrap();
        let search = Search { limit: Some(3), ..Search::of("50 % & \"more\"") };
        let request = client.request(Method::GET, "/api/v1/search", search_query(&search)).unwrap();
        assert_eq!(
            request.uri().path_and_query().unwrap(),
            "/api/v1/search?q=50+%25+%26+%22more%22&mode=hybrid&limit=3"
        );
    }
}
