//! Images and documents that are there, read again: by what the server can do by then, and never to less than was known.

use crate::{
    app::{Options, TestApp, sample},
    client::Client,
    contents::until_waiting,
    document_files::{pdf, scanned_open_document, scanned_pdf},
    documents::{pages, ready, search},
    engines::libre_office,
    office::long_text,
    page_pictures::{page_pictures, picture},
    pictures_found,
    provider::Provider,
    races::{begun, commit},
    replaced::{asset, found, kept, replace, settled},
};
use chrono::TimeDelta;
use memoreel_ocr::{Ocr, OcrLimits};
use memoreel_office::{Office, OfficeLimits};
use serde_json::{Value, json};
use std::time::Duration;

/// Has it read again, and waits until that is over; the task.
async fn reread(app: &TestApp, client: &Client, id: &str, kind: &str) -> Value {
    app.clock.advance(TimeDelta::seconds(1));
    client.post(&format!("/assets/{id}/reread"), &Value::Null).await.is(202);
    app.idle().await;
    let tasks = client.get(&format!("/tasks?subject_id={id}&kind={kind}&limit=1")).await.is(200).json();
    tasks["items"][0].clone()
}

#[tokio::test]
async fn a_document_without_pictures_has_them_once_it_is_read_where_they_can_be_made() {
    let nothing = Office::new("/nonexistent/soffice", OfficeLimits::default());
    let app = TestApp::with(Options { office: nothing, ..Options::default() }).await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (id, _) = ready(&ada, "Plan.docx", long_text()).await;
    app.idle().await;
    let before = pages(&ada, &id).await;
    assert_eq!((before.len(), &before[0]["image_url"]), (1, &Value::Null));
    let path = format!("/assets/{id}/reread");
    bob.post(&path, &Value::Null).await.refuses(404, "not_found");

    // It still cannot be laid out, which is told to whoever asked, and everything stays.
    let failed = reread(&app, &ada, &id, "reread_document").await;
    assert_eq!(
        (&failed["status"], &failed["error_code"]),
        (&json!("failed"), &json!("page_pictures_failed")),
        "{failed:#}"
    );
    assert!(failed["advice"].as_str().unwrap().contains("memoreel doctor"), "{failed:#}");
    assert_eq!((pages(&ada, &id).await, found(&ada, "zeppelin").await), (before, 1));
    let document = asset(&ada, &id).await;
    assert_eq!((&document["status"], &document["error"]), (&json!("ready"), &Value::Null));

    // Nobody works while it is asked for.
    let app = app.restart_with(|options| options.office = libre_office()).await;
    let ada = app.signed_in(&ada).await;
    app.clock.advance(TimeDelta::seconds(1));
    for _ in 0..2 {
        assert_eq!(ada.post(&path, &Value::Null).await.is(202).json()["id"], json!(id));
    }
    let waiting = "SELECT count(*) FROM tasks WHERE kind = 'reread_document' AND status = 'pending'";
    let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut app.superuser().await).await.unwrap();
    assert_eq!(count, 1);
    // It is what it was read as before, whatever people call it by now.
    ada.patch(&format!("/assets/{id}"), &json!({ "filename": "Plan.txt" })).await.is(200);
    app.work().await;
    app.idle().await;
    let document = asset(&ada, &id).await;
    assert_eq!(
        (&document["status"], &document["version"], &document["filename"], &document["document"]["format"]),
        (&json!("ready"), &json!(1), &json!("Plan.txt"), &json!("docx"))
    );
    assert_eq!((&document["page_count"], &document["document"]["page_count"]), (&json!(2), &json!(2)));
    let seen = pages(&ada, &id).await;
    assert_eq!(seen.len(), 2);
    for page in &seen {
        let picture = app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200);
        assert_eq!(&picture.body[..4], b"RIFF");
    }
    let hits = search(&ada, &[("q", "zeppelin"), ("mode", "keyword")]).await;
    assert_eq!((hits.len(), &hits[0]["document"]["page_number"]), (1, &json!(2)), "{hits:#?}");
    assert!(hits[0]["document"]["image_url"].is_string());
    assert_eq!(kept(&app, &ada).await, (3, vec![1]), "the file, and the pictures of its pages");

    // Whoever looks at it meanwhile goes on, and what it looked like goes when nobody has its address any more.
    let again = reread(&app, &ada, &id, "reread_document").await;
    assert_eq!(again["status"], "completed", "{again:#}");
    let anew = pages(&ada, &id).await;
    for (old, new) in seen.iter().zip(&anew) {
        assert_ne!(old["image_url"], new["image_url"]);
        for page in [old, new] {
            app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200);
        }
    }
    assert_eq!(kept(&app, &ada).await, (5, vec![1]));
    for days in [2, 3] {
        app.clock.advance(TimeDelta::days(days));
        assert_eq!(kept(&app, &ada).await, (3, vec![1]), "{days} days more");
    }
    let ada = app.signed_in(&ada).await;
    for page in pages(&ada, &id).await {
        app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200);
    }
    let log = ada.get(&format!("/audit-log?action=asset.reread_wanted&target_id={id}")).await.is(200).json();
    let names: Vec<&Value> =
        log["items"].as_array().unwrap().iter().map(|entry| &entry["new"]["filename"]).collect();
    assert_eq!(names, ["Plan.txt", "Plan.docx", "Plan.docx"], "{log:#}");
}

