//! Requests that are sent again under one key, and what the first of them still does to the second.

use crate::{app::TestApp, client::send, contents::until_waiting};
use chrono::TimeDelta;
use serde_json::json;
use sqlx::Connection;

#[tokio::test]
async fn what_was_taken_for_dead_and_answers_late_leaves_the_key_to_the_one_that_followed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE channels IN EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let post = || {
        let request = ada.request("POST", "/channels").header("idempotency-key", "once");
        send(request.json(&json!({ "name": "Talks" })))
    };
    let first = tokio::spawn(post());
    until_waiting(&app, 1).await;
    // Several statements may take that long.
    app.clock.advance(TimeDelta::minutes(5));
    post().await.refuses(409, "idempotency_key_in_use");
    app.clock.advance(TimeDelta::minutes(11));
    let second = tokio::spawn(post());
    until_waiting(&app, 2).await;
    holding.commit().await.unwrap();
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_ne!(first.status, second.status, "one of them made the channel");
    let again = post().await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &second.body));
}

#[tokio::test]
async fn a_key_belongs_to_all_of_an_address() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let post = |path: &str| {
        send(ada.request("POST", path).header("idempotency-key", "once").json(&json!({ "name": "Talks" })))
    };
    post("/channels?part=1").await.is(201);
    post("/channels?part=2").await.refuses(422, "idempotency_key_reused");
    assert_eq!(post("/channels?part=1").await.is(201).header("idempotency-replayed"), "true");
}
