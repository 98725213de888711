//! Nobody reads, changes or hears of what belongs to another organization, through any door.

mod rows;

pub use rows::rows_of;

use crate::{
    app::{TestApp, sample},
    authenticator::Authenticator,
    client::{Answer, EventStream, Person, send},
    openapi::{Operation, PUBLIC, operations},
    requests::{request, same_everywhere},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// What another organization's caller must get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The operation names one thing, and there is no such thing for them.
    NotFound,
    /// The operation works on what is theirs; nothing of the other organization is in the answer.
    TheirOwn,
    /// The operation works on what is theirs, and cannot be done to a personal organization.
    Personal,
    /// It needs a code of their own device, or an account that is closed, which the test does not have; nothing of the other
    /// organization is in the answer.
    Refused,
}

/// Every operation. One that is missing here fails the test.
const EXPECTED: [(&str, Expected); 159] = {
    use Expected::{NotFound, Personal, Refused, TheirOwn};
    [
        ("accept_invitation", NotFound),
        ("append_upload", NotFound),
        ("begin_passkey", TheirOwn),
        ("begin_passkey_sign_in", TheirOwn),
        ("begin_totp", TheirOwn),
        ("change_assets", TheirOwn),
        ("cancel_task", NotFound),
        ("change_email", TheirOwn),
        ("change_password", TheirOwn),
        ("confirm_email", TheirOwn),
        ("confirm_email_change", TheirOwn),
        ("confirm_provider_sign_in", TheirOwn),
        ("confirm_totp", Refused),
        ("create_api_key", TheirOwn),
        ("create_channel", TheirOwn),
        ("create_domain", TheirOwn),
        ("create_export", TheirOwn),
        ("create_folder", TheirOwn),
        ("create_invitation", TheirOwn),
        ("create_organization", TheirOwn),
        ("create_organization_export", TheirOwn),
        ("create_passkey", Refused),
        ("create_rendition", NotFound),
        ("create_session", TheirOwn),
        ("create_session_by_passkey", TheirOwn),
        ("create_upload", NotFound),
        ("create_upload_address", NotFound),
        ("create_user", TheirOwn),
        ("create_video", TheirOwn),
        ("create_webhook_endpoint", TheirOwn),
        ("decline_invitation", TheirOwn),
        ("delete_api_key", NotFound),
        ("delete_asset", NotFound),
        ("delete_channel", NotFound),
        ("delete_current_session", TheirOwn),
        ("delete_domain", NotFound),
        ("delete_export", NotFound),
        ("delete_folder", NotFound),
        ("delete_identity", NotFound),
        ("delete_image_preset", NotFound),
        ("delete_member", NotFound),
        ("delete_organization", Personal),
        ("delete_organization_export", NotFound),
        ("delete_other_sessions", TheirOwn),
        ("delete_passkey", NotFound),
        ("delete_session", NotFound),
        ("delete_subtitles", NotFound),
        ("delete_totp", TheirOwn),
        ("delete_upload", NotFound),
        ("delete_video", NotFound),
        ("delete_webhook_endpoint", NotFound),
        ("describe_upload_server", TheirOwn),
        ("encode_asset", NotFound),
        ("export_audit_log", TheirOwn),
        ("export_request_log", TheirOwn),
        ("finish_provider_sign_in", TheirOwn),
        ("get_asset", NotFound),
        ("get_clip_address", NotFound),
        ("get_delivery_policy", TheirOwn),
        ("get_encoding_settings", TheirOwn),
        ("get_captions_json", NotFound),
        ("get_captions_srt", NotFound),
        ("get_captions_txt", NotFound),
        ("get_captions_vtt", NotFound),
        ("get_email_change", TheirOwn),
        ("get_erasure", TheirOwn),
        ("get_export", NotFound),
        ("get_image_addresses", NotFound),
        ("get_me", TheirOwn),
        ("get_media_cookie", NotFound),
        ("get_organization", TheirOwn),
        ("get_organization_export", NotFound),
        ("get_preferences", TheirOwn),
        ("get_storage", TheirOwn),
        ("get_summary", NotFound),
        ("get_task", NotFound),
        ("get_task_stats", TheirOwn),
        ("get_traffic", TheirOwn),
        ("get_transcript", NotFound),
        ("get_upload", NotFound),
        ("get_upload_limits", TheirOwn),
        ("get_upload_offset", NotFound),
        ("get_video", NotFound),
        ("get_webhook_delivery", NotFound),
        ("get_webhook_endpoint", NotFound),
        ("import_file", NotFound),
        ("list_api_keys", TheirOwn),
        ("list_assets", TheirOwn),
        ("list_audit_entries", TheirOwn),
        ("list_channels", TheirOwn),
        ("list_consents", TheirOwn),
        ("list_document_pages", NotFound),
        ("list_domains", TheirOwn),
        ("list_exports", TheirOwn),
        ("list_folders", TheirOwn),
        ("list_identities", TheirOwn),
        ("list_image_presets", TheirOwn),
        ("list_invitations", TheirOwn),
        ("list_key_frames", NotFound),
        ("list_renditions", NotFound),
        ("list_members", TheirOwn),
        ("list_organization_exports", TheirOwn),
        ("list_passkeys", TheirOwn),
        ("list_providers", TheirOwn),
        ("list_route_traffic", TheirOwn),
        ("list_sessions", TheirOwn),
        ("list_subtitles", NotFound),
        ("list_tasks", TheirOwn),
        ("list_videos", TheirOwn),
        ("list_webhook_deliveries", TheirOwn),
        ("list_webhook_endpoints", TheirOwn),
        ("list_webhook_events", TheirOwn),
        ("lookup_invitation", TheirOwn),
        ("put_captions", NotFound),
        ("put_delivery_policy", TheirOwn),
        ("put_encoding_settings", TheirOwn),
        ("put_image_preset", TheirOwn),
        ("put_subtitles", NotFound),
        ("put_upload_content", NotFound),
        ("put_upload_limits", TheirOwn),
        ("record_consent", TheirOwn),
        ("renew_recovery_codes", Refused),
        ("replay_webhook_deliveries", NotFound),
        ("replay_webhook_delivery", NotFound),
        ("request_erasure", Refused),
        ("request_password_reset", TheirOwn),
        ("reread_asset", NotFound),
        ("resend_confirmation", TheirOwn),
        ("resend_invitation", NotFound),
        ("reset_password", TheirOwn),
        ("restore_asset", NotFound),
        ("restore_organization", TheirOwn),
        ("restore_video", NotFound),
        ("retry_task", NotFound),
        ("retry_video", NotFound),
        ("revoke_invitation", NotFound),
        ("rotate_webhook_secret", NotFound),
        ("search", TheirOwn),
        ("start_provider_sign_in", TheirOwn),
        ("stream_events", TheirOwn),
        ("test_webhook_endpoint", NotFound),
        ("transfer_organization", NotFound),
        ("update_asset", NotFound),
        ("update_channel", NotFound),
        ("update_domain", NotFound),
        ("update_folder", NotFound),
        ("update_me", TheirOwn),
        ("update_member", NotFound),
        ("update_organization", TheirOwn),
        ("update_passkey", NotFound),
        ("update_preferences", TheirOwn),
        ("update_speaker", NotFound),
        ("update_task", NotFound),
        ("update_video", NotFound),
        ("update_webhook_endpoint", NotFound),
        ("upload_form", NotFound),
        ("verify_domain", NotFound),
        ("withdraw_email_change", TheirOwn),
        ("withdraw_erasure", Refused),
    ]
};

