//! The HTTP face of webhooks.

mod deliveries;
mod endpoints;

use http::{HeaderName, HeaderValue, header};
use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Answers with secrets are kept nowhere.
const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Endpoints, deliveries and the catalogue of events.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(endpoints::list_webhook_events))
        .routes(routes!(endpoints::list_webhook_endpoints, endpoints::create_webhook_endpoint))
        .routes(routes!(
            endpoints::get_webhook_endpoint,
            endpoints::update_webhook_endpoint,
            endpoints::delete_webhook_endpoint
        ))
        .routes(routes!(endpoints::rotate_webhook_secret))
        .routes(routes!(endpoints::test_webhook_endpoint))
        .routes(routes!(deliveries::replay_webhook_deliveries))
        .routes(routes!(deliveries::list_webhook_deliveries))
        .routes(routes!(deliveries::get_webhook_delivery))
        .routes(routes!(deliveries::replay_webhook_delivery))
}
