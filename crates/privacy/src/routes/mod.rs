//! The HTTP side.

mod erasure;
mod exports;
mod organization_exports;

use http::{HeaderName, HeaderValue, header};
use memoreel_web::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every route of this slice, relative to `/api/v1`.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(exports::list_exports, exports::create_export))
        .routes(routes!(exports::get_export, exports::delete_export))
        .routes(routes!(
            organization_exports::list_organization_exports,
            organization_exports::create_organization_export
        ))
        .routes(routes!(
            organization_exports::get_organization_export,
            organization_exports::delete_organization_export
        ))
        .routes(routes!(erasure::get_erasure, erasure::request_erasure, erasure::withdraw_erasure))
}

/// Addresses that open something by themselves are not for caches, nor to be kept for repeated requests.
const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