/// Ids of one thing of every kind, by the part of the path that names the kind.
pub type Ids = BTreeMap<&'static str, String>;

/// Ada's things, one of every kind.
pub struct Things {
    pub ada: Person,
    pub ids: Ids,
    video: Value,
}

pub async fn things_of_ada(app: &TestApp) -> Things {
    app.work().await;
    let ada = app.person("ada").await;
    let ids = things_of(app, &ada, "Secret harbour.mp3").await;
    let video = ada.get(&format!("/videos/{}", ids["videos"])).await.is(200).json();
    Things { ada, ids, video }
}

/// Makes one thing of every kind. A worker has to be running.
pub async fn things_of(app: &TestApp, ada: &Person, filename: &str) -> Ids {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let video_id = ada.upload(filename, sample("inaugural-address.mp3")).await;
    let video = app.settled(ada, &video_id).await;
    assert_eq!(video["status"], "completed", "{video:#}");
    let subtitles = format!("/assets/{}/subtitles/de?name=Secret%20harbour", text(&video["asset_id"]));
    let vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\nThe secret harbour.\n";
    send(ada.request("PUT", &subtitles).header("content-type", "text/vtt").body(vtt)).await.is(201);
    let channel = ada.post("/channels", &json!({ "name": "Board" })).await.is(201).json();
    ada.patch(&format!("/videos/{video_id}"), &json!({ "channel_id": channel["id"] })).await.is(200);
    let key = ada.post("/api-keys", &json!({ "name": "Nightly" })).await.is(201).json();
    let (_, passkey_id) = Authenticator::of(ada).await;
    let sessions = ada.get("/sessions").await.is(200).json();
    let invited = json!({ "email": "carol@example.com", "role": "member" });
    let invitation = ada.post("/invitations", &invited).await.is(201).json();
    let export = ada.post("/me/exports", &json!({})).await.is(201).json();
    let whole = ada.post("/organization/exports", &json!({})).await.is(201).json();
    let upload = ada.announce(8, "half.mp4").await;
    ada.append(&upload, 0, "abcd").await.is(204);
    let image = ada.upload_image("Secret harbour.heic", sample("still-photo.heic")).await;
    let folder = ada.post("/folders", &json!({ "name": "Secret harbour" })).await.is(201).json();
    let kept =
        json!({ "folder_id": folder["id"], "tags": ["secret harbour"], "metadata": { "harbour": "secret" } });
    ada.patch(&format!("/assets/{image}"), &kept).await.is(200);
    ada.put("/image-presets/wharf", &json!({ "options": "w=401" })).await.is(200);
    let delivery = json!({
        "allowed_origins": ["https://secret-harbour.example"], "referrer_domains": [], "allows_no_referrer": true,
        "shared_caching": false, "cache_seconds": 60
    });
    ada.put("/organization/delivery", &delivery).await.is(200);
    let domain = ada.post("/domains", &json!({ "domain": "ours.example" })).await.is(201).json();
    let identity: Uuid = sqlx::query_scalar(
        "INSERT INTO user_identities (user_id, provider, subject) VALUES ($1::uuid, 'harbour', $1) RETURNING id",
    )
    .bind(&ada.user_id)
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    let hook = json!({ "url": "https://example.com/secret-harbour", "events": ["video.added"] });
    let hook = ada.post("/webhook-endpoints", &hook).await.is(201).json();
    let hook = text(&hook["endpoint"]["id"]);
    let told = ada.post(&format!("/webhook-endpoints/{hook}/test"), &json!({})).await.is(201).json();
    let task: Uuid = sqlx::query_scalar("SELECT id FROM tasks WHERE subject_id = $1 AND kind = 'transcribe'")
        .bind(video_id.parse::<Uuid>().unwrap())
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    // Mails about the account are on their way until then.
    app.idle().await;
    BTreeMap::from([
        ("videos", video_id),
        ("assets", image),
        ("channels", text(&channel["id"])),
        ("speaker_id", text(&video["speakers"][0]["id"])),
        ("api-keys", text(&key["id"])),
        ("passkeys", passkey_id),
        ("sessions", text(&sessions["items"][0]["id"])),
        ("invitations", text(&invitation["id"])),
        ("user_id", ada.user_id.clone()),
        ("tasks", task.to_string()),
        ("uploads", upload.rsplit('/').next().unwrap().to_owned()),
        ("users", ada.user_id.clone()),
        ("domains", text(&domain["id"])),
        ("folders", text(&folder["id"])),
        ("identities", identity.to_string()),
        ("me", text(&export["id"])),
        ("webhook-endpoints", hook),
        ("webhook-deliveries", text(&told["id"])),
        ("organization", text(&whole["id"])),
    ])
}

