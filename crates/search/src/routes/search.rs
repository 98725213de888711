//! `GET /search`.

use super::Engine;
use crate::excerpt::{excerpt, matched_by};
use crate::index::Reader;
use crate::model::{Filters, Found, FoundIn, HitKind, Mode};
use crate::pictures;
use crate::query::{Query, parse};
use crate::store::{self, Meaning};
use crate::{
    CHOSEN_MIN, CHOSEN_NARROWED, CHOSEN_PER_HIT, LIMIT_DEFAULT, LIMIT_MAX, QUERY_CHARS_MAX,
    RANKED_BY_WORDS_MIN, SearchError,
};
use axum::Extension;
use axum::extract::State;
use chrono::{NaiveDate, NaiveTime};
use memoreel_assets::{document_file_url, image_thumbnail_url, key_frame_url, page_image_url, thumbnail_url};
use memoreel_kernel::{AssetId, Caller, ChannelId, ChunkId, Timestamp, VideoId, is_known_time};
use memoreel_web::{App, Json, May, Params, ProblemBody, Result, action::ReadContent};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// A speaker filter longer than any label or name finds nothing.
const SPEAKER_CHARS_MAX: usize = 100;

/// What to search for, and where.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchParams {
    /// Words, "phrases" that must occur and -words that must not; 1 to 2,000 characters.
    #[param(min_length = 1, max_length = 2000, pattern = r"^[^\u0000]*[^\s\u0000\u0085][^\u0000]*$")]
    q: String,
    /// What to go by; hybrid if not given.
    #[serde(default)]
    #[param(inline)]
    mode: Mode,
    /// Hits wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only in these: `video`, `document` or `image`, with commas between several; in all if not given.
    #[param(pattern = "^(video|document|image)(,(video|document|image)){0,2}$")]
    kind: Option<String>,
    /// Only in this video.
    video_id: Option<VideoId>,
    /// Only in videos of this channel.
    channel_id: Option<ChannelId>,
    /// Only where this speaker speaks: a name or label, in any case. What is on screen is nobody's.
    speaker: Option<String>,
    /// Only in videos added at or after this time or on or after this day (UTC).
    from: Option<String>,
    /// Only in videos added at or before this time or on or before this day (UTC).
    to: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SearchResults {
    /// The hits, best first.
    items: Vec<Hit>,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// What was gone by: `keyword` instead of `hybrid` while meaning is not available.
    mode: Mode,
}

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

/// Find what was said, what was on screen, and what is written
///
/// The moments in which something is said or is on screen in a video, the pages on which it is written, the images that show it by their
/// description or by what is written in them, and the videos that are described by it: by words and by meaning.
/// `source` tells which; where the server's model takes pictures, images and what is on screen in videos are also found by what they look
/// like, without a word. What is seen on screen, such as on a slide, is recognised in the pictures of the video, and `start_ms` is when
/// it comes onto the screen.
#[utoipa::path(
    get,
    path = "/search",
    operation_id = "search",
    tag = "search",
    params(SearchParams),
    responses(
        (status = 200, body = SearchResults),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody, description = "`organization_busy` or `rate_limited`"),
        (status = 503, body = ProblemBody, description = "`server_busy`, or the engine is away"),
    )
)]
pub(crate) async fn search(
    State(app): State<App>,
    Extension(engine): Extension<Arc<Engine>>,
    May(caller, _): May<ReadContent>,
    Params(params): Params<SearchParams>,
) -> Result<Json<SearchResults>> {
    let started = Instant::now();
    if params.q.trim().is_empty() || params.q.chars().count() > QUERY_CHARS_MAX {
        return Err(SearchError::QueryInvalid.into());
    }
    let limit = params.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(SearchError::LimitInvalid.into());
    }
    let query = parse(&params.q);
    let filters = filters(&params)?;
    let (mode, hits) = if query.is_empty() {
        (params.mode, Vec::new())
    } else {
        let _place = app.limits.searches.enter(&caller.organization_id.to_string()).await?;
        hits(&app, &engine, &caller, params.mode, &query, &filters, limit).await?
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(SearchResults { items: hits, took_ms, mode }))
}

