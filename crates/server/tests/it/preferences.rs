//! What people choose for themselves, the devices they sign out, and keys that do less than they may.

use crate::{
    app::TestApp,
    client::{Answer, Client, send},
};
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn preferences_are_kept_field_by_field() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let default = json!({
        "time_zone": null, "locale": null, "theme": "system", "notify_in_app": true, "notify_by_email": "instant",
        "marketing_consent": false, "tos_accepted_at": null,
    });
    assert_eq!(ada.get("/me/preferences").await.is(200).json(), default);
    let chosen = json!({
        "time_zone": "Europe/Berlin", "locale": "de-AT", "theme": "dark", "notify_in_app": false,
        "notify_by_email": "weekly",
    });
    let kept = ada.patch("/me/preferences", &chosen).await.is(200).json();
    for (field, value) in chosen.as_object().unwrap() {
        assert_eq!(&kept[field], value, "{field}");
    }
    assert_eq!(ada.get("/me/preferences").await.json(), kept);
    let changed = ada.patch("/me/preferences", &json!({ "locale": null })).await.is(200).json();
    let mut expected = kept.clone();
    expected["locale"] = Value::Null;
    assert_eq!(changed, expected);
    assert_eq!(ada.patch("/me/preferences", &json!({})).await.is(200).json(), expected);
    assert_eq!(eve.get("/me/preferences").await.json(), default);
}

#[tokio::test]
async fn what_cannot_be_chosen_is_refused_and_nothing_kept() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let before = ada.get("/me/preferences").await.json();
    for (field, value, code) in [
        ("time_zone", json!("Atlantis/Capital"), "time_zone_unknown"),
        ("time_zone", json!("a\0b"), "time_zone_unknown"),
        ("locale", json!("deutsch"), "locale_invalid"),
        ("theme", json!("sepia"), "body_invalid"),
        ("notify_by_email", json!("hourly"), "body_invalid"),
        // What is agreed to has a door of its own.
        ("tos_accepted_at", json!("2026-01-01T00:00:00Z"), "body_invalid"),
        ("marketing_consent", json!(true), "body_invalid"),
        ("accept_tos", json!(true), "body_invalid"),
    ] {
        let mut body = json!({ "notify_in_app": false });
        body[field] = value;
        ada.patch("/me/preferences", &body).await.refuses(422, code);
    }
    assert_eq!(ada.get("/me/preferences").await.json(), before);
    app.visitor().get("/me/preferences").await.refuses(401, "unauthenticated");
    app.visitor().patch("/me/preferences", &json!({})).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn every_other_device_can_be_signed_out_at_once() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let (phone, laptop) = (app.signed_in(&ada).await, app.signed_in(&ada).await);
    phone.delete("/sessions").await.is(204);
    phone.get("/me").await.is(200);
    eve.get("/me").await.is(200);
    for other in [&ada, &laptop] {
        other.get("/me").await.refuses(401, "unauthenticated");
    }
    phone.delete("/sessions").await.is(204);
    assert_eq!(phone.get("/sessions").await.json()["items"].as_array().unwrap().len(), 1);
    app.visitor().delete("/sessions").await.refuses(401, "unauthenticated");
}

async fn with_key(app: &TestApp, key: &Value, method: &str, path: &str) -> Answer {
    let request = app.visitor().request(method, path).bearer_auth(key["secret"].as_str().unwrap());
    send(request.json(&json!({ "name": "Made by a key" }))).await
}

async fn new_key(client: &Client, body: Value) -> Value {
    client.post("/api-keys", &body).await.is(201).json()
}

#[tokio::test]
async fn a_key_does_the_lesser_of_its_own_role_and_its_persons() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let reader = new_key(&ada, json!({ "name": "Reader", "role": "viewer" })).await;
    let plain = new_key(&ada, json!({ "name": "Plain" })).await;
    assert_eq!((&reader["role"], &plain["role"]), (&json!("viewer"), &Value::Null));
    with_key(&app, &reader, "GET", "/channels").await.is(200);
    with_key(&app, &reader, "POST", "/channels").await.refuses(403, "forbidden");
    assert_eq!(with_key(&app, &reader, "GET", "/me").await.json()["organization"]["role"], "viewer");
    with_key(&app, &plain, "POST", "/channels").await.is(201);

    // A member's keys end up as viewers' when their person does.
    let bob = app.colleague(&ada, "bob", "member").await;
    let here = bob.request("POST", "/api-keys").header("memoreel-organization", &ada.organization_id);
    let too_high = here.try_clone().unwrap().json(&json!({ "name": "Boss", "role": "admin" }));
    send(too_high).await.refuses(422, "role_too_high");
    let writer = send(here.json(&json!({ "name": "Writer", "role": "member" }))).await.is(201).json();
    with_key(&app, &writer, "GET", "/channels").await.is(200);
    sqlx::query("UPDATE memberships SET role = 'viewer' WHERE user_id = $1::text::uuid AND role = 'member'")
        .bind(&bob.user_id)
        .execute(&mut app.superuser().await)
        .await
        .unwrap();
    with_key(&app, &writer, "GET", "/channels").await.is(200);
    with_key(&app, &writer, "POST", "/channels").await.refuses(403, "forbidden");
    let listed = ada.get("/api-keys").await.is(200).json();
    let shown = listed["items"].as_array().unwrap().iter().find(|key| key["name"] == "Reader").unwrap();
    assert_eq!(shown["role"], "viewer", "{listed:#}");
}

#[tokio::test]
async fn a_key_changes_nothing_of_its_person_and_takes_them_out_of_no_organization() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bob = app.colleague(&ada, "bob", "member").await;
    let here = bob.request("POST", "/api-keys").header("memoreel-organization", &ada.organization_id);
    let key = send(here.json(&json!({ "name": "Reader", "role": "viewer" }))).await.is(201).json();
    let secret = key["secret"].as_str().unwrap();
    let agreed = json!({ "document": "terms", "version": "1", "is_given": true });
    for (method, path, body) in [
        ("PATCH", "/me".to_owned(), json!({ "name": "Mallory" })),
        ("PATCH", "/me/preferences".to_owned(), json!({ "theme": "dark" })),
        ("POST", "/me/consents".to_owned(), agreed),
        ("DELETE", format!("/members/{}", bob.user_id), json!({})),
    ] {
        let request = app.visitor().request(method, &path).bearer_auth(secret).json(&body);
        send(request).await.refuses(403, "session_required");
    }
    assert_eq!(bob.get("/me").await.is(200).json()["user"]["name"], "bob");
    let leaves = bob.request("DELETE", &format!("/members/{}", bob.user_id));
    send(leaves.header("memoreel-organization", &ada.organization_id)).await.is(204);
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for past in ["2026-03-01T12:00:00Z", "2020-01-01T00:00:00+02:00"] {
        let body = json!({ "name": "Late", "expires_at": past });
        ada.post("/api-keys", &body).await.refuses(422, "expiry_past");
    }
    let key = new_key(&ada, json!({ "name": "Short", "expires_at": "2026-03-01T13:00:00Z" })).await;
    assert_eq!(key["expires_at"], "2026-03-01T13:00:00Z");
    with_key(&app, &key, "GET", "/me").await.is(200);
    app.clock.advance(TimeDelta::minutes(59));
    with_key(&app, &key, "GET", "/me").await.is(200);
    app.clock.advance(TimeDelta::minutes(1));
    with_key(&app, &key, "GET", "/me").await.refuses(401, "api_key_wrong");
    let listed = ada.get("/api-keys").await.is(200).json();
    assert_eq!(listed["items"][0]["expires_at"], "2026-03-01T13:00:00Z");
}
