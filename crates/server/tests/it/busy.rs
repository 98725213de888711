//! What is costly goes on so often at once, and one organization leaves room for others.

use crate::{
    app::{PUBLIC_URL, TestApp, sample},
    client::{Answer, Client, PASSWORD, Person, metadata, send},
    openapi::operations,
    replaced::settled,
};
use futures::{StreamExt, stream};
use memoreel_web::{Permit, Permits};
use reqwest::multipart::{Form, Part};
use serde_json::json;
use std::time::{Duration, Instant};

/// Takes every place that this name can have.
async fn take_share(permits: &Permits, whose: &str) -> Vec<Permit> {
    let mut taken = Vec::new();
    while let Ok(Ok(permit)) = tokio::time::timeout(Duration::from_millis(200), permits.enter(whose)).await {
        taken.push(permit);
    }
    assert!(!taken.is_empty());
    taken
}

/// Takes every place there is.
async fn take_all(permits: &Permits) -> Vec<Permit> {
    let mut taken = Vec::new();
    for number in 0..64 {
        let whose = format!("other {number}");
        while let Ok(Ok(permit)) =
            tokio::time::timeout(Duration::from_millis(50), permits.enter(&whose)).await
        {
            taken.push(permit);
        }
    }
    taken
}

/// One of the costly requests.
async fn ask(person: &Person, video_id: &str, upload: &str, what: &str) -> Answer {
    match what {
        "search" => person.get("/search?q=harbour&mode=keyword").await,
        "export" => person.get("/audit-log/export").await,
        "captions" => {
            let captions = person.request("PUT", &format!("/videos/{video_id}/captions"));
            send(captions.body("WEBVTT\n\n00:00.000 --> 00:01.000\nThe harbour.\n")).await
        }
        "append" => person.append(upload, 0, vec![0; 8]).await,
        "upload" => {
            let request = person
                .tus("POST", "/uploads")
                .header("upload-length", 4)
                .header("upload-metadata", metadata(&[("filename", "a.mp4")]))
                .header("content-type", "application/offset+octet-stream");
            send(request.body(vec![0; 4])).await
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_organization_with_its_share_under_way_waits_and_others_do_not() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let limits = &app.app.limits;
    let mut things = Vec::new();
    for person in [&ada, &bob] {
        let video_id = app.insert_video(person, "Harbour").await.to_string();
        things.push((person, video_id, person.announce(8, "b.mp4").await));
    }
    let [(_, adas_video, adas_upload), (_, bobs_video, bobs_upload)] = things.as_slice() else { panic!() };
    for (what, permits) in [
        ("search", &limits.searches),
        ("export", &limits.exports),
        ("captions", &limits.imports),
        ("upload", &limits.appends),
        ("append", &limits.appends),
    ] {
        let share = take_share(permits, &ada.organization_id).await;
        let begun = Instant::now();
        let refused = ask(&ada, adas_video, adas_upload, what).await.refuses(429, "organization_busy");
        assert_eq!(refused.header("retry-after"), "5", "{what}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{what}: {:?}", begun.elapsed());
        let answer = ask(&bob, bobs_video, bobs_upload, what).await;
        assert!(answer.status < 300, "{what}: {}", answer.text());
        drop(share);

        let all = take_all(permits).await;
        let refused = ask(&ada, adas_video, adas_upload, what).await.refuses(503, "server_busy");
        assert_eq!(refused.header("retry-after"), "5", "{what}");
        drop(all);
        let answer = ask(&ada, adas_video, adas_upload, what).await;
        assert!(answer.status < 300, "{what}: {}", answer.text());
        // What ended holds nothing.
        let after = take_share(permits, &ada.organization_id).await;
        assert!(!after.is_empty(), "{what}");
    }
    // Announcing an upload carries nothing.
    let _share = take_share(&limits.appends, &ada.organization_id).await;
    ada.announce(8, "c.mp4").await;
}

#[tokio::test]
async fn transcripts_of_one_organization_take_so_much_room_and_none_once_they_are_sent() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let room = &app.app.limits.transcripts;
    let all_of_adas = async || room.enter_with(&ada.organization_id, u64::MAX).await.unwrap();
    let mut transcripts = Vec::new();
    for person in [&ada, &bob] {
        let path = format!("/videos/{}", app.insert_video(person, "Harbour").await);
        let vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nThe harbour.\n";
        let accepted = send(person.request("PUT", &format!("{path}/captions")).body(vtt)).await.is(200);
        assert_eq!(accepted.json()["segments"][0]["words"][1]["text"], "harbour.");
        transcripts.push(format!("{path}/transcript"));
    }
    let taken = all_of_adas().await;
    ada.get(&transcripts[0]).await.refuses(429, "organization_busy");
    bob.get(&transcripts[1]).await.is(200);
    drop(taken);
    let read = ada.get(&transcripts[0]).await.is(200);
    assert_eq!(read.header("content-type"), "application/json");
    assert_eq!(read.json()["segments"][0]["words"][1]["text"], "harbour.");
    drop(all_of_adas().await);
}

#[tokio::test]
async fn a_file_for_a_signed_address_waits_for_a_place_as_the_document_says() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let wanted = json!({ "filename": "a.mp4", "size_bytes": 4 });
    let made = ada.post("/upload-addresses", &wanted).await.is(201).json();
    let path = made["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
    let put = async || send(app.visitor().request("PUT", path).body(vec![0; 4])).await;
    let all = take_all(&app.app.limits.appends).await;
    put().await.refuses(503, "server_busy");
    drop(all);
    put().await.is(201);
    let described = operations(&app.visitor()).await;
    let described = described.iter().find(|operation| operation.id == "put_upload_content").unwrap();
    assert!(described.description["responses"]["503"].is_object(), "{:#}", described.description);
}

#[tokio::test]
async fn an_export_that_is_being_sent_holds_its_place() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    // More than the buffers between here and there hold.
    sqlx::query(
        "INSERT INTO audit_logs (organization_id, actor_kind, action, target_kind, target_id, details, details_digest)
         SELECT $1::uuid, 'system', 'video.updated', 'video', gen_random_uuid(),
             jsonb_build_object('old', '{}'::jsonb, 'new', jsonb_build_object('title', repeat('x', 4000))), '\\x00'
         FROM generate_series(1, 10000)",
    )
    .bind(&ada.organization_id)
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    let open = async || ada.request("GET", "/audit-log/export").send().await.unwrap();
    let (first, second) = (open().await, open().await);
    ada.get("/audit-log/export").await.refuses(429, "organization_busy");
    drop(first);
    ada.get("/audit-log/export").await.is(200);
    drop(second);
}

