//! `memoreel transcript`.

use super::{client::connect, credentials::Server, print::say};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use memoreel_client::CaptionFormat;
use uuid::Uuid;

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
        let id = video_id(&self.video).context("that is neither a video's id nor its address")?;
        let format = match self.format {
            Format::Txt => CaptionFormat::Text,
            Format::Vtt => CaptionFormat::WebVtt,
            Format::Srt => CaptionFormat::SubRip,
            Format::Json => CaptionFormat::Json,
        };
        say!("{}", connect(&self.server)?.captions(id, format).await?.trim_end());
        Ok(())
    }
}

fn video_id(text: &str) -> Option<Uuid> {
    let path = text.split(['?', '#']).next()?;
    path.rsplit('/').next()?.parse().ok()
}
