//! Passkeys, from their making to their end, with a device in software.

use crate::{
    app::{Options, TestApp},
    authenticator::{Authenticator, encode, is_refused},
    client::{PASSWORD, Person, send},
    second_factor,
};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn list(person: &Person) -> Vec<Value> {
    person.get("/passkeys").await.is(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_passkey_signs_in_without_address_password_or_code() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    second_factor::enable(&app, &ada).await;
    assert_eq!(list(&ada).await, [] as [Value; 0]);

    let begun = ada.post("/passkeys/begin", &json!({})).await.is(201);
    assert_eq!(begun.header("cache-control"), "no-store");
    let begun = begun.json();
    let options = &begun["options"];
    assert_eq!(options["rp"]["id"], "memoreel.example");
    assert_eq!(options["user"]["name"], "ada@example.com");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    let mut device = Authenticator { is_backed_up: true, ..Authenticator::new() };
    let credential = device.create(options);
    let body = json!({ "ceremony": begun["ceremony"], "name": " Laptop ", "credential": credential });
    let made = ada.post("/passkeys", &body).await.is(201).json();
    assert_eq!((&made["name"], &made["backed_up"]), (&json!("Laptop"), &json!(true)));
    assert_eq!(made["last_used_at"], Value::Null);

    app.clock.advance(TimeDelta::hours(1));
    let browser = app.visitor();
    let begun = browser.post("/sessions/passkey/begin", &json!({})).await.is(201);
    assert_eq!(begun.header("cache-control"), "no-store");
    let begun = begun.json();
    assert_eq!(begun["options"]["allowCredentials"], json!([]));
    let answer = json!({ "ceremony": begun["ceremony"], "credential": device.get(&begun["options"]) });
    let me = browser.post("/sessions/passkey", &answer).await.is(201).json();
    assert_eq!(me["user"]["id"], json!(ada.user_id));
    assert_eq!(browser.get("/me").await.is(200).json()["user"]["email"], "ada@example.com");
    assert_eq!(list(&ada).await[0]["last_used_at"], json!(app.now()));
    // Whoever is already signed in gets another session for the one they had.
    device.sign_in(&browser).await.is(201);
    assert_eq!(browser.get("/sessions").await.is(200).json()["items"].as_array().unwrap().len(), 2);

    let audited = ada.get("/audit-log?action=passkey").await.is(200).json();
    assert_eq!(audited["items"].as_array().unwrap().len(), 1, "{audited:#}");
    assert_eq!(audited["items"][0]["label"], "Laptop");
}

#[tokio::test]
async fn a_challenge_is_answered_once_in_time_and_by_whom_it_was_made_for() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let (device, _) = Authenticator::of(&ada).await;
    let visitor = app.visitor();
    let begun = visitor.post("/sessions/passkey/begin", &json!({})).await.is(201).json();
    let answer = json!({ "ceremony": begun["ceremony"], "credential": device.get(&begun["options"]) });
    visitor.post("/sessions/passkey", &answer).await.is(201);
    app.visitor().post("/sessions/passkey", &answer).await.refuses(401, "passkey_wrong");
    // An answer to one challenge is none to another.
    let another = visitor.post("/sessions/passkey/begin", &json!({})).await.is(201).json();
    let mixed = json!({ "ceremony": another["ceremony"], "credential": answer["credential"] });
    visitor.post("/sessions/passkey", &mixed).await.refuses(401, "passkey_wrong");
    // A wrong answer uses the challenge up as well.
    let right = json!({ "ceremony": another["ceremony"], "credential": device.get(&another["options"]) });
    visitor.post("/sessions/passkey", &right).await.refuses(401, "passkey_wrong");
    let late = visitor.post("/sessions/passkey/begin", &json!({})).await.is(201).json();
    app.clock.advance(TimeDelta::minutes(10));
    let late = json!({ "ceremony": late["ceremony"], "credential": device.get(&late["options"]) });
    visitor.post("/sessions/passkey", &late).await.refuses(401, "passkey_wrong");

    let begun = ada.post("/passkeys/begin", &json!({ "password": PASSWORD })).await.is(201).json();
    let mut second = Authenticator::new();
    let made = json!({
        "ceremony": begun["ceremony"], "name": "Phone", "credential": second.create(&begun["options"])
    });
    eve.post("/passkeys", &made).await.refuses(422, "passkey_invalid");
    // One for adding is none for signing in.
    let crossed = json!({ "ceremony": begun["ceremony"], "credential": device.get(&begun["options"]) });
    visitor.post("/sessions/passkey", &crossed).await.refuses(401, "passkey_wrong");
    ada.post("/passkeys", &made).await.is(201);
    ada.post("/passkeys", &made).await.refuses(422, "passkey_invalid");
    assert_eq!((list(&ada).await.len(), list(&eve).await.len()), (2, 0));

    // Nothing that was begun stays.
    let mut connection = app.superuser().await;
    visitor.post("/sessions/passkey/begin", &json!({})).await.is(201);
    app.clock.advance(TimeDelta::minutes(10));
    app.sweep().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM passkey_ceremonies")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_alike() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let (device, _) = Authenticator::of(&ada).await;
    let (of_eve, _) = Authenticator::of(&eve).await;
    let stranger = Authenticator { user_handle: device.user_handle.clone(), ..Authenticator::new() };
    let mut told = Vec::new();
    for (what, device) in [
        (
            "another page",
            Authenticator { origin: "https://memoreel.evil.example".to_owned(), ..device.clone() },
        ),
        (
            "another port",
            Authenticator { origin: "https://memoreel.example:444".to_owned(), ..device.clone() },
        ),
        (
            "without encryption",
            Authenticator { origin: "http://memoreel.example".to_owned(), ..device.clone() },
        ),
        ("another name", Authenticator { name: "memoreel.evil.example".to_owned(), ..device.clone() }),
        ("nobody was looked at", Authenticator { verifies_user: false, ..device.clone() }),
        ("another account", Authenticator { user_handle: of_eve.user_handle.clone(), ..device.clone() }),
        ("no account", Authenticator { user_handle: vec![7; 16], ..device.clone() }),
        ("no such handle", Authenticator { user_handle: vec![7], ..device.clone() }),
        ("another's key", Authenticator { credential_id: device.credential_id.clone(), ..of_eve.clone() }),
        ("an unknown passkey", stranger),
    ] {
        let refused = device.sign_in(&app.visitor()).await;
        assert_eq!(refused.status, 401, "{what}: {}", refused.text());
        told.push(refused);
    }
    let begun = app.visitor().post("/sessions/passkey/begin", &json!({})).await.is(201).json();
    let mut unsigned = device.get(&begun["options"]);
    unsigned["response"]["signature"] = json!(encode(&[0x30, 6, 2, 1, 1, 2, 1, 1]));
    for (ceremony, credential) in [
        (begun["ceremony"].clone(), unsigned),
        (json!("A".repeat(43)), device.get(&begun["options"])),
        (json!("x"), device.get(&begun["options"])),
    ] {
        let body = json!({ "ceremony": ceremony, "credential": credential });
        told.push(app.visitor().post("/sessions/passkey", &body).await.is(401));
    }
    let told: std::collections::BTreeSet<String> = told
        .into_iter()
        .map(|answer| {
            let mut problem = answer.is_a_problem();
            problem.as_object_mut().unwrap().remove("request_id");
            problem.to_string()
        })
        .collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    app.visitor()
        .post("/sessions/passkey", &json!({ "ceremony": "x", "credential": { "id": 1 } }))
        .await
        .refuses(422, "body_invalid");
    // None of it did any harm.
    device.sign_in(&app.visitor()).await.is(201);

    for wrong in [
        Authenticator { origin: "https://memoreel.evil.example".to_owned(), ..Authenticator::new() },
        Authenticator { name: "memoreel.evil.example".to_owned(), ..Authenticator::new() },
        Authenticator { verifies_user: false, ..Authenticator::new() },
    ] {
        wrong.clone().add_to(&ada, "Wrong").await.refuses(422, "passkey_invalid");
    }
    assert_eq!(list(&ada).await.len(), 1);
}

