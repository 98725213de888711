//! Files that come in one request: put to a signed address, sent as a form, or fetched from a link.

use crate::{
    app::{Options, TestApp, sample},
    client::{Answer, Client, Person, send},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use memoreel_identity::{resume_organization, suspend_organization};
use memoreel_outbound::{AddressPolicy, OutboundSettings};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

const PHOTO: &str = "still-photo.heic";
const TALK: &str = "inaugural-address.mp3";

/// The path of an address that was given out.
fn path(address: &Value) -> String {
    address["url"].as_str().unwrap().strip_prefix("https://memoreel.example").unwrap().to_owned()
}

async fn put(client: &Client, path: &str, bytes: impl Into<Bytes>) -> Answer {
    send(client.request("PUT", path).body(bytes.into())).await
}

async fn address(person: &Client, kind: &str, size_bytes: usize) -> Value {
    let wanted = json!({ "kind": kind, "size_bytes": size_bytes, "filename": "photo.heic" });
    person.post("/upload-addresses", &wanted).await.is(201).json()
}

/// How many uploads, assets and staged files there are.
async fn left(app: &TestApp) -> (i64, i64, usize) {
    let mut connection = app.superuser().await;
    let uploads =
        sqlx::query_scalar("SELECT count(*) FROM uploads").fetch_one(&mut connection).await.unwrap();
    let assets = sqlx::query_scalar("SELECT count(*) FROM assets").fetch_one(&mut connection).await.unwrap();
    (uploads, assets, app.app.staging.ids().await.unwrap().len())
}

#[tokio::test]
async fn whoever_has_an_address_sends_its_file_and_nothing_else() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let photo = sample(PHOTO);
    let made = address(&ada, "image", photo.len()).await;
    let (visitor, to) = (app.visitor(), path(&made));
    let asset = format!("/assets/{}", made["asset_id"].as_str().unwrap());
    ada.get(&asset).await.refuses(404, "not_found");

    put(&visitor, &to, photo[1..].to_vec()).await.refuses(400, "upload_length_mismatch");
    let sent = put(&visitor, &to, photo.clone()).await.is(201).json();
    assert_eq!((&sent["status"], &sent["id"]), (&json!("received"), &made["upload_id"]));
    app.idle().await;
    let shown = ada.get(&asset).await.is(200).json();
    assert_eq!((&shown["status"], &shown["filename"]), (&json!("ready"), &json!("photo.heic")));
    // The answer may have been lost.
    put(&visitor, &to, photo.clone()).await.is(200);
    assert_eq!(ada.get("/assets").await.is(200).json()["items"].as_array().unwrap().len(), 1);

    // It opens no other upload, and reads nothing.
    let other = address(&ada, "image", photo.len()).await;
    let signature = to.split_once("?s=").unwrap().1;
    let crossed = format!("{}?s={signature}", path(&other).split_once('?').unwrap().0);
    put(&visitor, &crossed, photo.clone()).await.refuses(404, "not_found");
    visitor.get(&format!("/media/{signature}/original.heic")).await.refuses(404, "not_found");
    put(&visitor, &format!("{to}x"), photo.clone()).await.refuses(404, "not_found");
    app.clock.advance(TimeDelta::hours(3));
    put(&visitor, &path(&other), photo).await.refuses(410, "media_token_expired");
}

#[tokio::test]
async fn a_page_of_an_origin_that_was_named_may_send_a_file_to_an_address() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let named = json!({
        "allowed_origins": ["https://app.example.com"], "referrer_domains": [], "allows_no_referrer": true,
        "shared_caching": false, "cache_seconds": 3600,
    });
    ada.put("/organization/delivery", &named).await.is(200);
    let to = path(&address(&ada, "document", 4).await);
    let from = |method: &str, origin: &str| app.visitor().request(method, &to).header("origin", origin);
    let ask = from("OPTIONS", "https://app.example.com").header("access-control-request-method", "PUT");
    assert!(send(ask).await.is(204).header("access-control-allow-methods").contains("PUT"));
    for (origin, may) in [("https://app.example.com", true), ("https://other.example.com", false)] {
        let answer = send(from("PUT", origin).body("12345")).await;
        assert_eq!(answer.headers.contains_key("access-control-allow-origin"), may, "{origin}");
    }
    let sent = send(from("PUT", "https://app.example.com").body("1234")).await.is(201);
    assert_eq!(sent.header("access-control-allow-origin"), "https://app.example.com");
}

