//! What people agree to is kept, with its version, time and place, and never changed.

use crate::{app::TestApp, client::send};
use chrono::TimeDelta;
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
    // How things stand is told with what was chosen, too, and can be changed from there.
    let preferences = ada.get("/me/preferences").await.is(200).json();
    assert_eq!(preferences["marketing_consent"], false);
    assert_eq!(preferences["tos_accepted_at"], noon);
    ada.patch("/me/preferences", &json!({ "marketing_consent": true })).await.is(200);
    let last = ada.get("/me/consents").await.is(200).json();
    assert_eq!(
        (last["history"].as_array().unwrap().len(), &last["history"][0]["is_given"]),
        (4, &json!(true))
    );
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
