//! Images are found: by how people describe them and by what is written in them, by those alone who may see them, as long as they are there.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Client, send},
    document_files::pdf,
    page_pictures::picture,
    search::video_of,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;

/// The image once it is ready, and what is written in it is known.
async fn read(client: &Client, id: &str) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let image = client.get(&format!("/assets/{id}")).await.is(200).json();
        assert_ne!(image["status"], "failed", "{image:#}");
        if image["text"].is_string() {
            return image;
        }
        assert!(tokio::time::Instant::now() < deadline, "{image:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn search(client: &Client, query: &[(&str, &str)]) -> Vec<Value> {
    let found = send(client.request("GET", "/search").query(query)).await.is(200).json();
    found["items"].as_array().unwrap().clone()
}

async fn by_words(client: &Client, word: &str) -> Vec<Value> {
    search(client, &[("q", word), ("mode", "keyword")]).await
}

#[tokio::test]
async fn an_image_is_found_by_what_is_written_in_it() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let id = ada.upload_image("Sign.png", picture("Northern quay\nThe zeppelin lands at noon").await).await;
    let image = read(&ada, &id).await;
    let text = image["text"].as_str().unwrap();
    assert!(text.contains("zeppelin lands at noon") && text.contains('\n'), "{text}");
    app.idle().await;

    let hits = by_words(&ada, "zeppelin").await;
    assert_eq!(hits.len(), 1, "{hits:#?}");
    let hit = &hits[0];
    assert_eq!((&hit["kind"], &hit["source"]), (&json!("image"), &json!("picture")));
    for absent in ["video_id", "video_title", "start_ms", "document", "frame_url", "poster_url", "channel_id"]
    {
        assert_eq!(hit[absent], Value::Null, "{absent}");
    }
    let found = &hit["image"];
    assert_eq!(
        (&found["asset_id"], &found["filename"], &found["description"]),
        (&json!(id), &json!("Sign.png"), &Value::Null)
    );
    assert_eq!((&found["width"], &found["height"]), (&image["width"], &image["height"]));
    let thumbnail = found["thumbnail_url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let shown = app.visitor().get(thumbnail).await.is(200);
    assert!(shown.header("content-type").starts_with("image/"), "{thumbnail}");
    let file = app.visitor().get(found["file_url"].as_str().unwrap()).await.is(200);
    assert!(file.body.starts_with(b"\x89PNG"));
    let mark = &hit["highlights"][0];
    let (start, end) = (mark["start"].as_u64().unwrap() as usize, mark["end"].as_u64().unwrap() as usize);
    let marked: String = hit["text"].as_str().unwrap().chars().skip(start).take(end - start).collect();
    assert_eq!(marked.to_lowercase(), "zeppelin");

    // By meaning, and both; what is asked of a video is true of none.
    let hits = search(&ada, &[("q", "the zeppelin lands at noon"), ("mode", "semantic")]).await;
    assert_eq!(hits[0]["image"]["asset_id"], json!(id), "{hits:#?}");
    assert_eq!(search(&ada, &[("q", "\"zeppelin lands\"")]).await.len(), 1);
    assert_eq!(search(&ada, &[("q", "zeppelin"), ("speaker", "Ada")]).await.len(), 0);
    assert_eq!(search(&ada, &[("q", "zeppelin"), ("mode", "keyword"), ("to", "2000-01-01")]).await.len(), 0);
    assert_eq!(search(&bob, &[("q", "zeppelin")]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_image_is_found_by_its_description_as_it_is_now() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("Harbour at night.heic", sample("still-photo.heic")).await;
    let image = read(&ada, &id).await;
    assert_eq!(image["description"], Value::Null);
    app.idle().await;
    assert_eq!(by_words(&ada, "walrus").await, Vec::<Value>::new());

    let path = format!("/assets/{id}");
    let described = ada
        .patch(&path, &json!({ "description": "  A walrus sleeps on the ice.\nBehind it, a lighthouse. " }))
        .await;
    assert_eq!(
        described.is(200).json()["description"],
        "A walrus sleeps on the ice.\nBehind it, a lighthouse."
    );
    app.idle().await;
    let hits = by_words(&ada, "walrus").await;
    assert_eq!(hits.len(), 1, "{hits:#?}");
    assert_eq!((&hits[0]["kind"], &hits[0]["source"]), (&json!("image"), &json!("description")));
    assert_eq!(hits[0]["image"]["description"], "A walrus sleeps on the ice.\nBehind it, a lighthouse.");

    // Its name lies around it, also another one.
    let named = |word: &'static str| {
        let ada = &ada;
        async move { by_words(ada, word).await.len() }
    };
    assert_eq!(named("harbour").await, 1);
    ada.patch(&path, &json!({ "filename": "Glacier in spring.heic" })).await.is(200);
    app.idle().await;
    assert_eq!((named("harbour").await, named("glacier").await), (0, 1));
    ada.patch(&path, &json!({ "description": "A submarine." })).await.is(200);
    app.idle().await;
    assert_eq!((named("walrus").await, named("submarine").await), (0, 1));
    // What does not say it leaves it.
    ada.patch(&path, &json!({ "tags": ["north"] })).await.is(200);
    assert_eq!(ada.get(&path).await.is(200).json()["description"], "A submarine.");
    for nothing in [json!(null), json!("A submarine."), json!(" \n ")] {
        let changed = ada.patch(&path, &json!({ "description": nothing })).await.is(200).json();
        app.idle().await;
        assert_eq!(named("submarine").await, usize::from(changed["description"].is_string()), "{nothing}");
    }

    let refused = ada.patch(&path, &json!({ "description": "a\u{0}b" })).await;
    refused.refuses(422, "description_invalid");
    let refused = ada.patch(&path, &json!({ "description": "x".repeat(2_001) })).await;
    refused.refuses(422, "description_invalid");
    ada.patch(&path, &json!({ "description": "x".repeat(2_000) })).await.is(200);
    let log = ada.get("/audit-log").await.is(200).json();
    let told = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|entry| entry["action"] == "asset.updated" && entry.to_string().contains("A submarine."));
    assert!(told, "{log:#}");
}

