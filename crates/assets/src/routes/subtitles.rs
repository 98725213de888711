//! Subtitles of recordings: a list of all that players show, and those that are added as files.

use super::{assets::find_outside_bin, fields};
use crate::{
    AssetsError, ReadCaptions,
    keys::Recording,
    playback::shown_url,
    store::{self, AssetRow, NewSubtitles},
};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Caller, Event, VideoId};
use memoreel_media::{NamedTrack, SUBTITLES_MAX, TRACK_TITLE_MAX, TrackKind, TrackLabel, language_tag};
use memoreel_web::{
    App, FILE_TIME_MAX, Json, May, Params, Problem, ProblemBody, ResourceId,
    action::{EditContent, ReadContent},
    arrive_within, in_memory,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Subtitles of a long film are a few hundred kilobytes. What is kept, as WebVTT, where some letters are spelled out, has no more either: it can
/// be sent again as it was read.
const FILE_BYTES_MAX: usize = 2 << 20;

/// Where subtitles come from.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SubtitlesSource {
    /// The file of the recording holds them.
    File,
    /// Somebody added them.
    Added,
}

/// Subtitles of a recording that players show.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SubtitlesTrack {
    /// What they are written in (BCP 47); null where the file does not say.
    language: Option<String>,
    /// What menus show: the name that they were given, or the language as those call it who speak it.
    name: String,
    /// Whether they are shown to whoever reads no subtitles, too: signs, or what is said in another language.
    is_forced: bool,
    source: SubtitlesSource,
    /// A signed address of the text as WebVTT, which works for half a day.
    url: String,
}

impl SubtitlesTrack {
    fn new(app: &App, recording: Recording, track: &NamedTrack, name: String) -> Option<Self> {
        let key = recording.subtitles(&track.name());
        let url = shown_url(recording.whose(), recording.hls(), &key, &app.signer, app.clock.now())?;
        Some(Self {
            language: track.label.language.clone(),
            name,
            is_forced: track.is_forced,
            source: if track.is_added { SubtitlesSource::Added } else { SubtitlesSource::File },
            url,
        })
    }
}

/// All subtitles of a recording.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SubtitlesList {
    /// Those of the file first.
    items: Vec<SubtitlesTrack>,
}

/// What is said of subtitles beside their text.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PutSubtitles {
    /// What menus show, 1 to 80 characters; the language as those call it who speak it if not given.
    #[param(min_length = 1, max_length = 80)]
    name: Option<String>,
    /// Whether they are shown to whoever reads no subtitles, too: signs, or what is said in another language. False if not given.
    is_forced: Option<bool>,
}

/// The subtitles that a file became, and what of it was left out or guessed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct AcceptedSubtitles {
    #[serde(flatten)]
    track: SubtitlesTrack,
    /// What was left out or guessed.
    warnings: Vec<SubtitlesWarning>,
}

/// Something in a file of subtitles that was left out or guessed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SubtitlesWarning {
    /// The line, counted from 1.
    line: usize,
    /// What was done and why.
    reason: String,
}

/// List the subtitles of a recording
///
/// All that players show: those that its file holds, once they are made, and those that were added. Addresses need no session. What is said in it
/// is among its captions instead.
#[utoipa::path(get, path = "/assets/{id}/subtitles", operation_id = "list_subtitles", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 200, body = SubtitlesList), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn list_subtitles(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<Json<SubtitlesList>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let asset = find_outside_bin(&mut tx, id).await?;
    let items = tracks(&app, &caller, &mut tx, &asset).await?;
    Ok(Json(SubtitlesList { items: items.into_iter().map(|(_, shown)| shown).collect() }))
}

/// Add subtitles in a language
///
/// The body is a file of WebVTT or SubRip, or Memoreel's JSON, found out from its content, of at most 2 MiB, as it is and as WebVTT. It takes the
/// place of what was added in the same language before. Players show it from now on, beside what the file of the recording holds; nothing is
/// encoded for it. At most 48 are added to a recording; those of its file come on top. It stays when the recording is encoded anew, and goes with
/// its file when that is replaced.
#[utoipa::path(put, path = "/assets/{id}/subtitles/{language}", operation_id = "put_subtitles", tag = "assets",
    params(("id" = AssetId, Path), ("language" = String, Path, description = "The language as a BCP 47 tag: `de`, `pt-BR`"), PutSubtitles),
    request_body(content((String = "text/vtt"), (String = "application/x-subrip")), description = "The file, at most 2 MiB."),
    responses((status = 200, body = AcceptedSubtitles, description = "In place of others"),
        (status = 201, body = AcceptedSubtitles, description = "Added"), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 408, body = ProblemBody, description = "`body_too_slow`"),
        (status = 409, body = ProblemBody,
            description = "`asset_is_no_recording`, `replacement_pending` or `subtitles_too_many`"),
        (status = 413, body = ProblemBody, description = "`subtitles_too_large`"),
        (status = 422, body = ProblemBody,
            description = "`subtitles_invalid`, with the line and the reason; `language_invalid` or `name_invalid`"),
        (status = 429, body = ProblemBody, description = "`organization_busy` or `rate_limited`"),
        (status = 503, body = ProblemBody, description = "`server_busy`")))]
