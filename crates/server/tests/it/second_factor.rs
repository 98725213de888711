//! Codes at sign-in, and how often anything may be tried there.

use crate::{
    app::TestApp,
    client::{Answer, Client, PASSWORD, Person, send},
    oidc::{OidcProvider, app_with, sign_in},
};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use memoreel_kernel::Timestamp;
use serde_json::{Value, json};
use sha1::Sha1;

/// An authenticator app: base 32, and the code of a moment.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    pub fn of(secret: &str) -> Self {
        let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
        for character in secret.bytes() {
            let value = match character {
                b'A'..=b'Z' => character - b'A',
                b'2'..=b'7' => character - b'2' + 26,
                other => panic!("{other} is not base 32"),
            };
            (bits, count) = (bits << 5 | u32::from(value), count + 5);
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count & 0xff) as u8);
            }
        }
        Self(bytes)
    }

    pub fn code(&self, now: Timestamp) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&(now.timestamp() / 30).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

async fn with_code(app: &TestApp, person: &Person, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": person.email, "password": password });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.visitor().post("/sessions", &body).await
}

/// Gives the person an authenticator; returns it with the recovery codes. Its last code was used.
pub async fn enable(app: &TestApp, person: &Person) -> (Authenticator, Vec<String>) {
    let begun = person.post("/me/totp", &json!({})).await.is(201);
    assert_eq!(begun.header("cache-control"), "no-store");
    let authenticator = Authenticator::of(begun.json()["secret"].as_str().unwrap());
    let code = authenticator.code(app.now());
    let confirmed = person.post("/me/totp/confirm", &json!({ "code": code })).await.is(200).json();
    let codes: Vec<String> = serde_json::from_value(confirmed["recovery_codes"].clone()).unwrap();
    (authenticator, codes)
}

async fn delete_totp(client: &Client, password: &str) -> Answer {
    delete_totp_with(client, json!({ "password": password })).await
}

async fn delete_totp_with(client: &Client, proof: Value) -> Answer {
    send(client.request("DELETE", "/me/totp").json(&proof)).await
}

#[tokio::test]
async fn an_authenticator_counts_from_its_first_code_on() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    ada.post("/me/totp/confirm", &json!({ "code": "123456" })).await.refuses(404, "not_found");
    let replaced = ada.post("/me/totp", &json!({})).await.is(201).json();
    let begun = ada.post("/me/totp", &json!({})).await.is(201).json();
    let secret = begun["secret"].as_str().unwrap();
    assert_eq!(
        begun["uri"],
        format!("otpauth://totp/Memoreel:ada%40example.com?secret={secret}&issuer=Memoreel")
    );
    with_code(&app, &ada, PASSWORD, None).await.is(201);
    let replaced = Authenticator::of(replaced["secret"].as_str().unwrap()).code(app.now());
    let code = Authenticator::of(secret).code(app.now());
    assert_ne!(replaced, code);
    ada.post("/me/totp/confirm", &json!({ "code": replaced })).await.refuses(422, "confirmation_code_wrong");
    assert_eq!(ada.get("/me").await.json()["user"]["has_totp"], false);
    let confirmed = ada.post("/me/totp/confirm", &json!({ "code": code })).await.is(200);
    assert_eq!(confirmed.header("cache-control"), "no-store");
    assert_eq!(confirmed.json()["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(ada.get("/me").await.json()["user"]["has_totp"], true);
    ada.post("/me/totp", &json!({})).await.refuses(409, "totp_enabled");
    ada.post("/me/totp/confirm", &json!({ "code": code })).await.refuses(409, "totp_enabled");
    // Neither secret nor codes lie in the database as they are.
    let rows: String = sqlx::query_scalar(
        "SELECT (SELECT jsonb_agg(t) FROM user_totp t)::text || (SELECT jsonb_agg(c) FROM user_recovery_codes c)::text",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert!(!rows.contains(&hex::encode(Authenticator::of(secret).0)), "{rows}");

    let key = ada.post("/api-keys", &json!({ "name": "Script" })).await.is(201).json();
    let by_key = app.visitor().request("POST", "/me/totp").bearer_auth(key["secret"].as_str().unwrap());
    send(by_key.json(&json!({}))).await.refuses(403, "session_required");
}

#[tokio::test]
async fn signing_in_asks_for_a_code_that_works_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (authenticator, _) = enable(&app, &ada).await;
    with_code(&app, &ada, PASSWORD, None).await.refuses(401, "code_required");
    with_code(&app, &ada, PASSWORD, Some(" ")).await.refuses(401, "code_required");
    // Whoever does not know the password learns nothing of the code.
    with_code(&app, &ada, "zebra crossing at one", None).await.refuses(401, "credentials_wrong");
    // The code that confirmed it is used up, as is any that opened a session.
    let used = authenticator.code(app.now());
    with_code(&app, &ada, PASSWORD, Some(&used)).await.refuses(401, "code_wrong");
    app.clock.advance(TimeDelta::seconds(30));
    let code = authenticator.code(app.now());
    let answers =
        futures::future::join_all((0..3).map(|_| with_code(&app, &ada, PASSWORD, Some(&code)))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401, 401]);
    // A clock may be half a minute off, and not two.
    app.clock.advance(TimeDelta::seconds(90));
    let (ahead, behind) = (TimeDelta::seconds(30), TimeDelta::seconds(60));
    let late = authenticator.code(app.now() - behind);
    with_code(&app, &ada, PASSWORD, Some(&late)).await.refuses(401, "code_wrong");
    let early = authenticator.code(app.now() + ahead);
    with_code(&app, &ada, PASSWORD, Some(&format!(" {early} "))).await.is(201);
    // What was skipped is gone.
    let skipped = authenticator.code(app.now());
    with_code(&app, &ada, PASSWORD, Some(&skipped)).await.refuses(401, "code_wrong");
}

