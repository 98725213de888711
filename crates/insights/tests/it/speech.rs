//! From sound to transcript and summary.

use crate::engines::{Listener, Writer};
use crate::stage::Stage;
use http::StatusCode;
use memoreel_ai::AiError;
use memoreel_kernel::Event;
use serde_json::json;
use std::sync::Arc;

const TALK: [(u32, &str); 4] = [
    (4, "Good morning and welcome to our planning meeting for the next quarter."),
    (2, "The budget for travel will shrink by forty percent in the spring."),
    (4, "Then we have to meet our customers over video instead of visiting them."),
    (2, "We will also recruit two engineers for the search team in January."),
];

#[tokio::test]
async fn a_recording_becomes_a_transcript_and_a_summary() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let (video, asset_id) = stage.video(&ana, "Planning").await;
    let before = stage.get(&ana, &format!("/videos/{video}/transcript")).await;
    assert_eq!(before["status"], "pending");

    stage.emit(&ana, Event::SpeechAudioReady { video_id: video, asset_id }).await;
    stage.work(Listener(Ok(TALK.to_vec())), None).await;

    let transcript = stage.get(&ana, &format!("/videos/{video}/transcript")).await;
    assert_eq!((&transcript["status"], &transcript["language"]), (&json!("completed"), &json!("en")));
    let labels: Vec<_> =
        transcript["speakers"].as_array().unwrap().iter().map(|s| (&s["label"], &s["hue"])).collect();
    assert_eq!(labels, [(&json!("Speaker 1"), &json!(0)), (&json!("Speaker 2"), &json!(1))]);
    let second = &transcript["segments"][1];
    assert_eq!(
        (&second["start_ms"], &second["speaker_id"]),
        (&json!(4_000), &transcript["speakers"][1]["id"])
    );
    assert_eq!(second["words"].as_array().unwrap().len(), 12);

    let summary = stage.get(&ana, &format!("/videos/{video}/summary")).await;
    assert_eq!((&summary["status"], &summary["engine"]), (&json!("completed"), &json!("extractive")));
    assert!(!summary["sentences"].as_array().unwrap().is_empty());
    assert_eq!(summary["chapters"][0]["end_ms"], 60_000);
}

#[tokio::test]
async fn listening_again_changes_nothing_and_keeps_names() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let (video, asset_id) = stage.video(&ana, "Planning").await;
    for _ in 0..2 {
        stage.emit(&ana, Event::SpeechAudioReady { video_id: video, asset_id }).await;
        stage.work(Listener(Ok(TALK.to_vec())), None).await;
        let transcript = stage.get(&ana, &format!("/videos/{video}/transcript")).await;
        let speaker = transcript["speakers"][1]["id"].as_str().unwrap().to_owned();
        let path = format!("/videos/{video}/speakers/{speaker}");
        let (status, body) = stage.request(&ana, "PATCH", &path, json!({"name": " Ben "}).to_string()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    assert_eq!(stage.count("SELECT count(*) FROM transcript_segments WHERE video_id = $1", video).await, 4);
    assert_eq!(
        stage.count("SELECT count(*) FROM speakers WHERE video_id = $1 AND name = 'Ben'", video).await,
        1
    );
    assert_eq!(stage.count("SELECT count(*) FROM speakers WHERE video_id = $1", video).await, 2);
    assert_eq!(stage.count("SELECT count(*) FROM chunks WHERE video_id = $1", video).await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM video_summaries WHERE video_id = $1", video).await, 1);
    assert_eq!(
        stage.count("SELECT chunk_count FROM organization_chunk_counts c JOIN videos v USING (organization_id) WHERE v.id = $1", video).await,
        1
    );
}

#[tokio::test]
async fn an_unknown_language_and_silence_are_said_and_do_not_fail() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let unknown = AiError::LanguageUnsupported { supported: "English".into() };
    for (heard, notice) in
        [(Err(unknown), "only understands English"), (Ok(Vec::new()), "No speech was found")]
    {
        let (video, asset_id) = stage.video(&ana, "Foreign").await;
        stage.emit(&ana, Event::SpeechAudioReady { video_id: video, asset_id }).await;
        stage.work(Listener(heard), None).await;
        let transcript = stage.get(&ana, &format!("/videos/{video}/transcript")).await;
        assert_eq!(transcript["status"], "completed");
        assert!(transcript["notice"].as_str().unwrap().contains(notice), "{transcript}");
        assert_eq!(
            stage
                .count("SELECT count(*) FROM tasks WHERE subject_id = $1 AND status <> 'completed'", video)
                .await,
            0
        );
        stage.sql("UPDATE videos SET status = 'completed' WHERE id = $1", video).await;
        assert_eq!(stage.get(&ana, &format!("/videos/{video}/summary")).await["status"], "none");
    }
}

#[tokio::test]
async fn what_a_language_model_makes_up_is_not_kept() {
    let mut stage = Stage::new().await;
    let ana = stage.ana;
    let answer = |cited: usize| {
        json!({
            "summary": [{"text": "Travel is cut.", "sentences": [cited]}],
            "key_points": [],
            "chapters": [{"title": "Money", "first_sentence": 0}],
        })
    };
    for (said, engine, text) in [
        (Ok(answer(1)), "writer", Some("Travel is cut.")),
        (Ok(answer(99)), "extractive", None),
        (Err(AiError::ProviderUnavailable { detail: "busy".into(), retry_after: None }), "extractive", None),
    ] {
        let (video, asset_id) = stage.video(&ana, "Planning").await;
        stage.emit(&ana, Event::SpeechAudioReady { video_id: video, asset_id }).await;
        stage.work(Listener(Ok(TALK.to_vec())), Some(Arc::new(Writer(said)))).await;
        let summary = stage.get(&ana, &format!("/videos/{video}/summary")).await;
        assert_eq!(summary["engine"], engine);
        if let Some(text) = text {
            let sentence = json!({"text": text, "start_ms": 4_000, "end_ms": 7_500});
            assert_eq!(summary["sentences"], json!([sentence]));
        }
    }
}
