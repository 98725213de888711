//! Files that replace others: the asset stays as it is, shows what it had until the new one was looked at, and then nothing is left of that.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Answer, Client, Person, metadata, send},
    document_files::pdf,
    page_pictures::picture,
};
use chrono::TimeDelta;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

pub(crate) fn sum(bytes: &[u8]) -> Value {
    json!(hex::encode(Sha256::digest(bytes)))
}

pub(crate) async fn asset(client: &Client, id: &str) -> Value {
    client.get(&format!("/assets/{id}")).await.is(200).json()
}

/// Once it waits for nothing.
pub(crate) async fn settled(client: &Client, id: &str) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let found = asset(client, id).await;
        if found["status"] != "pending" && found["replacement"]["status"] != "pending" {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{found:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A file in one request of tus.
pub(crate) fn sending(client: &Client, said: &[(&str, &str)], bytes: Vec<u8>) -> RequestBuilder {
    client
        .tus("POST", "/uploads")
        .header("upload-length", bytes.len())
        .header("upload-metadata", metadata(said))
        .header("content-type", "application/offset+octet-stream")
        .body(bytes)
}

async fn sent(client: &Client, said: &[(&str, &str)], bytes: Vec<u8>) -> Answer {
    send(sending(client, said, bytes)).await
}

pub(crate) async fn replace(client: &Client, kind: &str, id: &str, bytes: Vec<u8>) {
    let answer = sent(client, &[("filename", "other"), ("kind", kind), ("replaces", id)], bytes).await;
    assert_eq!(answer.is(201).header("memoreel-asset-id"), id);
}

pub(crate) async fn found(client: &Client, word: &str) -> usize {
    let answer = send(client.request("GET", "/search").query(&[("q", word), ("mode", "keyword")])).await;
    answer.is(200).json()["items"].as_array().unwrap().len()
}

/// The path of the address of a small one.
async fn address(client: &Client, id: &str) -> String {
    let request = client
        .request("GET", &format!("/assets/{id}/image-addresses"))
        .query(&[("options", "w=60,format=png")]);
    let told = send(request).await.is(200).json();
    told["src"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

/// Files of an organization in the store, and contents and what refers to them in the database.
pub(crate) async fn kept(app: &TestApp, person: &Person) -> (usize, Vec<i64>) {
    app.sweep().await;
    let folder = app.folder().join("blobs/blobs/organizations").join(&person.organization_id);
    let files = walk(&folder);
    let references = sqlx::query_scalar("SELECT reference_count FROM blobs ORDER BY reference_count")
        .fetch_all(&mut app.superuser().await)
        .await
        .unwrap();
    (files, references)
}

fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries.map(|entry| if entry.file_type().unwrap().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn an_image_keeps_what_it_is_and_shows_its_new_file_once_that_was_looked_at() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (before, after) = (picture("The zeppelin lands at noon").await, sample("still-photo.heic"));
    let id = ada.upload_image("Sign.png", before.clone()).await;
    {
        // Nothing to replace yet.
        let said = [("filename", "b"), ("kind", "image"), ("replaces", id.as_str())];
        sent(&ada, &said, after.clone()).await.refuses(409, "asset_not_ready");
    }
    app.work().await;
    settled(&ada, &id).await;
    app.idle().await;
    let folder = ada.post("/folders", &json!({ "name": "Signs" })).await.is(201).json()["id"].clone();
    let changes = json!({ "folder_id": folder, "tags": ["north"], "metadata": { "sku": "A-1" }, "description": "A walrus." });
    ada.patch(&format!("/assets/{id}"), &changes).await.is(200);
    app.idle().await;
    assert_eq!((found(&ada, "zeppelin").await, found(&ada, "walrus").await), (1, 1));
    let old = address(&ada, &id).await;
    let shown = app.visitor().get(&old).await.is(200).body;
    let old_file = asset(&ada, &id).await["file_url"].as_str().unwrap().to_owned();
    assert_eq!(kept(&app, &ada).await, (2, vec![1]));

    // While nobody works, everything is as it was.
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    replace(&ada, "image", &id, after.clone()).await;
    let waiting = asset(&ada, &id).await;
    assert_eq!(
        (&waiting["status"], &waiting["version"], &waiting["replacement"]["status"], &waiting["sha256"]),
        (&json!("ready"), &json!(1), &json!("pending"), &sum(&before))
    );
    assert_eq!(app.visitor().get(&old_file).await.is(200).body, before);
    assert_eq!(app.visitor().get(&old).await.is(200).body, shown);
    assert_eq!(found(&ada, "zeppelin").await, 1);

    app.work().await;
    let replaced = settled(&ada, &id).await;
    app.idle().await;
    assert_eq!(
        (
            &replaced["id"],
            &replaced["filename"],
            &replaced["folder_id"],
            &replaced["tags"],
            &replaced["metadata"]
        ),
        (&json!(id), &json!("Sign.heic"), &folder, &json!(["north"]), &json!({ "sku": "A-1" }))
    );
    assert_eq!(
        (&replaced["status"], &replaced["version"], &replaced["replacement"], &replaced["sha256"]),
        (&json!("ready"), &json!(2), &Value::Null, &sum(&after))
    );
    assert_eq!((&replaced["width"], &replaced["content_type"]), (&json!(1080), &json!("image/heic")));
    assert_eq!(
        (&replaced["description"], &replaced["created_at"]),
        (&json!("A walrus."), &waiting["created_at"])
    );
    let new_file = replaced["file_url"].as_str().unwrap();
    assert_eq!(app.visitor().get(new_file).await.is(200).body, after);
    // Caches have the old one under its address; the new one has another, and both show it.
    let new = address(&ada, &id).await;
    assert_ne!(new, old);
    for (path, is_lasting) in [(&new, true), (&old, false)] {
        let answer = app.visitor().get(path).await.is(200);
        assert_ne!(answer.body, shown);
        assert_eq!(answer.header("cache-control").contains("immutable"), is_lasting, "{path}");
    }
    // What was in the old one is not found; what is said of it is.
    assert_eq!((found(&ada, "zeppelin").await, found(&ada, "walrus").await), (0, 1));
    assert_eq!(kept(&app, &ada).await, (2, vec![1]), "the new file, and one that was made of it");
    app.visitor().get(&old_file).await.refuses(404, "not_found");
    let log = ada.get("/audit-log").await.is(200).json();
    let is_told =
        |entry: &Value| entry["action"] == "asset.updated" && entry.to_string().contains("replacement_id");
    assert!(log["items"].as_array().unwrap().iter().any(is_told), "{log:#}");
    let said = [("filename", "b"), ("kind", "image"), ("replaces", id.as_str())];
    let bob = app.signed_in(&bob).await;
    sent(&bob, &said, after).await.refuses(404, "not_found");
}

#[tokio::test]
async fn an_image_that_is_named_like_a_version_has_another_address_for_each_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("photo-v2.png", picture("The zeppelin lands at noon").await).await;
    settled(&ada, &id).await;
    let old = address(&ada, &id).await;
    replace(&ada, "image", &id, picture("The walrus sleeps").await).await;
    assert_eq!(settled(&ada, &id).await["version"], 2);
    let new = address(&ada, &id).await;
    // As the first file was called in its address.
    ada.patch(&format!("/assets/{id}"), &json!({ "filename": "photo.png" })).await.is(200);
    let renamed = address(&ada, &id).await;
    let (name_of_old, name_of_renamed) = (old.split('?').next(), renamed.split('?').next());
    assert_eq!(name_of_old, name_of_renamed);
    assert_ne!(old, renamed);
    for (path, is_lasting) in [(&old, false), (&new, true), (&renamed, true)] {
        let answer = app.visitor().get(path).await.is(200);
        assert_eq!(answer.header("cache-control").contains("immutable"), is_lasting, "{path}");
    }
}

#[tokio::test]
async fn an_image_that_is_asked_for_while_it_is_replaced_is_made_of_its_new_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("Sign.png", picture("The zeppelin lands at noon").await).await;
    settled(&ada, &id).await;
    let path = address(&ada, &id).await;
    // What is asked for knows the old file, and waits.
    let (images, mut places) = (&app.app.limits.images, Vec::new());
    while let Ok(Ok(place)) =
        tokio::time::timeout(Duration::from_millis(200), images.enter(&ada.organization_id)).await
    {
        places.push(place);
    }
    let visitor = app.visitor();
    let (asked, ()) = tokio::join!(visitor.get(&path), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        replace(&ada, "image", &id, sample("still-photo.heic")).await;
        settled(&ada, &id).await;
        drop(places);
    });
    let shown = asked.is(200).body;
    assert_eq!(app.visitor().get(&address(&ada, &id).await).await.is(200).body, shown);
}

#[tokio::test]
async fn a_document_has_the_pages_of_its_new_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let before = pdf(&["The submarine dives below the ice.", "A second page."]);
    let id = ada.upload_document("Plan.pdf", before).await;
    settled(&ada, &id).await;
    app.idle().await;
    let pages = async || ada.get(&format!("/assets/{id}/pages")).await.is(200).json()["items"].clone();
    let old = pages().await[0]["image_url"].as_str().unwrap().to_owned();
    assert_eq!(found(&ada, "submarine").await, 1);

    let after = pdf(&["A walrus sleeps on the ice of the north."]);
    replace(&ada, "document", &id, after.clone()).await;
    let replaced = settled(&ada, &id).await;
    app.idle().await;
    assert_eq!(
        (&replaced["version"], &replaced["page_count"], &replaced["sha256"]),
        (&json!(2), &json!(1), &sum(&after))
    );
    let now = pages().await;
    assert_eq!(now.as_array().unwrap().len(), 1);
    assert!(now[0]["text"].as_str().unwrap().contains("walrus"), "{now:#}");
    app.visitor().get(now[0]["image_url"].as_str().unwrap()).await.is(200);
    assert_eq!((found(&ada, "submarine").await, found(&ada, "walrus").await), (0, 1));
    assert_eq!(kept(&app, &ada).await, (2, vec![1]), "the file, and the picture of its page");
    app.visitor().get(&old).await.refuses(404, "not_found");
}

