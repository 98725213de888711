//! How large the files are that an organization takes, by whichever way they come.

use crate::{
    app::{TestApp, sample},
    at_once::app_that_reaches_this_machine,
    client::{Answer, Client, Person, metadata, send},
};
use axum::{
    Router,
    body::{Body, Bytes},
    routing::get,
};
use futures::stream;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use std::{convert::Infallible, net::SocketAddr};
use tokio::net::TcpListener;

const PATH: &str = "/organization/upload-limits";
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// A byte more than a limit of one MiB.
const TOO_MANY: usize = (1 << 20) + 1;

fn sizes(video: u64, audio: u64, image: u64, document: u64) -> Value {
    json!({
        "video_bytes_max": video, "audio_bytes_max": audio, "image_bytes_max": image, "document_bytes_max": document
    })
}

fn defaults() -> Value {
    sizes(5 * GIB, GIB, 50 * MIB, 100 * MIB)
}

/// The four limits of an answer.
fn limits(answer: &Value) -> Value {
    let of = |name: &str| answer[name].as_u64().unwrap();
    sizes(of("video_bytes_max"), of("audio_bytes_max"), of("image_bytes_max"), of("document_bytes_max"))
}

/// Announces a file of so many bytes by tus.
async fn announce(person: &Client, size_bytes: usize, said: &[(&str, &str)]) -> Answer {
    let request = person.tus("POST", "/uploads").header("upload-length", size_bytes);
    send(request.header("upload-metadata", metadata(said))).await
}

/// Where a file lies that is a byte too large, once with its size told, and once without.
async fn elsewhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let untold =
        || async { Body::from_stream(stream::iter([Ok::<_, Infallible>(Bytes::from(vec![7; TOO_MANY]))])) };
    let routes =
        Router::new().route("/told", get(|| async { vec![7_u8; TOO_MANY] })).route("/untold", get(untold));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn import(person: &Person, url: &str, kind: &str) -> Value {
    person.post("/imports", &json!({ "url": url, "kind": kind })).await.is(202).json()
}

/// What is larger is answered by a sentence that says what the limit is, and by what can be done about it.
fn names_the_limit(answer: &Answer) {
    let problem = answer.json();
    assert!(problem["detail"].as_str().unwrap().contains("1 MiB"), "{problem}");
    assert!(problem["hint"].as_str().unwrap().contains("raise the limit"), "{problem}");
}

#[tokio::test]
async fn limits_are_set_within_what_the_server_bears_by_admins_and_read_by_whoever_may_upload() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let before = ada.get(PATH).await.is(200).json();
    assert_eq!(limits(&before), defaults());
    assert_eq!(before["defaults"], defaults());
    assert_eq!(before["ceilings"], sizes(50 * GIB, 50 * GIB, 50 * MIB, 100 * MIB));

    let wanted = sizes(20 * GIB, 2 * GIB, MIB, 10 * MIB);
    let set = ada.put(PATH, &wanted).await.is(200).json();
    assert_eq!(limits(&set), wanted);
    assert_eq!(ada.get(PATH).await.is(200).json(), set);
    for (field, bytes) in [
        ("video_bytes_max", 50 * GIB + 1),
        ("audio_bytes_max", MIB - 1),
        ("image_bytes_max", 50 * MIB + 1),
        ("document_bytes_max", 100 * MIB + 1),
        ("document_bytes_max", 0),
    ] {
        let mut odd = wanted.clone();
        odd[field] = json!(bytes);
        let refused = ada.put(PATH, &odd).await.refuses(422, "upload_limit_invalid");
        assert_eq!(refused.json()["errors"][0]["field"], json!(field));
        assert!(refused.text().contains("1 MiB"), "{}", refused.text());
    }
    ada.put(PATH, &json!({ "video_bytes_max": MIB })).await.refuses(422, "body_invalid");
    assert_eq!(ada.get(PATH).await.is(200).json(), set, "what is refused changes nothing");

    let here = &ada.organization_id;
    let member = app.colleague(&ada, "mel", "member").await;
    assert_eq!(member.ask(here, "GET", PATH, Value::Null).await.is(200).json(), set);
    member.ask(here, "PUT", PATH, defaults()).await.refuses(403, "forbidden");
    let viewer = app.colleague(&ada, "vic", "viewer").await;
    viewer.ask(here, "GET", PATH, Value::Null).await.refuses(403, "forbidden");
    let admin = app.colleague(&ada, "ann", "admin").await;
    admin.ask(here, "PUT", PATH, defaults()).await.is(200);
    let log = ada.get("/audit-log").await.is(200).text();
    assert!(log.contains("upload_limits.created") && log.contains("upload_limits.updated"), "{log}");
}

