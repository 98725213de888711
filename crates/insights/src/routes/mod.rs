//! The HTTP face of insights.

mod summaries;

use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Summaries, below `/videos/{id}`.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(summaries::get_summary))
}