#[tokio::test]
async fn passwords_are_hashed_in_turn_and_one_address_leaves_room() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let credentials = json!({ "email": ada.email, "password": PASSWORD });
    let sign_in = async |client: Client| client.post("/sessions", &credentials).await;
    let all = take_all(&app.app.limits.passwords).await;
    let (refused, ()) = tokio::join!(sign_in(app.visitor()), async {
        // What asks for no password goes on.
        ada.get("/me").await.is(200);
    });
    assert_eq!(refused.refuses(503, "sign_in_busy").header("retry-after"), "5");
    drop(all);
    sign_in(app.visitor()).await.is(201);
}

#[tokio::test]
async fn images_are_made_in_turn_and_one_organization_leaves_room() {
    let app = TestApp::start().await;
    app.work().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let shown = async |person: &Person, options: &str| {
        let id = person.upload_image("Harbour.heic", sample("still-photo.heic")).await;
        settled(person, &id).await;
        let request = person.request("GET", &format!("/assets/{id}/image-addresses"));
        let told = send(request.query(&[("options", options)])).await.is(200).json();
        told["src"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned()
    };
    let (adas, bobs) = (shown(&ada, "w=60,format=png").await, shown(&bob, "w=60,format=png").await);
    let share = take_share(&app.app.limits.images, &ada.organization_id).await;
    let visitor = app.visitor();
    let fetch = async |path: &str| send(visitor.request("GET", path)).await;
    let waits = tokio::time::timeout(Duration::from_millis(500), fetch(&adas)).await;
    assert!(waits.is_err(), "ada has her share");
    fetch(&bobs).await.is(200);
    drop(share);
    fetch(&adas).await.is(200);
    // What was made takes no place.
    let _all = take_all(&app.app.limits.images).await;
    fetch(&adas).await.is(200);
}

#[tokio::test]
async fn forms_that_have_not_come_to_their_file_keep_nobody_from_sending_theirs() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut taken = take_share(&app.app.limits.appends, &ada.organization_id).await;
    let form = || {
        Form::new().text("kind", "document").part("file", Part::bytes(b"text".to_vec()).file_name("a.txt"))
    };
    let submit = || send(ada.request("POST", "/assets").multipart(form()));
    submit().await.refuses(429, "organization_busy");
    drop(taken.pop());
    // One byte, and then nothing.
    let body = stream::iter([Ok::<_, std::io::Error>("-")]).chain(stream::pending());
    let idle = ada.request("POST", "/assets").header("content-type", "multipart/form-data; boundary=b");
    let idle = tokio::spawn(idle.body(reqwest::Body::wrap_stream(body)).send());
    tokio::time::sleep(Duration::from_millis(500)).await;
    submit().await.is(201);
    assert!(!idle.is_finished());
    idle.abort();
}
