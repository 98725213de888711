//! What people agree to is kept, with its version, time and place, and never changed.

use crate::{
    app::{Options, TestApp},
    client::{PASSWORD, send},
    oidc::{OidcProvider, begin, visit, with},
    smtp::SmtpServer,
};
use chrono::TimeDelta;
use memoreel_mail::SmtpSettings;
use memoreel_web::{CurrentDocument, Documents};
use serde_json::{Value, json};

fn state<'a>(consents: &'a Value, document: &str) -> &'a Value {
    consents["documents"].as_array().unwrap().iter().find(|one| one["document"] == document).unwrap()
}

#[tokio::test]
async fn agreements_and_withdrawals_are_kept_and_their_last_is_how_things_stand() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let none = ada.get("/me/consents").await.is(200).json();
    assert_eq!(none["history"], json!([]));
    let terms = json!({
        "document": "terms", "current_version": "1", "url": null, "is_optional": false, "is_given": false, "is_current": false,
        "version": null, "recorded_at": null
    });
    assert_eq!(state(&none, "terms"), &terms);

    let agree = |document: &str| json!({ "document": document, "version": "1", "is_given": true });
    ada.post("/me/consents", &agree("terms")).await.is(200);
    app.clock.advance(TimeDelta::seconds(1));
    let given = ada.request("POST", "/me/consents").header("user-agent", "Firefox").json(&agree("marketing"));
    let given = send(given).await.is(200).json();
    assert_eq!(state(&given, "marketing")["is_current"], true);
    app.clock.advance(TimeDelta::days(1));
    // What stands so already is not kept again.
    assert_eq!(ada.post("/me/consents", &agree("marketing")).await.is(200).json(), given);
    let withdraw = json!({ "document": "marketing", "is_given": false });
    let after = ada.post("/me/consents", &withdraw).await.is(200).json();
    assert_eq!(state(&after, "marketing")["is_given"], false);
    let history: Vec<(&Value, &Value, &Value)> = after["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["document"], &one["is_given"], &one["recorded_at"]))
        .collect();
    let (noon, then, next) =
        (json!("2026-03-01T12:00:00Z"), json!("2026-03-01T12:00:01Z"), json!("2026-03-02T12:00:01Z"));
    assert_eq!(
        history[..2],
        [(&json!("marketing"), &json!(false), &next), (&json!("marketing"), &json!(true), &then),]
    );
    assert_eq!(after["history"][1]["user_agent"], "Firefox");
    assert_eq!(after["history"][1]["address"], "127.0.0.1");
    // How things stand is told with what was chosen, too.
    let preferences = ada.get("/me/preferences").await.is(200).json();
    assert_eq!(preferences["marketing_consent"], false);
    assert_eq!(preferences["tos_accepted_at"], noon);
    let bob = app.person("bob").await;
    assert_eq!(bob.get("/me/consents").await.is(200).json()["history"], json!([]));
}

#[tokio::test]
async fn only_what_holds_now_is_agreed_to_and_only_what_is_optional_withdrawn() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for body in [
        json!({ "document": "terms", "version": "0", "is_given": true }),
        json!({ "document": "marketing", "is_given": true }),
    ] {
        ada.post("/me/consents", &body).await.refuses(409, "consent_version_stale");
    }
    for document in ["terms", "privacy"] {
        let body = json!({ "document": document, "is_given": false });
        ada.post("/me/consents", &body).await.refuses(422, "consent_needed");
    }
    let unknown = json!({ "document": "cookies", "version": "1", "is_given": true });
    ada.post("/me/consents", &unknown).await.refuses(422, "body_invalid");
    assert_eq!(ada.get("/me/consents").await.is(200).json()["history"], json!([]));
}

#[tokio::test]
async fn nobody_changes_what_was_kept() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let body = json!({ "document": "terms", "version": "1", "is_given": true });
    ada.post("/me/consents", &body).await.is(200);
    let caller =
        memoreel_identity::personal_caller(app.db(), memoreel_kernel::UserId(ada.user_id.parse().unwrap()))
            .await
            .unwrap()
            .unwrap();
    for statement in ["UPDATE consents SET version = '2'", "DELETE FROM consents"] {
        let mut tx = app.db().tenant(&caller).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        assert_eq!(refused.into_database_error().unwrap().code().as_deref(), Some("42501"), "{statement}");
    }
}

/// A server whose operator asks for two documents.
fn asking() -> Options {
    let document = |version: &str, url: &str| CurrentDocument {
        version: version.to_owned(),
        url: Some(format!("https://memoreel.example/{url}")),
    };
    let (terms, privacy) = (document("2026-05", "terms"), document("3", "privacy"));
    Options { documents: Documents { terms, privacy, ..Documents::default() }, ..Options::default() }
}

fn account(email: &str, agreed: &Value) -> Value {
    json!({ "email": email, "name": "Ada", "password": PASSWORD, "agreed": agreed })
}

async fn accounts(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut app.superuser().await).await.unwrap()
}

