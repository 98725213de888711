//! Managing endpoints, their secrets and what they were told.

use super::{add, all_events, deliveries, delivery_until, endpoint, happen, start, takes_ours_alone, verify};
use crate::{app::TestApp, client::send, receiver::Receiver};
use chrono::{SecondsFormat, TimeDelta};
use memoreel_kernel::{Event, VideoId};
use memoreel_webhooks::TestMessage;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Stdio, time::Duration};

#[tokio::test]
async fn endpoints_are_added_listed_changed_and_deleted() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let new = json!({
        "url": " https://EXAMPLE.com/hook?a=b ", "description": "Our mirror",
        "events": ["video.failed", "video.added", "video.failed"],
    });
    let issued = ada.post("/webhook-endpoints", &new).await.is(201).json();
    let added = &issued["endpoint"];
    assert!(issued["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!((&added["url"], &added["active"]), (&json!("https://example.com/hook?a=b"), &json!(true)));
    assert_eq!(added["events"], json!(["video.added", "video.failed"]));
    let id = added["id"].as_str().unwrap();
    let path = format!("/webhook-endpoints/{id}");
    assert_eq!(&endpoint(&ada, id).await, added);
    let changed =
        ada.patch(&path, &json!({ "description": null, "events": ["video.deleted"] })).await.is(200).json();
    assert_eq!((&changed["description"], &changed["events"]), (&Value::Null, &json!(["video.deleted"])));
    assert_eq!(changed["url"], added["url"]);
    for (body, code) in [
        (json!({ "events": [] }), "events_empty"),
        (json!({ "events": ["video.exploded"] }), "body_invalid"),
        (json!({ "events": ["webhook.test"] }), "body_invalid"),
        (json!({ "description": "x".repeat(501) }), "length_invalid"),
        (json!({ "description": "a\u{0}b" }), "length_invalid"),
        (json!({ "secret": "whsec_mine" }), "body_invalid"),
    ] {
        ada.patch(&path, &body).await.refuses(422, code);
    }
    let refused = ada.patch(&path, &json!({ "events": ["video.added", "video.exploded"] })).await.json();
    assert_eq!(refused["errors"][0]["field"], "events.1");
    assert!(refused["detail"].as_str().unwrap().starts_with("`events.1`: "), "{refused}");
    // A page at a time, newest first.
    for number in 0..3 {
        app.clock.advance(TimeDelta::seconds(1));
        add(&ada, &format!("https://example.com/{number}"), &["video.added"]).await;
    }
    let first = ada.get("/webhook-endpoints?limit=3").await.is(200).json();
    let next = first["next_cursor"].as_str().unwrap();
    let rest = ada.get(&format!("/webhook-endpoints?limit=3&cursor={next}")).await.is(200).json();
    let urls: Vec<&str> = [&first, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|item| item["url"].as_str().unwrap())
        .collect();
    assert_eq!(
        urls,
        [
            "https://example.com/2",
            "https://example.com/1",
            "https://example.com/0",
            "https://example.com/hook?a=b"
        ]
    );
    ada.delete(&path).await.is(204);
    ada.get(&path).await.is(404);
    ada.delete(&path).await.is(404);
}

#[tokio::test]
async fn an_organization_has_no_more_endpoints_than_it_may_have_however_they_come() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let new = json!({ "url": "https://example.com/hook", "events": ["video.added"] });
    let many = (0..60).map(|_| ada.post("/webhook-endpoints", &new));
    let answers = futures::future::join_all(many).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 50);
    let full = answers.into_iter().find(|answer| answer.status != 201).unwrap();
    full.refuses(409, "webhook_endpoints_full");
}