#[tokio::test]
async fn a_form_is_refused_by_what_it_says_before_its_file_without_the_rest_of_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let nowhere = uuid::Uuid::now_v7().to_string();
    for (name, value, mebibytes, status, code) in
        [("kind", "image", 52, 413, "upload_too_large"), ("folder_id", nowhere.as_str(), 0, 404, "not_found")]
    {
        // Whoever reads on waits for ever.
        let begun = stream::iter((0..mebibytes).map(|_| Ok::<_, io::Error>(vec![0_u8; 1 << 20])));
        let body = reqwest::Body::wrap_stream(begun.chain(stream::pending()));
        let form = Form::new().text(name, value.to_owned());
        let form = form.part("file", Part::stream(body).file_name("a.png"));
        send(ada.request("POST", "/assets").multipart(form)).await.refuses(status, code);
        // It is removed when the answer is written.
        assert_eq!(left(&app).await, (0, 0, 0), "{name}");
    }
}

#[tokio::test]
async fn a_form_that_comes_to_no_field_is_refused_though_it_goes_on_and_on() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let header = "--b\r\ncontent-disposition: form-data; name=\"".to_owned();
    let second = format!("{header}kind\"\r\n\r\nimage\r\n{header}");
    for begins in [String::new(), header, second] {
        let more = stream::iter([vec![b'a'; 1 << 17]]);
        let begun = stream::iter([begins.into_bytes()]).chain(more).map(Ok::<_, io::Error>);
        // Whoever reads on waits for ever.
        let body = reqwest::Body::wrap_stream(begun.chain(stream::pending()));
        let request =
            ada.request("POST", "/assets").header("content-type", "multipart/form-data; boundary=b");
        send(request.body(body)).await.refuses(400, "form_invalid");
    }
    assert_eq!(left(&app).await, (0, 0, 0));
}

#[tokio::test]
async fn an_address_takes_no_more_than_was_said_and_sizes_have_limits() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (wanted, status, code) in [
        (json!({ "size_bytes": 0 }), 422, "upload_empty"),
        (json!({ "size_bytes": 5_368_709_121_u64 }), 422, "upload_too_large"),
        (json!({ "size_bytes": 52_428_801, "kind": "image" }), 422, "upload_too_large"),
        (json!({ "size_bytes": 1, "title": "x".repeat(201) }), 422, "field_invalid"),
        (json!({ "size_bytes": 1, "filename": "" }), 422, "name_invalid"),
        (json!({ "size_bytes": 1, "filename": "folder/ " }), 422, "name_invalid"),
        (json!({ "size_bytes": 1, "expires_in_seconds": 59 }), 422, "lifetime_invalid"),
        (json!({ "size_bytes": 1, "kind": "film" }), 422, "body_invalid"),
        (json!({ "size_bytes": 1, "bytes": 2 }), 422, "body_invalid"),
    ] {
        ada.post("/upload-addresses", &wanted).await.refuses(status, code);
    }
    let nameless = json!({ "url": "https://example.com/talk.mp4", "filename": " " });
    ada.post("/imports", &nameless).await.refuses(422, "name_invalid");
    // Without a length, it is counted.
    let made = address(&ada, "document", 4).await;
    let chunks = |text: &'static str| stream::iter([Ok::<_, io::Error>(Bytes::from_static(text.as_bytes()))]);
    for (text, status, code) in [("12345", 413, "upload_too_large"), ("123", 400, "upload_length_mismatch")] {
        let body = reqwest::Body::wrap_stream(chunks(text));
        send(app.visitor().request("PUT", &path(&made)).body(body)).await.refuses(status, code);
    }
    let body = reqwest::Body::wrap_stream(chunks("1234"));
    send(app.visitor().request("PUT", &path(&made)).body(body)).await.is(201);
    // A recording of this size has a picture.
    let made = address(&ada, "video", 2 << 30).await;
    let request = app.visitor().request("PUT", &path(&made)).header("content-type", "audio/wav");
    let refused = send(request.body(reqwest::Body::wrap_stream(chunks("RIFF")))).await;
    assert!(refused.refuses(413, "upload_too_large").text().contains("1 GiB"));
}

