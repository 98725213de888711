//! `memoreel upload`: resumable uploads with progress, then the processing with progress.

use super::{
    client::{Client, checked, clock},
    credentials::Server,
};
use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use futures::StreamExt;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reqwest::{Method, StatusCode, header};
use serde_json::Value;
use std::{
    io::SeekFrom,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::io::AsyncSeekExt;
use tokio_util::io::ReaderStream;

const ATTEMPTS_MAX: u32 = 8;
const READ_BYTES: usize = 256 * 1024;

/// Uploads recordings; run again after an interruption, it goes on where it was.
#[derive(Debug, Args)]
pub(super) struct Upload {
    #[command(flatten)]
    server: Server,
    /// The recordings
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Title, for a single file; by default the file's name
    #[arg(long)]
    title: Option<String>,
    /// Id of the channel to put them in
    #[arg(long)]
    channel: Option<String>,
    /// Return once the bytes have arrived, without waiting for the processing
    #[arg(long)]
    no_wait: bool,
}

impl Upload {
    pub(super) async fn run(self) -> Result<ExitCode> {
        if self.title.is_some() && self.files.len() > 1 {
            bail!("--title is for a single file");
        }
        let client = Client::new(&self.server)?;
        let bars = MultiProgress::new();
        let mut failed = false;
        for file in &self.files {
            if let Err(error) = self.one(&client, file, &bars).await {
                bars.suspend(|| eprintln!("memoreel: {}: {error:#}", file.display()));
                failed = true;
            }
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn one(&self, client: &Client, path: &Path, bars: &MultiProgress) -> Result<()> {
        let size = tokio::fs::metadata(path).await.context("cannot read the file")?;
        if !size.is_file() {
            bail!("this is not a file");
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bar = bars.add(ProgressBar::new(size.len()).with_message(name.clone()).with_style(
            ProgressStyle::with_template(
                "{msg:.bold} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            )?,
        ));
        let (location, video_id) = self.create(client, &name, size.len()).await?;
        send(client, &location, path, size.len(), &bar).await?;
        bar.finish_and_clear();
        let page = client.url(&format!("/videos/{video_id}"))?;
        if self.no_wait {
            bars.suspend(|| println!("{name}: {page}"));
            return Ok(());
        }
        let video = follow(client, &video_id, &name, bars).await?;
        let length = video["duration_ms"].as_i64().map(clock).unwrap_or_default();
        match video["error"]["message"].as_str() {
            Some(message) => bail!("{message} {page}"),
            None => bars.suspend(|| println!("{name}: {length} {page}")),
        }
        Ok(())
    }

    async fn create(&self, client: &Client, name: &str, size_bytes: u64) -> Result<(String, String)> {
        let mut metadata = format!("filename {}", BASE64_STANDARD.encode(name));
        for (key, value) in [("title", &self.title), ("channel_id", &self.channel)] {
            if let Some(value) = value {
                metadata.push_str(&format!(",{key} {}", BASE64_STANDARD.encode(value)));
            }
        }
        let response = client
            .request(Method::POST, "/api/v1/uploads")?
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", size_bytes)
            .header("Upload-Metadata", metadata)
            .send()
            .await
            .context("the server does not answer")?;
        let response = checked(response).await?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let location = header("location").context("the server did not say where to upload to")?;
        let video_id = header("memoreel-video-id").context("the server did not name the video")?;
        Ok((location, video_id))
    }
}

/// Sends the rest of the file, again and again from where the server says it is.
async fn send(
    client: &Client,
    location: &str,
    path: &Path,
    size_bytes: u64,
    bar: &ProgressBar,
) -> Result<()> {
    let mut attempt = 0;
    loop {
        let sent = match offset(client, location).await {
            Ok(offset) if offset >= size_bytes => return Ok(()),
            Ok(offset) => send_from(client, location, path, offset, bar).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => attempt = 0,
            Err(error) if attempt + 1 >= ATTEMPTS_MAX || error.downcast_ref::<Refused>().is_some() => {
                return Err(error);
            }
            Err(_) => {
                attempt += 1;
                bar.println(format!("interrupted, trying again ({attempt} of {ATTEMPTS_MAX})"));
                tokio::time::sleep(Duration::from_secs(1 << attempt.min(5))).await;
            }
        }
    }
}

/// The server understood and said no; sending again cannot help.
#[derive(Debug)]
struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

async fn refused_or(response: reqwest::Response) -> Result<reqwest::Response> {
    let status = response.status();
    let retryable = status.is_server_error()
        || matches!(status, StatusCode::LOCKED | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS);
    checked(response).await.map_err(|error| if retryable { error } else { Refused(error.to_string()).into() })
}

async fn offset(client: &Client, location: &str) -> Result<u64> {
    let response = client.request(Method::HEAD, location)?.header("Tus-Resumable", "1.0.0").send().await?;
    let response = refused_or(response).await?;
    let offset = response.headers().get("upload-offset").and_then(|value| value.to_str().ok()?.parse().ok());
    offset.context("the server did not say how much it has")
}

async fn send_from(
    client: &Client,
    location: &str,
    path: &Path,
    offset: u64,
    bar: &ProgressBar,
) -> Result<()> {
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(SeekFrom::Start(offset)).await?;
    bar.set_position(offset);
    let counted = bar.clone();
    let body = ReaderStream::with_capacity(file, READ_BYTES).inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            counted.inc(chunk.len() as u64);
        }
    });
    let response = client
        .request(Method::PATCH, location)?
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", offset)
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
        .body(reqwest::Body::wrap_stream(body))
        .send()
        .await?;
    refused_or(response).await?;
    Ok(())
}

/// Shows the steps until the video is completed or failed.
async fn follow(client: &Client, video_id: &str, name: &str, bars: &MultiProgress) -> Result<Value> {
    let style = ProgressStyle::with_template("{prefix:.bold} {wide_bar} {pos}% {msg}")?;
    let bar = bars.add(ProgressBar::new(100).with_prefix(name.to_owned()).with_style(style));
    loop {
        let video: Value = client.get(&format!("/api/v1/videos/{video_id}"), &[]).await?;
        bar.set_position(video["progress"].as_u64().unwrap_or_default());
        bar.set_message(video["stage"].as_str().unwrap_or_default().to_owned());
        if matches!(video["status"].as_str(), Some("completed" | "failed")) {
            bar.finish_and_clear();
            return Ok(video);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
