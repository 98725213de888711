//! The HTTP faces of assets: uploads in, media out, images and what they are made into.

mod addresses;
mod announcement;
mod asset_view;
mod assets;
mod batch;
mod clips;
mod conditions;
mod delivery;
mod documents;
mod encoding;
mod fields;
mod folders;
mod form_body;
mod forms;
mod images;
mod imports;
mod key_frames;
mod media;
mod presets;
mod recordings;
mod reencode;
mod renditions;
mod reread;
mod sounds;
mod subtitles;
mod tus;
mod upload_addresses;
mod upload_limits;
mod uploads;
mod waveform;

pub use images::image_router;
pub(crate) use images::{Addressed, address};
pub use media::media_router;
pub use uploads::upload_router;
#[cfg(fuzzing)]
pub use {clips::fuzz_span, conditions::fuzz_conditions, tus::fuzz_upload_headers};

use crate::{
    DeliveryPolicies, ReadCaptions, Renditions,
    model::{ReceiveUpload, RecordingBin},
};
use axum::Extension;
use memoreel_web::App;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of assets, of folders, of presets, of delivery, and of what an organization says of its files. `bin` deletes what is a recording,
/// and `receiver` makes a video of a copy; `renditions` says how large images become, and `captions` reads files of subtitles.
pub fn asset_router(
    bin: Arc<dyn RecordingBin>,
    receiver: Arc<dyn ReceiveUpload>,
    policies: DeliveryPolicies,
    renditions: Renditions,
    captions: Arc<dyn ReadCaptions>,
) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(assets::list_assets))
        .routes(routes!(assets::get_asset, assets::update_asset, assets::delete_asset))
        .routes(routes!(assets::restore_asset))
        .routes(routes!(batch::change_assets))
        .routes(routes!(folders::list_folders, folders::create_folder))
        .routes(routes!(folders::update_folder, folders::delete_folder))
        .routes(routes!(documents::list_document_pages))
        .routes(routes!(key_frames::list_key_frames))
        .routes(routes!(addresses::get_image_addresses))
        .routes(routes!(clips::get_clip_address))
        .routes(routes!(renditions::list_renditions, sounds::create_rendition))
        .routes(routes!(reencode::encode_asset))
        .routes(routes!(reread::reread_asset))
        .routes(routes!(subtitles::list_subtitles))
        .routes(routes!(subtitles::put_subtitles, subtitles::delete_subtitles))
        .routes(routes!(delivery::get_media_cookie))
        .routes(routes!(delivery::get_delivery_policy, delivery::put_delivery_policy))
        .routes(routes!(encoding::get_encoding_settings, encoding::put_encoding_settings))
        .routes(routes!(upload_limits::get_upload_limits, upload_limits::put_upload_limits))
        .routes(routes!(presets::list_image_presets))
        .routes(routes!(presets::put_image_preset, presets::delete_image_preset))
        .layer(Extension(bin))
        .layer(Extension(receiver))
        .layer(Extension(policies))
        .layer(Extension(renditions))
        .layer(Extension(captions))
}