/// Status and, unless it is an event stream, the body.
pub async fn call(request: RequestBuilder, operation: &Operation) -> Answer {
    if operation.id != "stream_events" {
        return send(request).await;
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = if status == 200 { bytes::Bytes::new() } else { response.bytes().await.unwrap() };
    Answer { status, headers, body }
}

#[tokio::test]
async fn no_operation_reaches_into_another_organization() {
    let app = TestApp::start().await;
    let Things { ada, ids, video } = things_of_ada(&app).await;
    let bob = app.person("bob").await;
    let operations = operations(&bob).await;
    let mut connection = app.superuser().await;
    let before = rows_of(&mut connection, &ada.organization_id).await;
    assert!(before.values().filter(|rows| !rows.is_empty()).count() >= 12, "{:?}", before.keys());

    let secrets: Vec<&str> = ids
        .values()
        .map(String::as_str)
        .chain([ada.user_id.as_str(), ada.organization_id.as_str(), "harbour"])
        .collect();
    let asset_id = before["assets"].trim_start_matches('(').split(',').nth(1).unwrap().to_owned();
    for operation in &operations {
        let id = operation.id.as_str();
        let expected = EXPECTED.iter().find(|(known, _)| *known == id);
        let (_, expected) =
            expected.unwrap_or_else(|| panic!("say in EXPECTED what another organization gets from {id}"));
        // Signing out and in happens in a browser of its own.
        let client = if operation.path.contains("/sessions/current") {
            app.signed_in(&bob).await.client
        } else if PUBLIC.contains(&id) {
            app.visitor()
        } else {
            bob.client.clone()
        };
        let answer = call(request(&client, operation, &ids), operation).await;
        match expected {
            Expected::NotFound => {
                assert_eq!(answer.status, 404, "{id}: {}", answer.text());
                // Uploads name it in a header.
                let names_it = operation.path.contains('{')
                    || operation.description["requestBody"].is_object()
                    || id == "create_upload";
                assert!(names_it, "{id}");
            }
            Expected::Personal => drop(answer.clone().refuses(409, "organization_personal")),
            Expected::Refused => assert!(matches!(answer.status, 404 | 409 | 422), "{id}: {}", answer.text()),
            Expected::TheirOwn => assert!(
                (200..300).contains(&answer.status) || PUBLIC.contains(&id),
                "{id}: {}",
                answer.text()
            ),
        }
        let mut text = answer.text();
        if id == "change_assets" {
            // Which says of each asset that was named whether there is one.
            assert!(text.contains(r#""status":404"#), "{text}");
            text = text.replace(&ids["assets"], "");
        }
        for secret in secrets.iter().chain([&asset_id.as_str()]) {
            // The error of a query repeats nothing, so nothing of hers can be in any answer.
            assert!(!text.contains(secret), "{id} tells {secret}: {text}");
        }
    }
    // Nor does naming her organization open it.
    for operation in operations.iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())) {
        if operation.path.contains("/sessions/current") {
            continue;
        }
        let request = request(&bob, operation, &ids).header("memoreel-organization", &ada.organization_id);
        let answer = call(request, operation).await;
        assert_eq!(answer.status, 404, "{}: {}", operation.id, answer.text());
    }
    // What is his own cannot be hung on what is hers.
    let own = app.insert_video(&bob, "Bob's").await;
    bob.patch(&format!("/videos/{own}"), &json!({ "channel_id": ids["channels"] }))
        .await
        .refuses(404, "not_found");
    bob.post("/videos", &json!({ "title": "Bob's", "channel_id": ids["channels"] }))
        .await
        .refuses(404, "not_found");

    let after = rows_of(&mut connection, &ada.organization_id).await;
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table}");
    }
    let shown = ada.get(&format!("/videos/{}", ids["videos"])).await.is(200).json();
    assert_eq!(shown, video);
}

