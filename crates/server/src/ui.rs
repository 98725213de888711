//! The web app, inside the binary.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use memoreel_web::Problem;
use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Files;

/// Where index.html wants the nonce of the answer. The web app hands it to the library that adds a style sheet while a
/// dialog is open.
const NONCE_PLACE: &str = "{nonce}";

/// Only our own scripts and styles; media and pictures come from here, too. hls.js works in a blob worker and plays blob media.
fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
}

/// Files by their path; every other path is a page of the web app.
pub async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    // Who looks for something well-known, such as where to sign in an assistant, must not take a page for it.
    if ["api/", "media/", "i/", "health/", ".well-known/"].iter().any(|prefix| path.starts_with(prefix)) {
        return Problem::new(StatusCode::NOT_FOUND, "route_not_found", "There is nothing at this address.")
            .hint("The API is described at /api/docs.")
            .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Pages can only be read.")
            .header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
            .into_response();
    }
    match Files::get(path) {
        Some(file) if !path.is_empty() && path != "index.html" => file_response(path, file),
        // A missing script must not be answered with a page.
        None if path.starts_with("assets/") => Problem::not_found("file").into_response(),
        _ => match Files::get("index.html") {
            Some(file) => page_response(&file.data),
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
    response(file.metadata.mimetype(), cache, file.data)
}

/// The page, with a nonce that nobody could know before.
fn page_response(page: &[u8]) -> Response {
    let nonce = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let page = String::from_utf8_lossy(page).replace(NONCE_PLACE, &nonce);
    let mut response = response("text/html; charset=utf-8", "no-cache", Cow::Owned(page.into_bytes()));
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&nonce)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn response(content_type: &str, cache: &'static str, body: Cow<'static, [u8]>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../ui/index.html");

    #[tokio::test]
    async fn every_page_gets_a_nonce_of_its_own() {
        let mut nonces = std::collections::BTreeSet::new();
        for _ in 0..2 {
            let response = page_response(PAGE.as_bytes());
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
            assert_eq!(nonce.len(), 24);
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let page = std::str::from_utf8(&body).unwrap();
            assert!(page.contains(&format!("nonce=\"{nonce}\"")) && !page.contains(NONCE_PLACE), "{page}");
            nonces.insert(nonce);
        }
        assert_eq!(nonces.len(), 2);
    }

    #[test]
    fn the_page_and_its_policy_have_no_inline_scripts_or_styles() {
        let policy = content_security_policy("x");
        assert!(!policy.contains("unsafe") && policy.contains("script-src 'self';"), "{policy}");
        for script in PAGE.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains("src=\"/") && rest.starts_with("</script>"), "{script}");
        }
        for inline in ["<style", " style=", " onload=", " onerror=", "javascript:"] {
            assert!(!PAGE.contains(inline), "{inline}");
        }
    }
}
