//! Whatever is sent: the answer is a problem with a code, and never a failure of the server.

use crate::{
    app::{Options, TestApp},
    client::{Answer, Client, metadata, send},
    contents::until_waiting,
    openapi::{Operation, operations},
};
use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use sqlx::Connection;
use std::time::Duration;

/// An id that nothing has.
pub const UNKNOWN: &str = "00000000-0000-7000-8000-000000000001";

#[tokio::test]
async fn a_body_that_is_not_what_is_asked_for_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let with = |body: &'static [u8], content_type: Option<&str>| {
        let request = ada.request("POST", "/channels").body(body);
        send(match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        })
    };
    let json = Some("application/json");
    for broken in [
        &b"{"[..],
        b"",
        b"nul",
        b"{\"name\":\"a\"",
        b"\xff\xfe",
        b"{\"name\": \"\xff\"}",
        b"{\"name\":\"\\ud800\"}",
    ] {
        with(broken, json).await.refuses(400, "body_not_json");
    }
    for unfit in [
        &b"[]"[..],
        b"null",
        b"{}",
        b"{\"name\": 5}",
        b"{\"name\":\"a\",\"extra\":1}",
        b"{\"name\":\"a\",\"name\":\"b\"}",
    ] {
        with(unfit, json).await.refuses(422, "body_invalid");
    }
    for other in [
        None,
        Some("text/plain"),
        Some("multipart/form-data"),
        Some("application/x-www-form-urlencoded"),
        Some(""),
    ] {
        with(b"{\"name\":\"a\"}", other).await.refuses(415, "body_type");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer =
        send(ada.request("POST", "/channels").header("content-type", "application/json").body(deep)).await;
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    answer.is_a_problem();
    assert_eq!(ada.get("/channels").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_body_that_is_a_list_is_not_taken_for_the_fields_in_their_order() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    ada.post("/channels", &json!(["Board", null])).await.refuses(422, "body_invalid");
    ada.patch("/me", &json!(["Ada"])).await.refuses(422, "body_invalid");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let body = json!({ "name": "a", "description": "x".repeat(1 << 20) });
    ada.post("/channels", &body).await.refuses(413, "body_too_large");
    let keyed = ada.request("POST", "/channels").header("idempotency-key", "large").json(&body);
    send(keyed).await.refuses(413, "body_too_large");
    let id = app.insert_video(&ada, "Talk").await;
    let captions = ada.request("PUT", &format!("/videos/{id}/captions")).body(vec![b'a'; (10 << 20) + 1]);
    send(captions).await.refuses(413, "captions_too_large");
}

#[tokio::test]
async fn nul_bytes_do_no_harm_in_any_text() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = app.insert_video(&ada, "Talk").await;
    let vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ada\0>We\0 begin.\n";
    let captions = send(ada.request("PUT", &format!("/videos/{id}/captions")).body(vtt)).await.is(200).json();
    let speaker = captions["speakers"][0]["id"].as_str().unwrap().to_owned();
    let channel = ada.post("/channels", &json!({ "name": "Talks" })).await.is(201).json();
    let channel = format!("/channels/{}", channel["id"].as_str().unwrap());
    let nul = "a\0b";
    let password = crate::client::PASSWORD;
    let visitor = app.visitor();
    let mut answers: Vec<(&str, Answer)> = Vec::new();
    for (path, body) in [
        ("/users", json!({ "email": nul, "name": "Eve", "password": password })),
        ("/users", json!({ "email": "a\0@example.com", "name": "Eve", "password": password })),
        ("/users", json!({ "email": "eve@example.com", "name": nul, "password": password })),
        ("/users", json!({ "email": "eva@example.com", "name": "Eve", "password": "zebra\0crossing\0noon" })),
        ("/sessions", json!({ "email": nul, "password": password })),
        ("/sessions", json!({ "email": ada.email, "password": nul })),
    ] {
        answers.push((path, visitor.post(path, &body).await));
    }
    for (path, body) in [
        ("/api-keys", json!({ "name": nul })),
        ("/organizations", json!({ "name": nul })),
        ("/organizations", json!({ "name": "A", "slug": nul })),
        ("/organizations", json!({ "name": "A", "description": nul })),
        ("/invitations", json!({ "email": nul, "role": "member" })),
        ("/invitations/lookup", json!({ "token": nul })),
        ("/channels", json!({ "name": nul })),
        ("/channels", json!({ "name": "A", "description": nul })),
        ("/videos", json!({ "title": nul })),
        ("/videos", json!({ "title": "A", "description": nul })),
    ] {
        answers.push((path, ada.post(path, &body).await));
    }
    let (video, voice) = (format!("/videos/{id}"), format!("/videos/{id}/speakers/{speaker}"));
    for (path, body) in [
        ("/me", json!({ "name": nul })),
        ("/organization", json!({ "name": nul })),
        ("/organization", json!({ "description": nul })),
        (channel.as_str(), json!({ "name": nul })),
        (channel.as_str(), json!({ "description": nul })),
        (video.as_str(), json!({ "title": nul })),
        (video.as_str(), json!({ "description": nul })),
        (video.as_str(), json!({ "channel_id": nul })),
        (voice.as_str(), json!({ "name": nul })),
    ] {
        answers.push((path, ada.patch(path, &body).await));
    }
    for path in [
        "/videos?title=a%00b",
        "/videos?status=a%00b",
        "/videos?sort=%00",
        "/videos?cursor=%00",
        "/videos?channel_id=%00",
        "/search?q=a%00b",
        "/search?q=%00",
        "/search?q=a&speaker=b%00c",
        "/search?q=a&speaker=%00",
        "/search?q=a&from=%00",
        "/search?q=a&to=2026-01-01%00",
        "/search?q=a&mode=%00",
        "/videos/%00",
        "/videos/a%00b/transcript",
        "/channels?cursor=%00",
    ] {
        answers.push((path, ada.get(path).await));
    }
    for (path, answer) in answers {
        assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text());
        if answer.status >= 400 {
            answer.is_a_problem();
        } else {
            assert!(!answer.text().contains("\\u0000"), "{path}: {}", answer.text());
        }
    }
    let key = ada
        .request("POST", "/channels")
        .header("user-agent", "a\u{7f}")
        .json(&json!({ "name": "B" }))
        .build();
    assert!(key.is_err(), "a client library does not even send control characters in headers");
}

