//! The HTTP face of the library.

mod channels;
mod events;
mod videos;
mod view;

use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Videos, channels and live events.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(videos::list_videos, videos::create_video))
        .routes(routes!(videos::get_video, videos::update_video, videos::delete_video))
        .routes(routes!(videos::restore_video))
        .routes(routes!(videos::retry_video))
        .routes(routes!(channels::list_channels, channels::create_channel))
        .routes(routes!(channels::update_channel, channels::delete_channel))
        .routes(routes!(events::stream_events))
}
