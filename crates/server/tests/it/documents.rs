//! Documents: uploaded like everything else, read page by page, found by what is on a page, and gone when they are deleted.

use crate::{
    app::TestApp,
    client::{Client, send},
    document_files::{docx, open_document, pdf, pptx, refused, scanned_pdf, word_paragraph},
    page_pictures::page_pictures,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;

/// The document once it is ready or failed.
pub async fn settled(client: &Client, id: &str) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let document = client.get(&format!("/assets/{id}")).await.is(200).json();
        if document["status"] != "pending" {
            return document;
        }
        assert!(tokio::time::Instant::now() < deadline, "{document:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Uploads a document, and returns it once it is ready.
pub async fn ready(client: &Client, filename: &str, bytes: Vec<u8>) -> (String, Value) {
    let id = client.upload_document(filename, bytes).await;
    let document = settled(client, &id).await;
    assert_eq!(document["status"], "ready", "{document:#}");
    (id, document)
}

/// The pages of a document.
pub async fn pages(client: &Client, id: &str) -> Vec<Value> {
    let pages = client.get(&format!("/assets/{id}/pages")).await.is(200).json();
    pages["items"].as_array().unwrap().clone()
}

/// What is found.
pub async fn search(client: &Client, query: &[(&str, &str)]) -> Vec<Value> {
    let found = send(client.request("GET", "/search").query(query)).await.is(200).json();
    found["items"].as_array().unwrap().clone()
}

/// A page as a scanner makes it: a picture of these words.
async fn scanned(text: &str) -> Vec<u8> {
    scanned_pdf(&page_pictures(&[text], 2_000).await)
}

#[tokio::test]
async fn a_pdf_becomes_pages_with_text_and_pictures() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let file = pdf(&[
        "The budget for next year is larger than the one before.",
        "Lighthouses are repaired in spring, all of them.",
    ]);
    let id = ada.upload_document("Budget.pdf", file.clone()).await;
    let upload = ada.get(&format!("/uploads/{id}")).await.is(200).json();
    assert_eq!(
        (&upload["kind"], &upload["asset_id"], &upload["video_id"]),
        (&json!("document"), &json!(id), &Value::Null)
    );
    let waiting = ada.get(&format!("/assets/{id}")).await.is(200).json();
    assert_eq!(
        (&waiting["kind"], &waiting["status"], &waiting["document"]),
        (&json!("document"), &json!("pending"), &Value::Null)
    );
    assert_eq!(pages(&ada, &id).await, Vec::<Value>::new());

    app.work().await;
    let document = settled(&ada, &id).await;
    assert_eq!(document["status"], "ready", "{document:#}");
    assert_eq!(document["content_type"], "application/pdf");
    assert_eq!(
        document["document"],
        json!({
            "format": "pdf", "page_count": 2, "title": "Budget for next year", "author": "Ada Lovelace", "language": "en",
            "has_text_layer": true
        })
    );
    let stored = app.visitor().get(document["file_url"].as_str().unwrap()).await.is(200);
    assert_eq!(stored.body, file);
    assert!(stored.header("content-disposition").starts_with("attachment"));

    let pages = pages(&ada, &id).await;
    assert_eq!(pages.len(), 2);
    assert_eq!((&pages[1]["page_number"], &pages[1]["source"]), (&json!(2), &json!("text_layer")));
    assert_eq!(pages[1]["text"], "Lighthouses are repaired in spring, all of them.");
    assert_eq!((&pages[0]["width"], &pages[0]["height"]), (&json!(1131), &json!(1600)));
    let picture = app.visitor().get(pages[0]["image_url"].as_str().unwrap()).await.is(200);
    assert_eq!(picture.header("content-type"), "image/webp");
    assert_eq!(&picture.body[..4], b"RIFF");

    let first = ada.get(&format!("/assets/{id}/pages?limit=1")).await.is(200).json();
    assert_eq!((&first["items"][0]["page_number"], &first["next_cursor"]), (&json!(1), &json!("1")));
    let second = ada.get(&format!("/assets/{id}/pages?limit=1&cursor=1")).await.is(200).json();
    assert_eq!((&second["items"][0]["page_number"], &second["next_cursor"]), (&json!(2), &Value::Null));
    ada.get(&format!("/assets/{id}/pages?limit=0")).await.refuses(422, "limit_invalid");
    ada.get(&format!("/assets/{id}/pages?cursor=x")).await.refuses(422, "cursor_invalid");
    let listed = ada.get("/assets?kind=document").await.is(200).json();
    assert_eq!(listed["items"][0]["id"], json!(id));
    assert_eq!(ada.get("/assets?kind=image").await.is(200).json()["items"], json!([]));
    app.idle().await;
    let log = ada.get("/audit-log").await.is(200).json();
    assert!(
        log["items"].as_array().unwrap().iter().any(|entry| entry["action"] == "asset.created"),
        "{log:#}"
    );
}

#[tokio::test]
async fn every_kind_of_document_is_found_by_a_page_of_it() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let words = [word_paragraph("Plan", true), word_paragraph("The zeppelin lands at noon.", false)].concat();
    let text = "<office:text><text:p>One page.</text:p><text:p text:style-name=\"P1\">The glacier melts slowly.</text:p></office:text>";
    let slides = "<office:presentation><draw:page><text:p>Nothing</text:p></draw:page><draw:page><text:p>A walrus swims.</text:p></draw:page></office:presentation>";
    for (name, file, format, word, page, count) in [
        (
            "a.pdf",
            pdf(&[
                "A first page of no great interest to anybody.",
                "The submarine dives below the ice of the north.",
            ]),
            "pdf",
            "submarine",
            2,
            2,
        ),
        ("b.docx", docx(&words), "docx", "zeppelin", 1, 1),
        (
            "c.pptx",
            pptx(&[("Goals", "More", ""), ("Costs", "A volcano erupts.", "")]),
            "pptx",
            "volcano",
            2,
            2,
        ),
        ("d.odt", open_document("text", text, ""), "odt", "glacier", 2, 2),
        ("e.odp", open_document("presentation", slides, ""), "odp", "walrus", 2, 2),
        (
            "f.html",
            b"<!doctype html><title>T</title><p>The tortoise wins.<script>hare()</script>".to_vec(),
            "html",
            "tortoise",
            1,
            1,
        ),
        ("g.md", b"# Notes\n\nThe *orchid* blooms.".to_vec(), "markdown", "orchid", 1, 1),
        ("h.txt", b"One.\x0cThe caf\xe9 and its accordion.".to_vec(), "text", "accordion", 2, 2),
    ] {
        let (id, document) = ready(&ada, name, file).await;
        assert_eq!(document["document"]["format"], format);
        assert_eq!(document["document"]["page_count"], count, "{name}");
        app.idle().await;
        let hits = search(&ada, &[("q", word), ("mode", "keyword")]).await;
        assert_eq!(hits.len(), 1, "{name}: {hits:#?}");
        let hit = &hits[0];
        assert_eq!(
            (&hit["kind"], &hit["video_id"], &hit["start_ms"]),
            (&json!("document"), &Value::Null, &Value::Null)
        );
        assert_eq!(
            (&hit["document"]["asset_id"], &hit["document"]["page_number"]),
            (&json!(id), &json!(page)),
            "{name}"
        );
        assert!(hit["document"]["image_url"].is_string(), "{name}");
        let mark = &hit["highlights"][0];
        let (start, end) = (mark["start"].as_u64().unwrap() as usize, mark["end"].as_u64().unwrap() as usize);
        let marked: String = hit["text"].as_str().unwrap().chars().skip(start).take(end - start).collect();
        assert_eq!(marked, word);
    }
    // By meaning, and both; where something is asked of a video, none is found.
    let hits =
        search(&ada, &[("q", "the submarine dives below the ice of the north"), ("mode", "semantic")]).await;
    assert_eq!(hits[0]["document"]["page_number"], 2, "{hits:#?}");
    assert!(hits[0]["text"].as_str().unwrap().contains("submarine"));
    assert_eq!(search(&ada, &[("q", "\"submarine dives\"")]).await.len(), 1);
    assert_eq!(search(&ada, &[("q", "submarine"), ("speaker", "Ada")]).await.len(), 0);
    assert_eq!(search(&ada, &[("q", "submarine"), ("mode", "keyword"), ("to", "2000-01-01")]).await.len(), 0);
    let bob = app.person("bob").await;
    assert_eq!(search(&bob, &[("q", "submarine")]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_scanned_page_is_read_and_found() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let file = scanned("The lighthouse keeper wrote a letter\nabout the storm of November.").await;
    let (id, document) = ready(&ada, "Letter.pdf", file).await;
    assert_eq!(document["document"]["has_text_layer"], false);
    let pages = pages(&ada, &id).await;
    assert_eq!(pages[0]["source"], "ocr", "{pages:#?}");
    assert!(pages[0]["text"].as_str().unwrap().contains("lighthouse keeper"), "{pages:#?}");
    assert_eq!(pages[0]["height"], 1600);
    app.idle().await;
    let hits = search(&ada, &[("q", "lighthouse storm"), ("mode", "keyword")]).await;
    assert_eq!(hits[0]["document"]["asset_id"], json!(id), "{hits:#?}");
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_a_reason_and_leaves_no_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    // One that is empty does not come so far.
    for (name, bytes, code) in refused().into_iter().filter(|(_, bytes, _)| !bytes.is_empty()) {
        let id = ada.upload_document(name, bytes).await;
        let document = settled(&ada, &id).await;
        assert_eq!(
            (&document["status"], &document["error"]["code"]),
            (&json!("failed"), &json!(code)),
            "{name}: {document:#}"
        );
        assert!(document["error"]["message"].as_str().unwrap().ends_with('.'), "{document:#}");
        assert_eq!((&document["file_url"], &document["document"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(search(&ada, &[("q", "Secret")]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_deleted_document_leaves_no_row_and_no_file_and_others_never_see_it() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (id, _) = ready(&ada, "a.pdf", pdf(&["The submarine dives below the ice of the north."])).await;
    app.idle().await;
    for path in [format!("/assets/{id}"), format!("/assets/{id}/pages")] {
        bob.get(&path).await.refuses(404, "not_found");
    }
    bob.delete(&format!("/assets/{id}")).await.refuses(404, "not_found");
    assert_eq!(search(&ada, &[("q", "submarine")]).await.len(), 1);

    // What is in the bin is not found, and what comes back is.
    ada.delete(&format!("/assets/{id}")).await.is(204);
    assert_eq!(search(&ada, &[("q", "submarine")]).await, Vec::<Value>::new());
    ada.post(&format!("/assets/{id}/restore"), &json!({})).await.is(200);
    app.idle().await;
    assert_eq!(search(&ada, &[("q", "submarine")]).await.len(), 1);

    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    ada.get(&format!("/assets/{id}/pages")).await.refuses(404, "not_found");
    assert_eq!(search(&ada, &[("q", "submarine")]).await, Vec::<Value>::new());
    let left: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM assets), (SELECT count(*) FROM document_pages), (SELECT count(*) FROM chunks),
             (SELECT count(*) FROM blob_deletions WHERE reason <> 'written late')",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!(left, (0, 0, 0, 0));
    let organization = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id);
    for folder in ["assets", "contents"].map(|kind| organization.join(kind).join(&id)) {
        assert!(!folder.exists() || std::fs::read_dir(&folder).unwrap().next().is_none());
    }
}

#[tokio::test]
async fn a_copied_document_has_its_own_pages_of_the_same_content() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, _) = ready(&ada, "a.pdf", pdf(&["The submarine dives below the ice of the north."])).await;
    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [id] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap().to_owned();
    app.idle().await;
    assert_eq!(ada.get(&format!("/assets/{copy}")).await.is(200).json()["status"], "ready");
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    let pages = ada.get(&format!("/assets/{copy}/pages")).await.is(200).json();
    assert!(pages["items"][0]["text"].as_str().unwrap().contains("submarine"), "{pages:#}");
    app.visitor().get(pages["items"][0]["image_url"].as_str().unwrap()).await.is(200);
    assert_eq!(search(&ada, &[("q", "submarine")]).await.len(), 1);
}

#[tokio::test]
async fn storage_is_what_is_stored_each_content_once_and_with_pictures_of_pages() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let file = pdf(&["The submarine dives below the ice.", "It comes up in the north."]);
    let (id, _) = ready(&ada, "a.pdf", file.clone()).await;
    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [id] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap().to_owned();
    assert_eq!(settled(&ada, &copy).await["status"], "ready");
    // Nothing of these is kept.
    let broken = ada.upload_image("a.png", vec![b'x'; 5_000]).await;
    assert_eq!(settled(&ada, &broken).await["status"], "failed");
    ada.announce(7_000, "never.mp4").await;
    app.idle().await;

    let mut pictures = 0;
    for page in [pages(&ada, &id).await, pages(&ada, &copy).await].concat() {
        pictures += app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200).body.len();
    }
    let storage = ada.get("/analytics/storage").await.is(200).json();
    let expected = json!([{ "kind": "document", "files": 2, "original_bytes": file.len(), "rendition_bytes": pictures }]);
    assert_eq!(storage["kinds"], expected);
    // With the oldest gone, the content is there as before.
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    let storage = ada.get("/analytics/storage").await.is(200).json();
    assert_eq!(
        (&storage["kinds"][0]["files"], &storage["kinds"][0]["original_bytes"]),
        (&json!(1), &json!(file.len()))
    );
}

#[tokio::test]
async fn reading_twice_and_indexing_twice_gives_the_same() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, before) = ready(&ada, "a.pdf", pdf(&["The submarine dives below the ice of the north."])).await;
    app.idle().await;
    let mut connection = app.superuser().await;
    // What a process that was killed after its last transaction leaves is run again.
    let again = sqlx::query(
        "UPDATE tasks SET status = 'pending', attempts = 0, finished_at = NULL, scheduled_for = $1
         WHERE kind IN ('read_document', 'index_document')",
    )
    .bind(app.now() - TimeDelta::hours(1))
    .execute(&mut connection)
    .await
    .unwrap();
    assert_eq!(again.rows_affected(), 2);
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    app.work().await;
    app.idle().await;
    let after = ada.get(&format!("/assets/{id}")).await.is(200).json();
    assert_eq!(
        (&after["status"], &after["document"], &after["sha256"]),
        (&json!("ready"), &before["document"], &before["sha256"])
    );
    assert_eq!(pages(&ada, &id).await.len(), 1);
    assert_eq!(search(&ada, &[("q", "submarine"), ("mode", "keyword")]).await.len(), 1);
}
