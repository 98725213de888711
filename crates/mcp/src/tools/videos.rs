//! Which videos there are, and what one is about.

use super::{Context, Tool, search::channel};
use crate::{
    outcome::Refusal,
    shown::{clock, link, seconds, video_of, within},
};
use memoreel_client::{Client, Summary, Video, Videos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use uuid::Uuid;

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;

pub(crate) struct ListVideos;

/// How far the processing of a video is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// Not begun.
    Pending,
    /// Being worked on.
    Processing,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// By title.
    Title,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListInput {
    /// Only videos whose title has this.
    #[serde(default)]
    title: Option<String>,
    /// Only videos of the channel with this id.
    #[serde(default)]
    channel_id: Option<String>,
    /// Only videos that are as far.
    #[serde(default)]
    status: Option<Status>,
    /// The order; newest if not given.
    #[serde(default)]
    sort: Option<Sort>,
    /// `next_cursor` of the answer before, to read on.
    #[serde(default)]
    cursor: Option<String>,
    /// How many, 1 to 100; 20 if not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VideoList {
    /// The videos.
    videos: Vec<VideoHead>,
    /// Where to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A video, or a recording of sound.
#[derive(Debug, Serialize, JsonSchema)]
struct VideoHead {
    /// Its id.
    id: Uuid,
    /// Its title.
    title: String,
    /// pending, processing, completed or failed.
    status: String,
    /// When it was added.
    created_at: String,
    /// How long it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    /// Who speaks.
    speakers: Vec<String>,
    /// Opens the player.
    link: String,
}

impl Tool for ListVideos {
    const NAME: &'static str = "list_videos";
    const TITLE: &'static str = "List videos";
    const DESCRIPTION: &'static str = "The videos that you may see, newest first unless asked otherwise. Pass next_cursor as \
        cursor to read on.";
    type Input = ListInput;
    type Output = VideoList;

    async fn run(context: &Context<'_>, input: ListInput) -> Result<(VideoList, String), Refusal> {
        let status = input.status.map(|status| match status {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Completed => "completed",
            Status::Failed => "failed",
        });
        let sort = input.sort.map(|sort| match sort {
            Sort::Newest => "newest",
            Sort::Oldest => "oldest",
            Sort::Title => "title",
        });
        let wanted = Videos {
            cursor: input.cursor,
            limit: Some(within("limit", input.limit.unwrap_or(LIMIT_DEFAULT), 1, LIMIT_MAX)?),
            title: input.title,
            channel_id: input.channel_id.as_deref().map(channel).transpose()?,
            status: status.map(str::to_owned),
            sort: sort.map(str::to_owned),
        };
        let page = context.client.list_videos(&wanted).await?;
        let videos: Vec<VideoHead> = page.items.iter().map(|video| head(&context.client, video)).collect();
        let mut text = String::new();
        if videos.is_empty() {
            text.push_str("There are no such videos.");
        }
        for video in &videos {
            write_head(&mut text, video);
        }
        if let Some(cursor) = &page.next_cursor {
            let _ = write!(text, "There are more: call again with cursor {cursor}.");
        }
        Ok((VideoList { videos, next_cursor: page.next_cursor }, text))
    }
}

fn head(client: &Client, video: &Video) -> VideoHead {
    VideoHead {
        id: video.id,
        title: video.title.clone(),
        status: video.status.clone(),
        created_at: video.created_at.clone(),
        duration_seconds: video.duration_ms.map(seconds),
        speakers: video.speakers.iter().map(|speaker| speaker.display_name().to_owned()).collect(),
        link: client.video_link(video.id, None).to_string(),
    }
}

fn write_head(text: &mut String, video: &VideoHead) {
    let day = video.created_at.split('T').next().unwrap_or_default();
    let _ = write!(text, "{} ({day}", video.title);
    if let Some(duration) = video.duration_seconds {
        let _ = write!(text, ", {}", clock(duration));
    }
    if video.status != "completed" {
        let _ = write!(text, ", {}", video.status);
    }
    let _ = writeln!(text, ")\n   {}", video.link);
}

pub(crate) struct GetVideo;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VideoInput {
    /// The video: its id, or a link to it.
    video: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VideoAbout {
    /// The video.
    video: VideoHead,
    /// What somebody wrote about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// pending, completed, or none where there will be none.
    summary_status: String,
    /// What it comes down to, sentence by sentence.
    summary: Vec<Point>,
    /// Further points worth keeping.
    key_points: Vec<Point>,
    /// What it falls into.
    chapters: Vec<Point>,
}

/// Something that is said, and where.
#[derive(Debug, Serialize, JsonSchema)]
struct Point {
    /// The sentence, point or title.
    text: String,
    /// When that is, in seconds from the start of the recording.
    start_seconds: f64,
    /// Opens the player there.
    link: String,
}

impl Tool for GetVideo {
    const NAME: &'static str = "get_video";
    const TITLE: &'static str = "What a video is about";
    const DESCRIPTION: &'static str = "A video with its summary, key points and chapters, each with the second it comes from and a \
        link that opens the player there.";
    type Input = VideoInput;
    type Output = VideoAbout;

    async fn run(context: &Context<'_>, input: VideoInput) -> Result<(VideoAbout, String), Refusal> {
        let (id, _) = video_of(&input.video)?;
        let client = &context.client;
        let video = client.video(id).await?;
        let Summary { status, sentences, key_points, chapters } = client.summary(id).await?;
        let point = |text: String, start_ms: i64| Point {
            text,
            start_seconds: seconds(start_ms),
            link: link(client, id, seconds(start_ms)),
        };
        let about = VideoAbout {
            video: head(client, &video),
            description: video.description.filter(|text| !text.is_empty()),
            failure: video.error.map(|failure| failure.message),
            summary_status: status,
            summary: sentences.into_iter().map(|one| point(one.text, one.start_ms)).collect(),
            key_points: key_points.into_iter().map(|one| point(one.text, one.start_ms)).collect(),
            chapters: chapters.into_iter().map(|one| point(one.title, one.start_ms)).collect(),
        };
        let text = about_text(&about);
        Ok((about, text))
    }
}

fn about_text(about: &VideoAbout) -> String {
    let mut text = String::new();
    write_head(&mut text, &about.video);
    if !about.video.speakers.is_empty() {
        let _ = writeln!(text, "Speakers: {}", about.video.speakers.join(", "));
    }
    for told in [&about.description, &about.failure].into_iter().flatten() {
        let _ = writeln!(text, "{told}");
    }
    for (title, points) in
        [("Summary", &about.summary), ("Key points", &about.key_points), ("Chapters", &about.chapters)]
    {
        if points.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{title}");
        for point in points {
            let _ = writeln!(text, "[{}] {}", clock(point.start_seconds), point.text);
        }
    }
    if about.summary_status == "pending" {
        text.push_str("\nThe summary is still being made.");
    }
    text
}
