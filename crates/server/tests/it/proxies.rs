//! Behind a proxy, people are told apart by their own addresses.

use crate::{
    app::{Options, TestApp},
    client::{Client, PASSWORD, send},
};
use chrono::TimeDelta;
use serde_json::json;

/// The address that a sign-in through this header is kept with.
async fn seen_as(app: &TestApp, client: &Client, forwarded_for: &str) -> String {
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    app.clock.advance(TimeDelta::seconds(1));
    send(client.request("POST", "/sessions").header("x-forwarded-for", forwarded_for).json(&credentials))
        .await
        .is(201);
    let mut superuser = app.superuser().await;
    sqlx::query_scalar("SELECT address FROM sessions ORDER BY created_at DESC LIMIT 1")
        .fetch_one(&mut superuser)
        .await
        .unwrap()
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_asks() {
    let app = TestApp::start().await;
    app.person("ada").await;
    assert_eq!(seen_as(&app, &app.visitor(), "203.0.113.5").await, "127.0.0.1");

    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = app.restart_with(|options| options.trusted_proxies = trusted_proxies).await;
    assert_eq!(seen_as(&app, &app.visitor(), "203.0.113.5").await, "203.0.113.5");
    assert_eq!(seen_as(&app, &app.visitor(), "198.51.100.1, 203.0.113.6").await, "203.0.113.6");
}

#[tokio::test]
async fn behind_a_proxy_one_visitor_does_not_use_up_the_tries_of_another() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(Options { rate_limit_factor: 1, trusted_proxies, ..Options::default() }).await;
    let tried = async |forwarded_for: &str, number: usize| {
        let credentials = json!({ "email": format!("nobody{number}@example.com"), "password": PASSWORD });
        let request = app.visitor().request("POST", "/sessions").header("x-forwarded-for", forwarded_for);
        send(request.json(&credentials)).await.status
    };
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(tried("203.0.113.5", number).await);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(tried("203.0.113.6", 99).await, 401);
    // Of IPv6 a visitor has a whole network.
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(tried(&format!("2001:db8::{number:x}"), number).await);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(tried("2001:db8:0:1::1", 99).await, 401);
}
