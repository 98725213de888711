//! Pages of other origins that call the API.

use super::{PAGE, allows, from, grants_nothing, preflight, set, varies};
use crate::{
    app::{PUBLIC_URL, TestApp},
    client::{metadata, send},
};
use serde_json::json;

#[tokio::test]
async fn a_page_calls_the_api_with_a_key_and_nothing_else() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let key = ada.post("/api-keys", &json!({ "name": "Page" })).await.is(201).json();
    let secret = key["secret"].as_str().unwrap();
    let with_key = |origin: &str| from(&app, "GET", "/api/v1/videos", origin).bearer_auth(secret);
    grants_nothing(&send(with_key(PAGE)).await.is(200));
    send(preflight(&app, "/api/v1/videos", PAGE, "GET")).await.refuses(403, "origin_not_allowed");

    set(&ada, json!({ "allowed_origins": [PAGE, "https://*.example.org"] })).await;
    let asked = send(preflight(&app, "/api/v1/videos", PAGE, "PATCH")).await.is(204);
    assert_eq!(allows(&asked), Some(PAGE));
    let names = asked.header("access-control-allow-headers");
    assert!(names.contains("authorization") && !names.contains("x-memoreel-request"), "{names}");
    for answer in [asked, send(with_key(PAGE)).await.is(200)] {
        assert!(varies(&answer, "origin"));
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    }
    let answer = send(with_key("https://a.example.org")).await.is(200);
    assert_eq!(allows(&answer), Some("https://a.example.org"));
    assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
    for origin in
        ["https://evilexample.org", "https://example.org", "https://app.example.com.evil.net", "null"]
    {
        grants_nothing(&send(with_key(origin)).await.is(200));
        grants_nothing(&send(preflight(&app, "/api/v1/videos", origin, "GET")).await);
    }
    // What goes wrong can be read.
    let wrong = from(&app, "GET", "/api/v1/videos", PAGE).bearer_auth("mrl_wrong");
    let wrong = send(wrong).await;
    assert_eq!(allows(&wrong), Some(PAGE));
    wrong.refuses(401, "api_key_wrong");
    let missing = from(&app, "GET", "/api/v1/videos/junk", PAGE).bearer_auth(secret);
    assert_eq!(allows(&send(missing).await), Some(PAGE));

    // A key of an organization that does not name the origin opens nothing to its pages.
    let theirs = bob.post("/api-keys", &json!({ "name": "Page" })).await.is(201).json();
    let theirs = from(&app, "GET", "/api/v1/videos", PAGE).bearer_auth(theirs["secret"].as_str().unwrap());
    grants_nothing(&send(theirs).await.is(200));

    // Nor does a session: a browser that sends it along is told nothing, and it is not even looked at.
    let by_session = ada.request("GET", "/videos").header("origin", PAGE);
    grants_nothing(&send(by_session.try_clone().unwrap()).await.is(200));
    for site in ["cross-site", "same-site"] {
        let request = by_session.try_clone().unwrap();
        let answer = send(request.header("sec-fetch-site", site).header("sec-fetch-mode", "cors")).await;
        grants_nothing(&answer);
        answer.refuses(401, "unauthenticated");
    }
    let change = ada.request("POST", "/channels").json(&json!({ "name": "Board" }));
    let change =
        change.header("origin", PAGE).header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "cors");
    send(change).await.refuses(401, "unauthenticated");
    // Our own pages say their origin, too.
    let own =
        ada.request("GET", "/videos").header("origin", PUBLIC_URL).header("sec-fetch-site", "same-origin");
    send(own.header("sec-fetch-mode", "cors")).await.is(200);
}

#[tokio::test]
async fn a_page_uploads_with_a_key() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let key = ada.post("/api-keys", &json!({ "name": "Page" })).await.is(201).json();
    let secret = key["secret"].as_str().unwrap();
    set(&ada, json!({ "allowed_origins": [PAGE] })).await;
    let asked = send(
        from(&app, "OPTIONS", "/api/v1/uploads", PAGE)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,tus-resumable,upload-length,upload-metadata",
            ),
    )
    .await
    .is(204);
    for name in [
        "authorization",
        "tus-resumable",
        "upload-length",
        "upload-metadata",
        "upload-offset",
        "content-type",
    ] {
        assert!(asked.header("access-control-allow-headers").contains(name), "{name}");
    }
    for method in ["POST", "PATCH", "HEAD", "DELETE"] {
        assert!(asked.header("access-control-allow-methods").contains(method), "{method}");
    }
    let tus = |method: &str, path: &str| {
        from(&app, method, path, PAGE).bearer_auth(secret).header("tus-resumable", "1.0.0")
    };
    let created = send(
        tus("POST", "/api/v1/uploads")
            .header("upload-length", 4)
            .header("upload-metadata", metadata(&[("filename", "a.mp4")])),
    )
    .await
    .is(201);
    assert_eq!(allows(&created), Some(PAGE));
    for name in ["location", "upload-offset", "memoreel-video-id", "tus-resumable"] {
        assert!(created.header("access-control-expose-headers").contains(name), "{name}");
    }
    let location = created.header("location").to_owned();
    let sent = tus("PATCH", &location)
        .header("upload-offset", 0)
        .header("content-type", "application/offset+octet-stream")
        .body("abcd");
    let sent = send(sent).await.is(204);
    assert_eq!((allows(&sent), sent.header("upload-offset")), (Some(PAGE), "4"));
    assert_eq!(allows(&send(tus("HEAD", &location)).await.is(200)), Some(PAGE));
    // The protocol's own question is no preflight.
    let described = send(from(&app, "OPTIONS", "/api/v1/uploads", PAGE)).await.is(204);
    assert_eq!(described.header("tus-version"), "1.0.0");
    grants_nothing(&described);
}
