//! To whom media are delivered: origins, referrers, caches and cookies; and who may call the API from a page.

mod closed;
mod images;
mod pages;
mod players;
mod subtitles;
mod tracks;
mod waveform;

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Answer, Client, send},
};
use chrono::TimeDelta;
use memoreel_blob::{BlobKey, Grant, Purpose};
use memoreel_kernel::{AssetId, OrganizationId};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/organization/delivery";
const PAGE: &str = "https://app.example.com";

fn policy(change: &Value) -> Value {
    let mut policy = json!({
        "allowed_origins": [], "referrer_domains": [], "allows_no_referrer": true, "shared_caching": false,
        "cache_seconds": 3600
    });
    for (name, value) in change.as_object().unwrap() {
        policy[name] = value.clone();
    }
    policy
}

async fn set(person: &Client, change: Value) {
    person.put(PATH, &policy(&change)).await.is(200);
}

/// A segment of a recording that was put there by hand, and its address.
pub async fn segment(app: &TestApp, organization_id: &str, asset_id: AssetId) -> String {
    app.insert_asset(organization_id, asset_id).await;
    let organization_id: OrganizationId = organization_id.parse().unwrap();
    let prefix: BlobKey = format!("organizations/{organization_id}/assets/{asset_id}/hls").parse().unwrap();
    app.app.blobs.put_bytes(&prefix.join("720p/segment-00000.m4s").unwrap(), "0123456789").await.unwrap();
    let expires_at = app.now() + TimeDelta::hours(12);
    let grant = Grant {
        organization_id,
        purpose: Purpose::Playback,
        is_private: false,
        prefix,
        expires_at,
        download_name: None,
    };
    format!("/media/{}/720p/segment-00000.m4s", app.app.signer.sign(&grant))
}

fn from(app: &TestApp, method: &str, path: &str, origin: &str) -> RequestBuilder {
    app.visitor().request(method, path).header("origin", origin)
}

fn preflight(app: &TestApp, path: &str, origin: &str, method: &str) -> RequestBuilder {
    from(app, "OPTIONS", path, origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "range")
}

/// What the answer allows whom.
fn allows(answer: &Answer) -> Option<&str> {
    answer.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap())
}

fn grants_nothing(answer: &Answer) {
    let allows = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(allows, None, "{}", answer.text());
    assert!(!answer.headers.contains_key("timing-allow-origin"));
}

fn varies(answer: &Answer, by: &str) -> bool {
    answer
        .headers
        .get_all("vary")
        .iter()
        .any(|value| value.to_str().unwrap().split(',').any(|name| name.trim().eq_ignore_ascii_case(by)))
}

#[tokio::test]
async fn a_policy_is_read_in_one_spelling_or_refused_at_its_field() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    assert_eq!(ada.get(PATH).await.is(200).json(), policy(&json!({})));
    let put = policy(&json!({
        "allowed_origins": ["https://App.Example.com/", "https://app.example.com", "https://*.example.org", "http://localhost:3000"],
        "referrer_domains": ["Example.com", "*.example.com"],
        "allows_no_referrer": false, "shared_caching": true, "cache_seconds": 86_400
    }));
    let set = ada.put(PATH, &put).await.is(200).json();
    assert_eq!(
        set["allowed_origins"],
        json!(["https://app.example.com", "https://*.example.org", "http://localhost:3000"])
    );
    assert_eq!(set["referrer_domains"], json!(["example.com", "*.example.com"]));
    assert_eq!(ada.get(PATH).await.is(200).json(), set);
    for (change, code) in [
        (json!({ "allowed_origins": ["*"] }), "origin_invalid"),
        (json!({ "allowed_origins": ["null"] }), "origin_invalid"),
        (json!({ "allowed_origins": ["https://*.com"] }), "origin_invalid"),
        (json!({ "allowed_origins": ["https://*.co.uk"] }), "origin_invalid"),
        (json!({ "referrer_domains": ["*.github.io"] }), "domain_invalid"),
        (json!({ "allowed_origins": ["https://a.example.com/path"] }), "origin_invalid"),
        (json!({ "allowed_origins": vec!["https://a.example.com"; 51] }), "list_too_long"),
        (json!({ "referrer_domains": ["https://example.com"] }), "domain_invalid"),
        (json!({ "referrer_domains": vec!["example.com"; 101] }), "list_too_long"),
        (json!({ "cache_seconds": 40_000_000 }), "cache_seconds_invalid"),
    ] {
        let refused = ada.put(PATH, &policy(&change)).await.refuses(422, code);
        let field = change.as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(refused.json()["errors"][0]["field"], json!(field));
    }
    assert_eq!(ada.get(PATH).await.is(200).json(), set, "what is refused changes nothing");
    let member = app.colleague(&ada, "mel", "member").await;
    let asked = member.ask(&ada.organization_id, "GET", PATH, Value::Null).await;
    let hint = asked.refuses(403, "forbidden").json()["hint"].to_string();
    assert!(hint.contains("`admin`") && hint.contains("`member`"), "{hint}");
    member.ask(&ada.organization_id, "PUT", PATH, policy(&json!({}))).await.refuses(403, "forbidden");
    let admin = app.colleague(&ada, "ann", "admin").await;
    admin.ask(&ada.organization_id, "PUT", PATH, policy(&json!({ "cache_seconds": 60 }))).await.is(200);
    let log = ada.get("/audit-log").await.is(200).json();
    assert!(log.to_string().contains("delivery_policy.updated"), "{log:#}");
}

