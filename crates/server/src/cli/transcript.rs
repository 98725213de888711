//! `memoreel transcript`.

use super::{
    client::{Client, checked},
    credentials::Server,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use memoreel_kernel::VideoId;
use reqwest::Method;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Plain text with speakers
    Txt,
    /// WebVTT captions
    Vtt,
    /// SubRip captions
    Srt,
    /// Everything, as JSON
    Json,
}

/// Prints a transcript.
#[derive(Debug, Args)]
pub(super) struct Transcript {
    #[command(flatten)]
    server: Server,
    /// The video's id, as shown by `upload` and `search`, or its address
    video: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Txt)]
    format: Format,
}

impl Transcript {
    pub(super) async fn run(self) -> Result<()> {
        let id: VideoId = video_id(&self.video).context("that is neither a video's id nor its address")?;
        let extension = match self.format {
            Format::Txt => "txt",
            Format::Vtt => "vtt",
            Format::Srt => "srt",
            Format::Json => "json",
        };
        let client = Client::new(&self.server)?;
        let response =
            client.request(Method::GET, &format!("/api/v1/videos/{id}/captions.{extension}"))?.send().await?;
        println!("{}", checked(response).await?.text().await?.trim_end());
        Ok(())
    }
}

fn video_id(text: &str) -> Option<VideoId> {
    let path = text.split(['?', '#']).next()?;
    path.rsplit('/').next()?.parse().ok()
}