#[tokio::test]
async fn a_counter_that_does_not_rise_shows_a_copy() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut device = Authenticator { counter: 5, ..Authenticator::new() };
    device.add_to(&ada, "Key").await.is(201);
    let copy = device.clone();
    device.counter = 6;
    device.sign_in(&app.visitor()).await.is(201);
    for counter in [6, 5, 0] {
        is_refused(&app, &Authenticator { counter, ..copy.clone() }).await;
    }
    device.counter = 7;
    device.sign_in(&app.visitor()).await.is(201);
    // Passkeys that are on several devices count nothing.
    let (shared, _) = Authenticator::of(&ada).await;
    for _ in 0..2 {
        shared.sign_in(&app.visitor()).await.is(201);
    }
    // Of two that say the same at once, one is the copy.
    device.counter = 8;
    let visitors = [app.visitor(), app.visitor(), app.visitor()];
    let answers = futures::future::join_all(visitors.iter().map(|visitor| device.sign_in(visitor))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401, 401]);
}

#[tokio::test]
async fn a_passkey_is_renamed_and_removed_by_its_owner_and_opens_nothing_then() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let (device, id) = Authenticator::of(&ada).await;
    let path = format!("/passkeys/{id}");
    let remove = async |person: &Person, body: Value| send(person.request("DELETE", &path).json(&body)).await;
    eve.patch(&path, &json!({ "name": "Mine" })).await.refuses(404, "not_found");
    remove(&eve, json!({})).await.refuses(404, "not_found");
    ada.patch(&path, &json!({ "name": " \n" })).await.refuses(422, "name_invalid");
    let renamed = ada.patch(&path, &json!({ "name": "Old laptop" })).await.is(200).json();
    assert_eq!(renamed["name"], "Old laptop");
    assert_eq!(list(&ada).await, [renamed]);
    device.sign_in(&app.visitor()).await.is(201);

    // The session is older than a quarter of an hour.
    app.clock.advance(TimeDelta::minutes(16));
    remove(&ada, json!({})).await.refuses(403, "recent_sign_in_required");
    remove(&ada, json!({ "password": "not the password" })).await.refuses(422, "password_wrong");
    ada.post("/passkeys/begin", &json!({})).await.refuses(403, "recent_sign_in_required");
    remove(&ada, json!({ "password": PASSWORD })).await.is(204);
    remove(&ada, json!({ "password": PASSWORD })).await.refuses(404, "not_found");
    is_refused(&app, &device).await;
    let verbs: Vec<Value> = ada.get("/audit-log?action=passkey").await.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].clone())
        .collect();
    assert_eq!(verbs, ["passkey.deleted", "passkey.updated", "passkey.created"]);

    let key = ada.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    for (verb, path) in [("GET", "/passkeys"), ("POST", "/passkeys/begin"), ("DELETE", path.as_str())] {
        let by_key = app.visitor().request(verb, path).bearer_auth(key["secret"].as_str().unwrap());
        send(by_key.json(&json!({}))).await.refuses(403, "session_required");
    }
}

