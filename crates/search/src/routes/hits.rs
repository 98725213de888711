//! What is told of what was found.

use crate::excerpt::{excerpt, matched_by};
use crate::model::{Found, FoundIn, HitKind};
use memoreel_assets::{document_file_url, image_thumbnail_url, key_frame_url, page_image_url, thumbnail_url};
use memoreel_kernel::{AssetId, ChannelId, ChunkId, OrganizationId, Timestamp, VideoId};
use memoreel_web::App;
use serde::Serialize;

/// A moment of a video, or a passage of a document, an image or a description, that was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SearchHit)]
pub(crate) struct Hit {
    /// The passage.
    chunk_id: ChunkId,
    /// What it is a passage of.
    kind: HitKind,
    /// Where in it: whether it is said, seen, written or described, or looks like it.
    source: HitSource,
    /// The video.
    video_id: Option<VideoId>,
    /// Its title.
    video_title: Option<String>,
    /// A picture of it.
    poster_url: Option<String>,
    /// A picture of what is on screen at `start_ms`, where that is where it was found.
    frame_url: Option<String>,
    /// When the matching sentence begins in the video, or comes onto the screen, in milliseconds. What is in its description is of no moment.
    start_ms: Option<i64>,
    /// When it ends, or is no longer shown, in milliseconds.
    end_ms: Option<i64>,
    /// The document, and the page.
    document: Option<HitDocument>,
    /// The image.
    image: Option<HitImage>,
    /// Who speaks in `text`, in order.
    speakers: Vec<String>,
    /// The matching sentence with what is around it; empty where it was found by what it looks like.
    text: String,
    /// The words of `text` that matched.
    highlights: Vec<Highlight>,
    /// Why it was found. Empty where it has none of the words and is hardly alike: it is merely the nearest that there is.
    matched_by: Vec<MatchedBy>,
    /// Comparable within one answer only; higher is better.
    score: f64,
    /// The video's channel.
    channel_id: Option<ChannelId>,
    /// When the video, document or image was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// How it is in what it was found in.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = SearchHitSource)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HitSource {
    /// Somebody says it in a video.
    Speech,
    /// It is written on the screen in a video, such as on a slide.
    Screen,
    /// It is written on the page of a document.
    Page,
    /// It is written in an image.
    Picture,
    /// It is how people describe a video or an image.
    Description,
    /// An image looks like it, or the page of a document does, or what is on screen at a moment of a video.
    Appearance,
}

/// The document in which something was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SearchHitDocument)]
pub(crate) struct HitDocument {
    /// The document.
    asset_id: AssetId,
    /// What it calls itself, or else its file's name.
    title: String,
    /// The page, from 1.
    page_number: i32,
    /// A signed address of what the page looks like.
    image_url: Option<String>,
    /// A signed address of the file.
    file_url: Option<String>,
}

/// The image in which something was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SearchHitImage)]
pub(crate) struct HitImage {
    /// The image.
    asset_id: AssetId,
    /// Its file's name.
    filename: String,
    /// How people describe it.
    description: Option<String>,
    /// A signed address of a small one, at most 480 pixels on each side.
    thumbnail_url: String,
    /// Pixels across of the image.
    width: Option<i32>,
    /// Pixels down of the image.
    height: Option<i32>,
    /// A signed address of the file.
    file_url: Option<String>,
}

/// A stretch of text, in Unicode code points.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Highlight {
    /// First code point.
    start: usize,
    /// One past the last code point.
    end: usize,
}

/// Why something was found.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MatchedBy {
    /// It has words of the query, in some form.
    Words,
    /// It says something alike.
    Meaning,
}

/// What hits are told by.
pub(super) struct Telling<'a> {
    pub(super) app: &'a App,
    pub(super) organization_id: OrganizationId,
    /// Of the query, where meaning was searched.
    pub(super) vector: Option<&'a [f32]>,
    /// From which likeness on a passage says something alike.
    pub(super) likeness_floor: f64,
    /// When the addresses are signed.
    pub(super) now: Timestamp,
}

impl Telling<'_> {
    /// What was found, as it is told.
    pub(super) fn hit(&self, found: Found) -> Hit {
        let Self { app, organization_id, now, .. } = *self;
        let signer = &app.signer;
        let file_url = |blob_key: &str, filename: &str| {
            document_file_url(organization_id, blob_key, filename, signer, now)
        };
        let is_picture = found.is_picture;
        let mut hit = self.passage(&found);
        match found.of {
            FoundIn::Video { id, title, channel_id, recording, is_pictured, is_seen, is_described } => {
                (hit.video_id, hit.video_title, hit.channel_id) = (Some(id), Some(title), channel_id);
                let still = recording.filter(|_| is_pictured);
                hit.poster_url = still.map(|recording| thumbnail_url(recording, signer, now));
                if is_described {
                    (hit.start_ms, hit.end_ms) = (None, None);
                    hit.source = HitSource::Description;
                } else if is_seen {
                    let shown = recording.zip(hit.start_ms);
                    hit.frame_url = shown.map(|(recording, ms)| key_frame_url(recording, ms, signer, now));
                    hit.source = if is_picture { HitSource::Appearance } else { HitSource::Screen };
                }
            }
            FoundIn::Document { id, title, page_number, page_image_key, blob_key, filename } => {
                (hit.start_ms, hit.end_ms) = (None, None);
                hit.kind = HitKind::Document;
                hit.source = if is_picture { HitSource::Appearance } else { HitSource::Page };
                let page_image = page_image_key.as_deref();
                hit.document = Some(HitDocument {
                    asset_id: id,
                    title,
                    page_number,
                    image_url: page_image.and_then(|key| page_image_url(organization_id, key, signer, now)),
                    file_url: file_url(&blob_key, &filename),
                });
            }
            FoundIn::Image { id, description, is_described, version, width, height, blob_key, filename } => {
                (hit.start_ms, hit.end_ms) = (None, None);
                hit.kind = HitKind::Image;
                hit.source = match (is_picture, is_described) {
                    (true, _) => HitSource::Appearance,
                    (false, true) => HitSource::Description,
                    (false, false) => HitSource::Picture,
                };
                hit.image = Some(HitImage {
                    asset_id: id,
                    thumbnail_url: image_thumbnail_url(app, organization_id, id, version, &filename),
                    file_url: file_url(&blob_key, &filename),
                    filename,
                    description,
                    width,
                    height,
                });
            }
        }
        hit
    }

    /// A passage as one that is said in a video, without the video.
    fn passage(&self, found: &Found) -> Hit {
        let excerpt = excerpt(found, self.vector);
        let (words, meaning) = matched_by(found, self.likeness_floor);
        let reasons = [(words, MatchedBy::Words), (meaning, MatchedBy::Meaning)];
        let highlights = excerpt.highlights.into_iter();
        Hit {
            chunk_id: found.chunk_id,
            kind: HitKind::Video,
            source: HitSource::Speech,
            video_id: None,
            video_title: None,
            poster_url: None,
            frame_url: None,
            start_ms: Some(excerpt.start_ms),
            end_ms: Some(excerpt.end_ms),
            document: None,
            image: None,
            speakers: excerpt.speakers,
            text: excerpt.text,
            highlights: highlights.map(|range| Highlight { start: range.start, end: range.end }).collect(),
            matched_by: reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect(),
            score: found.score,
            channel_id: None,
            created_at: found.created_at,
        }
    }
}
