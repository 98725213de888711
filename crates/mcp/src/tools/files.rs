//! Images and documents: how far they are, and what is written in them.

use super::{Context, Tool};
use crate::{
    outcome::Refusal,
    shown::{file_of, within},
};
use memoreel_client::{Asset, Client, DocumentPage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use uuid::Uuid;

const CHARACTERS_DEFAULT: u32 = 20_000;
const CHARACTERS_MIN: u32 = 1_000;
const CHARACTERS_MAX: u32 = 60_000;
/// Read at a time.
const PAGES: u32 = 20;

pub(crate) struct GetFile;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileInput {
    /// The image or document: its id, or a link to it.
    file: String,
    /// Only from this page on, from 1; from the first if not given.
    #[serde(default)]
    #[schemars(range(min = 1))]
    from_page: Option<u32>,
    /// `next_cursor` of the answer before, to read on.
    #[serde(default)]
    cursor: Option<String>,
    /// How much of pages to answer with, 1,000 to 60,000 characters; 20,000 if not given.
    #[serde(default)]
    #[schemars(range(min = 1000, max = 60000))]
    characters_max: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FileAbout {
    /// The image or document.
    id: Uuid,
    /// Its name.
    filename: String,
    /// image or document; of a recording, video or audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// pending, ready or failed.
    status: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// The video, where it is a recording: get_video and get_transcript tell of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<Uuid>,
    /// How people describe it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// What is written in an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// How many pages a document has.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_count: Option<i32>,
    /// What is written on them.
    pages: Vec<PagePart>,
    /// Where to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Opens it.
    link: String,
}

/// A page, or what fits of a long one.
#[derive(Debug, Serialize, JsonSchema)]
struct PagePart {
    /// From 1.
    page: i32,
    /// What is written on it.
    text: String,
}

impl Tool for GetFile {
    const NAME: &'static str = "get_file";
    const TITLE: &'static str = "Read an image or a document";
    const DESCRIPTION: &'static str = "How far an image or a document is, why it failed, what is written in an image, and what is on \
        the pages of a document. Long documents come in parts: pass next_cursor as cursor to read on.";
    type Input = FileInput;
    type Output = FileAbout;

    async fn run(context: &Context<'_>, input: FileInput) -> Result<(FileAbout, String), Refusal> {
        let id = file_of(&input.file)?;
        let most = input.characters_max.unwrap_or(CHARACTERS_DEFAULT);
        let most = within("characters_max", most, CHARACTERS_MIN, CHARACTERS_MAX)?;
        let first = within("from_page", input.from_page.unwrap_or(1), 1, i32::MAX.unsigned_abs())?;
        let from = input.cursor.as_deref().map_or(Ok(Place { page: first, character: 0 }), Place::parse)?;
        let asset = context.client.asset(id).await?;
        let has_pages = asset.kind.as_deref() == Some("document") && asset.status == "ready";
        let (pages, next) = if has_pages {
            part(&context.client, id, from, most as usize).await?
        } else {
            (Vec::new(), None)
        };
        let about = about(&context.client, asset, pages, next);
        let text = text(&about);
        Ok((about, text))
    }
}

/// Where a part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// From 1.
    page: u32,
    /// From 0.
    character: usize,
}

impl Place {
    fn parse(cursor: &str) -> Result<Self, Refusal> {
        let place = cursor.split_once('.').and_then(|(page, character)| {
            let page: u32 = page.parse().ok()?;
            let character = character.parse().ok()?;
            (page > 0).then_some(Self { page, character })
        });
        place.ok_or_else(|| Refusal::Arguments("`cursor` must be `next_cursor` of another answer".to_owned()))
    }
}

/// Pages from a place on, as many as fit, and where the next part begins. At least some of a page, so that reading on gets on.
async fn part(
    client: &Client,
    id: Uuid,
    from: Place,
    characters_max: usize,
) -> Result<(Vec<PagePart>, Option<Place>), Refusal> {
    let (mut parts, mut left, mut after) = (Vec::new(), characters_max, from.page - 1);
    loop {
        let page = client.pages(id, after, PAGES).await?;
        for DocumentPage { page_number, text, .. } in page.items {
            let number = page_number.unsigned_abs();
            let skipped = if number == from.page { from.character } else { 0 };
            let length = text.chars().skip(skipped).count();
            if length > left && !parts.is_empty() {
                return Ok((parts, Some(Place { page: number, character: 0 })));
            }
            let text: String = text.chars().skip(skipped).take(left).collect();
            parts.push(PagePart { page: page_number, text });
            if length > left {
                return Ok((parts, Some(Place { page: number, character: skipped + left })));
            }
            (left, after) = (left - length, number);
        }
        if page.next_cursor.is_none() {
            return Ok((parts, None));
        }
    }
}

fn about(client: &Client, asset: Asset, pages: Vec<PagePart>, next: Option<Place>) -> FileAbout {
    FileAbout {
        id: asset.id,
        link: client.file_link(asset.id).to_string(),
        filename: asset.filename,
        kind: asset.kind,
        status: asset.status,
        failure: asset.error.map(|failure| failure.message),
        video_id: asset.video_id,
        description: asset.description.filter(|text| !text.is_empty()),
        text: asset.text.filter(|text| !text.is_empty()),
        page_count: asset.page_count,
        pages,
        next_cursor: next.map(|Place { page, character }| format!("{page}.{character}")),
    }
}

fn text(about: &FileAbout) -> String {
    let mut text = format!("{}, {}\n{}\n", about.filename, about.status, about.link);
    for told in [&about.failure, &about.description, &about.text].into_iter().flatten() {
        let _ = writeln!(text, "{told}");
    }
    if let Some(count) = about.page_count {
        let _ = writeln!(text, "{count} pages");
    }
    for PagePart { page, text: written } in &about.pages {
        let _ = writeln!(text, "\nPage {page}\n{written}");
    }
    if let Some(cursor) = &about.next_cursor {
        let _ = write!(text, "\nThere is more: call again with cursor {cursor}.");
    }
    text
}
