//! The HTTP face of search.

mod search;

use crate::{Model, NearestChunks};
use axum::Extension;
use memoreel_ai::Embed;
use memoreel_web::App;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// `GET /search`, with the engine that makes the queries' vectors and the vectors that are in memory.
pub fn router(embed: Arc<dyn Embed>, nearest: NearestChunks) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(search::search))
        .layer(Extension(Arc::new(Model::new(embed))))
        .layer(Extension(nearest))
}
