//! Signing up and in, and who one is then.

use crate::harness::{PASSWORD, Server, credentials, json};
use memoreel_identity::{IdentityError, NewUser, create_user, find_user};
use serde_json::json as body;

#[tokio::test]
async fn signing_up_makes_an_account_with_its_own_organization_and_signs_in() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let answer = browser.post("/users", &json(" Ada@Example.com ", " Ada Lovelace ", PASSWORD)).await;
    assert_eq!(answer.status, 201);
    let cookie = answer.set_cookie().unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let me = &answer.body;
    assert_eq!(me["user"]["email"], "Ada@Example.com");
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    assert_eq!(me["user"]["created_at"], "2026-03-01T12:00:00Z");
    let organization = &me["organization"];
    assert_eq!(organization["name"], "Ada Lovelace");
    assert_eq!(organization["slug"], "ada-lovelace");
    assert_eq!(organization["role"], "owner");
    assert_eq!(organization["is_personal"], true);
    assert_eq!(me["organizations"], body!([organization]));
    assert_eq!(browser.get("/me").await.body, *me);
}

#[tokio::test]
async fn people_of_one_name_get_slugs_of_their_own() {
    let server = Server::start().await;
    let mut slugs = Vec::new();
    for number in 0..11 {
        let mut browser = server.person(&format!("ada{number}@example.com"), "Ada").await;
        slugs.push(browser.get("/me").await.body["organization"]["slug"].as_str().unwrap().to_owned());
    }
    assert_eq!(slugs[..3], ["ada", "ada-2", "ada-3"]);
    assert_eq!(slugs[8], "ada-9");
    assert_eq!(slugs[9].len(), "ada-".len() + 8);
    assert_ne!(slugs[9], slugs[10]);
}

#[tokio::test]
async fn people_of_one_name_may_sign_up_at_once() {
    let server = Server::start().await;
    let people =
        (0..5).map(|number| {
            let mut browser = server.browser();
            async move {
                browser.post("/users", &json(&format!("ada{number}@example.com"), "Ada", PASSWORD)).await
            }
        });
    let answers = futures::future::join_all(people).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case() {
    let server = Server::start().await;
    server.person("ada@example.com", "Ada").await;
    let answer = server.browser().post("/users", &json("ADA@example.com", "Other", PASSWORD)).await;
    answer.is(409, "email_taken");
    assert!(answer.set_cookie().is_none());
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_by_field() {
    let server = Server::start().await;
    for (new, field, code) in [
        (json("ada", "Ada", PASSWORD), "email", "email_invalid"),
        (json("ada@example.com\u{0}", "Ada", PASSWORD), "email", "email_invalid"),
        (json("ada@example.com", " ", PASSWORD), "name", "name_invalid"),
        (json("ada@example.com", "Ada", "short"), "password", "password_weak"),
        (json("ada@example.com", "Ada", "password123"), "password", "password_weak"),
    ] {
        let answer = server.browser().post("/users", &new).await;
        answer.is(422, code);
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    assert_eq!(find_user(&server.app.db, "ada@example.com").await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let server = Server::start().await;
    server.person("ada@example.com", "Ada").await;
    let wrong =
        server.browser().post("/sessions", &credentials("ada@example.com", "zebra crossing at one")).await;
    wrong.is(401, "credentials_wrong");
    for unknown in ["eve@example.com", "no address", "eve@example.com\u{0}"] {
        let answer = server.browser().post("/sessions", &credentials(unknown, PASSWORD)).await;
        assert_eq!(answer.body, wrong.body);
    }
    let long = "a".repeat(5000);
    server
        .browser()
        .post("/sessions", &credentials("ada@example.com", &long))
        .await
        .is(401, "credentials_wrong");
}

#[tokio::test]
async fn an_account_made_on_the_command_line_can_sign_in_with_any_case() {
    let server = Server::start().await;
    let new = || NewUser { email: "Ada@example.com".into(), name: "Ada".into(), password: PASSWORD.into() };
    let user = create_user(&server.app.db, &server.clock, None, new()).await.unwrap();
    let again = create_user(&server.app.db, &server.clock, None, new()).await;
    assert!(matches!(again, Err(IdentityError::EmailTaken)));
    assert_eq!(find_user(&server.app.db, "ADA@EXAMPLE.COM").await.unwrap(), Some(user));
    let answer = server.browser().post("/sessions", &credentials(" ADA@example.com", PASSWORD)).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["user"]["email"], "Ada@example.com");
}

#[tokio::test]
async fn people_change_their_own_name_only() {
    let server = Server::start().await;
    let mut ada = server.person("ada@example.com", "Ada").await;
    let mut eve = server.person("eve@example.com", "Eve").await;
    let answer = ada.patch("/me", &body!({"name": " Ada King "})).await;
    assert_eq!((answer.status.as_u16(), answer.body["user"]["name"].as_str()), (200, Some("Ada King")));
    assert_eq!(ada.patch("/me", &body!({})).await.body["user"]["name"], "Ada King");
    ada.patch("/me", &body!({"name": ""})).await.is(422, "name_invalid");
    assert_eq!(eve.get("/me").await.body["user"]["name"], "Eve");
    server.browser().patch("/me", &body!({"name": "Nobody"})).await.is(401, "unauthenticated");
}
