//! Caption files in and out.

use crate::engines::Listener;
use crate::stage::Stage;
use axum::body::Body;
use http::StatusCode;
use memoreel_kernel::Event;
use serde_json::{Value, json};

const FILE: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\n<v Ana>We will repaint the lighthouse.\n\n\
00:00:04.000 --> 00:00:06.000\n<v Ben>Which colour will it have?\n";

#[tokio::test]
async fn captions_replace_recognition_and_are_never_replaced_by_it() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let (video, asset_id) = stage.video(&ana, "Lighthouse").await;
    stage.emit(&ana, Event::SpeechAudioReady { video_id: video, asset_id }).await;
    stage.work(Listener(Ok(vec![(0, "We will paint the white house.")])), None).await;

    let (status, body) = stage.request(&ana, "PUT", &format!("/videos/{video}/captions"), FILE).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let accepted: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&accepted["engine"], &accepted["warnings"]), (&json!("captions"), &json!([])));
    stage.emit(&ana, Event::SpeechAudioReady { video_id: video, asset_id }).await;
    stage.work(Listener(Ok(vec![(0, "We will paint the white house.")])), None).await;

    let (_, text) = stage.request(&ana, "GET", &format!("/videos/{video}/captions.txt"), Body::empty()).await;
    assert_eq!(text, "Ana: We will repaint the lighthouse.\n\nBen: Which colour will it have?\n");
    let (_, file) = stage.request(&ana, "GET", &format!("/videos/{video}/captions.vtt"), Body::empty()).await;
    assert!(file.contains("<v Ben>Which colour will it have?"), "{file}");
    for form in ["srt", "json"] {
        let (status, file) =
            stage.request(&ana, "GET", &format!("/videos/{video}/captions.{form}"), Body::empty()).await;
        assert!(status.is_success() && file.contains("repaint the lighthouse"), "{file}");
        let (status, body) = stage.request(&ana, "PUT", &format!("/videos/{video}/captions"), file).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    assert_eq!(stage.search(&ana, "q=lighthouse&mode=keyword").await, ["Lighthouse@1"]);
    assert!(stage.search(&ana, "q=white&mode=keyword").await.is_empty());
}

#[tokio::test]
async fn identifiers_and_settings_of_a_caption_file_come_back() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let (video, _) = stage.video(&ana, "Lighthouse").await;
    let file = "WEBVTT\n\nintro\n00:00:01.000 --> 00:00:03.000 line:0 align:start\nWe will repaint it.\n\n\
                00:00:04.000 --> 00:00:06.000\nWhich colour?\n";
    let (status, body) = stage.request(&ana, "PUT", &format!("/videos/{video}/captions"), file).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (_, vtt) = stage.request(&ana, "GET", &format!("/videos/{video}/captions.vtt"), Body::empty()).await;
    assert!(vtt.contains("\nintro\n00:00:01.000 --> 00:00:03.000 line:0 align:start\n"), "{vtt}");
    assert!(vtt.contains("\n\n00:00:04.000 --> 00:00:06.000\n"), "{vtt}");
}

#[tokio::test]
async fn a_broken_file_is_refused_with_its_line_and_changes_nothing() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let video = stage.spoken(&ana, "Talk", &[(0, "It stays as it is.")]).await;
    let path = format!("/videos/{video}/captions");
    let (status, body) = stage.request(&ana, "PUT", &path, "WEBVTT\n\n1\nno times here\n").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(problem["code"], "captions_invalid");
    assert!(problem["detail"].as_str().unwrap().starts_with("Line "), "{problem}");
    let (status, _) = stage.request(&ana, "PUT", &path, vec![b'x'; 10 * 1024 * 1024 + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let transcript = stage.get(&ana, &format!("/videos/{video}/transcript")).await;
    assert_eq!(transcript["segments"][0]["text"], "It stays as it is.");
}

#[tokio::test]
async fn another_organization_finds_nothing_there() {
    let mut stage = Stage::new().await;
    let (ana, eve) = (stage.ana, stage.eve);
    let video = stage.spoken(&ana, "Talk", &[(0, "It stays as it is.")]).await;
    let transcript = stage.get(&ana, &format!("/videos/{video}/transcript")).await;
    let speaker = transcript["speakers"][0]["id"].as_str().unwrap().to_owned();
    for (method, path, body) in [
        ("GET", format!("/videos/{video}/transcript"), String::new()),
        ("GET", format!("/videos/{video}/captions.vtt"), String::new()),
        ("GET", format!("/videos/{video}/summary"), String::new()),
        ("PUT", format!("/videos/{video}/captions"), FILE.to_owned()),
        ("PATCH", format!("/videos/{video}/speakers/{speaker}"), json!({"name": "Eve"}).to_string()),
    ] {
        let (status, _) = stage.request(&eve, method, &path, body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
    }
}