async fn hits(
    app: &App,
    Engine { model, forms, index }: &Engine,
    caller: &Caller,
    mode: Mode,
    query: &Query,
    filters: &Filters,
    limit: u32,
) -> Result<(Mode, Vec<Hit>), SearchError> {
    let (mode, vector) = match mode {
        Mode::Keyword => (mode, None),
        _ => match model.embed().embed_query(&query.text).await {
            Ok(vector) => (mode, Some(vector)),
            Err(error) if mode == Mode::Hybrid => {
                tracing::warn!(%error, "searching by words only");
                (Mode::Keyword, None)
            }
            Err(error) => return Err(SearchError::Embedding(error)),
        },
    };
    let model_id = model.id(&app.db).await?;
    let likeness_floor = if vector.is_some() { model.likeness_floor().await? } else { f64::INFINITY };
    // Before the database begins: nobody keeps it waiting for a model.
    let is_shown = vector.is_some() && may_be_pictures(query, filters);
    let looks = match model.pictures_id(&app.db).await? {
        Some(id) if is_shown => Some((id, model.unrelated().await?)),
        _ => None,
    };
    let count = chosen_for(mode, query, filters, limit);
    // Nobody looks for anything in one video for which it would pay to look at others.
    let everywhere = filters.video_id.is_none();
    let dimensions = model.embed().model().dimensions;
    let passages = everywhere.then(|| index.held(&app.db, caller, model_id, dimensions)).flatten();
    let choosing = async {
        let (passages, vector) = (passages.as_ref()?, vector.as_deref()?);
        index.nearest(passages, vector, count).await
    };
    // The database begins while passages are chosen, which takes about as long.
    let (tx, nearby) = tokio::join!(app.db.tenant(caller), choosing);
    let mut tx = tx?;
    let worded = match &passages {
        // What is near by other means could not be ranked by its words.
        Some(passages) if mode == Mode::Keyword || mode == Mode::Hybrid && nearby.is_some() => {
            let terms = store::passages::terms(&mut tx, &query.text, &passages.configurations()).await?;
            let near = nearby.as_ref().map(|nearby| nearby.chunk_ids.clone()).unwrap_or_default();
            let count = if is_narrowed(query, filters) { CHOSEN_NARROWED } else { worded_for(mode, limit) };
            passages.worded(reader(caller), terms, count, near).await
        }
        _ => None,
    };
    let meaning = vector.as_deref().map(|vector| Meaning { model_id, vector, nearby: nearby.as_ref() });
    let mut found = store::search(&mut tx, mode, query, meaning, worded.as_ref(), filters, limit).await?;
    if let (Some(vector), Some((model_id, unrelated))) = (vector.as_deref(), looks) {
        let meaning = Meaning { model_id, vector, nearby: None };
        let mut pictures = store::search_pictures(&mut tx, query, meaning, filters, limit).await?;
        pictures::measure(&mut pictures, unrelated);
        found = pictures::fused(found, pictures, likeness_floor, usize::try_from(limit).unwrap_or_default());
    }
    forms.mark(&mut tx, &query.text, &mut found).await?;
    drop(tx);
    let now = app.clock.now();
    let hits = found.into_iter().map(|found| {
        let (organization_id, signer) = (caller.organization_id, &app.signer);
        let seen_in = match &found.of {
            FoundIn::Video { recording, is_seen: true, .. } => *recording,
            _ => None,
        };
        let file = match &found.of {
            FoundIn::Video { .. } => None,
            FoundIn::Document { blob_key, filename, .. } | FoundIn::Image { blob_key, filename, .. } => {
                document_file_url(organization_id, blob_key, filename, signer, now)
            }
        };
        let picture = match &found.of {
            FoundIn::Video { recording, is_pictured, .. } => {
                recording.filter(|_| *is_pictured).map(|recording| thumbnail_url(recording, signer, now))
            }
            FoundIn::Document { page_image_key, .. } => {
                page_image_key.as_deref().and_then(|key| page_image_url(organization_id, key, signer, now))
            }
            FoundIn::Image { id, version, filename, .. } => {
                Some(image_thumbnail_url(app, organization_id, *id, *version, filename))
            }
        };
        let mut hit = hit(found, vector.as_deref(), likeness_floor, picture, file);
        hit.frame_url = seen_in
            .zip(hit.start_ms)
            .map(|(recording, start_ms)| key_frame_url(recording, start_ms, signer, now));
        hit
    });
    Ok((mode, hits.collect()))
}

