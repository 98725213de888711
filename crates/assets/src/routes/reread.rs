//! Reading images and documents again that are there.

use super::{
    asset_view::{Asset, AssetKind},
    assets::find_outside_bin,
};
use crate::{
    AssetsError,
    jobs::{RereadDocument, RereadImage},
    store::{self, Asked},
};
use axum::{extract::State, http::StatusCode};
use memoreel_kernel::{AssetId, Event};
use memoreel_tasks::{Handle, Settlement, settlement_of};
use memoreel_web::{App, Json, May, Problem, ProblemBody, ResourceId, action::EditContent};

/// Read an image or a document again
///
/// By what the server can do now, in the background: a task `reread_document` or `reread_image` of the asset. Of a document, its text, its pages and
/// their pictures are made anew; of an image, text is looked for once more. What there is stays as it is until all of the new is there, and where
/// less would be found, because something is missing on the server: then the task fails, and says so. Whoever asks again while it is being done
/// is answered the same, and nothing is done twice.
#[utoipa::path(post, path = "/assets/{id}/reread", operation_id = "reread_asset", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 202, body = Asset, description = "It is being done"), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub(super) async fn reread_asset(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<(StatusCode, Json<Asset>), Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    // Whoever asks at the same time sees what is queued here.
    store::lock_asset(&mut tx, id).await.map_err(AssetsError::from)?;
    let asset = find_outside_bin(&mut tx, id).await?;
    let is_a = |kind: AssetKind| asset.kind.as_deref() == Some(kind.as_str());
    let (kind, event) = if is_a(AssetKind::Image) {
        (RereadImage::KIND, Event::ImageRereadWanted { asset_id: id })
    } else if is_a(AssetKind::Document) {
        (RereadDocument::KIND, Event::DocumentRereadWanted { asset_id: id })
    } else {
        return Err(AssetsError::Recorded.into());
    };
    if asset.status != "ready" {
        return Err(AssetsError::NotReady.into());
    }
    let again = settlement_of(&mut tx, id.uuid(), &[kind]).await.map_err(AssetsError::from)?;
    if matches!(again, Settlement::Settled { .. }) {
        store::note_asked(&mut tx, id, Asked::Reading, app.clock.now()).await.map_err(AssetsError::from)?;
        app.events.emit(&mut tx, &event).await.map_err(AssetsError::from)?;
    }
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(Asset::new(&app, caller.organization_id, asset))))
}
