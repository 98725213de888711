//! What a bearer key is good for, and what not.

use crate::harness::{Browser, PASSWORD, Server};
use chrono::TimeDelta;
use memoreel_identity::{NewApiKey, NewUser, create_api_key, create_user, personal_caller};
use serde_json::{Value, json};

async fn key(browser: &mut Browser<'_>, name: &str) -> Value {
    let answer = browser.post("/api-keys", &json!({"name": name})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

fn program<'a>(server: &'a Server, key: &Value) -> Browser<'a> {
    let mut program = server.browser();
    program.set("authorization", &format!("Bearer {}", key["secret"].as_str().unwrap()));
    program
}

#[tokio::test]
async fn a_key_acts_for_its_person_until_it_is_revoked() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let made = key(&mut ada, "Nightly").await;
    let (secret, prefix) = (made["secret"].as_str().unwrap(), made["prefix"].as_str().unwrap());
    assert!(secret.starts_with(prefix) && prefix.starts_with("mrl_"));
    let mut program = program(&server, &made);
    assert_eq!(program.get("/me").await.body, ada.get("/me").await.body);
    let list = ada.get("/api-keys").await.body;
    assert_eq!(list["items"][0]["name"], "Nightly");
    assert_eq!(list["items"][0]["prefix"], prefix);
    assert!(!list.to_string().contains(secret));
    let path = format!("/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.delete(&path).await.status, 204);
    let answer = program.get("/me").await;
    answer.is(401, "api_key_wrong");
    assert_eq!(answer.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    ada.delete(&path).await.is(404, "not_found");
}

#[tokio::test]
async fn the_last_use_is_noted_to_the_minute() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let made = key(&mut ada, "Nightly").await;
    let mut program = program(&server, &made);
    let mut seen = Vec::new();
    for wait in [0, 59, 1] {
        server.advance(TimeDelta::seconds(wait));
        program.get("/me").await;
        seen.push(ada.get("/api-keys").await.body["items"][0]["last_used_at"].clone());
    }
    assert_eq!(seen, ["2026-03-01T12:00:01Z", "2026-03-01T12:00:01Z", "2026-03-01T12:01:01Z"]);
}

#[tokio::test]
async fn a_key_can_neither_make_keys_nor_touch_sessions() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let made = key(&mut ada, "Nightly").await;
    let session = ada.get("/sessions").await.body["items"][0]["id"].as_str().unwrap().to_owned();
    let mut program = program(&server, &made);
    program.post("/api-keys", &json!({"name": "Another"})).await.is(403, "session_required");
    program.delete(&format!("/api-keys/{}", made["id"].as_str().unwrap())).await.is(403, "session_required");
    program.get("/sessions").await.is(403, "session_required");
    program.delete(&format!("/sessions/{session}")).await.is(403, "session_required");
    program.delete("/sessions/current").await.is(401, "unauthenticated");
    assert_eq!(program.get("/api-keys").await.status, 200);
}

#[tokio::test]
async fn keys_are_their_owners_alone() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let mut eve = server.person("eve@example.com", "Eve").await;
    let made = key(&mut ada, "Nightly").await;
    assert_eq!(eve.get("/api-keys").await.body, json!({"items": [], "next_cursor": null}));
    eve.delete(&format!("/api-keys/{}", made["id"].as_str().unwrap())).await.is(404, "not_found");
    for (method, path) in [("GET", "/api-keys"), ("POST", "/api-keys"), ("DELETE", "/api-keys/x")] {
        let body = (method == "POST").then(|| json!({"name": "x"}));
        server.browser().send(method, path, body.as_ref()).await.is(401, "unauthenticated");
    }
    assert_eq!(program(&server, &made).get("/me").await.status, 200);
}

#[tokio::test]
async fn a_key_opens_its_own_organization_only() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let mut eve = server.person("eve@example.com", "Eve").await;
    let made = key(&mut ada, "Nightly").await;
    let mut program = program(&server, &made);
    let id = |me: Value| me["organization"]["id"].as_str().unwrap().to_owned();
    let (own, other) = (id(ada.get("/me").await.body), id(eve.get("/me").await.body));
    program.set("memoreel-organization", &other).get("/me").await.is(404, "not_found");
    assert_eq!(program.set("memoreel-organization", &own).get("/me").await.status, 200);
}

#[tokio::test]
async fn keys_are_listed_page_by_page_newest_first() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    for name in ["one", "two", "three"] {
        key(&mut ada, name).await;
        server.advance(TimeDelta::seconds(1));
    }
    let first = ada.get("/api-keys?limit=2").await.body;
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first), ["three", "two"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/api-keys?limit=2&cursor={cursor}")).await.body;
    assert_eq!((names(&second), second["next_cursor"].is_null()), (vec!["one".to_owned()], true));
    ada.get("/api-keys?limit=0").await.is(422, "limit_invalid");
    ada.post("/api-keys", &json!({"name": " "})).await.is(422, "name_invalid");
}

#[tokio::test]
async fn a_hundred_keys_are_enough() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    for number in 0..memoreel_identity::API_KEYS_PER_USER_MAX {
        key(&mut ada, &number.to_string()).await;
    }
    ada.post("/api-keys", &json!({"name": "one more"})).await.is(409, "api_keys_full");
}

#[tokio::test]
async fn the_command_line_makes_keys_that_work() {
    let server = Server::start().await;
    let new = NewUser { email: "ada@example.com".into(), name: "Ada".into(), password: PASSWORD.into() };
    let user = create_user(&server.app.db, &server.clock, None, new).await.unwrap();
    let caller = personal_caller(&server.app.db, user.id).await.unwrap().unwrap();
    let new = NewApiKey { name: "Demo".into(), role: None, expires_at: None };
    let made = create_api_key(&server.app.db, &server.clock, &caller, new).await.unwrap();
    let mut program = program(&server, &json!({"secret": made.secret}));
    assert_eq!(program.get("/me").await.body["user"]["id"], json!(user.id));
}
