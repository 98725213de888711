//! The real program, killed while it sends: nothing is lost, and what is sent twice has one name.

use crate::{
    client::{Client, PASSWORD},
    process::{Installation, wait_until},
    receiver::Receiver,
};
use axum::response::IntoResponse;
use reqwest::StatusCode;
use serde_json::json;
use standardwebhooks::Webhook;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;

const EVENTS: usize = 3_000;
const KILLS: usize = 4;

#[tokio::test]
async fn killed_while_it_sends_it_loses_nothing_and_doubles_nothing_under_another_name() {
    let installation = Installation::new();
    installation.set("MEMOREEL_OUTBOUND_NETWORKS", Some("127.0.0.1/32"));
    installation.set("MEMOREEL_OUTBOUND_PLAIN_HTTP", Some("true"));
    let mut server = installation.start().await;
    let ada = Client::new(&installation.url());
    let account = json!({ "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    let me = ada.post("/users", &account).await.is(201).json();
    let organization_id: Uuid = me["organization"]["id"].as_str().unwrap().parse().unwrap();
    let receiver = Receiver::start().await;
    // Now and then it does not take one, but none twice: that would be sent again after five minutes only.
    let received = receiver.clone();
    receiver.answers(move |number| {
        if number.is_multiple_of(97) && !received.is_repeated(number) {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        std::thread::sleep(Duration::from_millis(2));
        StatusCode::NO_CONTENT.into_response()
    });
    let new = json!({ "url": receiver.url(), "events": ["video.changed"] });
    let issued = ada.post("/webhook-endpoints", &new).await.is(201).json();
    let mut database = installation.database().await;
    let video_id: Uuid = sqlx::query_scalar(
        "INSERT INTO videos (organization_id, title, status) VALUES ($1, 'Sync', 'completed') RETURNING id",
    )
    .bind(organization_id)
    .fetch_one(&mut database)
    .await
    .unwrap();
    let mut killed = 0;
    for batch in 0..=KILLS {
        // As a busy organization would, in few transactions.
        sqlx::query(
            "INSERT INTO outbox (organization_id, kind, aggregate_id, payload)
             SELECT $1, 'video_changed', $2, '{}' FROM generate_series(1, $3)",
        )
        .bind(organization_id)
        .bind(video_id)
        .bind(i32::try_from(EVENTS / (KILLS + 1)).unwrap())
        .execute(&mut database)
        .await
        .unwrap();
        sqlx::query("SELECT pg_notify('memoreel_webhooks', '')").execute(&mut database).await.unwrap();
        if batch < KILLS {
            let before = receiver.count();
            wait_until("some were sent", async || receiver.count() >= before + 50).await;
            drop(database);
            server.kill9();
            server = installation.start().await;
            database = installation.database().await;
            killed += 1;
        }
    }
    assert_eq!(killed, KILLS);
    wait_until("everything was delivered", async || {
        let open: i64 =
            sqlx::query_scalar("SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'")
                .fetch_one(&mut database)
                .await
                .unwrap();
        open == 0
    })
    .await;
    let told: BTreeSet<String> = sqlx::query_scalar("SELECT id::text FROM webhook_deliveries")
        .fetch_all(&mut database)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(told.len(), EVENTS);
    let webhook = Webhook::new(issued["secret"].as_str().unwrap()).unwrap();
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let messages = receiver.messages();
    for message in &messages {
        webhook.verify(&message.body, &message.headers).unwrap();
        let body = bodies.entry(message.id().to_owned()).or_insert_with(|| message.body.to_vec());
        assert_eq!(body, &message.body, "one name, two messages");
    }
    assert_eq!(bodies.into_keys().collect::<BTreeSet<_>>(), told);
    // What was on its way at each kill, and what was not taken, came twice; nothing else did.
    let doubled = messages.len() - EVENTS;
    println!("{doubled} of {EVENTS} were sent twice");
    assert!(doubled <= KILLS * 600 + EVENTS / 90 + 10, "{doubled}");
    drop(database);
    server.stop().await;
}