/// Whose rights a ranking goes by.
fn reader(caller: &Caller) -> Reader {
    match (caller.role, caller.user_id) {
        (None, _) => Reader::Service,
        (Some(_), Some(user_id)) => Reader::Person(user_id.uuid()),
        (Some(_), None) => Reader::Nobody,
    }
}

/// Whether not everything that is found may be what is looked for.
fn is_narrowed(query: &Query, filters: &Filters) -> bool {
    query.is_narrowed() || *filters != Filters::default()
}

/// How many passages to choose by meaning, so that enough of them are left.
fn chosen_for(mode: Mode, query: &Query, filters: &Filters, limit: u32) -> usize {
    if mode != Mode::Semantic || is_narrowed(query, filters) {
        return CHOSEN_NARROWED;
    }
    let limit = usize::try_from(limit).unwrap_or_default();
    CHOSEN_MIN.max(limit * CHOSEN_PER_HIT)
}

/// Whether pictures can be among what is found: they say no phrase, and nobody speaks in them.
fn may_be_pictures(query: &Query, filters: &Filters) -> bool {
    query.phrases.is_empty() && filters.speaker.is_none()
}

/// How many passages to choose by words, where nothing narrows the search: as many as `search_chunks` ranks, and some for those
/// that are gone.
fn worded_for(mode: Mode, limit: u32) -> usize {
    let limit = usize::try_from(limit).unwrap_or_default();
    let ranked = if mode == Mode::Keyword { 2 * limit + 20 } else { limit.max(RANKED_BY_WORDS_MIN) };
    ranked + ranked / 8 + 8
}

fn hit(
    found: Found,
    query: Option<&[f32]>,
    likeness_floor: f64,
    picture_url: Option<String>,
    file_url: Option<String>,
) -> Hit {
    let excerpt = excerpt(&found, query);
    let (words, meaning) = matched_by(&found, likeness_floor);
    let is_picture = found.is_picture;
    let reasons = [(words, MatchedBy::Words), (meaning, MatchedBy::Meaning)];
    let mut hit = Hit {
        chunk_id: found.chunk_id,
        kind: HitKind::Video,
        source: HitSource::Speech,
        frame_url: None,
        video_id: None,
        video_title: None,
        poster_url: None,
        start_ms: None,
        end_ms: None,
        document: None,
        image: None,
        speakers: excerpt.speakers,
        text: excerpt.text,
        highlights: excerpt
            .highlights
            .into_iter()
            .map(|range| Highlight { start: range.start, end: range.end })
            .collect(),
        matched_by: reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect(),
        score: found.score,
        channel_id: None,
        created_at: found.created_at,
    };
    match found.of {
        FoundIn::Video { id, title, channel_id, is_seen, is_described, .. } => {
            (hit.video_id, hit.video_title, hit.poster_url) = (Some(id), Some(title), picture_url);
            hit.channel_id = channel_id;
            if is_described {
                hit.source = HitSource::Description;
            } else {
                (hit.start_ms, hit.end_ms) = (Some(excerpt.start_ms), Some(excerpt.end_ms));
                if is_seen {
                    hit.source = if is_picture { HitSource::Appearance } else { HitSource::Screen };
                }
            }
        }
        FoundIn::Document { id, title, page_number, .. } => {
            hit.kind = HitKind::Document;
            hit.source = if is_picture { HitSource::Appearance } else { HitSource::Page };
            hit.document =
                Some(HitDocument { asset_id: id, title, page_number, image_url: picture_url, file_url });
        }
        FoundIn::Image { id, description, is_described, width, height, filename, .. } => {
            hit.kind = HitKind::Image;
            hit.source = match (is_picture, is_described) {
                (true, _) => HitSource::Appearance,
                (false, true) => HitSource::Description,
                (false, false) => HitSource::Picture,
            };
            let thumbnail_url = picture_url.unwrap_or_default();
            hit.image = Some(HitImage {
                asset_id: id,
                filename,
                description,
                thumbnail_url,
                width,
                height,
                file_url,
            });
        }
    }
    hit
}

