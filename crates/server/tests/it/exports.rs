//! What a person takes along: everything that is theirs, and nothing that is not theirs to see.

use crate::{
    accounts::token,
    app::{TestApp, sample},
    client::{Person, metadata, send},
    erasure::named::without_subjects,
    organizations::new_organization,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    time::Duration,
};
use uuid::Uuid;
use zip::ZipArchive;

async fn ready(person: &Person, id: &str) -> Value {
    for _ in 0..300 {
        let export = person.get(&format!("/me/exports/{id}")).await.is(200).json();
        match export["status"].as_str() {
            Some("ready") => return export,
            Some("failed") => panic!("{export:#}"),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("not ready in time");
}

/// The files in the zip of an export.
pub async fn fetched(app: &TestApp, export: &Value, filename: &str) -> BTreeMap<String, Vec<u8>> {
    let answer = app.visitor().get(export["download_url"].as_str().unwrap()).await.is(200);
    assert!(answer.header("content-disposition").contains(filename));
    assert_eq!(answer.body.len() as i64, export["size_bytes"].as_i64().unwrap());
    let mut zip = ZipArchive::new(Cursor::new(answer.body.to_vec())).unwrap();
    let mut files = BTreeMap::new();
    for place in 0..zip.len() {
        let mut file = zip.by_index(place).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let name = file.name().unwrap().into_owned();
        drop(file);
        assert!(files.insert(name, content).is_none());
    }
    files
}

/// Takes the person's data along; what is in a file of it.
async fn taken(app: &TestApp, person: &Person, name: &str) -> Value {
    let made = person.post("/me/exports", &json!({})).await.is(201).json();
    let export = ready(person, made["id"].as_str().unwrap()).await;
    app.idle().await;
    serde_json::from_slice(&fetched(app, &export, "memoreel-export.zip").await[name]).unwrap()
}

/// Adds a file to an organization; the id of the video.
pub async fn upload(person: &Person, organization_id: &str, filename: &str, content: Vec<u8>) -> String {
    let request = person
        .tus("POST", "/uploads")
        .header("memoreel-organization", organization_id)
        .header("upload-length", content.len())
        .header("upload-metadata", metadata(&[("filename", filename)]))
        .header("content-type", "application/offset+octet-stream")
        .body(content);
    send(request).await.is(201).header("memoreel-video-id").to_owned()
}

#[tokio::test]
async fn an_export_holds_what_is_the_persons_and_nothing_of_others() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let shared = new_organization(&bob, "Harbour").await;
    app.add_member(&shared, &ada, "member").await;
    let own = ada.upload("Über <uns> & \"mehr\".mp3", sample("inaugural-address.mp3")).await;
    let hers = upload(&ada, &shared, "Minutes.wav", sample("two-voices.wav")).await;
    let his = upload(&bob, &shared, "Secret plans.wav", sample("two-voices.wav")).await;
    let open = upload(&bob, &shared, "Public plans.wav", sample("two-voices.wav")).await;
    let image = ada.upload_image("Pier.heic", sample("still-photo.heic")).await;
    let not_hers = bob.upload_image("Quay.heic", sample("still-photo.heic")).await;
    app.settled(&ada, &own).await;
    app.idle().await;
    bob.ask(&shared, "PATCH", &format!("/videos/{his}"), json!({ "visibility": "private" })).await.is(200);
    let agreed = json!({ "document": "marketing", "version": "1", "is_given": true });
    ada.post("/me/consents", &agreed).await.is(200);
    let key = ada.post("/api-keys", &json!({ "name": "Nightly" })).await.is(201).json();

    let asked = ada.post("/me/exports", &json!({})).await.is(201).json();
    let id = asked["id"].as_str().unwrap();
    let export = ready(&ada, id).await;
    assert_eq!((&export["progress"], &export["expires_at"]), (&json!(100), &json!("2026-03-08T12:00:00Z")));
    let files = fetched(&app, &export, "memoreel-export.zip").await;
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    for name in [
        "account.json",
        "api-keys.json",
        "audit-log.json",
        "consents.json",
        "index.html",
        "memberships.json",
        "preferences.json",
        "sessions.json",
        "uploads.json",
    ] {
        assert!(names.contains(&name), "{name} {names:?}");
    }
    let json_of = |name: &str| -> Value { serde_json::from_slice(&files[name]).unwrap() };
    assert_eq!(json_of("account.json")["email"], "ada@example.com");
    assert_eq!(json_of("memberships.json").as_array().unwrap().len(), 2);
    assert_eq!(json_of("consents.json")[0]["document"], "marketing");
    assert_eq!(json_of("api-keys.json")[0]["name"], "Nightly");
    assert_eq!(json_of("sessions.json").as_array().unwrap().len(), 1);
    let log = json_of("audit-log.json");
    assert!(log.as_array().unwrap().iter().any(|entry| entry["action"] == "api_key.created"), "{log:#}");
    assert!(log.as_array().unwrap().iter().any(|entry| entry["organization_id"] == json!(shared)), "{log:#}");
    let video = json_of(&format!("videos/{own}/video.json"));
    assert_eq!(video["file"]["name"], "Über <uns> & \"mehr\".mp3");
    let said = video["transcript"]["segments"][0]["text"].as_str().unwrap();
    assert!(said.contains("harbour project"), "{video:#}");
    assert!(!video["summary"]["sentences"].as_array().unwrap().is_empty(), "{video:#}");
    let (media_name, media) =
        files.iter().find(|(name, _)| name.starts_with(&format!("videos/{own}/media/"))).unwrap();
    assert_eq!(media, &sample("inaugural-address.mp3"), "{media_name}");
    assert!(files.contains_key(&format!("videos/{hers}/media/Minutes.wav")), "{names:?}");
    assert_eq!(files[&format!("images/{image}/media/Pier.heic")], sample("still-photo.heic"));
    assert!(!names.iter().any(|name| name.contains(&not_hers)), "{names:?}");
    let page = String::from_utf8(files["index.html"].clone()).unwrap();
    assert!(
        page.contains(&format!("href=\"videos/{own}/index.html\"")) && !page.contains("<script"),
        "{page}"
    );
    assert!(page.contains("Über &lt;uns&gt;"), "{page}");

    // Nothing of others, and no secret.
    let secret = key["secret"].as_str().unwrap();
    let mut connection = app.superuser().await;
    let (password_hash, token_hash): (String, String) = sqlx::query_as(
        "SELECT u.password_hash, encode(s.token_hash, 'hex') FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = $1",
    )
    .bind(ada.user_id.parse::<Uuid>().unwrap())
    .fetch_one(&mut connection)
    .await
    .unwrap();
    for (name, content) in files.iter().filter(|(name, _)| !name.contains("/media/")) {
        let text = String::from_utf8_lossy(content);
        for foreign in [
            his.as_str(),
            &open,
            "plans",
            &bob.user_id,
            "bob@example.com",
            secret,
            &password_hash,
            &token_hash,
        ] {
            let is_actor = name == "audit-log.json" && foreign == bob.user_id;
            assert!(is_actor || !text.contains(foreign), "{name} tells {foreign}");
        }
    }

    // It is hers alone.
    bob.get(&format!("/me/exports/{id}")).await.refuses(404, "not_found");
    bob.delete(&format!("/me/exports/{id}")).await.refuses(404, "not_found");
    assert_eq!(bob.get("/me/exports").await.is(200).json()["items"], json!([]));
    let program = send(app.visitor().request("GET", "/me/exports").bearer_auth(secret)).await;
    program.refuses(403, "session_required");
    let address = export["download_url"].as_str().unwrap();
    ada.delete(&format!("/me/exports/{id}")).await.is(204);
    app.visitor().get(address).await.refuses(404, "not_found");
    assert_eq!(ada.get("/me/exports").await.is(200).json()["items"], json!([]));
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM export_requests").fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn exports_are_made_one_at_a_time_and_kept_for_a_week() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    // Nobody works yet, so the first one waits.
    let asked = json!({});
    let (first, second) = tokio::join!(ada.post("/me/exports", &asked), ada.post("/me/exports", &asked));
    let (made, refused) = if first.status == 201 { (first, second) } else { (second, first) };
    let made = made.is(201).json();
    refused.refuses(409, "export_waiting");
    assert_eq!((&made["status"], &made["download_url"]), (&json!("waiting"), &Value::Null));
    // One that waits can be given up, and another one asked for.
    let path = format!("/me/exports/{}", made["id"].as_str().unwrap());
    ada.delete(&path).await.is(204);
    ada.get(&path).await.refuses(404, "not_found");
    let made = ada.post("/me/exports", &asked).await.is(201).json();
    app.work().await;
    let export = ready(&ada, made["id"].as_str().unwrap()).await;
    app.idle().await;
    let blobs = app.folder().join("blobs/blobs/organizations").join(&ada.organization_id).join("exports");
    assert_eq!(std::fs::read_dir(&blobs).unwrap().count(), 1);
    app.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    let ada = app.signed_in(&ada).await;
    app.sweep().await;
    let listed = ada.get("/me/exports").await.is(200).json();
    assert_eq!(listed["items"][0]["id"], export["id"]);
    // The address ends before the zip does.
    app.visitor().get(export["download_url"].as_str().unwrap()).await.refuses(410, "media_token_expired");
    app.visitor().get(listed["items"][0]["download_url"].as_str().unwrap()).await.is(200);
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(ada.get("/me/exports").await.is(200).json()["items"], json!([]));
    app.sweep().await;
    assert!(!blobs.exists());
}

#[tokio::test]
async fn an_export_that_is_run_twice_is_the_same_and_one_that_was_deleted_leaves_nothing() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let made = ada.post("/me/exports", &json!({})).await.is(201).json();
    let id = made["id"].as_str().unwrap();
    let export = ready(&ada, id).await;
    app.idle().await;
    // As after a kill between the end of the work and the end of the task.
    let again = async || {
        sqlx::query(
            "INSERT INTO tasks (organization_id, kind, subject_id, payload, scheduled_for, created_at)
             SELECT organization_id, kind, subject_id, payload, $2, $2 FROM tasks WHERE subject_id = $1 LIMIT 1",
        )
        .bind(id.parse::<Uuid>().unwrap())
        .bind(app.now())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
        app.idle().await;
    };
    again().await;
    assert_eq!(ready(&ada, id).await["size_bytes"], export["size_bytes"]);
    fetched(&app, &export, "memoreel-export.zip").await;
    // And between the work and its result, which is then done once more.
    let unfinished = "UPDATE export_requests SET finished_at = NULL, size_bytes = NULL, expires_at = NULL";
    sqlx::query(unfinished).execute(&mut app.superuser().await).await.unwrap();
    again().await;
    fetched(&app, &ready(&ada, id).await, "memoreel-export.zip").await;
    ada.delete(&format!("/me/exports/{id}")).await.is(204);
    again().await;
    assert!(!app.folder().join("blobs/blobs/organizations").join(&ada.organization_id).exists());
}

