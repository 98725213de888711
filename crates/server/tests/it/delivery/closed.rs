//! What is not to be had by any address: what lies in the bin, and everything of an organization that is not at work.

use super::{
    players::{path_of, recorded},
    set,
};
use crate::{
    app::{TestApp, sample},
    client::{Answer, PASSWORD, Person, send},
    organizations::new_organization,
};
use memoreel_identity::{resume_organization, suspend_organization};
use serde_json::{Value, json};
use std::time::Duration;

/// Asks until it is refused: what a process knows of a file holds for three seconds.
async fn refused(ask: impl AsyncFn() -> Answer, status: u16, code: &str) {
    for _ in 0..50 {
        let answer = ask().await;
        if answer.status != 200 {
            answer.refuses(status, code);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not refused within five seconds");
}

/// The file of an image of theirs as it was uploaded, and one made of it.
async fn image(app: &TestApp, ada: &Person, organization_id: &str) -> (String, [String; 2]) {
    let ask = async |path: &str| ada.ask(organization_id, "GET", path, Value::Null).await.is(200).json();
    let asset = ask("/assets?kind=image").await["items"][0].clone();
    let id = asset["id"].as_str().unwrap().to_owned();
    let made = ask(&format!("/assets/{id}/image-addresses?options=w=40,format=png")).await;
    let addresses = [path_of(&asset["file_url"]), path_of(&made["src"])];
    for address in &addresses {
        app.visitor().get(address).await.is(200);
    }
    (id, addresses)
}

#[tokio::test]
async fn what_lies_in_the_bin_is_shown_to_nobody_until_it_is_taken_out() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (video, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    let playback = &video["playback"];
    let cookie = ada.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    let clip = ada.get(&format!("/assets/{asset_id}/clip-address?from_seconds=1&to_seconds=2")).await.is(200);
    let still = path_of(&playback["frame_url_template"]);
    let mut addresses: Vec<String> =
        ["hls_url", "dash_url", "poster_url", "storyboard_url", "waveform_image_url", "download_url"]
            .iter()
            .map(|name| path_of(&playback[name]))
            .collect();
    addresses.extend([
        path_of(&playback["captions"][0]["signed_url"]),
        path_of(&clip.json()["url"]),
        still.replace("{second}", "1"),
    ]);
    let with_cookie = async || {
        let value = cookie["value"].as_str().unwrap();
        let hls = app.visitor().request("GET", &path_of(&cookie["hls_url"]));
        send(hls.header("cookie", format!("memoreel_media={value}"))).await
    };
    let open = path_of(&cookie["open_url"]);
    for address in &addresses {
        app.visitor().get(address).await.is(200);
    }
    with_cookie().await.is(200);

    let path = format!("/videos/{}", video["id"].as_str().unwrap());
    ada.delete(&path).await.is(204);
    for address in &addresses {
        refused(async || app.visitor().get(address).await, 404, "not_found").await;
    }
    refused(with_cookie, 404, "not_found").await;
    app.visitor().get(&open).await.refuses(404, "not_found");
    // Nor is anything made of it any more.
    app.visitor().get(&still.replace("{second}", "3")).await.refuses(404, "not_found");
    let binned = ada.get(&format!("/assets/{asset_id}")).await.is(200).json();
    assert_eq!(binned["file_url"], Value::Null);

    ada.post(&format!("/assets/{asset_id}/restore"), &json!({})).await.is(200);
    for address in &addresses {
        app.visitor().get(address).await.is(200);
    }
    with_cookie().await.is(200);
    app.visitor().get(&open).await.is(204);
}

/// Every address that whoever sees a recording is told: where it is played, looked at, found and downloaded.
async fn told(ada: &Person, video_id: &str, asset_id: &str) -> Vec<String> {
    let ask = async |path: String| ada.get(&path).await.is(200).json();
    let video = ask(format!("/videos/{video_id}")).await;
    let (asset, playback) = (ask(format!("/assets/{asset_id}")).await, &video["playback"]);
    let clip = ask(format!("/assets/{asset_id}/clip-address?from_seconds=1&to_seconds=2")).await;
    let mut urls = vec![
        video["poster_url"].clone(),
        asset["file_url"].clone(),
        playback["captions"][0]["signed_url"].clone(),
        clip["url"].clone(),
    ];
    for name in
        ["hls_url", "dash_url", "sound_url", "poster_url", "storyboard_url", "waveform_url", "download_url"]
    {
        urls.push(playback[name].clone());
    }
    for (path, names) in [
        (format!("/assets/{asset_id}/renditions?limit=100"), ["url", "download_url"]),
        (format!("/videos/{video_id}/key-frames"), ["image_url", "thumbnail_url"]),
        ("/search?q=budget&mode=keyword".to_owned(), ["poster_url", "poster_url"]),
    ] {
        let list = ask(path).await;
        let items = list["items"].as_array().expect("a list");
        let listed = items.iter().flat_map(|item| names.map(|name| item[name].clone()));
        let listed: Vec<Value> = listed.filter(Value::is_string).collect();
        assert!(!listed.is_empty(), "{list:#}");
        urls.extend(listed);
    }
    urls.iter().map(path_of).collect()
}

#[tokio::test]
async fn addresses_from_before_a_video_became_private_open_nothing_and_those_from_then_on_do() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    set(&ada, json!({ "shared_caching": true })).await;
    let (video, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    let video_id = video["id"].as_str().unwrap();
    let show_to = async |visibility: &str| {
        ada.patch(&format!("/videos/{video_id}"), &json!({ "visibility": visibility })).await.is(200);
    };
    let cookie = async || ada.get(&format!("/assets/{asset_id}/media-cookie")).await.is(200).json();
    let with_cookie = async |cookie: &Value| {
        let value = cookie["value"].as_str().unwrap();
        let hls = app.visitor().request("GET", &path_of(&cookie["hls_url"]));
        send(hls.header("cookie", format!("memoreel_media={value}"))).await
    };
    let caching = async || {
        let video = ada.get(&format!("/videos/{video_id}")).await.is(200).json();
        let poster = app.visitor().get(&path_of(&video["playback"]["poster_url"])).await.is(200);
        poster.header("cache-control").to_owned()
    };
    let shared = (told(&ada, video_id, &asset_id).await, cookie().await);
    for address in &shared.0 {
        app.visitor().get(address).await.is(200);
    }
    with_cookie(&shared.1).await.is(200);
    assert!(caching().await.starts_with("public"), "whoever has it in a cache may show it to others");

    show_to("private").await;
    let own = (told(&ada, video_id, &asset_id).await, cookie().await);
    for address in &own.0 {
        app.visitor().get(address).await.is(200);
    }
    with_cookie(&own.1).await.is(200);
    app.visitor().get(&path_of(&own.1["open_url"])).await.is(204);
    assert!(caching().await.starts_with("private"), "caches of others keep nothing of it");
    for address in &shared.0 {
        refused(async || app.visitor().get(address).await, 404, "not_found").await;
    }
    refused(async || with_cookie(&shared.1).await, 404, "not_found").await;
    app.visitor().get(&path_of(&shared.1["open_url"])).await.refuses(404, "not_found");

    show_to("organization").await;
    for address in shared.0.iter().chain(&own.0) {
        app.visitor().get(address).await.is(200);
    }
    with_cookie(&shared.1).await.is(200);
    with_cookie(&own.1).await.is(200);

    show_to("private").await;
    for address in &shared.0 {
        refused(async || app.visitor().get(address).await, 404, "not_found").await;
    }
    for address in &own.0 {
        app.visitor().get(address).await.is(200);
    }
}

#[tokio::test]
async fn a_clip_that_a_colleague_gave_away_is_had_by_nobody_when_its_recording_becomes_private() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (video, asset_id) = recorded(&app, &ada, "video-call.mp4", "Call.mp4").await;
    let bob = app.colleague(&ada, "bob", "viewer").await;
    let path = format!("/assets/{asset_id}/clip-address?from_seconds=1&to_seconds=2");
    let given = bob.ask(&ada.organization_id, "GET", &path, Value::Null).await.is(200).json();
    let given = path_of(&given["url"]);
    app.visitor().get(&given).await.is(200);

    let show_to = async |visibility: &str| {
        let path = format!("/videos/{}", video["id"].as_str().unwrap());
        ada.patch(&path, &json!({ "visibility": visibility })).await.is(200);
    };
    show_to("private").await;
    app.visitor().get(&given).await.refuses(404, "not_found");
    let own = path_of(&ada.get(&path).await.is(200).json()["url"]);
    app.visitor().get(&own).await.is(200);
    show_to("organization").await;
    app.visitor().get(&given).await.is(200);
    app.visitor().get(&own).await.is(200);
}

#[tokio::test]
async fn a_file_that_several_have_is_shown_until_the_last_of_them_lies_in_the_bin() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let id = ada.upload_image("Harbour.heic", sample("still-photo.heic")).await;
    app.idle().await;
    let (_, [file, made]) = image(&app, &ada, &ada.organization_id).await;
    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [id] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap();
    ada.delete(&format!("/assets/{id}")).await.is(204);
    refused(async || app.visitor().get(&made).await, 404, "not_found").await;
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    app.visitor().get(&file).await.is(200);
    ada.delete(&format!("/assets/{copy}")).await.is(204);
    refused(async || app.visitor().get(&file).await, 404, "not_found").await;
}