#[tokio::test]
async fn odd_queries_are_refused_or_understood() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.insert_video(&ada, "Talk").await;
    // Sixteen digits of microseconds and an id: the first far before any calendar, the second after.
    let long_ago = format!("-800000000000000{}", "0".repeat(32));
    let far_ahead = format!("0fffffffffffffff{}", "0".repeat(32));
    for (path, code) in [
        ("/videos?cursor=x".to_owned(), "cursor_invalid"),
        ("/videos?cursor=".to_owned(), "cursor_invalid"),
        (format!("/videos?cursor={long_ago}"), "cursor_invalid"),
        (format!("/channels?cursor={long_ago}"), "cursor_invalid"),
        (format!("/api-keys?cursor={long_ago}"), "cursor_invalid"),
        (format!("/members?cursor={long_ago}"), "cursor_invalid"),
        (format!("/invitations?cursor={long_ago}"), "cursor_invalid"),
        (format!("/videos?cursor={far_ahead}"), "cursor_invalid"),
        ("/videos?limit=0".to_owned(), "limit_invalid"),
        ("/videos?limit=101".to_owned(), "limit_invalid"),
        ("/videos?limit=-1".to_owned(), "parameters_invalid"),
        ("/videos?limit=1e2".to_owned(), "parameters_invalid"),
        ("/videos?limit=99999999999".to_owned(), "parameters_invalid"),
        ("/videos?limit=1&limit=2".to_owned(), "parameters_invalid"),
        ("/videos?unknown=%FF".to_owned(), "parameters_invalid"),
        ("/search".to_owned(), "parameters_invalid"),
        ("/search?q=".to_owned(), "query_invalid"),
        (format!("/search?q={}", "x".repeat(2_001)), "query_invalid"),
        (format!("/search?q={}", "wort+".repeat(12_000)), "query_invalid"),
        ("/search?q=a&limit=0".to_owned(), "limit_invalid"),
        ("/search?q=a&mode=psychic".to_owned(), "parameters_invalid"),
        ("/search?q=a&from=yesterday".to_owned(), "date_invalid"),
        ("/search?q=a&from=-9999-01-01".to_owned(), "date_invalid"),
        ("/search?q=a&to=-9999-01-01T00:00:00Z".to_owned(), "date_invalid"),
        ("/search?q=a&to=%2B262142-01-01T00:00:00Z".to_owned(), "date_invalid"),
    ] {
        ada.get(&path).await.refuses(422, code);
    }
    for understood in [
        "/videos?title=%FF%FE".to_owned(),
        format!("/videos?title={}", "%25".repeat(3_000)),
        "/search?q=%FF%FE+words".to_owned(),
        format!("/search?q={}", "a+".repeat(249)),
        "/search?q=%27%29%3B+DROP+TABLE+videos%3B+--".to_owned(),
        "/search?q=%22a%26%7C%21%28%3A*%5C%22+-%22b%22&mode=keyword".to_owned(),
        "/search?q=words&from=0001-01-01&to=9999-12-31".to_owned(),
        format!("/search?q=words&speaker={}", "s".repeat(5_000)),
    ] {
        ada.get(&understood).await.is(200);
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/videos",
        "/api/",
        "/api/nothing",
        "/api/v1/videos/",
        "/media/",
        "/media/a",
        "/health/nothing",
    ] {
        ada.get(path).await.refuses(404, "route_not_found");
        send(ada.request("POST", path).body("{")).await.refuses(404, "route_not_found");
    }
    for path in [
        "/videos/x",
        "/videos/%ff",
        &format!("/videos/{UNKNOWN}"),
        &format!("/videos/{}", "9".repeat(2_000)),
        "/videos/..%2f..%2fetc",
    ] {
        ada.get(path).await.refuses(404, "not_found");
    }
    for path in
        ["/videos/%ff/speakers/%ff", "/videos/x/speakers/y", &format!("/videos/{UNKNOWN}/speakers/{UNKNOWN}")]
    {
        ada.patch(path, &json!({ "name": "Ada" })).await.refuses(404, "not_found");
    }
}

