//! What the middleware makes of a request, whatever it asks for.

use crate::harness::{Answer, PASSWORD, Server, credentials, json};
use memoreel_web::RateLimits;
use serde_json::json as body;

#[tokio::test]
async fn a_change_made_with_a_cookie_must_come_from_our_own_pages() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let name = body!({"name": "Mallory"});
    ada.headers.clear();
    ada.send("PATCH", "/me", Some(&name)).await.is(403, "csrf_header_missing");
    ada.set("sec-fetch-site", "cross-site")
        .send("PATCH", "/me", Some(&name))
        .await
        .is(403, "csrf_header_missing");
    ada.send("POST", "/sessions", Some(&credentials("ada@example.com", PASSWORD)))
        .await
        .is(403, "csrf_header_missing");
    assert_eq!(ada.get("/me").await.body["user"]["name"], "Ada");
    assert_eq!(ada.set("sec-fetch-site", "same-origin").send("PATCH", "/me", Some(&name)).await.status, 200);
}

#[tokio::test]
async fn a_key_needs_no_header_against_forgery() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let made = ada.post("/api-keys", &body!({"name": "Nightly", "role": "admin"})).await.body;
    let mut program = server.browser();
    program.set("authorization", &format!("Bearer {}", made["secret"].as_str().unwrap()));
    assert_eq!(program.send("PATCH", "/organization", Some(&body!({"name": "Kings"}))).await.status, 200);
}

#[tokio::test]
async fn an_old_cookie_is_nobody_and_a_wrong_key_is_refused() {
    let server = Server::start().await;
    server.person("ada@example.com", "Ada").await;
    let mut old = server.browser();
    old.cookie = Some("A".repeat(43));
    old.get("/me").await.is(401, "unauthenticated");
    assert_eq!(old.post("/sessions", &credentials("ada@example.com", PASSWORD)).await.status, 201);
    for key in ["x".to_owned(), format!("mrl_00000000_{}", "A".repeat(43))] {
        let mut program = server.browser();
        program.set("authorization", &format!("Bearer {key}"));
        program.get("/me").await.is(401, "api_key_wrong");
    }
}

#[tokio::test]
async fn an_organization_that_is_not_ones_own_does_not_exist() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let mut eve = server.person("eve@example.com", "Eve").await;
    let own = ada.get("/me").await.body["organization"]["id"].as_str().unwrap().to_owned();
    let other = eve.get("/me").await.body["organization"]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.set("memoreel-organization", &own).get("/me").await.status, 200);
    for wanted in [other.as_str(), "x", "00000000-0000-7000-8000-000000000000"] {
        ada.set("memoreel-organization", wanted).get("/me").await.is(404, "not_found");
    }
    // An old choice must not lock anybody in or out.
    assert_eq!(ada.post("/sessions", &credentials("ada@example.com", PASSWORD)).await.status, 201);
    assert_eq!(ada.delete("/sessions/current").await.status, 204);
}

#[tokio::test]
async fn signing_in_and_up_is_limited_by_address_and_forwarding_headers_are_not_believed() {
    let server = Server::with_limits(RateLimits::standard(1)).await;
    let mut browser = server.browser();
    let mut answers: Vec<Answer> = Vec::new();
    for number in 0..11 {
        browser.set("x-forwarded-for", &format!("198.51.100.{number}"));
        let path = if number % 2 == 0 { "/sessions" } else { "/users" };
        answers.push(browser.post(path, &json("nobody", "Nobody", PASSWORD)).await);
    }
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.status != 429));
    last.is(429, "rate_limited");
    assert!(last.headers.contains_key("retry-after"));
    browser.address = "192.0.2.2:1000".parse().unwrap();
    browser.post("/sessions", &credentials("nobody", PASSWORD)).await.is(401, "credentials_wrong");
}

#[test]
fn every_operation_is_described() {
    let (_, openapi) = memoreel_identity::router().split_for_parts();
    let document = serde_json::to_value(&openapi).unwrap();
    let mut operations: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| {
                format!("{method} {path} {}", operation["operationId"].as_str().unwrap())
            })
        })
        .collect();
    operations.sort();
    assert_eq!(
        operations,
        [
            "delete /api-keys/{id} delete_api_key",
            "delete /domains/{id} delete_domain",
            "delete /identities/{id} delete_identity",
            "delete /invitations/{id} revoke_invitation",
            "delete /me/email-change withdraw_email_change",
            "delete /me/totp delete_totp",
            "delete /members/{user_id} delete_member",
            "delete /organization delete_organization",
            "delete /passkeys/{id} delete_passkey",
            "delete /sessions delete_other_sessions",
            "delete /sessions/current delete_current_session",
            "delete /sessions/{id} delete_session",
            "get /api-keys list_api_keys",
            "get /auth/providers list_providers",
            "get /auth/providers/{provider}/callback finish_provider_sign_in",
            "get /domains list_domains",
            "get /identities list_identities",
            "get /invitations list_invitations",
            "get /me get_me",
            "get /me/consents list_consents",
            "get /me/email-change get_email_change",
            "get /me/preferences get_preferences",
            "get /members list_members",
            "get /organization get_organization",
            "get /passkeys list_passkeys",
            "get /sessions list_sessions",
            "patch /domains/{id} update_domain",
            "patch /me update_me",
            "patch /me/preferences update_preferences",
            "patch /members/{user_id} update_member",
            "patch /organization update_organization",
            "patch /passkeys/{id} update_passkey",
            "post /api-keys create_api_key",
            "post /auth/code confirm_provider_sign_in",
            "post /auth/providers/{provider}/start start_provider_sign_in",
            "post /domains create_domain",
            "post /domains/{id}/verify verify_domain",
            "post /email-changes/confirm confirm_email_change",
            "post /email-confirmations confirm_email",
            "post /email-confirmations/resend resend_confirmation",
            "post /invitations create_invitation",
            "post /invitations/accept accept_invitation",
            "post /invitations/decline decline_invitation",
            "post /invitations/lookup lookup_invitation",
            "post /invitations/{id}/resend resend_invitation",
            "post /me/consents record_consent",
            "post /me/totp begin_totp",
            "post /me/totp/confirm confirm_totp",
            "post /me/totp/recovery-codes renew_recovery_codes",
            "post /organization/restore restore_organization",
            "post /organization/transfer transfer_organization",
            "post /organizations create_organization",
            "post /passkeys create_passkey",
            "post /passkeys/begin begin_passkey",
            "post /password-resets request_password_reset",
            "post /password-resets/confirm reset_password",
            "post /sessions create_session",
            "post /sessions/passkey create_session_by_passkey",
            "post /sessions/passkey/begin begin_passkey_sign_in",
            "post /users create_user",
            "put /me/email change_email",
            "put /me/password change_password",
        ]
    );
}