#[tokio::test]
async fn a_search_looks_where_it_is_told_to() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = ada.upload_image("Sign.png", picture("The zeppelin lands at noon").await).await;
    let document =
        ada.upload_document("Plan.pdf", pdf(&["The zeppelin lands at noon beside the quay."])).await;
    read(&ada, &image).await;
    // Said in a video that has no file.
    let video = video_of(&app, &ada, "Talk", &[("Ada", "The zeppelin lands at noon, they say.")]).await;
    let video = video.trim_start_matches("/videos/");
    app.idle().await;
    let found = async |kind: Option<&str>, mode: &str| {
        let mut query = vec![("q", "zeppelin"), ("mode", mode)];
        query.extend(kind.map(|kind| ("kind", kind)));
        let mut found: Vec<String> = search(&ada, &query)
            .await
            .iter()
            .map(|hit| {
                let id = [&hit["video_id"], &hit["document"]["asset_id"], &hit["image"]["asset_id"]];
                let id = id.into_iter().find_map(Value::as_str).unwrap();
                format!("{} {id}", hit["kind"].as_str().unwrap())
            })
            .collect();
        found.sort();
        found
    };
    let [of_document, of_image, of_video] =
        [format!("document {document}"), format!("image {image}"), format!("video {video}")];
    for mode in ["keyword", "semantic", "hybrid"] {
        let all = [of_document.clone(), of_image.clone(), of_video.clone()];
        assert_eq!(found(None, mode).await, all, "{mode}");
        assert_eq!(found(Some("image,document,video"), mode).await, all, "{mode}");
        for (kind, only) in [("video", &of_video), ("document", &of_document), ("image", &of_image)] {
            assert_eq!(found(Some(kind), mode).await, std::slice::from_ref(only), "{kind} {mode}");
        }
        assert_eq!(found(Some("image,video"), mode).await, [of_image.clone(), of_video.clone()], "{mode}");
    }
    for refused in ["audio", "", "image,", "Image"] {
        let answer = send(ada.request("GET", "/search").query(&[("q", "zeppelin"), ("kind", refused)])).await;
        answer.refuses(422, "kind_invalid");
    }
}

#[tokio::test]
async fn an_image_without_words_is_no_failure_and_is_not_found() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    read(&ada, &id).await;
    app.idle().await;
    let (failed, images): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM tasks WHERE status = 'failed'),
             (SELECT count(*) FROM tasks WHERE kind IN ('read_image_text', 'index_image') AND status = 'completed')",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!((failed, images), (0, 2));
}

#[tokio::test]
async fn an_image_is_found_as_long_as_it_is_there_and_its_copy_says_the_same() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("Sign.png", picture("The zeppelin lands at noon").await).await;
    read(&ada, &id).await;
    ada.patch(&format!("/assets/{id}"), &json!({ "description": "A walrus." })).await.is(200);
    app.idle().await;
    let found = async || (by_words(&ada, "zeppelin").await.len(), by_words(&ada, "walrus").await.len());
    assert_eq!(found().await, (1, 1));

    ada.delete(&format!("/assets/{id}")).await.is(204);
    assert_eq!(found().await, (0, 0));
    ada.post(&format!("/assets/{id}/restore"), &json!({})).await.is(200);
    app.idle().await;
    assert_eq!(found().await, (1, 1));

    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [id] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap().to_owned();
    app.idle().await;
    let copied = ada.get(&format!("/assets/{copy}")).await.is(200).json();
    assert_eq!(copied["description"], "A walrus.");
    assert_eq!(found().await, (2, 2));
    for gone in [&id, &copy] {
        ada.delete(&format!("/assets/{gone}?permanently=true")).await.is(204);
    }
    assert_eq!(found().await, (0, 0));
    let left: i64 =
        sqlx::query_scalar("SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM chunk_embeddings)")
            .fetch_one(&mut app.superuser().await)
            .await
            .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn looking_for_text_twice_and_indexing_twice_gives_the_same() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("Sign.png", picture("The zeppelin lands at noon").await).await;
    let before = read(&ada, &id).await;
    app.idle().await;
    let mut connection = app.superuser().await;
    // What a process that was killed before and after its last transaction leaves is run again.
    sqlx::query("UPDATE assets SET recognised_text = NULL").execute(&mut connection).await.unwrap();
    let again = sqlx::query(
        "UPDATE tasks SET status = 'pending', attempts = 0, finished_at = NULL, scheduled_for = $1
         WHERE kind IN ('read_image_text', 'index_image')",
    )
    .bind(app.now() - TimeDelta::hours(1))
    .execute(&mut connection)
    .await
    .unwrap();
    assert_eq!(again.rows_affected(), 2);
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    app.work().await;
    assert_eq!(read(&ada, &id).await["text"], before["text"]);
    app.idle().await;
    assert_eq!(by_words(&ada, "zeppelin").await.len(), 1);
    let passages: i64 = sqlx::query_scalar("SELECT count(*) FROM chunks")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(passages, 1);
}