#[tokio::test]
async fn a_method_that_is_not_offered_is_a_problem_that_names_those_that_are() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (method, path, offered) in [
        ("PUT", "/videos", "GET"),
        ("DELETE", "/videos", "GET"),
        ("POST", "/me", "PATCH"),
        ("PATCH", "/videos/x/captions", "PUT"),
        ("GET", "/users", "POST"),
        ("POST", "/api/openapi.json", "GET"),
        ("POST", "/health/live", "GET"),
        ("DELETE", "/metrics", "GET"),
        ("PUT", "/media/x/master.m3u8", "GET"),
        ("BREW", "/videos", "GET"),
    ] {
        let refused = send(ada.request(method, path)).await.refuses(405, "method_not_allowed");
        assert!(refused.header("allow").contains(offered), "{method} {path}: {}", refused.header("allow"));
    }
    send(app.visitor().request("PUT", "/api/v1/videos")).await.refuses(405, "method_not_allowed");
}

#[tokio::test]
async fn a_request_that_came_too_often_is_heard_when_it_is_sent_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let again = || ada.request("POST", "/email-confirmations/resend").header("idempotency-key", "mail");
    for _ in 0..4 {
        ada.post("/email-confirmations/resend", &json!({})).await.is(202);
    }
    send(again().json(&json!({}))).await.refuses(429, "mails_full");
    app.clock.advance(TimeDelta::minutes(61));
    send(again().json(&json!({}))).await.is(202);
}