#[tokio::test]
async fn what_a_document_is_replaced_with_is_what_its_own_name_says() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let notes = |word: &str| format!("# Ice\n\nThe {word} sleeps on *the ice*.\n").into_bytes();
    let id = ada.upload_document("Notes.txt", notes("seal")).await;
    assert_eq!(settled(&ada, &id).await["document"]["format"], "text");
    for (name, format, filename) in [
        ("b.md", "markdown", "Notes.md"),
        // Says nothing.
        ("other", "markdown", "Notes.md"),
        ("c.html", "html", "Notes.html"),
        ("d.txt", "text", "Notes.txt"),
    ] {
        let said = [("filename", name), ("kind", "document"), ("replaces", id.as_str())];
        sent(&ada, &said, notes(name)).await.is(201);
        let now = settled(&ada, &id).await;
        assert_eq!(
            (&now["document"]["format"], &now["filename"], &now["replacement"]),
            (&json!(format), &json!(filename), &Value::Null),
            "{name}: {now:#}"
        );
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_replaces_nothing_and_says_why() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = sample("still-photo.heic");
    let id = ada.upload_image("a.heic", image.clone()).await;
    let document = ada.upload_document("a.pdf", pdf(&["The submarine dives."])).await;
    settled(&ada, &id).await;
    settled(&ada, &document).await;
    app.idle().await;
    let before = kept(&app, &ada).await;
    for (kind, id) in [("image", &id), ("document", &document)] {
        let was = asset(&ada, id).await;
        replace(&ada, kind, id, b"\x89PNG\r\n\x1a\nnothing of the kind\0\x01".to_vec()).await;
        let now = settled(&ada, id).await;
        assert_eq!(
            (&now["status"], &now["version"], &now["sha256"]),
            (&json!("ready"), &json!(1), &was["sha256"])
        );
        let replacement = &now["replacement"];
        assert_eq!(replacement["status"], "failed", "{now:#}");
        assert!(replacement["error"]["message"].as_str().unwrap().ends_with('.'), "{now:#}");
        let upload = ada.get(&format!("/uploads/{}", replacement["upload_id"].as_str().unwrap())).await;
        assert_eq!(upload.is(200).json()["status"], "received");
        app.visitor().get(now["file_url"].as_str().unwrap()).await.is(200);
    }
    app.idle().await;
    assert_eq!(kept(&app, &ada).await, before);

    // Another try may be better, and what failed is forgotten.
    replace(&ada, "image", &id, picture("The zeppelin lands").await).await;
    let now = settled(&ada, &id).await;
    assert_eq!((&now["version"], &now["replacement"]), (&json!(2), &Value::Null));
}

