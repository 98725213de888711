//! Telling other systems what happens: what is told, to whom, how often, and what is not.

mod addresses;
mod endpoints;
mod killed;
mod receivers;

use crate::{
    app::{Options, TestApp},
    client::{Person, metadata, send},
    receiver::{Message, Receiver},
};
use memoreel_kernel::{AssetId, Caller, Clock, Event, OrganizationId, SystemClock, VideoId};
use memoreel_outbound::{AddressPolicy, OutboundSettings};
use memoreel_webhooks::{AssetMessage, DispatchSettings, VideoMessage, WebhookEvent};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// Where the receivers of these tests are.
fn this_machine() -> OutboundSettings {
    let policy = AddressPolicy { allowed: vec!["127.0.0.1/32".parse().unwrap()], plain_http: true };
    OutboundSettings { policy, dns_server: None }
}

/// A server that sends, whose clock shows the time that receivers go by.
pub async fn start() -> TestApp {
    let app = TestApp::with(Options { outbound: this_machine(), ..Options::default() }).await;
    app.clock.advance(SystemClock.now() - app.now());
    app.deliver();
    app
}

/// The same with another dispatcher.
async fn start_with(settings: DispatchSettings) -> TestApp {
    let app = TestApp::with(Options { outbound: this_machine(), ..Options::default() }).await;
    app.deliver_with(settings);
    app
}

/// Adds an endpoint; its id and its secret.
pub async fn add(person: &Person, url: &str, events: &[&str]) -> (String, String) {
    let issued = person.post("/webhook-endpoints", &json!({ "url": url, "events": events })).await.is(201);
    assert_eq!(issued.header("cache-control"), "no-store");
    let issued = issued.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&issued["endpoint"]["id"]), text(&issued["secret"]))
}

fn all_events() -> Vec<&'static str> {
    WebhookEvent::ALL.map(WebhookEvent::as_str).into()
}

async fn endpoint(person: &Person, id: &str) -> Value {
    person.get(&format!("/webhook-endpoints/{id}")).await.is(200).json()
}