fn filters(params: &SearchParams) -> Result<Filters, SearchError> {
    let speaker =
        params.speaker.as_deref().map(|name| name.chars().filter(|c| !c.is_control()).collect::<String>());
    let speaker = speaker.map(|name| name.trim().chars().take(SPEAKER_CHARS_MAX + 1).collect::<String>());
    let date = |value: &Option<String>, field, end_of_day| {
        value
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(|text| moment(text, field, end_of_day))
            .transpose()
    };
    Ok(Filters {
        video_id: params.video_id,
        channel_id: params.channel_id,
        speaker: speaker.filter(|name| !name.is_empty()),
        from: date(&params.from, "from", false)?,
        to: date(&params.to, "to", true)?,
        kinds: params.kind.as_deref().map(kinds).transpose()?.unwrap_or_default(),
    })
}

/// Kinds with commas between them, each once.
fn kinds(text: &str) -> Result<Vec<HitKind>, SearchError> {
    let mut kinds = Vec::new();
    for name in text.split(',') {
        let kind = HitKind::parse(name).ok_or_else(|| SearchError::KindInvalid(name.to_owned()))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// A time as it stands, or the first or last microsecond of a day. Only years that the database knows, too.
fn moment(text: &str, field: &'static str, end_of_day: bool) -> Result<Timestamp, SearchError> {
    let invalid = SearchError::DateInvalid { field };
    let time = match text.parse::<chrono::DateTime<chrono::FixedOffset>>() {
        Ok(time) => time.to_utc(),
        Err(_) => {
            let Ok(day) = text.parse::<NaiveDate>() else { return Err(invalid) };
            let last = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap_or_default();
            day.and_time(if end_of_day { last } else { NaiveTime::MIN }).and_utc()
        }
    };
    if is_known_time(&time) { Ok(time) } else { Err(invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_one_by_one() {
        assert_eq!(kinds("image,video,image").unwrap(), [HitKind::Image, HitKind::Video]);
        for refused in ["", "Image", "image,", "audio", "image video", "image, video"] {
            assert!(kinds(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_day_is_taken_from_its_first_to_its_last_moment() {
        let text = |text, end| moment(text, "from", end).map(|time| time.to_rfc3339()).ok();
        assert_eq!(text("2026-11-20", false).as_deref(), Some("2026-11-20T00:00:00+00:00"));
        assert_eq!(text("2026-11-20", true).as_deref(), Some("2026-11-20T23:59:59.999999+00:00"));
        assert_eq!(text("2026-11-20T18:00:00+01:00", true).as_deref(), Some("2026-11-20T17:00:00+00:00"));
        for refused in ["yesterday", "-9999-01-01", "+262142-01-01", "-9999-01-01T00:00:00Z"] {
            assert_eq!(text(refused, false), None, "{refused}");
        }
    }
}
