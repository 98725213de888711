//! Encoding recordings anew that are there.

use super::{
    asset_view::{Asset, AssetKind},
    assets::find_outside_bin,
};
use crate::{
    AssetsError,
    jobs::{Encode, EncodeAv1, Package, Probe, Reencode, Tracks},
    model::MASTER_NAME,
    store::{self, Asked},
};
use axum::{extract::State, http::StatusCode};
use memoreel_kernel::{AssetId, Event};
use memoreel_tasks::{Handle, Settlement, settlement_of};
use memoreel_web::{App, Json, May, Problem, ProblemBody, ResourceId, action::EditContent};

/// What makes the first packaging of a file, all of it.
const FIRST_PACKAGING: [&str; 5] = [Probe::KIND, Package::KIND, Encode::KIND, EncodeAv1::KIND, Tracks::KIND];

/// Encode a video anew
///
/// As the encoding settings of the organization say now, in the background: a task `reencode` of the asset. What players have of it stays as
/// it is until all of the new is there. From then on addresses lead to the new, and those that were given out before go on opening the old
/// until they end. Whoever asks again while it is being done is answered the same, and nothing is done twice unless the settings are others.
#[utoipa::path(post, path = "/assets/{id}/encode", operation_id = "encode_asset", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 202, body = Asset, description = "It is being done"), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub(super) async fn encode_asset(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<(StatusCode, Json<Asset>), Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    // No other file takes its place until this is written down.
    store::lock_asset(&mut tx, id).await.map_err(AssetsError::from)?;
    let asset = find_outside_bin(&mut tx, id).await?;
    if asset.status != "ready" {
        return Err(AssetsError::NotReady.into());
    }
    let has_picture = asset.kind.as_deref() == Some(AssetKind::Video.as_str());
    let Some(video_id) = asset.video_id.filter(|_| has_picture) else {
        return Err(AssetsError::NoPicture.into());
    };
    let first = settlement_of(&mut tx, video_id.uuid(), &FIRST_PACKAGING).await.map_err(AssetsError::from)?;
    let master = store::find_rendition(&mut tx, id, MASTER_NAME).await.map_err(AssetsError::from)?;
    if matches!(first, Settlement::Open) || master.is_none() {
        return Err(AssetsError::NotPackaged.into());
    }
    let plan = store::find_encoding_plan(&mut tx).await.map_err(AssetsError::from)?.unwrap_or_default();
    let is_other = store::want_encoding(&mut tx, id, &plan).await.map_err(AssetsError::from)?;
    let again = settlement_of(&mut tx, id.uuid(), &[Reencode::KIND]).await.map_err(AssetsError::from)?;
    // A task that runs was begun for what was wanted before.
    if is_other || matches!(again, Settlement::Settled { .. }) {
        store::note_asked(&mut tx, id, Asked::Encoding, app.clock.now()).await.map_err(AssetsError::from)?;
        let event = Event::EncodeWanted { video_id, asset_id: id };
        app.events.emit(&mut tx, &event).await.map_err(AssetsError::from)?;
    }
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(Asset::new(&app, caller.organization_id, asset))))
}