#[tokio::test]
async fn nothing_is_shown_of_an_organization_that_is_not_at_work() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.work().await;
    let board = new_organization(&ada, "Board").await;
    let form = |organization_id: &str| {
        let part = reqwest::multipart::Part::bytes(sample("still-photo.heic")).file_name("Harbour.heic");
        let form = reqwest::multipart::Form::new().text("kind", "image").part("file", part);
        ada.request("POST", "/assets").header("memoreel-organization", organization_id).multipart(form)
    };
    for organization_id in [&board, &ada.organization_id] {
        send(form(organization_id)).await.is(201);
    }
    app.idle().await;
    let (_, addresses) = image(&app, &ada, &board).await;
    let (_, own) = image(&app, &ada, &ada.organization_id).await;

    suspend_organization(app.db(), "board").await.unwrap();
    for address in &addresses {
        refused(async || app.visitor().get(address).await, 403, "organization_suspended").await;
    }
    for address in &own {
        app.visitor().get(address).await.is(200);
    }
    resume_organization(app.db(), "board").await.unwrap();
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    for address in &addresses {
        app.visitor().get(address).await.is(200);
    }
    ada.ask(&board, "DELETE", "/organization", json!({ "slug": "board" })).await.is(204);
    for address in &addresses {
        refused(async || app.visitor().get(address).await, 404, "not_found").await;
    }

    // Nor of a closed account; what its person takes along is theirs.
    let asked = ada.post("/me/exports", &json!({})).await.is(201).json();
    app.idle().await;
    let export = ada.get(&format!("/me/exports/{}", asked["id"].as_str().unwrap())).await.is(200).json();
    let zip = path_of(&export["download_url"]);
    let wish = json!({ "email": "ada@example.com", "password": PASSWORD });
    ada.post("/me/erasure", &wish).await.is(200);
    for address in &own {
        refused(async || app.visitor().get(address).await, 404, "not_found").await;
    }
    app.visitor().get(&zip).await.is(200);
}
