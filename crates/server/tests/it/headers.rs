//! What browsers are told not to do with our answers.

use crate::{
    app::{Options, TestApp},
    client::{Answer, send},
};
use chrono::TimeDelta;
use memoreel_blob::{BlobKey, Grant, Purpose};
use memoreel_kernel::{AssetId, OrganizationId};
use reqwest::{Method, RequestBuilder};
use std::time::Duration;

/// One answer of every kind.
const PATHS: [&str; 13] = [
    "/",
    "/library",
    "/assets/missing.js",
    "/api/docs",
    "/api/docs.css",
    "/api/openapi.json",
    "/api/v1/me",
    "/api/v1/missing",
    "/api/v1/events",
    "/media/x/master.m3u8",
    "/i/x/w=400/x.jpg?s=x",
    "/health/live",
    "/metrics",
];

/// A request of a page of another origin.
fn ask(app: &TestApp, method: Method, path: &str) -> RequestBuilder {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    client.request(method, format!("{}{path}", app.base)).header("origin", "https://elsewhere.example")
}

async fn answer(app: &TestApp, path: &str) -> Answer {
    send(ask(app, Method::GET, path)).await
}

#[tokio::test]
async fn every_answer_says_what_browsers_must_not_do_with_it() {
    let app = TestApp::start().await;
    for path in PATHS {
        let answer = answer(&app, path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let permissions = answer.header("permissions-policy");
        for feature in ["camera=()", "microphone=()", "geolocation=()"] {
            assert!(permissions.contains(feature), "{path}: {permissions}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{path}: {policy}");
        for part in ["frame-ancestors 'none'", "base-uri 'none'", "form-action '"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "{path}");
    }
}

#[tokio::test]
async fn what_is_read_in_a_browser_is_compressed_for_those_who_take_it() {
    let app = TestApp::start().await;
    for path in ["/", "/api/docs", "/api/docs.css", "/api/openapi.json"] {
        let compressed = send(ask(&app, Method::GET, path).header("accept-encoding", "gzip")).await;
        assert_eq!(compressed.header("content-encoding"), "gzip", "{path}");
        let plain = answer(&app, path).await;
        assert!(!plain.headers.contains_key("content-encoding"), "{path}");
        assert!(compressed.body.len() < plain.body.len(), "{path}");
    }
}

#[tokio::test]
async fn who_came_by_https_stays_with_it() {
    let app = TestApp::with(Options { is_https: true, ..Options::default() }).await;
    for path in PATHS {
        let answer = answer(&app, path).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
}

#[tokio::test]
async fn scripts_of_other_origins_can_read_nothing() {
    let app = TestApp::start().await;
    let mut answers = Vec::new();
    for path in PATHS {
        answers.push(answer(&app, path).await);
    }
    for path in ["/api/v1/videos", "/api/v1/uploads", "/media/x/y", "/"] {
        let request = ask(&app, Method::OPTIONS, path)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-memoreel-request");
        answers.push(send(request).await);
    }
    for answer in answers {
        let allows = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(allows, None, "{}", answer.text());
    }
}

#[tokio::test]
async fn the_reader_of_the_api_loads_its_style_sheet_and_nothing_else() {
    let app = TestApp::start().await;
    let page = answer(&app, "/api/docs").await.is(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'; style-src 'self'"));
    let text = page.text();
    for inline in ["<style", "<script", "style=\"", "src=", "href=\"http"] {
        assert!(!text.contains(inline), "{inline}");
    }
    assert!(text.contains("<link rel=\"stylesheet\" href=\"/api/docs.css\">"));
    let style = answer(&app, "/api/docs.css").await.is(200);
    assert_eq!(style.header("content-type"), "text/css");
    assert!(style.text().contains("ui-monospace"));
}

#[tokio::test]
async fn nothing_that_was_uploaded_runs_in_the_app() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let organization_id: OrganizationId = ada.organization_id.parse().unwrap();
    let asset_id = AssetId::new(app.now());
    app.insert_asset(&ada.organization_id, asset_id).await;
    let page = "<svg xmlns='http://www.w3.org/2000/svg'><script>parent.fetch('/api/v1/me')</script></svg>";
    for name in ["original.svg", "original.html", "original.xhtml", "original.js", "original.pdf", "original"]
    {
        let key: BlobKey =
            format!("organizations/{organization_id}/assets/{asset_id}/{name}").parse().unwrap();
        app.app.blobs.put_bytes(&key, page).await.unwrap();
        let grant = Grant {
            organization_id,
            purpose: Purpose::Download,
            is_private: false,
            prefix: key,
            expires_at: app.now() + TimeDelta::hours(1),
            download_name: None,
        };
        let address = format!("/media/{}/", app.app.signer.sign(&grant));
        for method in [Method::GET, Method::HEAD] {
            let shown = send(ask(&app, method, &address)).await.is(200);
            assert_eq!(shown.header("content-type"), "application/octet-stream", "{name}");
            assert_eq!(shown.header("x-content-type-options"), "nosniff", "{name}");
            assert_eq!(shown.header("content-security-policy"), "default-src 'none'; sandbox", "{name}");
        }
    }
}