#[tokio::test]
async fn a_request_sent_twice_with_one_key_takes_effect_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let post = async |client: &Client, key: &str, name: &str| {
        send(
            client.request("POST", "/channels").header("idempotency-key", key).json(&json!({ "name": name })),
        )
        .await
    };
    let first = post(&ada, "key-1", "Talks").await.is(201);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let second = post(&ada, "key-1", "Talks").await.is(201);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("content-type"), first.header("content-type"));
    post(&ada, "key-1", "Other").await.refuses(422, "idempotency_key_reused");
    send(
        ada.request("POST", "/api-keys").header("idempotency-key", "key-1").json(&json!({ "name": "Talks" })),
    )
    .await
    .refuses(422, "idempotency_key_reused");
    // Another person's keys are others, and refusals are replayed like successes.
    post(&bob, "key-1", "Talks").await.is(201);
    let refused = post(&ada, "key-2", "Talks").await.refuses(409, "channel_name_taken");
    let again = post(&ada, "key-2", "Talks").await.is(409);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &refused.body));
    let answers = futures::future::join_all((0..8).map(|_| post(&ada, "key-3", "At once"))).await;
    for answer in &answers {
        assert!(
            answer.status == 201 || answer.json()["code"] == "idempotency_key_in_use",
            "{}",
            answer.text()
        );
    }
    assert_eq!(post(&ada, "key-3", "At once").await.is(201).json()["name"], "At once");
    assert_eq!(ada.get("/channels").await.json()["items"].as_array().unwrap().len(), 2);
    for odd in ["", "\u{e9}", &"k".repeat(256)] {
        let value = reqwest::header::HeaderValue::from_bytes(odd.as_bytes()).unwrap();
        let request = ada.request("POST", "/channels").header("idempotency-key", value);
        let refused = send(request.json(&json!({ "name": "Odd" }))).await;
        assert_eq!(refused.json()["code"], "idempotency_key_invalid", "{odd:?}");
        refused.refuses(400, "idempotency_key_invalid");
    }
    // A key's secret is kept nowhere, so the second answer is another key and not a replay.
    let key =
        || ada.request("POST", "/api-keys").header("idempotency-key", "key-4").json(&json!({ "name": "K" }));
    let (one, two) = (send(key()).await.is(201), send(key()).await.is(201));
    assert_ne!(one.json()["secret"], two.json()["secret"]);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency_keys WHERE key = 'key-4'")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_request_whose_sender_hangs_up_is_known_as_done_when_it_is_sent_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE channels IN EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let post = || {
        send(
            ada.request("POST", "/channels")
                .header("idempotency-key", "once")
                .json(&json!({ "name": "Talks" })),
        )
    };
    let sent = tokio::spawn(post());
    until_waiting(&app, 1).await;
    sent.abort();
    // Time in which the server learns that nobody listens.
    tokio::time::sleep(Duration::from_millis(500)).await;
    holding.commit().await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let again = loop {
        let again = post().await;
        if again.json()["code"] != "idempotency_key_in_use" {
            break again.is(201);
        }
        assert!(tokio::time::Instant::now() < deadline, "its answer is never kept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(again.header("idempotency-replayed"), "true");
    // And the log names the request that did it.
    let id = again.json()["id"].as_str().unwrap().to_owned();
    let told = ada.get(&format!("/audit-log?target_id={id}")).await.is(200).json();
    assert!(told["items"][0]["request_id"].is_string(), "{told}");
}

#[tokio::test]
async fn an_upload_announced_with_a_key_keeps_its_own_protocol() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let announce = |size: u32| {
        send(ada.tus("POST", "/uploads").header("idempotency-key", "upload-1").header("upload-length", size))
    };
    let (first, second) = (announce(4).await.is(201), announce(5).await.is(201));
    assert_ne!(first.header("location"), second.header("location"));
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let app = TestApp::with(Options { rate_limit_factor: 1, ..Options::default() }).await;
    let visitor = app.visitor();
    let attempt = async || visitor.post("/sessions", &json!({ "email": 5 })).await;
    for _ in 0..10 {
        attempt().await.refuses(422, "body_invalid");
    }
    let refused = attempt().await.refuses(429, "rate_limited");
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let mut left = u32::MAX;
    for _ in 0..700 {
        let answer = visitor.get("/me").await;
        if answer.status == 429 {
            answer.refuses(429, "rate_limited");
            // Health is not limited.
            visitor.get("/health/live").await.is(200);
            return;
        }
        let remaining: u32 = answer.header("ratelimit-remaining").parse().unwrap();
        assert!(remaining <= left.saturating_add(1), "{remaining} after {left}");
        left = remaining;
    }
    panic!("700 requests in a moment were all answered");
}

#[tokio::test]
async fn a_change_that_another_site_could_have_caused_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut request = ada.request("POST", "/channels").json(&json!({ "name": "Talks" })).build().unwrap();
    request.headers_mut().remove("x-memoreel-request");
    let refused = ada.execute(request).await;
    refused.refuses(403, "csrf_header_missing");
    let key = ada.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    let bearer = app.visitor().request("POST", "/channels").bearer_auth(key["secret"].as_str().unwrap());
    let mut request = bearer.json(&json!({ "name": "Talks" })).build().unwrap();
    request.headers_mut().remove("x-memoreel-request");
    app.visitor().execute(request).await.is(201);
}

/// Texts that have broken servers before.
const ODD: [&str; 24] = [
    "",
    " ",
    "0",
    "-1",
    "1e309",
    "null",
    "true",
    "[]",
    "{}",
    "\0",
    "a\0b",
    "\u{feff}",
    "\u{202e}abc",
    "💥💥",
    "é\u{301}",
    "';--",
    "%s%n%x",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "<script>",
    "00000000-0000-0000-0000-000000000000",
    "9223372036854775808",
    "2026-13-45T99:99:99Z",
    "-262143-01-01T00:00:00Z",
];

struct Junk(StdRng);