pub(super) async fn put_subtitles(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    Extension(captions): Extension<Arc<dyn ReadCaptions>>,
    path: Result<Path<(String, String)>, PathRejection>,
    Params(wanted): Params<PutSubtitles>,
    body: Body,
) -> Result<(StatusCode, Json<AcceptedSubtitles>), Problem> {
    let (id, language) = named(path)?;
    let name = wanted.name.as_deref().map(|name| fields::name("name", name, TRACK_TITLE_MAX)).transpose()?;
    let mut tx = app.db.tenant(&caller).await?;
    let asset = find_outside_bin(&mut tx, id).await?;
    drop(tx);
    recorded(&asset)?;
    let language = language_tag(&language).ok_or_else(|| AssetsError::Field {
        field: "language",
        code: "language_invalid",
        reason: "the language must be a BCP 47 tag, such as de or pt-BR".to_owned(),
    })?;

    let place = app.limits.imports.enter(&caller.organization_id.to_string()).await?;
    // A place is held meanwhile.
    let file = in_memory(body, FILE_BYTES_MAX, || AssetsError::SubtitlesTooLarge.into());
    let bytes = arrive_within(FILE_TIME_MAX, file).await??;
    let of_language = language.clone();
    let read = tokio::task::spawn_blocking(move || {
        // It goes on when the client has hung up.
        let _place = place;
        captions.read_file(&bytes, &of_language)
    })
    .await
    .map_err(Problem::internal)?
    .map_err(AssetsError::SubtitlesInvalid)?;
    if read.webvtt.len() > FILE_BYTES_MAX {
        return Err(AssetsError::SubtitlesTooLarge.into());
    }

    let mut tx = app.db.tenant(&caller).await?;
    // Neither does another file take its place meanwhile, nor are others added that would be too many together.
    store::lock_asset(&mut tx, id).await?;
    let asset = find_outside_bin(&mut tx, id).await?;
    let video_id = recorded(&asset)?;
    // As players are told it.
    let label = TrackLabel::new(Some(&language), name.as_deref());
    let subtitles = NewSubtitles {
        language: &language,
        name: label.title.as_deref(),
        is_forced: wanted.is_forced.unwrap_or(false),
        webvtt: &read.webvtt,
    };
    let is_new = store::put_subtitles(&mut tx, video_id, &subtitles, app.clock.now()).await?;
    let tracks = tracks(&app, &caller, &mut tx, &asset).await?;
    // Those of the file are not counted: they may come, or come back, when it is encoded.
    let added = tracks.iter().filter(|(track, _)| track.is_added).count();
    if is_new && added > SUBTITLES_MAX {
        return Err(AssetsError::TooManySubtitles.into());
    }
    let is_put =
        |track: &NamedTrack| track.is_added && track.label.language.as_deref() == Some(language.as_str());
    let put = tracks.into_iter().find(|(track, _)| is_put(track));
    let (_, track) = put.ok_or(AssetsError::AssetNotFound)?;
    app.events.emit(&mut tx, &Event::VideoChanged { video_id }).await?;
    tx.commit().await?;
    let warnings =
        read.warnings.into_iter().map(|told| SubtitlesWarning { line: told.line, reason: told.reason });
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(AcceptedSubtitles { track, warnings: warnings.collect() })))
}

/// Remove subtitles that were added
///
/// Players show them no more. Those that the file of the recording holds stay.
#[utoipa::path(delete, path = "/assets/{id}/subtitles/{language}", operation_id = "delete_subtitles", tag = "assets",
    params(("id" = AssetId, Path), ("language" = String, Path, description = "The language as a BCP 47 tag")),
    responses((status = 204, description = "Gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn delete_subtitles(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let not_found = || Problem::not_found("track");
    let (id, language) = named(path)?;
    let mut tx = app.db.tenant(&caller).await?;
    let asset = find_outside_bin(&mut tx, id).await?;
    let video_id = asset.video_id.ok_or_else(not_found)?;
    let language = language_tag(&language).ok_or_else(not_found)?;
    if !store::delete_subtitles(&mut tx, video_id, &language).await? {
        return Err(not_found());
    }
    app.events.emit(&mut tx, &Event::VideoChanged { video_id }).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The asset and the language in the path.
fn named(path: Result<Path<(String, String)>, PathRejection>) -> Result<(AssetId, String), AssetsError> {
    let Path((id, language)) = path.map_err(|_| AssetsError::AssetNotFound)?;
    Ok((id.parse().map_err(|_| AssetsError::AssetNotFound)?, language))
}

/// The video whose recording the asset is, if that is not about to have another file, with which what is added would go.
fn recorded(asset: &AssetRow) -> Result<VideoId, AssetsError> {
    let video_id = asset.video_id.ok_or(AssetsError::NotRecorded)?;
    if asset.replacement_id.is_some() && asset.replacement_error.is_none() {
        return Err(AssetsError::FileAwaited);
    }
    Ok(video_id)
}

/// All subtitles, as players are told them.
async fn tracks(
    app: &App,
    caller: &Caller,
    tx: &mut TenantTx,
    asset: &AssetRow,
) -> Result<Vec<(NamedTrack, SubtitlesTrack)>, Problem> {
    let recording = asset.recording(caller.organization_id);
    let beside = store::beside(tx, recording).await?.unwrap_or_default();
    let tracks = beside.tracks_of(TrackKind::Subtitles).into_iter();
    Ok(tracks
        .filter_map(|(track, name)| Some((track.clone(), SubtitlesTrack::new(app, recording, track, name)?)))
        .collect())
}
