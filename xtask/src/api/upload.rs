//! Uploading a recording with tus 1.0.0.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::Client;

const ATTEMPTS: usize = 3;
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// An upload that the server waits for.
pub struct Upload {
    /// Where its bytes go.
    address: String,
    /// The video or asset it becomes.
    pub becomes: String,
    size_bytes: u64,
}

/// The media type of a file we take for a recording.
pub fn media_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "mp3" => Some("audio/mpeg"),
        "wav" => Some("audio/wav"),
        "flac" => Some("audio/flac"),
        "aac" => Some("audio/aac"),
        "aiff" => Some("audio/aiff"),
        "ogg" => Some("audio/ogg"),
        "mp4" => Some("video/mp4"),
        "mov" => Some("video/quicktime"),
        "webm" => Some("video/webm"),
        "mkv" => Some("video/x-matroska"),
        _ => None,
    }
}

/// Uploads a whole file, beginning anew where the connection broke, and returns the id of the video.
pub fn upload_file(client: &Client, path: &Path, name: &str) -> Result<String> {
    send_whole(client, path, Upload::create(client, name, media_type(path), path.metadata()?.len())?)
}

/// The same for an image or a document, as `kind` says; returns the id of its asset.
pub fn upload_asset(client: &Client, path: &Path, name: &str, kind: &str) -> Result<String> {
    let metadata = format!("filename {},kind {}", STANDARD.encode(name), STANDARD.encode(kind));
    send_whole(client, path, Upload::announce(client, metadata, path.metadata()?.len(), "memoreel-asset-id")?)
}

fn send_whole(client: &Client, path: &Path, upload: Upload) -> Result<String> {
    let mut attempt = 1;
    while let Err(error) = upload.send_rest(client, path) {
        if attempt == ATTEMPTS {
            return Err(error);
        }
        attempt += 1;
        thread::sleep(RETRY_DELAY);
    }
    Ok(upload.becomes)
}

impl Upload {
    /// Announces a file to the server.
    pub fn create(client: &Client, name: &str, media_type: Option<&str>, size_bytes: u64) -> Result<Self> {
        let media_type = STANDARD.encode(media_type.unwrap_or("application/octet-stream"));
        let metadata = format!("filename {},filetype {media_type}", STANDARD.encode(name));
        Self::announce(client, metadata, size_bytes, "memoreel-video-id")
    }

    fn announce(client: &Client, metadata: String, size_bytes: u64, becomes: &str) -> Result<Self> {
        let headers = [("Upload-Length", size_bytes.to_string()), ("Upload-Metadata", metadata)];
        let created = client.tus("POST", &client.address("/uploads"), &headers, &mut std::io::empty())?;
        let location = header(&created, "location")?;
        let address =
            if location.starts_with('/') { format!("{}{location}", client.url) } else { location.to_owned() };
        Ok(Self { address, becomes: header(&created, becomes)?.to_owned(), size_bytes })
    }

    /// Sends the bytes of `body`, which begin at `offset`, in one request.
    pub fn send(&self, client: &Client, offset: u64, body: &mut dyn Read) -> Result<()> {
        let rest = self.size_bytes.saturating_sub(offset);
        let headers = [
            ("Upload-Offset", offset.to_string()),
            ("Content-Type", "application/offset+octet-stream".to_owned()),
            ("Content-Length", rest.to_string()),
        ];
        client.tus("PATCH", &self.address, &headers, &mut body.take(rest)).map(drop)
    }

    /// Sends from where the server stands, which after a broken attempt is not the beginning.
    pub fn send_rest(&self, client: &Client, path: &Path) -> Result<()> {
        let stand = client.tus("HEAD", &self.address, &[], &mut std::io::empty())?;
        let offset: u64 = header(&stand, "upload-offset")?.parse()?;
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        self.send(client, offset, &mut file)
    }
}

fn header<'a>(headers: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str> {
    headers
        .get(name)
        .map(String::as_str)
        .with_context(|| format!("the server's answer lacks the header {name}"))
}