#[tokio::test]
async fn every_way_in_is_held_to_the_limits_of_the_organization_and_names_them() {
    let app = app_that_reaches_this_machine().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let kept = ada.upload_document("notes.txt", b"Notes".to_vec()).await;
    app.idle().await;
    let said = [("kind", "document"), ("filename", "begun.txt")];
    let begun = announce(&ada, TOO_MANY, &said).await.is(201);
    let begun = begun.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    ada.put(PATH, &sizes(MIB, MIB, MIB, MIB)).await.is(200);

    for kind in ["video", "image", "document"] {
        announce(&ada, TOO_MANY - 1, &[("kind", kind)]).await.is(201);
        names_the_limit(&announce(&ada, TOO_MANY, &[("kind", kind)]).await.refuses(413, "upload_too_large"));

        let wanted = json!({ "kind": kind, "size_bytes": TOO_MANY });
        let refused = ada.post("/upload-addresses", &wanted).await.refuses(422, "upload_too_large");
        assert_eq!(refused.json()["errors"][0]["field"], "size_bytes");
        names_the_limit(&refused);

        let file = Part::bytes(vec![7; TOO_MANY]).file_name("large");
        let form = Form::new().text("kind", kind).part("file", file);
        names_the_limit(
            &send(ada.request("POST", "/assets").multipart(form)).await.refuses(413, "upload_too_large"),
        );
    }
    let replaces = [("kind", "document"), ("replaces", kept.as_str())];
    names_the_limit(&announce(&ada, TOO_MANY, &replaces).await.refuses(413, "upload_too_large"));

    let address = elsewhere().await;
    for path in ["told", "untold"] {
        let url = format!("http://{address}/{path}");
        let image = import(&ada, &url, "image").await;
        let video = import(&ada, &url, "video").await;
        let video = app.settled(&ada, video["video_id"].as_str().unwrap()).await;
        app.idle().await;
        let image = ada.get(&format!("/assets/{}", image["asset_id"].as_str().unwrap())).await.is(200).json();
        for failed in [&image, &video] {
            assert_eq!(failed["error"]["code"], "import_too_large", "{path}: {failed:#}");
            assert!(failed["error"]["message"].to_string().contains("1 MiB"), "{path}: {failed:#}");
        }
    }

    // What was announced before goes on, and nobody else is held to it.
    ada.append(&begun, 0, vec![b'a'; TOO_MANY]).await.is(204);
    announce(&bob, TOO_MANY, &[("kind", "image")]).await.is(201);
}

#[tokio::test]
async fn a_recording_is_held_to_the_limit_of_what_it_is() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let sound = sample("sonnet.mp3").repeat(3);
    assert!(sound.len() > TOO_MANY && sound.len() < 2 * TOO_MANY);
    ada.put(PATH, &sizes(2 * MIB, MIB, MIB, MIB)).await.is(200);
    for content_type in ["audio/mpeg", "AUDIO/MPEG"] {
        let said = [("filename", "sonnet.mp3"), ("filetype", content_type)];
        names_the_limit(&announce(&ada, sound.len(), &said).await.refuses(413, "upload_too_large"));
    }
    announce(&ada, sound.len(), &[("filetype", "video/mp4")]).await.is(201);

    // Where nothing is said of it, its bytes tell.
    let id = ada.upload("sonnet.mp3", sound).await;
    let failed = app.settled(&ada, &id).await;
    assert_eq!(failed["error"]["code"], "media_too_large", "{failed:#}");
    assert!(failed["error"]["message"].to_string().contains("1 MiB"), "{failed:#}");

    ada.put(PATH, &sizes(2 * MIB, 2 * MIB, MIB, MIB)).await.is(200);
    ada.post(&format!("/videos/{id}/retry"), &json!({})).await.is(200);
    app.idle().await;
    let asset = format!("/assets/{}", failed["asset_id"].as_str().unwrap());
    assert_eq!(ada.get(&asset).await.is(200).json()["status"], "ready");
}
