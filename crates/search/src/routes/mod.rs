//! The HTTP face of search.

mod search;

use crate::Model;
use axum::Extension;
use memoreel_ai::Embed;
use memoreel_web::App;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// `GET /search`, with the engine that makes the queries' vectors.
pub fn router(embed: Arc<dyn Embed>) -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search::search)).layer(Extension(Arc::new(Model::new(embed))))
}