#[tokio::test]
async fn while_a_secret_is_being_replaced_both_sign_and_afterwards_the_new_one_alone() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    let (id, first) = add(&ada, &receiver.url(), &all_events()).await;
    let path = format!("/webhook-endpoints/{id}");
    let rotated = ada.post(&format!("{path}/secrets"), &json!({ "overlap_hours": 1 })).await.is(201);
    assert_eq!(rotated.header("cache-control"), "no-store");
    let rotated = rotated.json();
    let second = rotated["secret"].as_str().unwrap().to_owned();
    let until = (app.now() + TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Micros, true);
    assert_eq!(rotated["endpoint"]["former_secrets_until"], until);
    ada.post(&format!("{path}/test"), &json!({})).await.is(201);
    let both = receiver.received(1).await.remove(0);
    assert!(verify(&first, &both) && verify(&second, &both));
    assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
    let told: TestMessage = serde_json::from_slice(&both.body).expect("it has the form that is described");
    assert_eq!(told.data.endpoint_id.to_string(), id);

    // Without an overlap, the former ones end at once.
    let third = ada.post(&format!("{path}/secrets"), &json!({ "overlap_hours": 0 })).await.is(201).json();
    assert_eq!(third["endpoint"]["former_secrets_until"], Value::Null);
    ada.post(&format!("{path}/test"), &json!({})).await.is(201);
    let alone = receiver.received(2).await.remove(1);
    assert!(
        verify(third["secret"].as_str().unwrap(), &alone)
            && !verify(&first, &alone)
            && !verify(&second, &alone)
    );
    ada.post(&format!("{path}/secrets"), &json!({ "overlap_hours": 169 }))
        .await
        .refuses(422, "overlap_invalid");
    // However often it is replaced, a message does not grow without end.
    for _ in 0..8 {
        ada.post(&format!("{path}/secrets"), &json!({})).await.is(201);
    }
    ada.post(&format!("{path}/test"), &json!({})).await.is(201);
    let many = receiver.received(3).await.remove(2);
    assert_eq!(many.header("webhook-signature").split(' ').count(), 5);
    // Nobody is shown one again, and none lies in the database as it is.
    for path in [path.as_str(), "/webhook-endpoints", "/audit-log"] {
        let text = ada.get(path).await.is(200).text();
        assert!(!text.contains("whsec_") && !text.contains(&second[6..]), "{text}");
    }
    let key = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &first[6..]).unwrap();
    let plain: i64 =
        sqlx::query_scalar("SELECT count(*) FROM webhook_secrets WHERE position($1 IN secret) > 0")
            .bind(key)
            .fetch_one(&mut app.superuser().await)
            .await
            .unwrap();
    assert_eq!(plain, 0);
    app.clock.advance(TimeDelta::days(1));
    app.sweep().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook_secrets")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn deliveries_are_narrowed_down_paged_and_sent_again_by_range() {
    let app = start().await;
    let (ada, receiver) = (app.person("ada").await, Receiver::start().await);
    receiver.answers_with(410);
    let (id, _) = add(&ada, &receiver.url(), &["video.changed"]).await;
    let (other, _) = add(&ada, &receiver.url(), &["video.deleted"]).await;
    let video_id = VideoId(app.insert_video(&ada, "Sync").await);
    let begin = app.now();
    // Each is gone at once, so that it is switched on again for the next.
    for _ in 0..4 {
        happen(&app, &ada, &Event::VideoChanged { video_id }).await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while endpoint(&ada, &id).await["active"] == true {
            assert!(tokio::time::Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ada.patch(&format!("/webhook-endpoints/{id}"), &json!({ "active": true })).await.is(200);
        app.clock.advance(TimeDelta::minutes(1));
    }
    receiver.answers_with(200);
    happen(&app, &ada, &Event::VideoDeleted { video_id }).await;
    receiver.received(5).await;
    delivery_until(&ada, &other, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(deliveries(&ada, &format!("endpoint_id={id}")).await.len(), 4);
    assert_eq!(deliveries(&ada, "status=delivered").await.len(), 1);
    assert_eq!(deliveries(&ada, "event=video.deleted").await.len(), 1);
    let at =
        |minutes: i64| (begin + TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Micros, true);
    assert_eq!(deliveries(&ada, &format!("from={}&to={}", at(1), at(3))).await.len(), 2);
    let within = format!("/webhook-deliveries?limit=1&from={}&to={}", at(1), at(3));
    let newer = ada.get(&within).await.is(200).json();
    let older = format!("{within}&cursor={}", newer["next_cursor"].as_str().unwrap());
    let older = ada.get(&older).await.is(200).json();
    assert_ne!(older["items"][0]["id"], newer["items"][0]["id"]);
    assert_eq!((older["items"].as_array().unwrap().len(), &older["next_cursor"]), (1, &Value::Null));
    let first = ada.get("/webhook-deliveries?limit=3").await.is(200).json();
    let next = first["next_cursor"].as_str().unwrap();
    let rest = ada.get(&format!("/webhook-deliveries?limit=3&cursor={next}")).await.is(200).json();
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (3, 2));
    ada.get("/webhook-deliveries?status=lost").await.refuses(422, "parameters_invalid");

    let path = format!("/webhook-endpoints/{id}/replay");
    ada.post(&path, &json!({ "from": at(3), "to": at(3) })).await.refuses(422, "period_invalid");
    let none = ada.post(&path, &json!({ "from": at(0), "status": "delivered" })).await.is(200).json();
    assert_eq!(none["count"], 0);
    let some = ada.post(&path, &json!({ "from": at(1), "to": at(3) })).await.is(200).json();
    assert_eq!(some["count"], 2);
    let messages = receiver.received(7).await;
    // Under the names they had.
    assert!(messages[5..].iter().all(|again| messages[..4].iter().any(|before| before.id() == again.id())));
}

#[tokio::test]
async fn what_is_too_much_to_be_sent_again_at_once_is_sent_again_from_where_that_ended() {
    // Nothing is sent here.
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (id, _) = add(&ada, "https://example.com/hook", &all_events()).await;
    sqlx::query(
        "INSERT INTO webhook_deliveries (organization_id, endpoint_id, event, payload, status, created_at, finished_at)
         SELECT $1::uuid, $2::uuid, 'video.added', '{}', 'delivered', $3 + number * interval '1 second', $3
         FROM generate_series(1, 10003) AS number",
    )
    .bind(&ada.organization_id)
    .bind(&id)
    .bind(app.now())
    .execute(&mut app.superuser().await)
    .await
    .unwrap();
    for (status, finished_at) in [("delivered", Some(app.now())), ("pending", None)] {
        let (mut counts, mut from) = (Vec::new(), json!(app.now()));
        while !from.is_null() {
            // As they stand once those of the answer before were sent.
            sqlx::query("UPDATE webhook_deliveries SET status = $1, finished_at = $2")
                .bind(status)
                .bind(finished_at)
                .execute(&mut app.superuser().await)
                .await
                .unwrap();
            let wanted = json!({ "from": from, "status": status });
            let again = ada.post(&format!("/webhook-endpoints/{id}/replay"), &wanted).await.is(200).json();
            counts.push(again["count"].as_i64().unwrap());
            from = again["next_from"].clone();
        }
        assert_eq!(counts, [10_000, 3], "{status}");
    }
}

#[tokio::test]
async fn what_waits_ends_when_its_endpoint_is_switched_off_and_goes_when_it_is_deleted() {
    // Nothing is sent here.
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (id, _) = add(&ada, "https://example.com/hook", &all_events()).await;
    let video_id = VideoId(app.insert_video(&ada, "Sync").await);
    happen(&app, &ada, &Event::VideoChanged { video_id }).await;
    delivery_until(&ada, &id, |delivery| delivery["status"] == "pending").await;
    let path = format!("/webhook-endpoints/{id}");
    ada.patch(&path, &json!({ "active": false })).await.is(200);
    let ended = delivery_until(&ada, &id, |delivery| delivery["status"] == "failed").await;
    assert_eq!((&ended["error_code"], &ended["attempts"]), (&json!("endpoint_inactive"), &json!(0)));
    let again = format!("/webhook-deliveries/{}/replay", ended["id"].as_str().unwrap());
    ada.post(&again, &json!({})).await.refuses(409, "webhook_endpoint_inactive");
    // So does what was on its way then, and came back because who sent it was killed; what still is ends by itself.
    for (lease, status) in [("gen_random_uuid()", "pending"), ("NULL", "failed")] {
        let came_back = format!(
            "UPDATE webhook_deliveries SET status = 'pending', finished_at = NULL, error_code = NULL, lease = {lease},
                 next_attempt_at = $1"
        );
        sqlx::query(sqlx::AssertSqlSafe(came_back))
            .bind(app.now() + chrono::TimeDelta::minutes(1))
            .execute(&mut app.superuser().await)
            .await
            .unwrap();
        app.sweep().await;
        delivery_until(&ada, &id, |delivery| delivery["status"] == status).await;
    }
    let ended = delivery_until(&ada, &id, |delivery| delivery["status"] == "failed").await;
    assert_eq!(ended["error_code"], "endpoint_inactive");
    ada.patch(&path, &json!({ "active": true })).await.is(200);
    ada.post(&again, &json!({})).await.is(200);
    delivery_until(&ada, &id, |delivery| delivery["status"] == "pending").await;
    ada.delete(&path).await.is(204);
    assert_eq!(deliveries(&ada, "").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_key_manages_webhooks_as_its_owner_may() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let member = app.colleague(&ada, "member", "member").await;
    let refused = member.ask(&ada.organization_id, "GET", "/webhook-endpoints", Value::Null).await;
    refused.refuses(403, "forbidden");
    let key = ada.post("/api-keys", &json!({ "name": "Deploy" })).await.is(201).json();
    let new = json!({ "url": "https://example.com/hook", "events": ["video.added"] });
    let by_key =
        app.visitor().request("POST", "/webhook-endpoints").bearer_auth(key["secret"].as_str().unwrap());
    send(by_key.json(&new)).await.is(201);
}

/// The code of docs/webhooks.md, as somebody copies it.
fn documented(language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/webhooks.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, code) = page.split_once(&format!("```{language}\n")).expect("the page has an example");
    code.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_receiver_of_the_documentation_takes_what_is_ours_and_nothing_else() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let app = start().await;
    let ada = app.person("ada").await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/hook");
    let (id, secret) = add(&ada, &url, &all_events()).await;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("receiver.mjs");
    fs::write(&program, documented("js")).unwrap();
    let mut node = tokio::process::Command::new("node")
        .arg(&program)
        .env("WEBHOOK_SECRET", &secret)
        .env("PORT", port.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("listening"));
    let video = app.insert_video(&ada, "Wöchentlich").await;
    happen(&app, &ada, &Event::VideoSettled { video_id: VideoId(video) }).await;
    let said = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap();
    assert_eq!(said.as_deref(), Some(format!("video.completed {video} Wöchentlich").as_str()));
    let taken = delivery_until(&ada, &id, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(taken["response_status"], 204);
    takes_ours_alone(&app, &ada, &id, &url).await;
}