/// How often each of the words is found that are written on the pictures.
async fn all(client: &Client) -> (usize, usize, usize) {
    (found(client, "zeppelin").await, found(client, "walrus").await, found(client, "lighthouse").await)
}

#[tokio::test]
async fn text_is_looked_for_again_in_pictures_and_none_is_lost_where_nobody_can_read() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = ada.upload_image("Sign.png", picture("The zeppelin lands at noon").await).await;
    let scan = scanned_pdf(&page_pictures(&["The walrus sleeps on the ice"], 2_000).await);
    let (document, _) = ready(&ada, "Scan.pdf", scan).await;
    let scan = page_pictures(&["The lighthouse keeper wrote a letter"], 2_000).await.remove(0);
    let (letter, _) = ready(&ada, "Letter.odt", scanned_open_document(&scan)).await;
    settled(&ada, &image).await;
    app.idle().await;
    assert_eq!(all(&ada).await, (1, 1, 1));
    let before = pages(&ada, &document).await[0]["text"].clone();

    let missing = Ocr::new("/nonexistent/tesseract", OcrLimits::default());
    let app = app.restart_with(|options| options.ocr = Some(missing)).await;
    let ada = app.signed_in(&ada).await;
    app.work().await;
    let files = [(&image, "reread_image"), (&document, "reread_document"), (&letter, "reread_document")];
    for (id, kind) in files {
        let failed = reread(&app, &ada, id, kind).await;
        assert_eq!(
            (&failed["status"], &failed["error_code"]),
            (&json!("failed"), &json!("engine_missing")),
            "{failed:#}"
        );
    }
    assert_eq!(all(&ada).await, (1, 1, 1));
    assert_eq!(pages(&ada, &document).await[0]["text"], before);
    assert!(asset(&ada, &image).await["text"].as_str().unwrap().contains("zeppelin"));

    // As where nobody could read when it came.
    let mut database = app.superuser().await;
    for statement in ["UPDATE assets SET recognised_text = NULL WHERE kind = 'image'", "DELETE FROM chunks"] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    assert_eq!(all(&ada).await, (0, 0, 0));
    let app = app.restart_with(|options| options.ocr = None).await;
    let ada = app.signed_in(&ada).await;
    app.work().await;
    for (id, kind) in files {
        let again = reread(&app, &ada, id, kind).await;
        assert_eq!(again["status"], "completed", "{again:#}");
    }
    assert!(asset(&ada, &image).await["text"].as_str().unwrap().contains("zeppelin"));
    assert_eq!(all(&ada).await, (1, 1, 1));
}