#[tokio::test]
async fn pages_of_named_origins_read_media_and_no_others_do() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let address = segment(&app, &ada.organization_id, AssetId::new(app.now())).await;
    let before = send(from(&app, "GET", &address, PAGE)).await.is(200);
    grants_nothing(&before);
    assert_eq!(before.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(before.header("cache-control"), "private, max-age=3600");
    send(preflight(&app, &address, PAGE, "GET")).await.refuses(403, "origin_not_allowed");

    set(&ada, json!({ "allowed_origins": [PAGE, "https://*.example.org"] })).await;
    for (origin, is_allowed) in [
        (PAGE, true),
        ("https://a.example.org", true),
        ("https://a.b.example.org", true),
        ("https://example.org", false),
        ("https://evilexample.org", false),
        ("https://a.example.org.evil.net", false),
        ("https://app.example.com.evil.net", false),
        ("https://evilapp.example.com", false),
        ("http://app.example.com", false),
        ("https://app.example.com:8443", false),
        ("https://APP.example.com", false),
        ("null", false),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = send(from(&app, method, &address, origin)).await.is(200);
            assert!(varies(&answer, "origin"), "{origin}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
            assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{origin}");
            if is_allowed {
                assert_eq!(allows(&answer), Some(origin), "{method} {origin}");
                assert_eq!(answer.header("timing-allow-origin"), origin);
                let exposed = answer.header("access-control-expose-headers");
                for name in ["content-range", "content-length", "etag", "accept-ranges"] {
                    assert!(exposed.contains(name), "{name} in {exposed}");
                }
            } else {
                grants_nothing(&answer);
            }
        }
        let asked = send(preflight(&app, &address, origin, "GET")).await;
        assert!(varies(&asked, "origin"), "{origin}");
        if is_allowed {
            assert_eq!((asked.status, allows(&asked)), (204, Some(origin)));
            assert!(asked.header("access-control-allow-headers").contains("range"));
            assert_eq!(asked.header("access-control-allow-methods"), "GET, HEAD");
            assert!(asked.header("access-control-max-age").parse::<u32>().unwrap() > 0);
            assert!(!asked.headers.contains_key("access-control-allow-credentials"));
        } else {
            grants_nothing(&asked);
            asked.refuses(403, "origin_not_allowed");
        }
    }
    // What is refused can be read, too, so that a player can tell what happened.
    let range = send(from(&app, "GET", &address, PAGE).header("range", "bytes=10-")).await;
    assert_eq!(allows(&range), Some(PAGE));
    range.refuses(416, "range_invalid");
    // Another organization's word does not count.
    let bob = app.person("bob").await;
    let theirs = segment(&app, &bob.organization_id, AssetId::new(app.now())).await;
    grants_nothing(&send(from(&app, "GET", &theirs, PAGE)).await.is(200));
    // Media without an organization's word have none.
    send(preflight(&app, "/media/x/y", PAGE, "GET")).await.refuses(404, "not_found");

    set(&ada, json!({})).await;
    grants_nothing(&send(from(&app, "GET", &address, PAGE)).await.is(200));
}

