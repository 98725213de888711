//! Finding moments, pages and images.

use super::{Context, Tool};
use crate::{
    outcome::Refusal,
    shown::{clock, link, seconds, video_of, within},
};
use memoreel_client::{Client, SearchHit, SearchKind, SearchMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use uuid::Uuid;

const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: u32 = 50;

pub(crate) struct Search;

/// What a search goes by.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// Words and meaning together.
    #[default]
    Hybrid,
    /// The words of the query, in any of their forms.
    Words,
    /// What the query means, also in other words and languages.
    Meaning,
}

/// What is searched.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum In {
    /// What is said in videos, what is on screen, and what is in their descriptions.
    Video,
    /// What is written on pages.
    Document,
    /// What is written in images, and in their descriptions.
    Image,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchInput {
    /// What to look for: a question or words; "phrases" in quotes must occur, -words must not.
    query: String,
    /// What to go by; hybrid if not given.
    #[serde(default)]
    by: Option<By>,
    /// Hits wanted, 1 to 50; 10 if not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u32>,
    /// Only in these; in all if not given.
    #[serde(default)]
    kinds: Vec<In>,
    /// Only in this video: its id, or a link to it.
    #[serde(default)]
    video: Option<String>,
    /// Only in videos of the channel with this id.
    #[serde(default)]
    channel_id: Option<String>,
    /// Only where this speaker speaks: a name or label.
    #[serde(default)]
    speaker: Option<String>,
    /// Only in what was added at or after this time, or on or after this day (2026-03-01).
    #[serde(default)]
    from: Option<String>,
    /// Only in what was added at or before this time, or on or before this day.
    #[serde(default)]
    to: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Found {
    /// The hits, best first.
    hits: Vec<Hit>,
    /// What was gone by: words instead of hybrid while meaning is not available.
    by: By,
}

/// A moment of a video, a page of a document, an image, or a description of a video.
#[derive(Debug, Serialize, JsonSchema)]
struct Hit {
    /// The title of the video or document, or the name of the image.
    title: String,
    /// What was said or written, with what is around it; empty where it was found by what it looks like.
    quote: String,
    /// Why it was found: words, meaning. Empty where it is merely the nearest that there is, which may have nothing to do with the query.
    matched_by: Vec<String>,
    /// Who says it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    speakers: Vec<String>,
    /// Opens the player, at that second where there is one, or the document or image.
    link: String,
    /// The video.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<Uuid>,
    /// When it begins, in seconds from the start of the recording. What is in a description is of no second.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_seconds: Option<f64>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_seconds: Option<f64>,
    /// The document or image.
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_id: Option<Uuid>,
    /// The page, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<i32>,
}

impl In {
    fn kind(self) -> SearchKind {
        match self {
            Self::Video => SearchKind::Video,
            Self::Document => SearchKind::Document,
            Self::Image => SearchKind::Image,
        }
    }
}

impl Tool for Search {
    const NAME: &'static str = "search";
    const TITLE: &'static str = "Search recordings, documents and images";
    const DESCRIPTION: &'static str = "Finds the moments in which something is said, the pages on which it is written, the \
        images that show it by their description or by what is written in them, and the videos that are described by it: by words and by \
        meaning. Each hit has a quote, who says it, the second, and a link that opens the player there. One whose matched_by is empty is merely \
        the nearest that there is, and no answer.";
    type Input = SearchInput;
    type Output = Found;

    async fn run(context: &Context<'_>, input: SearchInput) -> Result<(Found, String), Refusal> {
        let channel_id = input.channel_id.as_deref().map(channel).transpose()?;
        let wanted = memoreel_client::Search {
            mode: match input.by.unwrap_or_default() {
                By::Hybrid => SearchMode::Hybrid,
                By::Words => SearchMode::Keyword,
                By::Meaning => SearchMode::Semantic,
            },
            limit: Some(within("limit", input.limit.unwrap_or(LIMIT_DEFAULT), 1, LIMIT_MAX)?),
            kinds: input.kinds.into_iter().map(In::kind).collect(),
            video_id: input.video.as_deref().map(video_of).transpose()?.map(|(id, _)| id),
            channel_id,
            speaker: input.speaker,
            from: input.from,
            to: input.to,
            ..memoreel_client::Search::of(input.query)
        };
        let found = context.client.search(&wanted).await?;
        let by = match found.mode {
            SearchMode::Hybrid => By::Hybrid,
            SearchMode::Keyword => By::Words,
            SearchMode::Semantic => By::Meaning,
        };
        let hits: Vec<Hit> = found.items.into_iter().map(|hit| shown(&context.client, hit)).collect();
        let text = text(&hits);
        Ok((Found { hits, by }, text))
    }
}

/// The id of a channel.
pub(super) fn channel(given: &str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(given.trim())
        .map_err(|_| Refusal::Arguments("`channel_id` must be the id of a channel".to_owned()))
}

fn shown(client: &Client, hit: SearchHit) -> Hit {
    let (start, end) = (hit.start_ms.map(seconds), hit.end_ms.map(seconds));
    let file = |id| client.file_link(id).to_string();
    let (title, link, page) = match (&hit.document, &hit.image, hit.video_id) {
        (Some(document), ..) => (document.title.clone(), file(document.asset_id), Some(document.page_number)),
        (None, Some(image), _) => (image.filename.clone(), file(image.asset_id), None),
        (None, None, Some(id)) => {
            let link = match start {
                Some(start) => link(client, id, start),
                None => client.video_link(id, None).to_string(),
            };
            (hit.video_title.unwrap_or_default(), link, None)
        }
        (None, None, None) => (String::new(), String::new(), None),
    };
    let document_id = hit.document.map(|document| document.asset_id);
    Hit {
        title,
        quote: hit.text,
        matched_by: hit.matched_by,
        speakers: hit.speakers,
        link,
        video_id: hit.video_id,
        start_seconds: start,
        end_seconds: end,
        asset_id: document_id.or(hit.image.map(|image| image.asset_id)),
        page,
    }
}

fn text(hits: &[Hit]) -> String {
    if hits.is_empty() {
        return "Nothing was found.".to_owned();
    }
    let mut text = String::new();
    if hits.iter().all(|hit| hit.matched_by.is_empty()) {
        text.push_str("Nothing has these words or means the same. This comes nearest:\n");
    }
    for (index, hit) in hits.iter().enumerate() {
        let place = match (hit.start_seconds, hit.page, hit.video_id) {
            (Some(start), ..) => format!("at {}", clock(start)),
            (None, Some(page), _) => format!("page {page}"),
            (None, None, Some(_)) => "description".to_owned(),
            (None, None, None) => "image".to_owned(),
        };
        let _ = write!(text, "{}. {}, {place}", index + 1, hit.title);
        if !hit.speakers.is_empty() {
            let _ = write!(text, " ({})", hit.speakers.join(", "));
        }
        if hit.matched_by.is_empty() {
            text.push_str(", merely the nearest");
        }
        let quote = match hit.quote.is_empty() {
            true => "(found by what it looks like)".to_owned(),
            false => format!("\"{}\"", hit.quote),
        };
        let _ = writeln!(text, "\n   {quote}\n   {}", hit.link);
    }
    text
}