#[tokio::test]
async fn what_was_cut_off_on_its_way_to_an_address_is_sent_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let photo = sample(PHOTO);
    let to = path(&address(&ada, "image", photo.len()).await);
    let mut connection = TcpStream::connect(app.base.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!("PUT {to} HTTP/1.1\r\nhost: memoreel\r\ncontent-length: {}\r\n\r\n", photo.len());
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&photo[..photo.len() / 2]).await.unwrap();
    drop(connection);
    loop {
        let sent = put(&app.visitor(), &to, photo.clone()).await;
        if sent.status != 423 {
            sent.is(201);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_address_works_as_long_as_who_made_it_may_add_files_and_their_organization_is_at_work() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let wanted = json!({ "size_bytes": 4, "kind": "document" });
    let made =
        bob.ask(&ada.organization_id, "POST", "/upload-addresses", wanted.clone()).await.is(201).json();
    let member = format!("/members/{}", bob.user_id);
    ada.patch(&member, &json!({ "role": "viewer" })).await.is(200);
    put(&app.visitor(), &path(&made), "text").await.refuses(403, "sender_gone");
    ada.patch(&member, &json!({ "role": "member" })).await.is(200);
    // Who made it may still add files; nobody does while the organization is stopped.
    suspend_organization(app.db(), "ada").await.unwrap();
    put(&app.visitor(), &path(&made), "text").await.refuses(403, "organization_suspended");
    resume_organization(app.db(), "ada").await.unwrap();
    ada.delete(&member).await.is(204);
    put(&app.visitor(), &path(&made), "text").await.refuses(403, "sender_gone");
    assert_eq!(left(&app).await, (1, 0, 0));
}

fn form(parts: &[(&'static str, &'static str)]) -> Form {
    parts.iter().fold(Form::new(), |form, (name, value)| form.text(*name, *value))
}

async fn submit(person: &Client, form: Form) -> Answer {
    send(person.request("POST", "/assets").multipart(form)).await
}

#[tokio::test]
async fn a_form_brings_a_file_and_what_is_said_of_it_in_any_order() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let photo = || Part::bytes(sample(PHOTO)).file_name("Große Pause.heic");
    let made = submit(&ada, form(&[]).part("file", photo()).text("kind", "image")).await.is(201).json();
    app.idle().await;
    let asset = ada.get(&format!("/assets/{}", made["asset_id"].as_str().unwrap())).await.is(200).json();
    assert_eq!((&asset["status"], &asset["filename"]), (&json!("ready"), &json!("Große Pause.heic")));
    assert_eq!(made["video_id"], Value::Null);

    let folder = ada.post("/folders", &json!({ "name": "Talks" })).await.is(201).json();
    let folder = folder["id"].as_str().unwrap().to_owned();
    let named = form(&[("title", "A talk"), ("store", "temporary"), ("filename", "talk.mp3")])
        .text("folder_id", folder.clone())
        .part("file", Part::bytes(sample(TALK)));
    let answer = submit(&ada, named).await.is(201);
    let made = answer.json();
    let told = ada.get(&format!("/audit-log?target_id={}", made["video_id"].as_str().unwrap())).await.is(200);
    let created = told.json()["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&created["action"], &created["request_id"]),
        (&json!("video.created"), &json!(answer.header("x-request-id")))
    );
    let video = ada.get(&format!("/videos/{}", made["video_id"].as_str().unwrap())).await.is(200).json();
    assert_eq!((&video["title"], &video["filename"]), (&json!("A talk"), &json!("talk.mp3")));
    let asset = ada.get(&format!("/assets/{}", made["asset_id"].as_str().unwrap())).await.is(200).json();
    assert_eq!(asset["folder_id"], folder);
    assert!(asset["expires_at"].is_string(), "{asset}");
}