#[tokio::test]
async fn parts_of_media_are_told_apart_from_parts_of_other_versions() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let address = segment(&app, &ada.organization_id, AssetId::new(app.now())).await;
    let visitor = app.visitor();
    let whole = visitor.get(&address).await.is(200);
    let etag = whole.header("etag").to_owned();
    let ask = async |headers: &[(&'static str, &str)]| {
        let mut request = visitor.request("GET", &address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await
    };
    let part = ask(&[("range", "bytes=2-4")]).await.is(206);
    assert_eq!((&part.body[..], part.header("content-range")), (&b"234"[..], "bytes 2-4/10"));
    assert_eq!((part.header("content-length"), part.header("etag")), ("3", etag.as_str()));
    let same = ask(&[("range", "bytes=2-4"), ("if-range", &etag)]).await.is(206);
    assert_eq!(&same.body[..], b"234");
    for other in ["\"other\"", &format!("W/{etag}"), "Wed, 21 Oct 2015 07:28:00 GMT"] {
        let other = ask(&[("range", "bytes=2-4"), ("if-range", other)]).await.is(200);
        assert_eq!(&other.body[..], b"0123456789");
    }
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let current = ask(&[("if-none-match", &known)]).await.is(304);
        assert!(current.body.is_empty());
        assert_eq!(current.header("etag"), etag);
    }
    ask(&[("if-none-match", "\"other\"")]).await.is(200);
    ask(&[("if-none-match", "\"other\""), ("if-none-match", &etag)]).await.is(304);
    // What the client has comes before what it wants of it.
    ask(&[("if-none-match", &etag), ("range", "bytes=99-")]).await.is(304);
    let other = ask(&[("if-range", "\"other\""), ("range", "bytes=99-")]).await.is(200);
    assert_eq!(&other.body[..], b"0123456789");
    // What the client means comes before what it has and what it wants of it. What is weak is not known to be the same byte by byte.
    for meant in [etag.clone(), format!("\"x\", {etag}"), "*".to_owned()] {
        ask(&[("if-match", &meant)]).await.is(200);
        let part = ask(&[("if-match", &meant), ("range", "bytes=2-4")]).await.is(206);
        assert_eq!(&part.body[..], b"234");
        ask(&[("if-match", &meant), ("if-none-match", &etag)]).await.is(304);
        ask(&[("if-match", &meant), ("range", "bytes=99-")]).await.refuses(416, "range_invalid");
    }
    for other in ["\"other\"", &format!("W/{etag}"), "junk"] {
        for more in [
            ("range", "bytes=2-4"),
            ("range", "bytes=99-"),
            ("if-none-match", etag.as_str()),
            ("accept", "*/*"),
        ] {
            ask(&[("if-match", other), more]).await.refuses(412, "precondition_failed");
        }
        let head = visitor.request("HEAD", &address).header("if-match", other);
        send(head).await.is(412);
    }
    let head = |known: &str| send(app.visitor().request("HEAD", &address).header("if-none-match", known));
    head(&etag).await.is(304);
    assert_eq!(head("\"other\"").await.is(200).header("content-length"), "10");
    // Several ranges, other units and nonsense are answered with everything.
    for range in ["bytes=0-1,3-4", "lines=1-2", "bytes=x", "bytes=4-2", "junk"] {
        assert_eq!(&ask(&[("range", range)]).await.is(200).body[..], b"0123456789", "{range}");
    }
    assert_eq!(&ask(&[("range", "bytes=-3")]).await.is(206).body[..], b"789");
    let beyond = ask(&[("range", "bytes=99-")]).await;
    assert_eq!(beyond.header("content-range"), "bytes */10");
    beyond.refuses(416, "range_invalid");
    let head = send(visitor.request("HEAD", &address)).await.is(200);
    assert_eq!((head.header("content-length"), head.header("accept-ranges")), ("10", "bytes"));
}