#[tokio::test]
async fn every_operation_asks_who_is_calling() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let nobody = Uuid::from_u128(7).to_string();
    let ids = same_everywhere(&nobody);
    for operation in operations(&visitor).await {
        let id = operation.id.as_str();
        // Signing up or in leaves a cookie behind.
        let visitor = app.visitor();
        for (what, request) in [
            ("nobody", request(&visitor, &operation, &ids)),
            (
                "an old cookie",
                request(&visitor, &operation, &ids)
                    .header("cookie", format!("memoreel_session={}", "A".repeat(43))),
            ),
            (
                "a wrong key",
                request(&visitor, &operation, &ids).bearer_auth(format!("mrl_{}", "a".repeat(43))),
            ),
        ] {
            let answer = call(request, &operation).await;
            if PUBLIC.contains(&id) && what != "a wrong key" {
                // What names an invitation by its token, or a provider, finds none.
                let names_something = id.ends_with("_invitation") || operation.path.contains('{');
                assert_eq!(answer.status == 404, names_something, "{id}: {}", answer.text());
                continue;
            }
            if id == "delete_current_session" && what == "an old cookie" {
                answer.is(204);
                continue;
            }
            assert_eq!(answer.status, 401, "{id}, {what}: {}", answer.text());
            if operation.verb != "HEAD" {
                answer.is_a_problem();
            }
        }
    }
}

