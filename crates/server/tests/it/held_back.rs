//! Requests that hold back a part of themselves while what their sender may do ends: it is decided when they are done.

use crate::{
    app::TestApp,
    authenticator::Authenticator,
    client::{Answer, Client, PASSWORD, Person, send},
    contents::until_waiting,
    oidc::{OidcProvider, app_with, begin, sign_in, visit},
    organizations::new_organization,
    second_factor,
};
use futures::{StreamExt, stream};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

/// A request whose last byte is held back.
struct HeldBack {
    last_byte: oneshot::Sender<()>,
    answer: tokio::task::JoinHandle<Answer>,
}

impl HeldBack {
    /// Begins to send JSON.
    async fn begin(client: &Client, organization_id: Option<&str>, path: &str, body: &Value) -> Self {
        let request = client.request("POST", path).header("content-type", "application/json");
        let request = match organization_id {
            Some(id) => request.header("memoreel-organization", id),
            None => request,
        };
        Self::of(request, body.to_string()).await
    }

    /// Sends all but the last byte, and gives the server time to look at it.
    async fn of(request: RequestBuilder, mut all: String) -> Self {
        let last = all.split_off(all.len() - 1);
        let (last_byte, let_go) = oneshot::channel();
        let begun = stream::iter([Ok::<_, std::io::Error>(all)]);
        let ended = stream::once(async move {
            let_go.await.map_err(std::io::Error::other)?;
            Ok(last)
        });
        let body = reqwest::Body::wrap_stream(begun.chain(ended));
        let answer = tokio::spawn(send(request.body(body)));
        tokio::time::sleep(Duration::from_millis(500)).await;
        Self { last_byte, answer }
    }

    async fn end(self) -> Answer {
        self.last_byte.send(()).unwrap();
        self.answer.await.unwrap()
    }
}

async fn keys(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM api_keys").fetch_one(&mut app.superuser().await).await.unwrap()
}

#[tokio::test]
async fn a_session_that_ends_while_a_body_is_under_way_makes_no_key() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let thief = app.signed_in(&ada).await;
    let making = HeldBack::begin(&thief, None, "/api-keys", &json!({ "name": "Kept" })).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "a harbour in the fog" });
    ada.put("/me/password", &change).await.is(204);
    making.end().await.refuses(401, "unauthenticated");
    assert_eq!(keys(&app).await, 0);
}

#[tokio::test]
async fn what_is_to_take_effect_once_is_decided_when_a_body_of_any_kind_is_there() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let thief = app.signed_in(&ada).await;
    let video = format!("/videos/{}", app.insert_video(&ada, "Talk").await);
    ada.delete(&video).await.is(204);
    let restoring = thief
        .request("POST", &format!("{video}/restore"))
        .header("idempotency-key", "once")
        .header("content-type", "text/plain");
    let restoring = HeldBack::of(restoring, "now".to_owned()).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "a harbour in the fog" });
    ada.put("/me/password", &change).await.is(204);
    restoring.end().await.refuses(401, "unauthenticated");
    ada.get(&video).await.refuses(404, "not_found");
}

#[tokio::test]
async fn whoever_is_removed_while_a_body_is_under_way_invites_nobody() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let house = new_organization(&ada, "Harbour").await;
    app.add_member(&house, &bob, "owner").await;
    let offer = json!({ "email": "mallory@example.com", "role": "owner" });
    let inviting = HeldBack::begin(&bob, Some(&house), "/invitations", &offer).await;
    ada.ask(&house, "DELETE", &format!("/members/{}", bob.user_id), Value::Null).await.is(204);
    inviting.end().await.refuses(404, "not_found");
    assert_eq!(ada.ask(&house, "GET", "/invitations", Value::Null).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_key_is_made_only_where_its_session_still_lives() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE api_keys IN EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let making = tokio::spawn({
        let ada = ada.clone();
        async move { ada.post("/api-keys", &json!({ "name": "Kept" })).await }
    });
    until_waiting(&app, 1).await;
    sqlx::query("DELETE FROM sessions").execute(&mut *holding).await.unwrap();
    holding.commit().await.unwrap();
    making.await.unwrap().refuses(401, "unauthenticated");
    assert_eq!(keys(&app).await, 0);
}

/// What is answered to a request that comes as far as it can while everybody's rows are held, and goes on after `meanwhile`.
async fn overtaken(app: &TestApp, request: RequestBuilder, meanwhile: &'static str) -> Answer {
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("SELECT FROM users FOR UPDATE").execute(&mut *holding).await.unwrap();
    let answer = tokio::spawn(send(request));
    until_waiting(app, 1).await;
    sqlx::query(meanwhile).execute(&mut *holding).await.unwrap();
    holding.commit().await.unwrap();
    answer.await.unwrap()
}