#[tokio::test]
async fn media_are_shown_where_they_may_be() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let address = segment(&app, &ada.organization_id, AssetId::new(app.now())).await;
    let shown = async |referrer: Option<&str>| {
        let mut request = app.visitor().request("GET", &address);
        if let Some(referrer) = referrer {
            request = request.header("referer", referrer);
        }
        send(request).await
    };
    shown(Some("https://anywhere.example/")).await.is(200);
    set(&ada, json!({ "referrer_domains": ["example.com", "*.example.org"] })).await;
    for referrer in [
        "https://example.com/page",
        "http://example.com:8080/",
        "https://www.example.org/x?y",
        // Our own pages, wherever they are reached.
        &format!("{PUBLIC_URL}/videos"),
        &format!("{}/videos", app.base),
    ] {
        shown(Some(referrer)).await.is(200);
    }
    for referrer in [
        "https://www.example.com/",
        "https://evilexample.com/",
        "https://example.com.evil.net/",
        "https://example.org/",
        "https://evil.net/https://example.com/",
        "https://example.com@evil.net/",
    ] {
        let refused = shown(Some(referrer)).await;
        assert_eq!(refused.header("cache-control"), "no-store");
        refused.refuses(403, "referrer_not_allowed");
    }
    // The origin says it where a page keeps its referrer to itself.
    send(from(&app, "GET", &address, "https://evil.net")).await.refuses(403, "referrer_not_allowed");
    send(from(&app, "GET", &address, "https://example.com")).await.is(200);
    shown(None).await.is(200);
    send(from(&app, "GET", &address, "null")).await.is(200);
    let image = ada.upload_image("Harbour.png", sample("still-photo.heic")).await;
    set(&ada, json!({ "referrer_domains": ["example.com"], "allows_no_referrer": false })).await;
    let unnamed = shown(None).await.refuses(403, "referrer_not_allowed").json();
    assert!(unnamed["hint"].as_str().is_some_and(|hint| hint.contains("allows_no_referrer")), "{unnamed}");
    send(from(&app, "GET", &address, "null")).await.refuses(403, "referrer_not_allowed");
    shown(Some("https://example.com/")).await.is(200);

    app.work().await;
    app.idle().await;
    let addresses =
        ada.get(&format!("/assets/{image}/image-addresses?options=w=40,format=png")).await.is(200);
    let src = addresses.json()["src"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    let picture = |referrer: &'static str| app.visitor().request("GET", &src).header("referer", referrer);
    send(picture("https://evil.net/")).await.refuses(403, "referrer_not_allowed");
    let here = send(picture("https://example.com/")).await.is(200);
    assert!(here.header("cache-control").starts_with("private, max-age="), "{:?}", here.headers);
}

#[tokio::test]
async fn caches_are_told_what_they_may_keep() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let asset_id = AssetId::new(app.now());
    let address = segment(&app, &ada.organization_id, asset_id).await;
    let image = ada.upload_image("Harbour.png", sample("still-photo.heic")).await;
    app.work().await;
    app.idle().await;
    set(&ada, json!({ "shared_caching": true, "cache_seconds": 31_622_400 })).await;
    let uploaded = ada.get(&format!("/assets/{image}")).await.is(200).json();
    let uploaded = app.visitor().get(uploaded["file_url"].as_str().unwrap()).await.is(200);
    assert!(uploaded.header("cache-control").starts_with("private"), "{:?}", uploaded.headers);
    let answer = app.visitor().get(&address).await.is(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=43200", "as long as the address works");
    app.clock.advance(TimeDelta::hours(11));
    let later = app.visitor().get(&address).await.is(200);
    assert_eq!(later.header("cache-control"), "public, max-age=3600");
    app.clock.advance(TimeDelta::hours(1));
    app.visitor().get(&address).await.refuses(410, "media_token_expired");
    // What somebody takes home is theirs alone.
    let organization_id: OrganizationId = ada.organization_id.parse().unwrap();
    let prefix: BlobKey =
        format!("organizations/{organization_id}/assets/{asset_id}/hls/720p/segment-00000.m4s")
            .parse()
            .unwrap();
    let expires_at = app.now() + TimeDelta::hours(1);
    let download_name = Some("Protokoll – 会議 \u{202e}4pm.exe\"\r\n.mp4".to_owned());
    let purpose = Purpose::Download;
    let grant = Grant { organization_id, purpose, is_private: false, prefix, expires_at, download_name };
    let taken = app.visitor().get(&format!("/media/{}/", app.app.signer.sign(&grant))).await.is(200);
    assert!(taken.header("cache-control").starts_with("private"));
    let disposition = taken.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"") && disposition.is_ascii(), "{disposition}");
    assert!(
        disposition.contains("filename*=UTF-8''Protokoll%20%E2%80%93%20%E4%BC%9A%E8%AD%B0"),
        "{disposition}"
    );
    assert!(!disposition.contains("%E2%80%AE"), "nothing turns the name around: {disposition}");
}

#[tokio::test]
async fn what_changed_elsewhere_is_known_within_seconds() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let address = segment(&app, &ada.organization_id, AssetId::new(app.now())).await;
    set(&ada, json!({ "allowed_origins": [PAGE] })).await;
    assert_eq!(allows(&send(from(&app, "GET", &address, PAGE)).await), Some(PAGE));
    // As another process would.
    sqlx::query("UPDATE delivery_policies SET allowed_origins = '{}'")
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(
        allows(&send(from(&app, "GET", &address, PAGE)).await),
        Some(PAGE),
        "it is not asked each time"
    );
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while allows(&send(from(&app, "GET", &address, PAGE)).await).is_some() {
        assert!(tokio::time::Instant::now() < deadline, "it is asked again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
