//! `GET /search`.

use super::Engine;
use super::hits::{Hit, Telling};
use crate::index::{Nearby, Passages, Reader, Worded};
use crate::model::{Filters, HitKind, Mode};
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
use memoreel_db::TenantTx;
use memoreel_kernel::{Caller, ChannelId, EmbeddingModelId, Timestamp, VideoId, is_known_time};
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
        let (app, engine, caller, query, filters) = (&app, &*engine, &caller, &query, &filters);
        Search { app, engine, caller, query, filters, limit }.hits(params.mode).await?
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(SearchResults { items: hits, took_ms, mode }))
}

/// A search for something.
struct Search<'a> {
    app: &'a App,
    engine: &'a Engine,
    caller: &'a Caller,
    query: &'a Query,
    filters: &'a Filters,
    limit: u32,
}

/// What is looked for among pictures.
struct Looks<'a> {
    meaning: Meaning<'a>,
    /// Queries that have nothing to do with it, by which likeness is measured.
    unrelated: &'a [Vec<f32>],
}

impl Search<'_> {
    /// What is found, and what was gone by.
    async fn hits(&self, mode: Mode) -> Result<(Mode, Vec<Hit>), SearchError> {
        let Self { app, engine: Engine { model, forms, index }, caller, query, filters, limit } = *self;
        // Before the database begins: nobody keeps it waiting for a model.
        let (mode, vector) = self.meaning(mode).await?;
        let vector = vector.as_deref();
        let model_id = model.id(&app.db).await?;
        let likeness_floor = if vector.is_some() { model.likeness_floor().await? } else { f64::INFINITY };
        let looks = self.looks(vector).await?;

        let passages = self.passages(model_id);
        let choosing = async {
            let count = chosen_for(mode, query, filters, limit);
            index.nearest(passages.as_ref()?, vector?, count).await
        };
        // The database begins while passages are chosen, which takes about as long.
        let (tx, nearby) = tokio::join!(app.db.tenant(caller), choosing);
        let (mut tx, nearby) = (tx?, nearby.as_ref());
        let worded = self.worded(&mut tx, mode, passages.as_ref(), nearby).await?;
        let meaning = vector.map(|vector| Meaning { model_id, vector, nearby });
        let mut found = store::search(&mut tx, mode, query, meaning, worded.as_ref(), filters, limit).await?;
        if let Some(Looks { meaning, unrelated }) = looks {
            let mut pictures = store::search_pictures(&mut tx, query, meaning, filters, limit).await?;
            pictures::measure(&mut pictures, unrelated);
            let limit = usize::try_from(limit).unwrap_or_default();
            found = pictures::fused(found, pictures, likeness_floor, limit);
        }
        forms.mark(&mut tx, &query.text, &mut found).await?;
        drop(tx);

        let organization_id = caller.organization_id;
        let telling = Telling { app, organization_id, vector, likeness_floor, now: app.clock.now() };
        Ok((mode, found.into_iter().map(|found| telling.hit(found)).collect()))
    }

    /// What the query means, and what is gone by: where that cannot be found out, the words alone are enough for a search by both.
    async fn meaning(&self, mode: Mode) -> Result<(Mode, Option<Vec<f32>>), SearchError> {
        if mode == Mode::Keyword {
            return Ok((mode, None));
        }
        match self.engine.model.embed().embed_query(&self.query.text).await {
            Ok(vector) => Ok((mode, Some(vector))),
            Err(error) if mode == Mode::Hybrid => {
                tracing::warn!(%error, "searching by words only");
                Ok((Mode::Keyword, None))
            }
            Err(error) => Err(SearchError::Embedding(error)),
        }
    }

    /// What is looked for among pictures, where they can be among what is found.
    async fn looks<'a>(&'a self, vector: Option<&'a [f32]>) -> Result<Option<Looks<'a>>, SearchError> {
        let model = &self.engine.model;
        let vector = vector.filter(|_| may_be_pictures(self.query, self.filters));
        let (Some(vector), Some(model_id)) = (vector, model.pictures_id(&self.app.db).await?) else {
            return Ok(None);
        };
        let meaning = Meaning { model_id, vector, nearby: None };
        Ok(Some(Looks { meaning, unrelated: model.unrelated().await? }))
    }

    /// The passages that are in memory. Nobody looks for anything in one video for which it would pay to look at others.
    fn passages(&self, model_id: EmbeddingModelId) -> Option<Arc<Passages>> {
        let Engine { model, index, .. } = self.engine;
        let dimensions = model.embed().model().dimensions;
        let everywhere = self.filters.video_id.is_none();
        everywhere.then(|| index.held(&self.app.db, self.caller, model_id, dimensions)).flatten()
    }

    /// What has the words, by the passages that are in memory.
    async fn worded(
        &self,
        tx: &mut TenantTx,
        mode: Mode,
        passages: Option<&Arc<Passages>>,
        nearby: Option<&Nearby>,
    ) -> Result<Option<Worded>, SearchError> {
        // What is near by other means could not be ranked by its words.
        let is_ranked = mode == Mode::Keyword || mode == Mode::Hybrid && nearby.is_some();
        let Some(passages) = passages.filter(|_| is_ranked) else { return Ok(None) };
        let terms = store::passages::terms(tx, &self.query.text, &passages.configurations()).await?;
        let near = nearby.map(|nearby| nearby.chunk_ids.clone()).unwrap_or_default();
        let is_narrowed = is_narrowed(self.query, self.filters);
        let count = if is_narrowed { CHOSEN_NARROWED } else { worded_for(mode, self.limit) };
        Ok(passages.worded(reader(self.caller), terms, count, near).await)
    }
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