#[tokio::test]
async fn only_a_file_of_the_same_kind_replaces_another() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    settled(&ada, &id).await;
    let video = ada.upload("b.wav", sample("two-voices.wav")).await;
    app.settled(&ada, &video).await;
    let recordings = ada.get("/assets?kind=audio").await.is(200).json();
    let recording = recordings["items"][0]["id"].as_str().unwrap().to_owned();
    let nothing = "00000000-0000-7000-8000-000000000000";
    for (kind, replaces, status, code) in [
        ("document", id.as_str(), 422, "replace_kind_mismatch"),
        ("video", id.as_str(), 422, "replace_kind_mismatch"),
        ("image", recording.as_str(), 422, "replace_kind_mismatch"),
        ("document", recording.as_str(), 422, "replace_kind_mismatch"),
        ("image", nothing, 404, "not_found"),
    ] {
        let bytes = b"bytes".to_vec();
        let said = [("filename", "b"), ("kind", kind), ("replaces", replaces)];
        sent(&ada, &said, bytes).await.refuses(status, code);
        let wanted = json!({ "kind": kind, "size_bytes": 5, "replaces": replaces });
        ada.post("/upload-addresses", &wanted).await.refuses(status, code);
        let wanted = json!({ "kind": kind, "url": "https://example.com/a.png", "replaces": replaces });
        ada.post("/imports", &wanted).await.refuses(status, code);
        let form = format!(
            "--x\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n\
             --x\r\ncontent-disposition: form-data; name=\"replaces\"\r\n\r\n{replaces}\r\n\
             --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbytes\r\n--x--\r\n"
        );
        let form = ada
            .request("POST", "/assets")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(form);
        send(form).await.refuses(status, code);
    }
    let said = [("filename", "b"), ("kind", "image"), ("replaces", "harbour")];
    sent(&ada, &said, b"bytes".to_vec()).await.refuses(400, "upload_header_invalid");
    ada.delete(&format!("/assets/{id}")).await.is(204);
    let said = [("filename", "b"), ("kind", "image"), ("replaces", id.as_str())];
    sent(&ada, &said, b"bytes".to_vec()).await.refuses(409, "asset_in_bin");
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM uploads WHERE replaces_id IS NOT NULL")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn whatever_way_a_file_comes_it_replaces_the_other_and_the_last_one_stays() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    app.work().await;
    settled(&ada, &id).await;
    app.idle().await;
    let copied = ada.post("/assets/batch", &json!({ "action": "copy", "ids": [id] })).await.is(200).json();
    let copy = copied["items"][0]["copy_id"].as_str().unwrap().to_owned();
    app.idle().await;

    // As the body of one request.
    let one = picture("One").await;
    let wanted = json!({ "kind": "image", "size_bytes": one.len(), "replaces": id });
    let made = ada.post("/upload-addresses", &wanted).await.is(201).json();
    assert_eq!(made["asset_id"], json!(id));
    let url = made["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    send(app.visitor().request("PUT", url).body(one.clone())).await.is(201);
    assert_eq!(settled(&ada, &id).await["sha256"], sum(&one));
    // The copy has what it had.
    assert_eq!(asset(&ada, &copy).await["sha256"], sum(&sample("still-photo.heic")));
    app.idle().await;
    assert_eq!(kept(&app, &ada).await, (2, vec![1, 1]));

    // As a form; of several at once, what comes last stays.
    let pictures = [picture("Two").await, picture("Three").await, picture("Four").await];
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    for bytes in &pictures {
        let mut form = format!(
            "--x\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\nimage\r\n\
             --x\r\ncontent-disposition: form-data; name=\"replaces\"\r\n\r\n{id}\r\n\
             --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"
        )
        .into_bytes();
        form.extend(bytes);
        form.extend(b"\r\n--x--\r\n");
        let form = ada
            .request("POST", "/assets")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(form);
        assert_eq!(send(form).await.is(201).json()["asset_id"], json!(id));
    }
    app.work().await;
    let now = settled(&ada, &id).await;
    assert_eq!((&now["sha256"], &now["version"]), (&sum(&pictures[2]), &json!(3)));
    app.idle().await;

    // By the same content as another's, which is stored once.
    replace(&ada, "image", &id, sample("still-photo.heic")).await;
    assert_eq!(settled(&ada, &id).await["version"], 4);
    app.idle().await;
    assert_eq!(kept(&app, &ada).await, (1, vec![2]));
    for gone in [&id, &copy] {
        ada.delete(&format!("/assets/{gone}?permanently=true")).await.is(204);
    }
    assert_eq!(kept(&app, &ada).await, (0, vec![]));
}

