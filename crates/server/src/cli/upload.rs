//! `memoreel upload`: resumable uploads with progress, then the processing with progress.

use super::{
    client::{clock, connect, told},
    credentials::Server,
    print::{note, say},
};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use memoreel_client::{Client, NewUpload, Progress, UploadKind, Video};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use uuid::Uuid;

/// Whoever does not want to wait so long says `--no-wait`.
const WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// What shows that something is worked on of which it is not known how far it is.
const TURNS_EVERY: Duration = Duration::from_millis(200);

/// Uploads recordings, images and documents, or has the server fetch them; where a connection breaks, it goes on from what has arrived.
#[derive(Debug, Args)]
pub(super) struct Upload {
    #[command(flatten)]
    server: Server,
    /// Files, or links to files that the server fetches
    #[arg(required = true, value_name = "FILE or URL")]
    files: Vec<PathBuf>,
    /// What they become; by the name of each file if not given
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Title, for a single recording; by default the file's name
    #[arg(long)]
    title: Option<String>,
    /// Id of the channel to put recordings in
    #[arg(long)]
    channel: Option<Uuid>,
    /// Return once the bytes have arrived, without waiting for the processing
    #[arg(long)]
    no_wait: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A video, also of a recording without a picture
    Video,
    /// An image
    Image,
    /// A document
    Document,
}

impl Upload {
    pub(super) async fn run(self) -> Result<ExitCode> {
        if self.title.is_some() && self.files.len() > 1 {
            bail!("--title is for a single file");
        }
        let client = connect(&self.server)?;
        let bars = MultiProgress::new();
        let mut failed = false;
        for file in &self.files {
            let (named, added) = match file.to_str().filter(|text| is_link(text)) {
                Some(link) => {
                    // What follows may be the signature that opens it.
                    let named = link.split(['?', '#']).next().unwrap_or_default();
                    (named.to_owned(), self.import(&client, link, named, &bars).await)
                }
                None => (file.display().to_string(), self.one(&client, file, &bars).await),
            };
            if let Err(error) = added {
                bars.suspend(|| note!("memoreel: {named}: {}", told(&error)));
                failed = true;
            }
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn one(&self, client: &Client, path: &Path, bars: &MultiProgress) -> Result<()> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let new = self.described(&name)?;
        let bar = bars.add(ProgressBar::new(0).with_message(name.clone()).with_style(
            ProgressStyle::with_template(
                "{msg:.bold} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            )?,
        ));
        let shown = bar.clone();
        let uploaded = client.upload_file(path, &new, move |progress| match progress {
            Progress::Sent { sent_bytes, size_bytes } => {
                shown.set_length(size_bytes);
                shown.set_position(sent_bytes);
            }
            Progress::Interrupted { attempt, attempts_max } => {
                shown.println(format!("interrupted, trying again ({attempt} of {attempts_max})"));
            }
        });
        let uploaded = uploaded.await?;
        bar.finish_and_clear();
        self.done(client, (uploaded.video_id, uploaded.asset_id), &name, bars).await
    }

    async fn import(&self, client: &Client, link: &str, name: &str, bars: &MultiProgress) -> Result<()> {
        let imported = client.import(link, &self.described(name)?).await?;
        self.done(client, (imported.video_id, imported.asset_id), name, bars).await
    }

    /// What is said about a file of this name.
    fn described(&self, name: &str) -> Result<NewUpload> {
        let kind = match self.kind {
            Some(Kind::Video) => UploadKind::Video,
            Some(Kind::Image) => UploadKind::Image,
            Some(Kind::Document) => UploadKind::Document,
            None => UploadKind::of_name(name),
        };
        ensure!(
            kind == UploadKind::Video || (self.title.is_none() && self.channel.is_none()),
            "--title and --channel are for recordings, and this is none; --kind says what a file is"
        );
        Ok(NewUpload { kind, title: self.title.clone(), channel_id: self.channel, ..NewUpload::default() })
    }

    /// Waits if that is wanted, and prints where the video, or else the image or document, is.
    async fn done(
        &self,
        client: &Client,
        (video_id, asset_id): (Option<Uuid>, Option<Uuid>),
        name: &str,
        bars: &MultiProgress,
    ) -> Result<()> {
        let Some(video_id) = video_id else {
            let asset_id = asset_id.context("the server did not say what became of it")?;
            return self.done_with_asset(client, asset_id, name, bars).await;
        };
        let page = client.video_link(video_id, None);
        if self.no_wait {
            bars.suspend(|| say!("{name}: {page}"));
            return Ok(());
        }
        let video = follow(client, video_id, name, bars).await.with_context(|| page.to_string())?;
        let length = video.duration_ms.map(clock).unwrap_or_default();
        bars.suspend(|| say!("{name}: {length} {page}"));
        Ok(())
    }

    async fn done_with_asset(
        &self,
        client: &Client,
        asset_id: Uuid,
        name: &str,
        bars: &MultiProgress,
    ) -> Result<()> {
        let page = client.file_link(asset_id);
        if !self.no_wait {
            let style = ProgressStyle::with_template("{prefix:.bold} {spinner}")?;
            let bar = bars.add(ProgressBar::new_spinner().with_prefix(name.to_owned()).with_style(style));
            bar.enable_steady_tick(TURNS_EVERY);
            let done = client.wait_until_asset_ready(asset_id, WAIT_MAX).await;
            bar.finish_and_clear();
            done.with_context(|| page.to_string())?;
        }
        bars.suspend(|| say!("{name}: {page}"));
        Ok(())
    }
}

fn is_link(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Shows the steps until the video is completed or failed.
async fn follow(client: &Client, video_id: Uuid, name: &str, bars: &MultiProgress) -> Result<Video> {
    let style = ProgressStyle::with_template("{prefix:.bold} {wide_bar} {pos}% {msg}")?;
    let bar = bars.add(ProgressBar::new(100).with_prefix(name.to_owned()).with_style(style));
    let shown = bar.clone();
    let done = client.wait_until_ready(video_id, WAIT_MAX, move |video| {
        shown.set_position(video.progress.into());
        shown.set_message(video.stage.clone().unwrap_or_default());
    });
    let done = done.await;
    bar.finish_and_clear();
    Ok(done?)
}