/// All deliveries that fit, newest first.
async fn deliveries(person: &Person, query: &str) -> Vec<Value> {
    let page = person.get(&format!("/webhook-deliveries?limit=100&{query}")).await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

/// The only delivery of the endpoint, once it is as wanted.
async fn delivery_until(person: &Person, id: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let found = deliveries(person, &format!("endpoint_id={id}")).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        if is_wanted(&found[0]) {
            return person
                .get(&format!("/webhook-deliveries/{}", found[0]["id"].as_str().unwrap()))
                .await
                .is(200)
                .json();
        }
        assert!(tokio::time::Instant::now() < deadline, "not so in time: {found:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Something happens, as the service of the organization says.
async fn happen(app: &TestApp, person: &Person, event: &Event) {
    let caller = Caller::service(OrganizationId(person.organization_id.parse().unwrap()));
    let mut tx = app.db().tenant(&caller).await.unwrap();
    app.app.events.emit(&mut tx, event).await.unwrap();
    tx.commit().await.unwrap();
}

/// As somebody checks who received it.
fn verify(secret: &str, message: &Message) -> bool {
    Webhook::new(secret).unwrap().verify(&message.body, &message.headers).is_ok()
}

async fn count(app: &TestApp, of: &Person) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM webhook_deliveries WHERE organization_id = $1")
        .bind(of.organization_id.parse::<Uuid>().unwrap())
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap()
}

/// Whoever listens at the address, with the secret of the endpoint, takes a message of ours. What was changed or is of somebody else is
/// refused, and so is ours an hour late.
pub async fn takes_ours_alone(app: &TestApp, person: &Person, id: &str, url: &str) {
    let receiver = Receiver::start().await;
    let path = format!("/webhook-endpoints/{id}");
    person.patch(&path, &json!({ "url": receiver.url() })).await.is(200);
    person.post(&format!("{path}/test"), &json!({})).await.is(201);
    let ours = receiver.received(1).await.remove(0);
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
    let answer = async |message: &Message| {
        let mut request = http.post(url).body(message.body.clone());
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            request = request.header(name, message.header(name));
        }
        request.send().await.expect("the receiver answers").status().as_u16()
    };
    assert_eq!(answer(&ours).await, 204);
    let late = (app.now() - chrono::TimeDelta::hours(1)).timestamp().to_string();
    for (name, value) in [
        ("webhook-id", "another"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", ""),
        ("webhook-timestamp", late.as_str()),
    ] {
        let mut forged = ours.clone();
        forged.headers.insert(name, value.parse().expect("a value of a header"));
        assert_eq!(answer(&forged).await, 400, "{name}: {value}");
    }
    let changed = Message { body: [&ours.body[..], b" "].concat().into(), ..ours };
    assert_eq!(answer(&changed).await, 400);
}

#[tokio::test]
async fn what_happens_is_told_once_signed_and_in_the_form_that_is_described() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    receiver.answers(|_| axum::response::IntoResponse::into_response("thank you"));
    let (id, secret) = add(&ada, &receiver.url(), &all_events()).await;
    let video = app.insert_video(&ada, "Weekly \"sync\" \u{1f3a5}").await;
    ada.patch(&format!("/videos/{video}"), &json!({ "description": "Of March" })).await.is(200);
    let messages = receiver.received(1).await;
    let message = &messages[0];
    assert!(verify(&secret, message), "{message:?}");
    assert_eq!(message.header("content-type"), "application/json");
    assert!(message.header("user-agent").starts_with("memoreel/"));
    let told: VideoMessage = serde_json::from_slice(&message.body).unwrap();
    assert_eq!((told.event, told.data.video.id), (WebhookEvent::Changed, VideoId(video)));
    assert_eq!(told.data.video.title, "Weekly \"sync\" \u{1f3a5}");
    assert_eq!(told.data.organization_id.to_string(), ada.organization_id);
    // Whoever changes a byte, or has another secret, is not believed.
    let changed = Message { body: [&message.body[..], b" "].concat().into(), ..message.clone() };
    assert!(!verify(&secret, &changed));
    let other = add(&ada, &receiver.url(), &["video.deleted"]).await.1;
    assert!(!verify(&other, message));

    let delivery = delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(delivery["id"], message.id());
    assert_eq!((&delivery["attempts"], &delivery["response_status"]), (&json!(1), &json!(200)));
    assert_eq!((&delivery["response_body"], &delivery["payload"]), (&json!("thank you"), &message.json()));
    assert_eq!((&delivery["next_attempt_at"], &delivery["error_code"]), (&Value::Null, &Value::Null));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(receiver.count(), 1, "once is enough");
}

#[tokio::test]
async fn everything_that_happens_has_its_message() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    add(&ada, &receiver.url(), &all_events()).await;
    let (video_id, asset_id) = (VideoId(app.insert_video(&ada, "Sync").await), AssetId(Uuid::nil()));
    let failed = VideoId(app.insert_video(&ada, "Broken").await);
    sqlx::query("UPDATE videos SET status = 'failed', error_code = 'media_unreadable', error_message = 'It cannot be read.' WHERE id = $1")
        .bind(failed.uuid())
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    for event in [
        Event::VideoAdded { video_id, asset_id },
        Event::AssetStored { video_id, asset_id },
        Event::AssetProbed { video_id, asset_id, has_picture: true, has_sound: true },
        Event::AssetPackaged { video_id, asset_id },
        Event::PlaybackReady { video_id },
        Event::SpeechAudioReady { video_id, asset_id },
        Event::TranscriptReady { video_id },
        Event::VideoIndexed { video_id },
        Event::SummaryReady { video_id },
        Event::VideoChanged { video_id },
        Event::VideoDeleted { video_id },
        Event::VideoRestored { video_id },
        Event::VideoSettled { video_id },
        Event::VideoSettled { video_id: failed },
    ] {
        happen(&app, &ada, &event).await;
    }
    let asset_id = AssetId(ada.upload_image("Harbour.png", b"not looked at".to_vec()).await.parse().unwrap());
    for event in [
        Event::ImageReady { asset_id },
        Event::ImageFailed { asset_id },
        Event::ImageDeleted { asset_id },
        Event::ImageRestored { asset_id },
    ] {
        happen(&app, &ada, &event).await;
    }
    let messages = receiver.received(WebhookEvent::ALL.len()).await;
    let told: BTreeSet<String> = messages.iter().map(Message::event).collect();
    assert_eq!(told, all_events().into_iter().map(str::to_owned).collect());
    assert_eq!(messages.len(), told.len());
    let (of_assets, of_videos): (Vec<_>, Vec<_>) =
        messages.iter().partition(|message| message.event().starts_with("asset."));
    for message in of_assets {
        let message: AssetMessage = serde_json::from_slice(&message.body).unwrap();
        assert_eq!((message.data.asset.id, message.data.asset.filename.as_str()), (asset_id, "Harbour.png"));
    }
    for message in of_videos {
        let message: VideoMessage = serde_json::from_slice(&message.body).unwrap();
        let is_failed = message.event == WebhookEvent::Failed;
        assert_eq!(message.data.video.error_code.is_some(), is_failed, "{message:?}");
    }
    let catalogue = ada.get("/webhook-events").await.is(200).json();
    let listed: BTreeSet<String> = catalogue["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, told);
    let document = ada.get("/api/openapi.json").await.is(200).json();
    let described: BTreeSet<String> = document["webhooks"].as_object().unwrap().keys().cloned().collect();
    let sent: BTreeSet<String> = told.into_iter().chain(["webhook.test".to_owned()]).collect();
    assert_eq!(described, sent);
    // A program that is made from the description passes over what a newer server adds.
    for name in [
        "VideoWebhookMessage",
        "VideoWebhookData",
        "WebhookVideo",
        "AssetWebhookMessage",
        "AssetWebhookData",
        "WebhookAsset",
        "TestWebhookMessage",
        "TestWebhookData",
    ] {
        let schema = &document["components"]["schemas"][name];
        assert!(schema["properties"].is_object(), "{name}");
        assert_eq!(schema["additionalProperties"], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn an_endpoint_is_told_what_its_organization_may_know_and_what_it_asked_for() {
    let app = start().await;
    let (ada, bob, receiver) = (app.person("ada").await, app.person("bob").await, Receiver::start().await);
    let (wanted, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    add(&ada, &receiver.url(), &["video.deleted"]).await;
    add(&bob, &receiver.url(), &all_events()).await;
    let (off, _) = add(&ada, &receiver.url(), &all_events()).await;
    ada.patch(&format!("/webhook-endpoints/{off}"), &json!({ "active": false })).await.is(200);
    let shared = app.insert_video(&ada, "Shared").await;
    let private = app.insert_video(&ada, "Private").await;
    ada.patch(&format!("/videos/{private}"), &json!({ "visibility": "private" })).await.is(200);
    ada.patch(&format!("/videos/{private}"), &json!({ "title": "Mine alone" })).await.is(200);
    // A task sees every video of its organization.
    happen(&app, &ada, &Event::VideoChanged { video_id: VideoId(private) }).await;
    ada.patch(&format!("/videos/{shared}"), &json!({ "title": "Ours" })).await.is(200);
    let messages = receiver.received(1).await;
    assert_eq!(messages[0].json()["data"]["video"]["id"], shared.to_string());
    assert_eq!((count(&app, &ada).await, count(&app, &bob).await), (1, 0));
    let told = deliveries(&ada, "").await;
    assert_eq!((told.len(), &told[0]["endpoint_id"]), (1, &json!(wanted)));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn what_waits_is_not_told_any_more_once_its_video_is_private_nor_is_anything_sent_again() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    let video = app.insert_video(&ada, "Merger").await;
    let path = format!("/videos/{video}");
    ada.patch(&path, &json!({ "description": "Told." })).await.is(200);
    let told = delivery_until(&ada, &id, |found| found["status"] == "delivered").await;
    receiver.answers_with(503);
    ada.patch(&path, &json!({ "description": "Not told yet." })).await.is(200);
    receiver.received(2).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !deliveries(&ada, "status=pending").await.iter().any(|found| found["response_status"] == 503) {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ada.patch(&path, &json!({ "visibility": "private" })).await.is(200);
    receiver.answers_with(200);
    let left = deliveries(&ada, "").await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &told["id"]), "{left:#?}");
    let again = format!("/webhook-deliveries/{}/replay", told["id"].as_str().unwrap());
    ada.post(&again, &json!({})).await.refuses(409, "video_private");
    let range = json!({ "from": "2020-01-01T00:00:00Z", "status": "delivered" });
    let replayed = ada.post(&format!("/webhook-endpoints/{id}/replay"), &range).await.is(200).json();
    assert_eq!(replayed["count"], 0, "{replayed:#}");
    // Another is told after all that time, and nothing before it.
    app.clock.advance(chrono::TimeDelta::hours(1));
    let other = app.insert_video(&ada, "Picnic").await;
    ada.patch(&format!("/videos/{other}"), &json!({ "description": "Told." })).await.is(200);
    let messages = receiver.received(3).await;
    assert_eq!(messages[2].json()["data"]["video"]["id"], other.to_string());
    ada.patch(&path, &json!({ "visibility": "organization" })).await.is(200);
    ada.post(&again, &json!({})).await.is(200);
}

#[tokio::test]
async fn nothing_is_told_while_an_organization_is_suspended() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    receiver.answers_with(503);
    let video = app.insert_video(&ada, "Sync").await;
    ada.patch(&format!("/videos/{video}"), &json!({ "description": "Waits." })).await.is(200);
    delivery_until(&ada, &id, |found| found["response_status"] == 503).await;
    receiver.answers_with(200);
    let slug = ada.get("/organization").await.is(200).json()["slug"].as_str().unwrap().to_owned();
    memoreel_identity::suspend_organization(app.db(), &slug).await.unwrap();
    app.clock.advance(chrono::TimeDelta::hours(1));
    // Others are told meanwhile.
    let bob = app.person("bob").await;
    add(&bob, &receiver.url(), &["video.changed"]).await;
    let theirs = app.insert_video(&bob, "Picnic").await;
    bob.patch(&format!("/videos/{theirs}"), &json!({ "description": "Told." })).await.is(200);
    let messages = receiver.received(2).await;
    assert_eq!(messages[1].json()["data"]["video"]["id"], theirs.to_string());
    memoreel_identity::resume_organization(app.db(), &slug).await.unwrap();
    app.clock.advance(chrono::TimeDelta::hours(1));
    let messages = receiver.received(3).await;
    assert_eq!(messages[2].json()["data"]["video"]["id"], video.to_string());
}

#[tokio::test]
async fn an_image_is_told_of_when_it_is_ready_and_when_it_goes() {
    let app = start().await;
    app.work().await;
    let (ada, bob, receiver) = (app.person("ada").await, app.person("bob").await, Receiver::start().await);
    add(&ada, &receiver.url(), &["asset.ready", "asset.failed", "asset.deleted", "asset.restored"]).await;
    add(&bob, &receiver.url(), &all_events()).await;
    let id = ada.upload_image("Harbour.heic", crate::app::sample("still-photo.heic")).await;
    assert_eq!(receiver.received(1).await[0].event(), "asset.ready");
    ada.delete(&format!("/assets/{id}")).await.is(204);
    ada.post(&format!("/assets/{id}/restore"), &json!({})).await.is(200);
    ada.delete(&format!("/assets/{id}?permanently=true")).await.is(204);
    let told: Vec<String> = receiver.received(4).await.iter().map(Message::event).collect();
    let count = |event: &str| told.iter().filter(|one| *one == event).count();
    assert_eq!((count("asset.deleted"), count("asset.restored")), (2, 1), "{told:?}");
    let broken = ada.upload_image("Broken.png", b"no picture".to_vec()).await;
    let messages = receiver.received(5).await;
    let failed = messages.iter().find(|message| message.event() == "asset.failed").unwrap().json();
    assert_eq!(failed["data"]["asset"]["id"], broken);
    assert_eq!(failed["data"]["asset"]["error_code"], "image_unknown");
    assert_eq!(receiver.count(), 5);
}

#[tokio::test]
async fn what_did_not_happen_is_not_told() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    add(&ada, &receiver.url(), &all_events()).await;
    let video_id = VideoId(app.insert_video(&ada, "Sync").await);
    let caller = Caller::service(OrganizationId(ada.organization_id.parse().unwrap()));
    let mut tx = app.db().tenant(&caller).await.unwrap();
    app.app.events.emit(&mut tx, &Event::VideoChanged { video_id }).await.unwrap();
    drop(tx);
    assert_eq!(count(&app, &ada).await, 0);
    happen(&app, &ada, &Event::VideoDeleted { video_id }).await;
    assert_eq!(receiver.received(1).await[0].event(), "video.deleted");
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn what_is_gone_after_its_day_is_told_unless_it_was_in_the_bin_or_private() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    add(&ada, &receiver.url(), &["asset.deleted", "video.deleted"]).await;
    let temporary = async |kind: &str, filename: &str| {
        let about = [("filename", filename), ("kind", kind), ("store", "temporary")];
        let sent = ada
            .tus("POST", "/uploads")
            .header("upload-length", 3)
            .header("upload-metadata", metadata(&about))
            .header("content-type", "application/offset+octet-stream")
            .body("abc");
        let name = if kind == "video" { "memoreel-video-id" } else { "memoreel-asset-id" };
        send(sent).await.is(201).header(name).to_owned()
    };
    let image = temporary("image", "Harbour.png").await;
    let document = temporary("document", "Plan.pdf").await;
    let video = temporary("video", "Talk.wav").await;
    let private = temporary("video", "Mine.wav").await;
    ada.patch(&format!("/videos/{private}"), &json!({ "visibility": "private" })).await.is(200);
    let binned = temporary("image", "Binned.png").await;
    ada.delete(&format!("/assets/{binned}")).await.is(204);
    let kept = ada.upload_image("Kept.png", b"not looked at".to_vec()).await;
    assert_eq!(receiver.received(1).await[0].json()["data"]["asset"]["id"], binned);

    app.clock.advance(chrono::TimeDelta::hours(25));
    app.sweep().await;
    for path in [format!("/assets/{image}"), format!("/assets/{document}"), format!("/assets/{binned}")] {
        ada.get(&path).await.refuses(404, "not_found");
    }
    for id in [&video, &private] {
        ada.get(&format!("/videos/{id}")).await.refuses(404, "not_found");
    }
    ada.get(&format!("/assets/{kept}")).await.is(200);
    let told: BTreeSet<(String, String)> = receiver.received(4).await[1..]
        .iter()
        .map(|message| {
            let data = &message.json()["data"];
            let about = if message.event() == "video.deleted" { &data["video"] } else { &data["asset"] };
            (message.event(), about["id"].as_str().expect("an id").to_owned())
        })
        .collect();
    let deleted = |event: &str, id: &String| (event.to_owned(), id.clone());
    assert_eq!(
        told,
        BTreeSet::from([
            deleted("asset.deleted", &image),
            deleted("asset.deleted", &document),
            deleted("video.deleted", &video),
        ])
    );
    let open: Vec<Uuid> =
        sqlx::query_scalar("SELECT DISTINCT subject_id FROM tasks WHERE status = 'pending'")
            .fetch_all(&mut app.superuser().await)
            .await
            .unwrap();
    let left = |id: &String| open.contains(&id.parse().expect("an id"));
    assert!(![&image, &document, &video, &private].into_iter().any(left), "{open:?}");
    assert!(left(&kept), "{open:?}");
    // Nothing is told twice.
    app.sweep().await;
    assert_eq!(count(&app, &ada).await, 4);
}

#[tokio::test]
async fn what_was_told_of_a_video_goes_with_it_and_everything_after_thirty_days() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    let (id, _) = add(&ada, &receiver.url(), &all_events()).await;
    for title in ["One", "Two"] {
        let video_id = VideoId(app.insert_video(&ada, title).await);
        happen(&app, &ada, &Event::VideoChanged { video_id }).await;
    }
    receiver.received(2).await;
    sqlx::query("DELETE FROM videos WHERE title = 'One'").execute(&mut app.superuser().await).await.unwrap();
    let kept = delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(kept["payload"]["data"]["video"]["title"], "Two");
    app.clock.advance(chrono::TimeDelta::days(30) - chrono::TimeDelta::minutes(1));
    app.sweep().await;
    assert_eq!(count(&app, &ada).await, 1);
    app.clock.advance(chrono::TimeDelta::minutes(2));
    app.sweep().await;
    assert_eq!(count(&app, &ada).await, 0);
}
