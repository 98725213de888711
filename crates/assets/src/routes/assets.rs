//! Assets that stand for themselves: images and documents.

use super::documents::{self, DocumentDetail};
use crate::{
    AssetsError, deletions, keys,
    model::{ImageFacts, ImageRow},
    playback::download_url,
    store,
};
use axum::{extract::State, http::StatusCode};
use memoreel_kernel::{AssetId, Cursor, Event, OrganizationId, Page, Timestamp};
use memoreel_tasks::cancel_tasks;
use memoreel_web::{
    App, Json, May, PageParams, Params, Problem, ProblemBody, ResourceId,
    action::{EditContent, ReadContent},
};
use serde::{Deserialize, Serialize};

/// Which assets are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListAssets {
    /// Of which kind. Recordings are listed as videos.
    #[param(inline)]
    kind: AssetKind,
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AssetKind {
    Image,
    Document,
}

/// A stored file that stands for itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Asset {
    pub(super) id: AssetId,
    /// What it is.
    #[schema(inline)]
    pub(super) kind: AssetKind,
    /// `pending` until it is stored and looked at, then `ready` or `failed`.
    pub(super) status: String,
    /// Why it failed.
    pub(super) error: Option<AssetFailure>,
    /// Its name on the machine it came from.
    pub(super) filename: String,
    /// Its media type, by content.
    pub(super) content_type: Option<String>,
    /// Its size.
    pub(super) size_bytes: i64,
    /// Its SHA-256, in hexadecimal.
    pub(super) sha256: Option<String>,
    /// Pixels across, as it is shown.
    pub(super) width: Option<i32>,
    /// Pixels down, as it is shown.
    pub(super) height: Option<i32>,
    /// What is known of an image beside its size.
    pub(super) image: Option<ImageDetail>,
    /// What is known of a document.
    pub(super) document: Option<DocumentDetail>,
    /// A signed address of the file as it was uploaded.
    pub(super) file_url: Option<String>,
    /// When it was uploaded.
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
}

/// Why an asset failed.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct AssetFailure {
    /// Stable code.
    code: String,
    /// A sentence.
    message: String,
}

/// What is known of an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ImageDetail {
    /// `jpeg`, `png`, `gif`, `webp`, `avif` or `heic`.
    format: String,
    /// EXIF orientation it is stored with, 1 to 8. Width and height and everything made of it are upright.
    orientation: u8,
    /// Whether it moves.
    is_animated: bool,
    /// Pictures of an animation; 1 for a still.
    frames: u32,
    /// Whether parts of it may be transparent.
    has_alpha: bool,
    /// `rgb`, `grey` or `cmyk`.
    colour_space: String,
    /// A placeholder: a thumbhash in base64 (<https://evanw.github.io/thumbhash/>).
    thumbhash: String,
}

/// List assets
#[utoipa::path(get, path = "/assets", operation_id = "list_assets", tag = "assets", params(ListAssets),
    responses((status = 200, body = Page<Asset>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn list_assets(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    Params(wanted): Params<ListAssets>,
) -> Result<Json<Page<Asset>>, Problem> {
    let page = PageParams { cursor: wanted.cursor, limit: wanted.limit }.page_request()?;
    if let AssetKind::Document = wanted.kind {
        return documents::list(&app, &caller, &page).await;
    }
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_images(&mut tx, &page).await?;
    let page = page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() });
    let items = page.items.into_iter().map(|row| view(&app, caller.organization_id, row)).collect();
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// Get an asset
#[utoipa::path(get, path = "/assets/{id}", operation_id = "get_asset", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 200, body = Asset), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(super) async fn get_asset(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<Json<Asset>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    if let Some(row) = store::find_image(&mut tx, id).await? {
        return Ok(Json(view(&app, caller.organization_id, row)));
    }
    let row = store::find_document(&mut tx, id).await?.ok_or(AssetsError::AssetNotFound)?;
    Ok(Json(documents::view(&app, caller.organization_id, row)))
}

/// Delete an asset
///
/// For good, with everything that was made of it. Copies that others keep of it, such as a CDN, are theirs to drop.
#[utoipa::path(delete, path = "/assets/{id}", operation_id = "delete_asset", tag = "assets", params(("id" = AssetId, Path)),
    responses((status = 204, description = "Gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(super) async fn delete_asset(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<AssetId>,
) -> Result<StatusCode, Problem> {
    let now = app.clock.now();
    let folder = keys::asset(caller.organization_id, id);
    let mut tx = app.db.tenant(&caller).await?;
    let (deletion, deleted) = match store::delete_image(&mut tx, id, &folder, now).await? {
        Some(deletion) => (deletion, Event::ImageDeleted { asset_id: id }),
        None => {
            let deletion = store::delete_document(&mut tx, id, &folder, now).await?;
            (deletion.ok_or(AssetsError::AssetNotFound)?, Event::DocumentDeleted { asset_id: id })
        }
    };
    cancel_tasks(&mut tx, id.uuid(), &[], now).await?;
    app.events.emit(&mut tx, &deleted).await?;
    tx.commit().await?;
    // What is not removed now, because this request dies, is removed within the hour.
    if let Err(error) = deletions::remove(&app, caller.organization_id, deletion, &folder).await {
        tracing::warn!(%error, "files of a deleted asset were left for later");
    }
    Ok(StatusCode::NO_CONTENT)
}

fn view(app: &App, organization_id: OrganizationId, row: ImageRow) -> Asset {
    let facts = row.image.and_then(|facts| serde_json::from_value::<ImageFacts>(facts).ok());
    let now = app.clock.now();
    let file_url = row
        .blob_key
        .as_deref()
        .and_then(|key| key.parse().ok())
        .map(|key| download_url(organization_id, key, &row.filename, &app.signer, now));
    Asset {
        id: row.id,
        kind: AssetKind::Image,
        status: row.status,
        error: row.error.and_then(|error| serde_json::from_value(error).ok()),
        filename: row.filename,
        content_type: row.content_type,
        size_bytes: row.byte_size,
        sha256: row.sha256.map(hex::encode),
        width: row.width,
        height: row.height,
        image: facts.map(|facts| ImageDetail {
            format: facts.format,
            orientation: facts.orientation,
            is_animated: facts.frames > 1,
            frames: facts.frames,
            has_alpha: facts.has_alpha,
            colour_space: facts.colour_space,
            thumbhash: facts.thumbhash,
        }),
        document: None,
        file_url,
        created_at: row.created_at,
    }
}
