//! Sound files of recordings, on request.

use super::{assets::find_outside_bin, renditions::Rendition};
use crate::{AssetsError, model::WantedSound, store};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use memoreel_kernel::{AssetId, Event};
use memoreel_media::{SoundFormat, TargetLoudness};
use memoreel_web::{App, Json, May, Problem, ProblemBody, ResourceId, action::EditContent};
use serde::{Deserialize, Serialize};

/// How a sound file is written.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SoundFileFormat {
    /// MP3, which everything plays.
    Mp3,
    /// Opus in Ogg: smaller.
    Opus,
}

/// What is to be made of a recording.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRendition {
    /// How its sound is written.
    format: SoundFileFormat,
    /// The loudness (EBU R 128) it is brought to, in whole LUFS, -31 to -9: -16 is usual for speech. As loud as it is if not given.
    #[schema(minimum = -31, maximum = -9)]
    loudness_lufs: Option<i32>,
}

/// How far what was asked for is.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RenditionStatus {
    /// A background task of the asset, `make_sounds`, is about to make it.
    Pending,
    /// It is there.
    Ready,
}

/// What was asked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct AskedRendition {
    /// Its name among the renditions of the asset.
    name: String,
    status: RenditionStatus,
    /// Once it is there.
    rendition: Option<Rendition>,
}

/// Make a sound file of a recording
///
/// Of video or audio. It is made once, in the background: whoever asks again is told how far it is, and gets it when it is there. It goes with
/// the recording.
#[utoipa::path(post, path = "/assets/{id}/renditions", operation_id = "create_rendition", tag = "assets",
    params(("id" = AssetId, Path)), request_body = CreateRendition,
    responses((status = 200, body = AskedRendition, description = "It is there"),
        (status = 202, body = AskedRendition, description = "It is being made"), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn create_rendition(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
    Json(wanted): Json<CreateRendition>,
) -> Result<Response, Problem> {
    let loudness = read_loudness(wanted.loudness_lufs)?;
    let format = match wanted.format {
        SoundFileFormat::Mp3 => SoundFormat::Mp3,
        SoundFileFormat::Opus => SoundFormat::Opus,
    };
    let sound = WantedSound { format, loudness };
    let name = sound.name();
    let mut tx = app.db.tenant(&caller).await?;
    let asset = find_outside_bin(&mut tx, id).await?;
    if asset.status != "ready" {
        return Err(AssetsError::NotReady.into());
    }
    let Some(video_id) = asset.video_id.filter(|_| asset.channels.is_some()) else {
        return Err(AssetsError::NoSound.into());
    };
    if let Some(row) = store::find_rendition(&mut tx, id, &name).await.map_err(AssetsError::from)? {
        let rendition = Rendition::new(&app, asset.recording(caller.organization_id), &asset.filename, row);
        let asked = AskedRendition { name, status: RenditionStatus::Ready, rendition: Some(rendition) };
        return Ok(Json(asked).into_response());
    }
    store::want_sound(&mut tx, id, &name).await.map_err(AssetsError::from)?;
    // Also where it was asked for before: the task may have failed.
    let event = Event::SoundWanted { video_id, asset_id: id };
    app.events.emit(&mut tx, &event).await.map_err(AssetsError::from)?;
    tx.commit().await?;
    let asked = AskedRendition { name, status: RenditionStatus::Pending, rendition: None };
    Ok((StatusCode::ACCEPTED, Json(asked)).into_response())
}

/// What `loudness_lufs` of a request asks for.
pub(super) fn read_loudness(lufs: Option<i32>) -> Result<Option<TargetLoudness>, Problem> {
    let read = |lufs| {
        TargetLoudness::new(lufs).ok_or_else(|| {
            let (least, most) = (TargetLoudness::LEAST, TargetLoudness::MOST);
            let detail = format!("Sound is brought to {least} to {most} LUFS.");
            Problem::invalid_field("loudness_lufs", "loudness_invalid", detail)
        })
    };
    lufs.map(read).transpose()
}