#[tokio::test]
async fn no_passkey_is_two_and_nobody_has_more_than_twenty() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let (mut device, _) = Authenticator::of(&ada).await;
    let begun = ada.post("/passkeys/begin", &json!({})).await.is(201).json();
    assert_eq!(begun["options"]["excludeCredentials"][0]["id"], encode(&device.credential_id));
    device.add_to(&ada, "Again").await.refuses(422, "passkey_invalid");
    // Nor can anybody take another person's over.
    device.clone().add_to(&eve, "Mine").await.refuses(409, "passkey_taken");
    let mut connection = app.superuser().await;
    sqlx::query(
        "INSERT INTO user_passkeys (user_id, credential_id, credential, backed_up, name)
         SELECT user_id, int4send(n), credential, false, 'Key ' || n FROM user_passkeys, generate_series(1, 19) AS n",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    ada.post("/passkeys/begin", &json!({})).await.refuses(409, "passkeys_full");
    // A closed account is opened by none.
    sqlx::query("UPDATE users SET is_active = false WHERE email = $1")
        .bind(&ada.email)
        .execute(&mut connection)
        .await
        .unwrap();
    is_refused(&app, &device).await;
}

#[tokio::test]
async fn challenges_and_their_answers_are_limited_by_address() {
    let app = TestApp::with(Options { rate_limit_factor: 1, ..Options::default() }).await;
    let visitor = app.visitor();
    for _ in 0..60 {
        visitor.post("/sessions/passkey/begin", &json!({})).await.is(201);
    }
    visitor.post("/sessions/passkey/begin", &json!({})).await.refuses(429, "rate_limited");
    let body =
        json!({ "ceremony": "x", "credential": Authenticator::new().get(&json!({ "challenge": "eA" })) });
    for _ in 0..10 {
        visitor.post("/sessions/passkey", &body).await.refuses(401, "passkey_wrong");
    }
    visitor.post("/sessions/passkey", &body).await.refuses(429, "rate_limited");
}