#[tokio::test]
async fn search_finds_only_what_the_caller_may_see() {
    let app = TestApp::start().await;
    let Things { ada, ids, .. } = things_of_ada(&app).await;
    let bob = app.person("bob").await;
    for mode in ["hybrid", "keyword", "semantic"] {
        let path = format!("/search?q=harbour+project+committee&mode={mode}");
        let found = ada.get(&path).await.is(200).json();
        assert_eq!(found["items"][0]["video_id"], ids["videos"], "{mode}: {found:#}");
        for query in [
            path.clone(),
            format!("{path}&video_id={}", ids["videos"]),
            format!("{path}&channel_id={}", ids["channels"]),
        ] {
            let found = bob.get(&query).await.is(200).json();
            assert_eq!(found["items"], json!([]), "{query}");
        }
    }
    // A colleague finds it until it becomes private.
    let carol = app.colleague(&ada, "carol", "member").await;
    let here = |person: &Person, path: &str| {
        person.request("GET", path).header("memoreel-organization", &ada.organization_id)
    };
    let found = send(here(&carol, "/search?q=harbour")).await.is(200).json();
    assert_eq!(found["items"][0]["video_id"], ids["videos"]);
    ada.patch(&format!("/videos/{}", ids["videos"]), &json!({ "visibility": "private" })).await.is(200);
    for mode in ["hybrid", "keyword", "semantic"] {
        let found = send(here(&carol, &format!("/search?q=harbour&mode={mode}"))).await.is(200).json();
        assert_eq!(found["items"], json!([]), "{mode}");
        let found = ada.get(&format!("/search?q=harbour&mode={mode}")).await.is(200).json();
        assert_eq!(found["items"][0]["video_id"], ids["videos"], "{mode}");
    }
    // Nor is it found in the bin, and again after it came back.
    ada.delete(&format!("/videos/{}", ids["videos"])).await.is(204);
    assert_eq!(ada.get("/search?q=harbour").await.is(200).json()["items"], json!([]));
    ada.post(&format!("/videos/{}/restore", ids["videos"]), &json!({})).await.is(200);
    app.idle().await;
    let found = ada.get("/search?q=harbour").await.is(200).json();
    assert_eq!(found["items"][0]["video_id"], ids["videos"]);
}