impl Junk {
    fn text(&mut self) -> String {
        match self.0.random_range(0..10) {
            0 => "A".repeat(self.0.random_range(1..3_000)),
            1 => (0..self.0.random_range(1..40)).map(|_| self.0.random::<char>()).collect(),
            _ => ODD[self.0.random_range(0..ODD.len())].to_owned(),
        }
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.0.random_range(0..if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.0.random::<bool>()),
            2 => json!(self.0.random::<i64>()),
            3 => json!(self.0.random::<f64>() * 1e300),
            4 | 5 | 8 => json!(self.text()),
            6 => (0..self.0.random_range(0..4)).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(
                (0..self.0.random_range(0..4)).map(|_| (self.text(), self.value(depth - 1))).collect(),
            ),
        }
    }

    /// A body with the operation's own fields, filled with anything.
    fn body(&mut self, fields: &[String]) -> Value {
        if self.0.random_range(0..4) == 0 {
            return self.value(2);
        }
        let mut body = serde_json::Map::new();
        for field in fields {
            match self.0.random_range(0..6) {
                0 => {}
                1 => drop(body.insert(field.clone(), self.value(2))),
                _ => drop(body.insert(field.clone(), json!(self.text()))),
            }
        }
        Value::Object(body)
    }

    fn path(&mut self, operation: &Operation, known: &str) -> String {
        let mut path = operation.path.clone();
        for parameter in ["{id}", "{speaker_id}", "{user_id}"] {
            let part = if self.0.random_range(0..3) > 0 { known.to_owned() } else { self.text() };
            let encoded: String = url::form_urlencoded::byte_serialize(part.as_bytes()).collect();
            let encoded = if encoded.is_empty() { "%ff".to_owned() } else { encoded.replace('+', "%20") };
            path = path.replace(parameter, &encoded);
        }
        path
    }
}

fn fields_of(document: &Value, operation: &Operation) -> Vec<String> {
    let reference = operation.description.pointer("/requestBody/content/application~1json/schema/$ref");
    let schema = reference
        .and_then(Value::as_str)
        .and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    let properties = schema.and_then(|schema| schema["properties"].as_object());
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

#[tokio::test]
async fn no_operation_breaks_on_junk() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let video = app.insert_video(&ada, "Talk").await.to_string();
    let document = ada.get("/api/openapi.json").await.json();
    let mut junk = Junk(StdRng::seed_from_u64(20_261_120));
    let mut refusals = 0;
    for operation in operations(&ada).await {
        // Signing out would make a visitor of the rest, and streams do not end.
        if matches!(operation.id.as_str(), "delete_current_session" | "stream_events" | "delete_video") {
            continue;
        }
        let fields = fields_of(&document, &operation);
        for round in 0..30 {
            let path = junk.path(&operation, &video);
            let mut request = ada.request(&operation.verb, &path);
            for parameter in operation.description["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                match parameter["in"].as_str() {
                    Some("query") if junk.0.random::<bool>() => {
                        request = request.query(&[(name, junk.text())])
                    }
                    Some("header") => {
                        let printable: String = junk
                            .text()
                            .chars()
                            .filter(|letter| letter.is_ascii_graphic() || *letter == ' ')
                            .collect();
                        let value = match name {
                            "Tus-Resumable" if round % 5 > 0 => "1.0.0".to_owned(),
                            "Upload-Length" if round % 5 > 1 => "3".to_owned(),
                            "Upload-Metadata" if round % 2 == 0 => {
                                metadata(&[("filename", &junk.text()), ("title", &junk.text())])
                            }
                            _ => printable.trim().to_owned(),
                        };
                        request = request.header(name, value);
                    }
                    _ => {}
                }
            }
            let request = match operation.description["requestBody"]["content"].as_object() {
                Some(content) if content.contains_key("application/json") => {
                    request.json(&junk.body(&fields))
                }
                Some(content) => {
                    let bytes: Vec<u8> =
                        (0..junk.0.random_range(0..200)).map(|_| junk.0.random::<u8>()).collect();
                    request.header("content-type", content.keys().next().unwrap()).body(bytes)
                }
                None => request,
            };
            let answer = send(request).await;
            assert!(answer.status < 500, "{} {path}: {} {}", operation.id, answer.status, answer.text());
            if answer.status >= 400 && operation.verb != "HEAD" {
                refusals += 1;
                answer.is_a_problem();
            }
        }
    }
    assert!(refusals > 400, "{refusals}");
    ada.get("/me").await.is(200);
}