#[tokio::test]
async fn recovery_codes_work_once_and_end_with_the_authenticator() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (_, codes) = enable(&app, &ada).await;
    with_code(&app, &ada, PASSWORD, Some("aaaa-bbbb-cccc-dddd")).await.refuses(401, "code_wrong");
    with_code(&app, &ada, PASSWORD, Some(&codes[0])).await.is(201);
    with_code(&app, &ada, PASSWORD, Some(&codes[0])).await.refuses(401, "code_wrong");
    let typed = codes[1].to_uppercase().replace('-', " ");
    with_code(&app, &ada, PASSWORD, Some(&typed)).await.is(201);
    // Somebody else's are of no use.
    let eve = app.person("eve").await;
    enable(&app, &eve).await;
    with_code(&app, &eve, PASSWORD, Some(&codes[2])).await.refuses(401, "code_wrong");

    delete_totp(&ada, "wrong").await.refuses(422, "password_wrong");
    delete_totp(&ada, PASSWORD).await.is(204);
    delete_totp(&ada, PASSWORD).await.is(204);
    with_code(&app, &ada, PASSWORD, None).await.is(201);
    let (_, fresh) = enable(&app, &ada).await;
    with_code(&app, &ada, PASSWORD, Some(&codes[3])).await.refuses(401, "code_wrong");
    with_code(&app, &ada, PASSWORD, Some(&fresh[0])).await.is(201);
    with_code(&app, &eve, PASSWORD, None).await.refuses(401, "code_required");
}

#[tokio::test]
async fn recovery_codes_are_renewed_by_whoever_knows_the_password() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let renew =
        async |password: &str| ada.post("/me/totp/recovery-codes", &json!({ "password": password })).await;
    renew(PASSWORD).await.refuses(404, "not_found");
    ada.post("/me/totp", &json!({})).await.is(201);
    renew(PASSWORD).await.refuses(404, "not_found");
    let (_, former) = enable(&app, &ada).await;
    renew("not the password").await.refuses(422, "password_wrong");
    let renewed = renew(PASSWORD).await.is(200);
    assert_eq!(renewed.header("cache-control"), "no-store");
    let codes: Vec<String> = serde_json::from_value(renewed.json()["recovery_codes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    with_code(&app, &ada, PASSWORD, Some(&former[0])).await.refuses(401, "code_wrong");
    with_code(&app, &ada, PASSWORD, Some(&codes[0])).await.is(201);
}

#[tokio::test]
async fn whoever_finds_a_session_open_neither_puts_an_authenticator_on_nor_takes_one_away() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.clock.advance(TimeDelta::minutes(16));
    ada.post("/me/totp", &json!({})).await.refuses(403, "recent_sign_in_required");
    ada.post("/me/totp", &json!({ "password": "wrong" })).await.refuses(422, "password_wrong");
    let begun = ada.post("/me/totp", &json!({ "password": PASSWORD })).await.is(201).json();
    let code = Authenticator::of(begun["secret"].as_str().unwrap()).code(app.now());
    ada.post("/me/totp/confirm", &json!({ "code": code })).await.is(200);
    ada.post("/me/totp/recovery-codes", &json!({})).await.refuses(403, "recent_sign_in_required");
    delete_totp_with(&ada, json!({})).await.refuses(403, "recent_sign_in_required");
    delete_totp(&ada, PASSWORD).await.is(204);
}

