//! The HTTP face of search.

mod hits;
mod search;

use crate::forms::Forms;
use crate::{Model, PassageIndex};
use axum::Extension;
use memoreel_ai::Embed;
use memoreel_web::App;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What a search goes by.
struct Engine {
    model: Model,
    forms: Forms,
    index: PassageIndex,
}

/// `GET /search`, with the engine that makes the queries' vectors and the passages that are in memory.
pub fn router(embed: Arc<dyn Embed>, index: PassageIndex) -> OpenApiRouter<App> {
    let engine = Engine { model: Model::new(embed), forms: Forms::default(), index };
    OpenApiRouter::new().routes(routes!(search::search)).layer(Extension(Arc::new(engine)))
}