#[tokio::test]
async fn no_way_in_is_added_by_a_session_that_ended_meanwhile() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    let ada = app.person("ada").await;
    let begun = ada.post("/passkeys/begin", &json!({})).await.is(201).json();
    let credential = Authenticator::new().create(&begun["options"]);
    let passkey = json!({ "ceremony": begun["ceremony"], "name": "Laptop", "credential": credential });
    let begun = ada.post("/me/totp", &json!({})).await.is(201).json();
    let code = second_factor::Authenticator::of(begun["secret"].as_str().unwrap()).code(app.now());
    let address = json!({ "email": "mallory@example.com", "password": PASSWORD });
    for (method, path, body) in [
        ("POST", "/passkeys", passkey),
        ("POST", "/me/totp/confirm", json!({ "code": code })),
        ("POST", "/me/totp", json!({})),
        ("PUT", "/me/email", address),
    ] {
        let thief = app.signed_in(&ada).await;
        let request = thief.request(method, path).json(&body);
        overtaken(&app, request, "DELETE FROM sessions").await.refuses(401, "unauthenticated");
    }
    let thief = app.signed_in(&ada).await;
    let url = begin(&thief, "harbour", &json!({ "link": true, "password": PASSWORD })).await;
    let back = thief.request("GET", &visit(&url, "mallory@example.com").await);
    overtaken(&app, back, "DELETE FROM sessions").await.refuses(422, "sign_in_unknown");
    let added: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM user_passkeys) + (SELECT count(*) FROM user_identities)
             + (SELECT count(*) FROM user_totp WHERE confirmed_at IS NOT NULL)
             + (SELECT count(*) FROM email_tokens WHERE new_email IS NOT NULL)",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .unwrap();
    assert_eq!(added, 0);
}

#[tokio::test]
async fn an_address_is_not_changed_by_a_password_that_was_replaced_meanwhile() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let address = json!({ "email": "mallory@example.com", "password": PASSWORD });
    let request = ada.request("PUT", "/me/email").json(&address);
    let replaced = "UPDATE users SET password_hash = 'of another password'";
    overtaken(&app, request, replaced).await.refuses(422, "password_wrong");
}

#[tokio::test]
async fn whoever_signs_in_waits_for_the_person_before_holding_what_opens_the_account() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    sqlx::query("UPDATE users SET email_verified_at = now()").execute(&mut connection).await.unwrap();
    let (device, _) = Authenticator::of(&ada).await;
    let (_, recovery) = second_factor::enable(&app, &ada).await;
    let browser = app.visitor();
    let begun = browser.post("/sessions/passkey/begin", &json!({})).await.is(201).json();
    let signed = json!({ "ceremony": begun["ceremony"], "credential": device.get(&begun["options"]) });
    let request = browser.request("POST", "/sessions/passkey").json(&signed);
    overtaken(&app, request, "UPDATE user_passkeys SET name = 'Renamed'").await.is(201);

    // The first time links the identity, and the second finds it.
    for code in &recovery[..2] {
        let browser = app.visitor();
        let url = begin(&browser, "harbour", &json!({})).await;
        let back = browser.request("GET", &visit(&url, &ada.email).await);
        let renewed = "UPDATE user_totp SET created_at = created_at";
        assert_eq!(overtaken(&app, back, renewed).await.is(303).header("location"), "/sign-in/code");
        let request = browser.request("POST", "/auth/code").json(&json!({ "code": code }));
        overtaken(&app, request, renewed).await.is(201);
    }
}

#[tokio::test]
async fn an_identity_that_was_unlinked_meanwhile_opens_no_session() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let app = app_with(vec![provider.configured("harbour")]).await;
    sign_in(&app.visitor(), "harbour", "ada@example.com").await.is(303);
    let browser = app.visitor();
    let url = begin(&browser, "harbour", &json!({})).await;
    let back = browser.request("GET", &visit(&url, "ada@example.com").await);
    overtaken(&app, back, "DELETE FROM user_identities").await.refuses(422, "sign_in_unknown");
    browser.get("/me").await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_is_no_owner_by_now_neither_invites_an_owner_nor_renews_the_offer() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let house = new_organization(&ada, "Harbour").await;
    app.add_member(&house, &bob, "owner").await;
    let offer = json!({ "email": "mallory@example.com", "role": "owner" });
    let offered = bob.ask(&house, "POST", "/invitations", offer.clone()).await.is(201).json();
    let again = format!("/invitations/{}/resend", offered["id"].as_str().unwrap());
    for (path, body) in [("/invitations".to_owned(), offer), (again, Value::Null)] {
        let mut connection = app.superuser().await;
        set_role(&mut connection, &house, &bob, "owner").await;
        let mut holding = connection.begin().await.unwrap();
        sqlx::query("SELECT FROM organizations WHERE id = $1 FOR UPDATE")
            .bind(house.parse::<Uuid>().unwrap())
            .execute(&mut *holding)
            .await
            .unwrap();
        let inviting = tokio::spawn({
            let (bob, house) = (bob.clone(), house.clone());
            async move { bob.ask(&house, "POST", &path, body).await }
        });
        until_waiting(&app, 1).await;
        set_role(&mut holding, &house, &bob, "admin").await;
        holding.commit().await.unwrap();
        inviting.await.unwrap().refuses(403, "forbidden");
    }
}

async fn set_role(connection: &mut PgConnection, organization_id: &str, person: &Person, role: &str) {
    sqlx::query("UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2")
        .bind(organization_id.parse::<Uuid>().unwrap())
        .bind(person.user_id.parse::<Uuid>().unwrap())
        .bind(role)
        .execute(connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_of_an_owner_makes_no_owners_where_it_is_of_a_lesser_role() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let house = new_organization(&ada, "Harbour").await;
    app.add_member(&house, &bob, "member").await;
    let new = json!({ "name": "Narrow", "role": "admin" });
    let key = ada.ask(&house, "POST", "/api-keys", new).await.is(201).json();
    let key = key["secret"].as_str().unwrap();
    let program = app.visitor();
    let (to, owner) = (format!("/members/{}", bob.user_id), json!({ "role": "owner" }));
    let raised = program.request("PATCH", &to).bearer_auth(key).json(&owner);
    send(raised).await.refuses(403, "forbidden");
    let offer = json!({ "email": "mallory@example.com", "role": "owner" });
    let invited = program.request("POST", "/invitations").bearer_auth(key).json(&offer);
    send(invited).await.refuses(403, "forbidden");
}