#[tokio::test]
async fn an_export_tells_what_others_changed_about_the_person_and_not_from_where() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let shared = new_organization(&bob, "Harbour").await;
    app.add_member(&shared, &ada, "member").await;
    let path = format!("/members/{}", ada.user_id);
    bob.ask(&shared, "PATCH", &path, json!({ "role": "viewer" })).await.is(200);
    without_subjects(&mut app.superuser().await).await;
    bob.ask(&shared, "PATCH", &path, json!({ "role": "admin" })).await.is(200);

    let log = taken(&app, &ada, "audit-log.json").await;
    let changes: Vec<&Value> =
        log.as_array().unwrap().iter().filter(|entry| entry["action"] == "membership.updated").collect();
    let roles: Vec<&Value> = changes.iter().map(|entry| &entry["details"]["new"]["role"]).collect();
    assert_eq!(roles, [&json!("viewer"), &json!("admin")], "{log:#}");
    for entry in changes {
        assert_eq!(entry["by_oneself"], false, "{entry}");
        assert_eq!(entry["details"]["address"], Value::Null, "{entry}");
    }
}

#[tokio::test]
async fn invitations_to_an_address_are_told_to_nobody_who_merely_named_it() {
    let app = TestApp::start().await;
    app.work().await;
    let (olga, grace) = (app.person("olga").await, app.person("grace").await);
    let id = new_organization(&olga, "Harbour").await;
    let invitation = json!({ "email": grace.email, "role": "viewer" });
    olga.ask(&id, "POST", "/invitations", invitation).await.is(201);
    assert_eq!(taken(&app, &grace, "account.json").await["invitations"], json!([]));
    let link = token(&app, &grace.email, "confirm-email").await;
    grace.post("/email-confirmations", &json!({ "token": link })).await.is(204);
    let account = taken(&app, &grace, "account.json").await;
    assert_eq!(account["invitations"][0]["organization"], "Harbour", "{account:#}");
    assert_eq!(account["invitations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn three_exports_are_kept_at_a_time() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    for _ in 0..3 {
        taken(&app, &ada, "account.json").await;
    }
    ada.post("/me/exports", &json!({})).await.refuses(409, "exports_full");
    let kept = ada.get("/me/exports").await.is(200).json();
    let oldest = kept["items"][2]["id"].as_str().unwrap();
    ada.delete(&format!("/me/exports/{oldest}")).await.is(204);
    taken(&app, &ada, "account.json").await;
    ada.post("/me/exports", &json!({})).await.refuses(409, "exports_full");
    // Those whose week is over count no more.
    app.clock.advance(TimeDelta::days(7));
    let ada = app.signed_in(&ada).await;
    ada.post("/me/exports", &json!({})).await.is(201);
}