#[tokio::test]
async fn whoever_signs_up_agrees_to_what_is_asked_for_or_has_no_account() {
    let app = TestApp::with(asking()).await;
    let offered = app.visitor().get("/auth/providers").await.is(200).json();
    assert_eq!(
        offered["documents"],
        json!([
            { "document": "terms", "version": "2026-05", "url": "https://memoreel.example/terms" },
            { "document": "privacy", "version": "3", "url": "https://memoreel.example/privacy" },
        ])
    );
    let visitor = app.visitor();
    for (agreed, status, code) in [
        (json!({}), 422, "consent_required"),
        (json!({ "terms": "2026-05" }), 422, "consent_required"),
        (json!({ "terms": "2025-01", "privacy": "3" }), 409, "consent_version_stale"),
        (json!({ "terms": "2026-05", "privacy": "3", "marketing": "0" }), 409, "consent_version_stale"),
        (json!({ "cookies": "1" }), 422, "body_invalid"),
        (json!(["terms"]), 422, "body_invalid"),
    ] {
        visitor.post("/users", &account("ada@example.com", &agreed)).await.refuses(status, code);
    }
    let without = json!({ "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    visitor.post("/users", &without).await.refuses(422, "consent_required");
    assert_eq!(accounts(&app).await, 0);

    let agreed = json!({ "terms": "2026-05", "privacy": "3" });
    let request = visitor.request("POST", "/users").header("user-agent", "Firefox");
    send(request.json(&account("ada@example.com", &agreed))).await.is(201);
    let consents = visitor.get("/me/consents").await.is(200).json();
    for (document, version) in [("terms", "2026-05"), ("privacy", "3")] {
        let state = state(&consents, document);
        assert_eq!((&state["is_current"], &state["version"]), (&json!(true), &json!(version)), "{consents}");
    }
    assert_eq!(state(&consents, "marketing")["is_given"], false);
    let first = &consents["history"][0];
    assert_eq!((&first["address"], &first["user_agent"]), (&json!("127.0.0.1"), &json!("Firefox")));
    let preferences = visitor.get("/me/preferences").await.is(200).json();
    assert_eq!(preferences["tos_accepted_at"], "2026-03-01T12:00:00Z");
    // What is optional may be agreed to at once, and is kept like the rest.
    let visitor = app.visitor();
    let all = json!({ "terms": "2026-05", "privacy": "3", "marketing": "1" });
    visitor.post("/users", &account("eve@example.com", &all)).await.is(201);
    assert_eq!(state(&visitor.get("/me/consents").await.json(), "marketing")["is_given"], true);
}

#[tokio::test]
async fn where_nothing_is_asked_for_nothing_has_to_be_said() {
    let app = TestApp::start().await;
    assert_eq!(app.visitor().get("/auth/providers").await.is(200).json()["documents"], json!([]));
    let ada = app.person("ada").await;
    assert_eq!(ada.get("/me/consents").await.is(200).json()["history"], json!([]));
}

#[tokio::test]
async fn a_mailed_sign_up_keeps_what_was_agreed_to() {
    let smtp = SmtpServer::start().await;
    let settings = SmtpSettings { url: smtp.url.clone(), from: "Memoreel <m@memoreel.example>".to_owned() };
    let app = TestApp::with(Options { smtp: Some(settings), ..asking() }).await;
    let visitor = app.visitor();
    visitor.post("/users", &account("ada@example.com", &json!({}))).await.refuses(422, "consent_required");
    let agreed = json!({ "terms": "2026-05", "privacy": "3" });
    // Once more with the same address: it is answered alike, and nothing is kept twice.
    for _ in 0..2 {
        visitor.post("/users", &account("ada@example.com", &agreed)).await.is(202);
    }
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM consents")
        .fetch_one(&mut app.superuser().await)
        .await
        .unwrap();
    assert_eq!((accounts(&app).await, kept), (1, 2));
}

#[tokio::test]
async fn an_account_made_through_a_provider_takes_the_same() {
    let provider = OidcProvider::start(&["harbour"]).await;
    let sign_in = with(vec![provider.configured("harbour")]);
    let app = TestApp::with(Options { sign_in, ..asking() }).await;
    let agreed = json!({ "terms": "2026-05", "privacy": "3" });
    let enter = async |agreed: &Value| {
        let visitor = app.visitor();
        let url = begin(&visitor, "harbour", &json!({ "return_to": "/library", "agreed": agreed })).await;
        let answer = visitor.get(&visit(&url, "ada@harbour.example").await).await;
        (visitor, answer)
    };
    enter(&json!({})).await.1.refuses(422, "consent_required");
    enter(&json!({ "terms": "2026-05" })).await.1.refuses(422, "consent_required");
    let stale = json!({ "agreed": { "terms": "2025-01", "privacy": "3" } });
    app.visitor().post("/auth/providers/harbour/start", &stale).await.refuses(409, "consent_version_stale");
    assert_eq!(accounts(&app).await, 0);
    // A browser is led to a page that says so.
    let visitor = app.visitor();
    let url = begin(&visitor, "harbour", &json!({})).await;
    let callback = visitor.request("GET", &visit(&url, "ada@harbour.example").await);
    let led = send(callback.header("accept", "text/html")).await.is(303);
    assert_eq!(led.header("location"), "/sign-in/problem?code=consent_required&provider=harbour");

    let (ada, answer) = enter(&agreed).await;
    answer.is(303);
    let consents = ada.get("/me/consents").await.is(200).json();
    assert_eq!(state(&consents, "terms")["is_current"], true, "{consents}");
    assert_eq!(consents["history"].as_array().unwrap().len(), 2);
    assert_eq!(consents["history"][0]["address"], "127.0.0.1");
    // Whoever has an account is not asked again.
    enter(&json!({})).await.1.is(303);
    assert_eq!(accounts(&app).await, 1);
}