/// The code with which the first try of a task failed, or else how the task ended.
async fn first_try(app: &TestApp, kind: &str) -> String {
    let told = "SELECT coalesce(error_code, status) FROM tasks
        WHERE kind = $1 AND (error_code IS NOT NULL OR status NOT IN ('pending', 'running'))";
    let mut database = app.superuser().await;
    for _ in 0..600 {
        let ended = sqlx::query_scalar(told).bind(kind).fetch_optional(&mut database).await.unwrap();
        if let Some(ended) = ended {
            return ended;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{kind} was not tried in time")
}

#[tokio::test]
async fn no_text_is_lost_where_looking_for_it_again_breaks_off() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let image = ada.upload_image("Sign.png", picture("The zeppelin lands at noon").await).await;
    let scan = scanned_pdf(&page_pictures(&["The walrus sleeps on the ice"], 2_000).await);
    let (document, _) = ready(&ada, "Scan.pdf", scan).await;
    settled(&ada, &image).await;
    app.idle().await;
    let before = pages(&ada, &document).await[0]["text"].clone();

    let limits = OcrLimits { wall_time: Duration::from_millis(1), ..OcrLimits::default() };
    let hurried = Ocr::new("tesseract", limits);
    let app = app.restart_with(|options| options.ocr = Some(hurried)).await;
    let ada = app.signed_in(&ada).await;
    app.work().await;
    for (id, kind) in [(&image, "reread_image"), (&document, "reread_document")] {
        ada.post(&format!("/assets/{id}/reread"), &Value::Null).await.is(202);
        assert_eq!(first_try(&app, kind).await, "engine_crashed", "{kind}");
    }
    assert_eq!(pages(&ada, &document).await[0]["text"], before);
    assert!(asset(&ada, &image).await["text"].as_str().unwrap().contains("zeppelin"));
    assert_eq!((found(&ada, "zeppelin").await, found(&ada, "walrus").await), (1, 1));

    // It is tried again by itself.
    let app = app.restart_with(|options| options.ocr = None).await;
    app.clock.advance(TimeDelta::minutes(10));
    app.work().await;
    app.idle().await;
    let ada = app.signed_in(&ada).await;
    assert_eq!(first_try(&app, "reread_document").await, "completed");
    assert_eq!(pages(&ada, &document).await[0]["text"], before);
    assert_eq!((found(&ada, "zeppelin").await, found(&ada, "walrus").await), (1, 1));
}

#[tokio::test]
async fn a_document_that_is_replaced_while_it_is_read_again_has_the_pages_of_its_new_file() {
    let app = TestApp::start().await;
    app.work().await;
    let ada = app.person("ada").await;
    let (id, _) =
        ready(&ada, "Plan.pdf", pdf(&["The submarine dives below the ice.", "A second page."])).await;
    app.idle().await;
    let app = app.restart().await;
    let ada = app.signed_in(&ada).await;
    ada.post(&format!("/assets/{id}/reread"), &Value::Null).await.is(202);
    replace(&ada, "document", &id, pdf(&["A walrus sleeps on the ice of the north."])).await;
    app.work().await;
    assert_eq!(settled(&ada, &id).await["version"], 2);
    app.idle().await;
    let now = pages(&ada, &id).await;
    assert_eq!(now.len(), 1);
    assert!(now[0]["text"].as_str().unwrap().contains("walrus"), "{now:#?}");
    app.visitor().get(now[0]["image_url"].as_str().unwrap()).await.is(200);
    assert_eq!((found(&ada, "submarine").await, found(&ada, "walrus").await), (0, 1));
    // Whichever of them came first.
    app.clock.advance(TimeDelta::days(3));
    assert_eq!(kept(&app, &ada).await, (2, vec![1]), "the file, and the picture of its page");
}

/// On which pages of documents this is seen.
async fn seen_on(client: &Client, word: &str) -> Vec<Value> {
    let hits = pictures_found::found(client, &[("q", word)]).await;
    hits.iter().map(|hit| hit["document"]["page_number"].clone()).collect()
}

#[tokio::test]
async fn pages_that_are_looked_at_while_the_document_is_read_again_are_looked_at_once_more() {
    let provider = Provider::default();
    let app = TestApp::with(provider.options(true).await).await;
    app.work().await;
    let ada = app.person("ada").await;
    provider.sees(&["lighthouse", "submarine"]);
    let (id, _) = ready(&ada, "Report.pdf", pdf(&["Figure 7", "Figure 8"])).await;
    app.idle().await;
    assert_eq!(seen_on(&ada, "lighthouse").await, [1]);

    // As where it was laid out otherwise before.
    sqlx::query("UPDATE document_pages SET image_key = regexp_replace(image_key, '[12]\\.webp$', 3 - page_number || '.webp')")
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    let held = begun(&app, &format!("SELECT pg_advisory_xact_lock(hashtextextended('{id}', 0))")).await;
    ada.post(&format!("/assets/{id}/reread"), &Value::Null).await.is(202);
    until_waiting(&app, 1).await;
    // Its pages are those of before for as long as it is not written what they are.
    sqlx::query(
        "INSERT INTO tasks (organization_id, kind, subject_id, payload, scheduled_for)
         VALUES ($1::uuid, 'index_pictures', $2::uuid, jsonb_build_object('of', jsonb_build_object('document', $2), 'is_anew', true), $3)",
    )
    .bind(&ada.organization_id)
    .bind(&id)
    .bind(app.now())
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    commit(&app, held, 2).await;
    app.idle().await;
    assert_eq!(
        (seen_on(&ada, "lighthouse").await, seen_on(&ada, "submarine").await),
        (vec![json!(1)], vec![json!(2)])
    );
}

#[tokio::test]
async fn what_is_not_ready_in_the_bin_or_a_recording_is_not_read_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let reread = async |id: &str| ada.post(&format!("/assets/{id}/reread"), &Value::Null).await;
    let document = ada.upload_document("Plan.pdf", pdf(&["The submarine dives."])).await;
    reread(document.as_str()).await.refuses(409, "asset_not_ready");
    app.work().await;
    let video = ada.upload("Voices.wav", sample("two-voices.wav")).await;
    app.settled(&ada, &video).await;
    let recordings = ada.get("/assets?kind=audio").await.is(200).json();
    reread(recordings["items"][0]["id"].as_str().unwrap()).await.refuses(409, "asset_is_recording");
    settled(&ada, &document).await;
    app.idle().await;
    ada.delete(&format!("/assets/{document}")).await.is(204);
    reread(document.as_str()).await.refuses(404, "not_found");
}