#[tokio::test]
async fn a_file_whose_asset_goes_meanwhile_becomes_nothing() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    settled(&ada, &id).await;
    let said = metadata(&[("filename", "b"), ("kind", "image"), ("replaces", &id)]);
    let begun = ada.tus("POST", "/uploads").header("upload-length", 5).header("upload-metadata", said);
    let upload = send(begun).await.is(201).header("location").trim_start_matches("/api/v1").to_owned();
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    let rest = ada
        .tus("PATCH", &upload)
        .header("upload-offset", 0)
        .header("content-type", "application/offset+octet-stream")
        .body("bytes");
    send(rest).await.refuses(404, "not_found");
    assert_eq!(ada.get(&upload).await.is(200).json()["status"], "terminated");
    app.idle().await;
    assert_eq!(ada.get("/assets").await.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn replacing_is_done_once_though_a_server_died_in_the_middle_and_after_it() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let id = ada.upload_image("a.heic", sample("still-photo.heic")).await;
    settled(&ada, &id).await;
    app.idle().await;
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    let after = picture("The zeppelin lands").await;
    replace(&ada, "image", &id, after.clone()).await;
    let mut connection = app.superuser().await;
    // Somebody else's hand on the task, which never comes back, after it had stored half of the file.
    sqlx::query(
        "UPDATE tasks SET status = 'running', attempts = 1, leased_until = $1, lease = gen_random_uuid()
         WHERE kind = 'read_image' AND status = 'pending'",
    )
    .bind(app.now() - TimeDelta::hours(1))
    .execute(&mut connection)
    .await
    .unwrap();
    let upload = asset(&ada, &id).await["replacement"]["upload_id"].as_str().unwrap().to_owned();
    let folder = app
        .folder()
        .join("blobs/blobs/organizations")
        .join(&ada.organization_id)
        .join("contents")
        .join(upload);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("original.png"), b"half").unwrap();
    app.work().await;
    let now = settled(&ada, &id).await;
    assert_eq!((&now["version"], &now["sha256"]), (&json!(2), &sum(&after)));
    app.idle().await;
    // And what a process that was killed after its last transaction leaves.
    sqlx::query("UPDATE tasks SET status = 'pending', attempts = 0, finished_at = NULL, scheduled_for = $1 WHERE kind = 'read_image'
         AND id = (SELECT max(id::text)::uuid FROM tasks WHERE kind = 'read_image')")
        .bind(app.now() - TimeDelta::hours(1))
        .execute(&mut connection)
        .await
        .unwrap();
    app.idle().await;
    let now = asset(&ada, &id).await;
    assert_eq!((&now["version"], &now["sha256"]), (&json!(2), &sum(&after)));
    assert_eq!(kept(&app, &ada).await, (1, vec![1]));
}