#[tokio::test]
async fn a_form_with_an_idempotency_key_may_bring_a_large_file() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let file = Part::bytes(vec![b'a'; 2 << 20]).file_name("a.txt");
    let large = form(&[("kind", "document")]).part("file", file);
    let request = ada.request("POST", "/assets").header("idempotency-key", "large").multipart(large);
    send(request).await.is(201);
    assert_eq!(left(&app).await.1, 1);
}

#[tokio::test]
async fn a_form_that_is_refused_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let file = || Part::bytes(b"some text".to_vec()).file_name("a.txt");
    let long: &'static str = Box::leak("x".repeat(9_000).into_boxed_str());
    let many =
        (0..21).fold(Form::new().part("file", file()), |form, number| form.text(format!("f{number}"), "x"));
    for form in [
        form(&[("kind", "document")]),
        form(&[("kind", "film")]).part("file", file()),
        form(&[]).part("file", file()).text("folder_id", "none"),
        form(&[]).part("file", file()).part("file", file()),
        form(&[("title", long)]).part("file", file()),
        form(&[("folder", "press")]).part("file", file()),
        many,
    ] {
        submit(&ada, form).await.refuses(400, "form_invalid");
    }
    let refused = submit(&ada, form(&[("folder", "press")]).part("file", file())).await;
    let told = refused.refuses(400, "form_invalid").text();
    assert!(told.contains("`folder`") && told.contains("`folder_id`"), "what it may be called: {told}");
    let empty = Part::bytes(Vec::new()).file_name("a.txt");
    submit(&ada, form(&[("kind", "document")]).part("file", empty)).await.refuses(422, "upload_empty");
    ada.post("/assets", &json!({ "kind": "image" })).await.refuses(400, "form_invalid");
    let large = Part::bytes(vec![0; (50 << 20) + 1]).file_name("large.png");
    submit(&ada, form(&[]).part("file", large).text("kind", "image")).await.refuses(413, "upload_too_large");
    send(app.visitor().request("POST", "/assets").multipart(form(&[]).part("file", file())))
        .await
        .refuses(401, "unauthenticated");

    // Cut off in the middle of the file.
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nsome";
    let cut = ada.request("POST", "/assets").header("content-type", "multipart/form-data; boundary=b");
    send(cut.body(body)).await.refuses(400, "form_invalid");
    assert_eq!(left(&app).await, (0, 0, 0));
}

