//! The HTTP faces of assets: uploads in, media out, images and what they are made into.

mod addresses;
mod assets;
mod documents;
mod images;
mod media;
mod presets;
mod tus;
mod uploads;

pub use images::image_router;
pub use media::media_router;
pub use uploads::upload_router;

use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of assets that stand for themselves, and of presets.
pub fn asset_router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(assets::list_assets))
        .routes(routes!(assets::get_asset, assets::delete_asset))
        .routes(routes!(documents::list_document_pages))
        .routes(routes!(addresses::get_image_addresses))
        .routes(routes!(presets::list_image_presets))
        .routes(routes!(presets::put_image_preset, presets::delete_image_preset))
}
