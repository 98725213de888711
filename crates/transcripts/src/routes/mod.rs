//! The HTTP face of transcripts.

mod captions;
mod speakers;
mod transcripts;

use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Transcripts, captions and speakers, below `/videos/{id}`.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(transcripts::get_transcript))
        .routes(routes!(captions::put_captions))
        .routes(routes!(captions::get_captions_vtt))
        .routes(routes!(captions::get_captions_srt))
        .routes(routes!(captions::get_captions_txt))
        .routes(routes!(captions::get_captions_json))
        .routes(routes!(speakers::update_speaker))
}
