//! Images follow what an organization says of origins, as soon as it says something.

use super::{PAGE, allows, from, grants_nothing, preflight, set, varies};
use crate::{
    app::TestApp,
    client::send,
    images::{address, uploaded},
};
use chrono::TimeDelta;
use serde_json::json;

const FOR_GOOD: &str = "public, max-age=648000, immutable";

#[tokio::test]
async fn images_are_read_by_every_page_until_origins_are_named_and_then_by_pages_of_these() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (id, theirs) = (uploaded(&ada).await, uploaded(&bob).await);
    let path = address(&ada, &id, "w=100,format=png").await;
    let open = send(from(&app, "GET", &path, PAGE)).await.is(200);
    assert_eq!((allows(&open), open.header("cache-control")), (Some("*"), FOR_GOOD));
    assert_eq!(open.header("cross-origin-resource-policy"), "cross-origin");
    assert!(!varies(&open, "origin"), "everybody is told the same");
    assert_eq!(allows(&send(preflight(&app, &path, PAGE, "GET")).await.is(204)), Some("*"));

    set(&ada, json!({ "allowed_origins": [PAGE, "https://*.example.org"] })).await;
    for (origin, is_allowed) in [
        (PAGE, true),
        ("https://a.example.org", true),
        ("https://example.org", false),
        ("http://app.example.com", false),
        ("null", false),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = send(from(&app, method, &path, origin)).await.is(200);
            assert!(varies(&answer, "origin"), "{origin}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
            if is_allowed {
                assert_eq!((allows(&answer), answer.header("cache-control")), (Some(origin), FOR_GOOD));
            } else {
                grants_nothing(&answer);
                // It may be named tomorrow.
                assert_eq!(answer.header("cache-control"), "public, max-age=3600", "{origin}");
            }
        }
        let asked = send(preflight(&app, &path, origin, "GET")).await;
        if is_allowed {
            assert_eq!((asked.status, allows(&asked)), (204, Some(origin)));
        } else {
            grants_nothing(&asked);
            asked.refuses(403, "origin_not_allowed");
        }
    }
    // What an `img` is answered, which names no origin, is not what a cache has for pages that read it.
    let shown = app.visitor().get(&path).await.is(200);
    grants_nothing(&shown);
    assert!(varies(&shown, "origin"));
    assert_eq!(shown.header("cache-control"), FOR_GOOD);
    let known = from(&app, "GET", &path, PAGE).header("if-none-match", shown.header("etag"));
    let known = send(known).await.is(304);
    assert!(varies(&known, "origin"));
    assert_eq!(allows(&known), Some(PAGE));
    let negotiated = address(&ada, &id, "w=100").await;
    let negotiated = send(from(&app, "GET", &negotiated, PAGE)).await.is(200);
    assert!(varies(&negotiated, "accept") && varies(&negotiated, "origin"), "{:?}", negotiated.headers);
    // Another organization's word does not count.
    let theirs = address(&bob, &theirs, "w=100,format=png").await;
    assert_eq!(allows(&send(from(&app, "GET", &theirs, PAGE)).await.is(200)), Some("*"));

    set(&ada, json!({})).await;
    assert_eq!(allows(&send(from(&app, "GET", &path, "https://evil.net")).await.is(200)), Some("*"));
    set(&ada, json!({ "allowed_origins": [PAGE] })).await;

    // What is refused can be read, too, by whom it could have been.
    let refused = async |status: u16, code: &str| {
        let told = send(from(&app, "GET", &path, PAGE)).await;
        assert_eq!(allows(&told), Some(PAGE), "{code}");
        told.refuses(status, code);
        grants_nothing(&send(from(&app, "GET", &path, "https://evil.net")).await);
    };
    ada.delete(&format!("/assets/{id}")).await.is(204);
    refused(404, "not_found").await;
    app.clock.advance(TimeDelta::days(9));
    refused(410, "media_token_expired").await;
    send(preflight(&app, &path, PAGE, "GET")).await.is(204);
    // Of an address that nobody signed it is not known whose it is.
    let unsigned = send(from(&app, "GET", &path.replace("w=100", "w=101"), PAGE)).await;
    grants_nothing(&unsigned);
    unsigned.refuses(404, "not_found");
}