#[tokio::test]
async fn media_addresses_open_their_own_files_only() {
    let app = TestApp::start().await;
    let Things { video, .. } = things_of_ada(&app).await;
    let visitor = app.visitor();
    let hls = video["playback"]["hls_url"].as_str().unwrap();
    let download = video["playback"]["download_url"].as_str().unwrap();
    visitor.get(hls).await.is(200);
    assert_eq!(visitor.get(download).await.is(200).body, sample("inaugural-address.mp3"));
    let token = hls.split('/').nth(2).unwrap();
    for place in [0, 1, token.len() / 2, token.len() - 1] {
        let mut tampered = token.to_owned().into_bytes();
        tampered[place] = if tampered[place] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        visitor.get(&hls.replace(token, &tampered)).await.refuses(404, "not_found");
    }
    for elsewhere in [
        "..%2foriginal.mp3",
        "%2e%2e/preview/waveform.json",
        "..%5coriginal.mp3",
        "%2fetc%2fpasswd",
        "source%00",
        "%ff",
        "%2e%2e%2f%2e%2e%2foriginal.mp3",
    ] {
        let path = format!("/media/{token}/{elsewhere}");
        let refused = visitor.get(&path).await;
        assert_eq!(refused.status, 404, "{path}: {}", refused.text());
        refused.is_a_problem();
    }
    visitor.get("/media/x/master.m3u8").await.refuses(404, "not_found");
    visitor.get("/media/%ff/master.m3u8").await.refuses(404, "not_found");
    // And they end.
    app.clock.advance(chrono::TimeDelta::hours(14));
    visitor.get(hls).await.refuses(410, "media_token_expired");
}

#[tokio::test]
async fn events_of_one_organization_are_not_heard_in_another() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (hers, his) = (app.insert_video(&ada, "Hers").await, app.insert_video(&bob, "His").await);
    let private = app.insert_video(&ada, "Hers alone").await;
    ada.patch(&format!("/videos/{private}"), &json!({ "visibility": "private" })).await.is(200);
    let carol = app.colleague(&ada, "carol", "member").await;
    let (mut her_stream, mut his_stream) = (EventStream::open(&ada).await, EventStream::open(&bob).await);
    let mut carols_stream = EventStream::of(
        carol.request("GET", "/events").header("memoreel-organization", &ada.organization_id),
    )
    .await;
    let hear = async |stream: &mut EventStream| {
        tokio::time::timeout(Duration::from_secs(10), stream.next()).await.expect("an event comes")
    };
    ada.patch(&format!("/videos/{private}"), &json!({ "title": "Still hers alone" })).await.is(200);
    let (name, data) = hear(&mut her_stream).await;
    assert_eq!((name.as_str(), &data["video_id"]), ("video", &json!(private)));
    ada.patch(&format!("/videos/{hers}"), &json!({ "title": "Still hers" })).await.is(200);
    let (name, data) = hear(&mut her_stream).await;
    assert_eq!((name.as_str(), &data["video_id"]), ("video", &json!(hers)));
    // The first he and the colleague hear is what concerns them.
    let (name, data) = hear(&mut carols_stream).await;
    assert_eq!((name.as_str(), &data["video_id"]), ("video", &json!(hers)));
    tokio::time::sleep(Duration::from_millis(500)).await;
    bob.patch(&format!("/videos/{his}"), &json!({ "title": "Still his" })).await.is(200);
    let (name, data) = hear(&mut his_stream).await;
    assert_eq!((name.as_str(), &data["video_id"]), ("video", &json!(his)));
    assert_eq!(data["status"], "completed");
}
