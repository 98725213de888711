//! Requests that are sent again under one key, and what the first of them still does to the second.

use crate::{app::TestApp, client::send, contents::until_waiting};
use axum::{Extension, Router, middleware::from_fn_with_state, routing};
use chrono::TimeDelta;
use memoreel_kernel::{Actor, Caller, OrganizationId, Role, SessionId, UserId};
use memoreel_web::idempotency;
use serde_json::json;
use sqlx::Connection;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

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

#[tokio::test]
async fn a_request_at_which_the_server_broke_leaves_its_key_to_the_next_one() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let caller = Caller {
        organization_id: OrganizationId(ada.organization_id.parse().unwrap()),
        user_id: Some(UserId(ada.user_id.parse().unwrap())),
        role: Some(Role::Owner),
        actor: Actor::Session(SessionId(Uuid::nil())),
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let breaks_first = move || {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(number > 0, "the first one breaks it");
            "done"
        }
    };
    let routes = Router::new()
        .route("/", routing::post(breaks_first))
        .layer(from_fn_with_state(app.app.clone(), idempotency))
        .layer(Extension(caller))
        .layer(CatchPanicLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let client = reqwest::Client::builder().build().unwrap();
    let post = || client.post(&address).header("idempotency-key", "once").send();
    assert_eq!(post().await.unwrap().status().as_u16(), 500);
    let second = post().await.unwrap();
    assert_eq!((second.status().as_u16(), second.headers().get("idempotency-replayed")), (200, None));
    let third = post().await.unwrap();
    assert_eq!(third.headers()["idempotency-replayed"], "true");
    assert_eq!(third.text().await.unwrap(), "done");
}