/// Where files lie: of each request, what it asked for.
#[derive(Clone)]
struct Elsewhere {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Elsewhere {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let routes = Router::new()
            .route("/talks/My%20talk.mp3", get(|| async { sample(TALK) }))
            .route("/moved", get(|| async { Redirect::temporary("/talks/My%20talk.mp3?key=secret") }))
            .route("/round", get(|| async { Redirect::temporary("/round") }))
            .route("/inside", get(|| async { Redirect::temporary("http://127.0.0.2:1/") }))
            .route("/page", get(|| async { axum::response::Html("<p>Watch it here</p>") }))
            .route("/gone", get(|| async { StatusCode::FORBIDDEN }))
            .route("/busy", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
            .route("/large", get(large))
            .route("/broken", get(broken))
            .with_state(elsewhere.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        elsewhere
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Says that it is larger than an image may be.
async fn large() -> Response {
    let body = Body::from_stream(stream::pending::<Result<Bytes, io::Error>>());
    ([(header::CONTENT_LENGTH, "52428801")], body).into_response()
}

/// The first half breaks off; who asks for the rest gets it.
async fn broken(State(elsewhere): State<Elsewhere>, headers: HeaderMap) -> Response {
    let photo = sample(PHOTO);
    let half = photo.len() / 2;
    let part = headers.get(header::RANGE).cloned();
    elsewhere.asked.lock().unwrap().push(headers);
    let Some(part) = part else {
        let bytes =
            stream::iter([Ok(Bytes::copy_from_slice(&photo[..half])), Err(io::ErrorKind::BrokenPipe.into())]);
        // What was written reaches the client before the connection ends.
        let bytes = bytes.then(async |chunk: io::Result<Bytes>| {
            if chunk.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            chunk
        });
        let headers =
            [(header::CONTENT_LENGTH, photo.len().to_string()), (header::ETAG, "\"v1\"".to_owned())];
        return (headers, Body::from_stream(bytes)).into_response();
    };
    let from: usize =
        part.to_str().unwrap().trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
    let range = format!("bytes {from}-{}/{}", photo.len() - 1, photo.len());
    (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, range)], photo[from..].to_vec()).into_response()
}

async fn app_that_fetches() -> (TestApp, Elsewhere) {
    (app_that_reaches_this_machine().await, Elsewhere::start().await)
}

/// Works, and may fetch from servers of this machine.
pub async fn app_that_reaches_this_machine() -> TestApp {
    let app = app_that_may_reach_this_machine().await;
    app.work().await;
    app
}

/// The same, which does not work yet.
pub async fn app_that_may_reach_this_machine() -> TestApp {
    let policy = AddressPolicy { allowed: vec!["127.0.0.1/32".parse().unwrap()], plain_http: true };
    let outbound = OutboundSettings { policy, ..OutboundSettings::default() };
    TestApp::with(Options { outbound, ..Options::default() }).await
}

async fn import(person: &Person, wanted: Value) -> Value {
    person.post("/imports", &wanted).await.is(202).json()
}

#[tokio::test]
async fn a_file_is_fetched_from_where_a_link_leads_and_the_link_is_forgotten() {
    let (app, elsewhere) = app_that_fetches().await;
    let ada = app.person("ada").await;
    let made =
        import(&ada, json!({ "url": elsewhere.at("/moved?token=secret"), "filename": "talk.mp3" })).await;
    let video_id = made["video_id"].as_str().unwrap();
    // It is there from the beginning.
    ada.get(&format!("/videos/{video_id}")).await.is(200);
    let video = app.settled(&ada, video_id).await;
    assert_eq!((&video["status"], &video["title"]), (&json!("completed"), &json!("talk")));
    let asset = ada.get(&format!("/assets/{}", made["asset_id"].as_str().unwrap())).await.is(200).json();
    assert_eq!(asset["size_bytes"], sample(TALK).len());

    let direct = import(&ada, json!({ "url": elsewhere.at("/talks/My%20talk.mp3") })).await;
    let video = ada.get(&format!("/videos/{}", direct["video_id"].as_str().unwrap())).await.is(200).json();
    assert_eq!((&video["title"], &video["filename"]), (&json!("My talk"), &json!("My talk.mp3")));
    app.idle().await;
    let mut connection = app.superuser().await;
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM uploads WHERE source IS NOT NULL")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_link_is_sealed_until_it_was_followed() {
    let (app, elsewhere) = app_that_fetches().await;
    let ada = app.person("ada").await;
    import(&ada, json!({ "url": elsewhere.at("/gone?token=open-sesame"), "kind": "image" })).await;
    app.idle().await;
    let mut connection = app.superuser().await;
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT u::text FROM uploads u UNION ALL SELECT t::text FROM tasks t UNION ALL SELECT a::text FROM assets a
         UNION ALL SELECT o::text FROM outbox o UNION ALL SELECT l::text FROM audit_logs l",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(rows.len() > 3);
    let sesame = hex::encode("open-sesame");
    assert!(rows.iter().all(|row| !row.contains("open-sesame") && !row.contains(&sesame)), "{rows:#?}");
}

#[tokio::test]
async fn what_cannot_be_fetched_fails_with_a_sentence() {
    let (app, elsewhere) = app_that_fetches().await;
    let ada = app.person("ada").await;
    for (path, kind, code) in [
        ("/page", "video", "import_not_a_file"),
        ("/gone", "image", "import_refused"),
        ("/nowhere", "document", "import_refused"),
        ("/large", "image", "import_too_large"),
        ("/inside", "video", "url_refused"),
        ("/round", "document", "redirects_too_many"),
    ] {
        let made = import(&ada, json!({ "url": elsewhere.at(path), "kind": kind })).await;
        app.idle().await;
        let (code_of, shown) = match made["video_id"].as_str() {
            Some(id) => {
                let video = app.settled(&ada, id).await;
                (video["error"]["code"].clone(), video)
            }
            None => {
                let asset =
                    ada.get(&format!("/assets/{}", made["asset_id"].as_str().unwrap())).await.is(200).json();
                assert_eq!(asset["status"], "failed", "{asset}");
                (asset["error"]["code"].clone(), asset)
            }
        };
        assert_eq!(code_of, code, "{path}: {shown:#}");
    }
    for (url, code) in [
        ("http://127.0.0.2/talk.mp4", "url_refused"),
        ("https://ada:secret@example.com/talk.mp4", "url_refused"),
        ("file:///etc/passwd", "url_refused"),
        ("talk.mp3", "url_invalid"),
    ] {
        ada.post("/imports", &json!({ "url": url })).await.refuses(422, code);
    }
    let within = ada.post("/imports", &json!({ "url": "https://127.0.0.2/talk.mp4" })).await;
    let hint = within.refuses(422, "url_refused").json()["hint"].clone();
    assert!(hint.as_str().is_some_and(|hint| hint.contains("MEMOREEL_OUTBOUND_NETWORKS")), "{hint}");
}

#[tokio::test]
async fn a_fetch_that_broke_off_goes_on_where_it_ended() {
    let (app, elsewhere) = app_that_fetches().await;
    let ada = app.person("ada").await;
    let made = import(&ada, json!({ "url": elsewhere.at("/broken"), "kind": "image" })).await;
    let asset = format!("/assets/{}", made["asset_id"].as_str().unwrap());
    loop {
        app.clock.advance(TimeDelta::minutes(1));
        let shown = ada.get(&asset).await.is(200).json();
        assert_ne!(shown["status"], "failed", "{shown}");
        if shown["status"] == "ready" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let asked = elsewhere.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let half = sample(PHOTO).len() / 2;
    assert_eq!(asked[1][header::RANGE], format!("bytes={half}-").as_str());
    assert_eq!(asked[1][header::IF_RANGE], "\"v1\"");
}

#[tokio::test]
async fn what_is_fetched_for_an_asset_that_is_gone_is_given_up() {
    let (app, elsewhere) = app_that_fetches().await;
    let ada = app.person("ada").await;
    let made = import(&ada, json!({ "url": elsewhere.at("/gone"), "kind": "image" })).await;
    app.idle().await;
    let asset = format!("/assets/{}", made["asset_id"].as_str().unwrap());
    ada.delete(&format!("{asset}?permanently=true")).await.is(204);
    app.sweep().await;
    let row: (String, Option<Vec<u8>>) = sqlx::query_as("SELECT status, source FROM uploads")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(row, ("expired".to_owned(), None));
}