#[tokio::test]
async fn whoever_has_no_password_takes_an_authenticator_away_after_signing_in() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    let ada = app.visitor();
    sign_in(&ada, "harbour", "ada@example.com").await.is(303);
    let begun = ada.post("/me/totp", &json!({})).await.is(201).json();
    let code = Authenticator::of(begun["secret"].as_str().unwrap()).code(app.now());
    ada.post("/me/totp/confirm", &json!({ "code": code })).await.is(200);
    ada.post("/me/totp/recovery-codes", &json!({})).await.is(200);
    delete_totp_with(&ada, json!({})).await.is(204);
    assert_eq!(ada.get("/me").await.json()["user"]["has_totp"], false);
}

fn seconds_to_wait(answer: &Answer) -> i64 {
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn an_account_is_tried_ever_more_slowly_whether_it_exists_or_not() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let attempt = async |email: &str, password: &str| {
        app.visitor().post("/sessions", &json!({ "email": email, "password": password })).await
    };
    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            attempt(email, "not the password").await.refuses(401, "credentials_wrong");
        }
        let mut waits = Vec::new();
        for _ in 0..7 {
            // Even the right password is not looked at.
            let refused = attempt(&email.to_uppercase(), PASSWORD).await.refuses(429, "sign_in_throttled");
            let wait = seconds_to_wait(&refused);
            app.clock.advance(TimeDelta::seconds(wait));
            waits.push(wait - 1);
            attempt(email, "not the password").await.refuses(401, "credentials_wrong");
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900], "{email}");
    }
    // Sessions that are open go on, and the right password at its time makes all good.
    ada.get("/me").await.is(200);
    app.clock.advance(TimeDelta::minutes(16));
    attempt(&ada.email, PASSWORD).await.is(201);
    for _ in 0..9 {
        attempt(&ada.email, "not the password").await.refuses(401, "credentials_wrong");
    }
    attempt(&ada.email, PASSWORD).await.is(201);
    // After a day it is forgotten.
    app.clock.advance(TimeDelta::days(1));
    attempt("nobody@example.com", "not the password").await.refuses(401, "credentials_wrong");
    attempt("nobody@example.com", "not the password").await.refuses(401, "credentials_wrong");
}

#[tokio::test]
async fn attempts_made_at_once_count_each_other() {
    let app = TestApp::start().await;
    app.person("ada").await;
    let visitors: Vec<Client> = (0..24).map(|_| app.visitor()).collect();
    let body = json!({ "email": "ada@example.com", "password": "not the password" });
    let attempts = visitors.iter().map(|visitor| visitor.post("/sessions", &body));
    let answers = futures::future::join_all(attempts).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(looked_at, 10, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[tokio::test]
async fn codes_and_typed_passwords_are_counted_too() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.person("ada").await, app.person("bob").await, app.person("eve").await);
    enable(&app, &ada).await;
    for _ in 0..10 {
        with_code(&app, &ada, PASSWORD, Some("000000")).await.refuses(401, "code_wrong");
    }
    with_code(&app, &ada, PASSWORD, Some("000000")).await.refuses(429, "sign_in_throttled");

    let change = json!({ "current_password": "not the password", "new_password": "seven green umbrellas" });
    for _ in 0..10 {
        bob.put("/me/password", &change).await.refuses(422, "password_wrong");
    }
    bob.put("/me/password", &change).await.refuses(429, "sign_in_throttled");
    let email: Value = json!({ "email": "bob@new.example", "password": PASSWORD });
    bob.put("/me/email", &email).await.refuses(429, "sign_in_throttled");

    eve.post("/me/totp", &json!({})).await.is(201);
    for _ in 0..10 {
        eve.post("/me/totp/confirm", &json!({ "code": "000000" }))
            .await
            .refuses(422, "confirmation_code_wrong");
    }
    eve.post("/me/totp/confirm", &json!({ "code": "000000" })).await.refuses(429, "sign_in_throttled");
}

#[tokio::test]
async fn strangers_who_guess_do_not_keep_an_owner_from_proving_who_they_are() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let guess = json!({ "email": ada.email, "password": "not the password" });
    for _ in 0..10 {
        app.visitor().post("/sessions", &guess).await.refuses(401, "credentials_wrong");
    }
    app.visitor().post("/sessions", &guess).await.refuses(429, "sign_in_throttled");
    let change = json!({ "current_password": PASSWORD, "new_password": "seven green umbrellas" });
    ada.put("/me/password", &change).await.is(204);
}
