//! The web app, inside the binary.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use memoreel_web::Problem;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Files;

/// Only our own scripts and styles; media and pictures come from here, too. hls.js works in a blob worker and plays blob media.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Files by their path; every other path is a page of the web app.
pub async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("media/") || path.starts_with("health/") {
        return Problem::new(StatusCode::NOT_FOUND, "route_not_found", "There is nothing at this address.")
            .hint("The API is described at /api/docs.")
            .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Pages can only be read.")
            .into_response();
    }
    match Files::get(path) {
        Some(file) if !path.is_empty() => file_response(path, file),
        // A missing script must not be answered with a page.
        None if path.starts_with("assets/") => Problem::not_found("file").into_response(),
        _ => match Files::get("index.html") {
            Some(page) => file_response("index.html", page),
            None => Problem::new(
                StatusCode::NOT_FOUND,
                "web_app_missing",
                "The web app is not part of this build.",
            )
            .hint(
                "Build it with `cargo xtask setup` and `npm run build` in ui/, then build the server again.",
            )
            .into_response(),
        },
    }
}

fn file_response(path: &str, file: rust_embed::EmbeddedFile) -> Response {
    // Vite puts a hash into the names below assets/.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    response
}
