//! Closed accounts: what they can do, and who may close theirs.

use crate::{
    app::{Options, TestApp},
    client::{Answer, PASSWORD, Person, send},
    contents::until_waiting,
    organizations::new_organization,
    smtp::SmtpServer,
};
use chrono::TimeDelta;
use memoreel_db::SystemReason;
use memoreel_mail::SmtpSettings;
use serde_json::{Value, json};
use sqlx::Connection;
use tokio::task::JoinHandle;

#[tokio::test]
async fn a_closed_account_does_nothing_until_that_is_taken_back() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let elsewhere = app.signed_in(&ada).await;
    let key = ada.post("/api-keys", &json!({ "name": "Nightly" })).await.is(201).json();
    let program = async |path: &str| {
        send(app.visitor().request("GET", path).bearer_auth(key["secret"].as_str().unwrap())).await
    };
    let wish = |email: &str, password: &str| json!({ "email": email, "password": password });
    ada.post("/me/erasure", &wish("ada@example.com", "not the password"))
        .await
        .refuses(422, "password_wrong");
    ada.post("/me/erasure", &wish("eda@example.com", PASSWORD)).await.refuses(422, "confirmation_wrong");
    ada.delete("/me/erasure").await.refuses(409, "not_closing");
    let open = ada.get("/me/erasure").await.is(200).json();
    assert_eq!((&open["erased_after"], &open["grace_days"]), (&Value::Null, &json!(7)), "{open}");
    // Who has just signed in need not say the password; who did so a while ago does.
    app.clock.advance(TimeDelta::minutes(16));
    ada.post("/me/erasure", &json!({ "email": "ada@example.com" }))
        .await
        .refuses(403, "recent_sign_in_required");
    let ada = app.signed_in(&ada).await;
    let closed = ada.post("/me/erasure", &json!({ "email": " ADA@example.com " })).await.is(200).json();
    assert_eq!(closed["erased_after"], "2026-03-08T12:16:00Z", "{closed}");

    elsewhere.get("/me").await.is(401);
    for path in ["/videos", "/me/preferences", "/me/exports", "/sessions", "/organization"] {
        ada.get(path).await.refuses(403, "account_closing");
        program(path).await.refuses(403, "account_closing");
    }
    ada.post("/me/erasure", &wish("ada@example.com", PASSWORD)).await.refuses(403, "account_closing");
    // Signing in is possible, to take it back.
    let back = app.signed_in(&ada).await;
    let me = back.get("/me").await.is(200).json();
    assert_eq!((&me["erased_after"], &me["may"]), (&json!("2026-03-08T12:16:00Z"), &json!([])), "{me}");
    back.delete("/me/erasure").await.is(204);
    assert_eq!(back.get("/me").await.is(200).json()["erased_after"], Value::Null);
    back.get("/videos").await.is(200);
    program("/videos").await.is(200);

    // Too late is too late, even when nothing was removed yet.
    back.post("/me/erasure", &json!({ "email": "ada@example.com" })).await.is(200);
    app.clock.advance(TimeDelta::days(7));
    let late = app.signed_in(&ada).await;
    late.delete("/me/erasure").await.refuses(409, "not_closing");
    app.eraser().sweep().await.unwrap();
    late.get("/me").await.is(401);
}

#[tokio::test]
async fn an_organization_never_loses_its_last_owner_to_an_erasure() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let id = new_organization(&ada, "Harbour").await;
    app.add_member(&id, &bob, "owner").await;
    let wish = |person: &Person| json!({ "email": person.email, "password": PASSWORD });
    // Both at once: one of them stays.
    let (of_ada, of_bob) = (wish(&ada), wish(&bob));
    let (first, second) = tokio::join!(ada.post("/me/erasure", &of_ada), bob.post("/me/erasure", &of_bob));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.text(), second.text());
    let (gone, stays) = if first.status == 200 { (&ada, &bob) } else { (&bob, &ada) };
    // Nor can the one who stays leave meanwhile.
    let path = format!("/members/{}", stays.user_id);
    stays.ask(&id, "DELETE", &path, Value::Null).await.refuses(409, "last_owner");
    app.clock.advance(TimeDelta::days(7));
    app.eraser().sweep().await.unwrap();
    let stays = app.signed_in(stays).await;
    let organization = stays.ask(&id, "GET", "/organization", Value::Null).await.is(200).json();
    assert_eq!((&organization["role"], &organization["member_count"]), (&json!("owner"), &json!(1)));
    let report = app.eraser().erasures().await.unwrap().remove(0);
    assert_eq!(report.subject_id.to_string(), gone.user_id);
}

#[tokio::test]
async fn an_organization_handed_to_somebody_who_is_leaving_never_ends_without_an_owner() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for round in 0..6 {
        let bob = app.person(&format!("bob{round}")).await;
        let id = new_organization(&ada, &format!("Harbour {round}")).await;
        app.add_member(&id, &bob, "member").await;
        let wish = json!({ "email": bob.email, "password": PASSWORD });
        let heir = json!({ "user_id": bob.user_id });
        let (left, handed) = tokio::join!(
            bob.post("/me/erasure", &wish),
            ada.ask(&id, "POST", "/organization/transfer", heir),
        );
        assert!(
            left.status == 200 && (400..500).contains(&handed.status)
                || left.status == 409 && (200..300).contains(&handed.status),
            "{} {}",
            left.text(),
            handed.text()
        );
    }
}

#[tokio::test]
async fn an_account_is_not_closed_over_an_organization_that_it_is_making() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("SELECT FROM users FOR UPDATE").execute(&mut *holding).await.unwrap();
    let making = making(&ada);
    until_waiting(&app, 1).await;
    let closing = tokio::spawn({
        let ada = ada.clone();
        async move { ada.post("/me/erasure", &json!({ "email": ada.email })).await }
    });
    until_waiting(&app, 2).await;
    holding.commit().await.unwrap();
    // In the order in which they came.
    making.await.unwrap().is(201);
    closing.await.unwrap().refuses(409, "sole_owner");
}

#[tokio::test]
async fn an_account_that_was_closed_meanwhile_makes_no_organization() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut connection = app.superuser().await;
    let mut holding = connection.begin().await.unwrap();
    sqlx::query("UPDATE users SET erased_after = '2026-03-08T12:00:00Z'")
        .execute(&mut *holding)
        .await
        .unwrap();
    let making = making(&ada);
    until_waiting(&app, 1).await;
    holding.commit().await.unwrap();
    making.await.unwrap().refuses(403, "account_closing");
}

fn making(person: &Person) -> JoinHandle<Answer> {
    let person = person.clone();
    tokio::spawn(async move { person.post("/organizations", &json!({ "name": "Harbour" })).await })
}

#[tokio::test]
async fn whoever_leaves_takes_along_nothing_about_an_address_that_never_was_theirs() {
    let app = TestApp::start().await;
    let olga = app.person("olga").await;
    let id = new_organization(&olga, "Harbour").await;
    // Anybody may sign up with any address; until it is confirmed that says nothing.
    let someone = app.person("grace").await;
    let invitation = json!({ "email": "grace@example.com", "role": "viewer" });
    olga.ask(&id, "POST", "/invitations", invitation).await.is(201);
    someone.post("/me/erasure", &json!({ "email": someone.email, "password": PASSWORD })).await.is(200);
    app.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
    let before = (invited(&olga, &id).await, told(&olga, &id).await);
    assert_eq!(before.0, [json!("pending")]);
    app.clock.advance(TimeDelta::minutes(1));
    app.eraser().sweep().await.unwrap();
    someone.get("/me").await.is(401);
    assert_eq!((invited(&olga, &id).await, told(&olga, &id).await), ([json!("expired")].to_vec(), before.1));
}

/// What became of the invitations.
async fn invited(owner: &Person, organization_id: &str) -> Vec<Value> {
    let page = owner.ask(organization_id, "GET", "/invitations", Value::Null).await.is(200).json();
    page["items"].as_array().unwrap().iter().map(|row| row["status"].clone()).collect()
}

/// The addresses of which the log tells.
async fn told(owner: &Person, organization_id: &str) -> Vec<Value> {
    let path = "/audit-log?action=invitation";
    let page = owner.ask(organization_id, "GET", path, Value::Null).await.is(200).json();
    page["items"].as_array().unwrap().iter().map(|row| row["new"]["email"].clone()).collect()
}

#[tokio::test]
async fn an_account_that_nobody_confirms_goes_by_itself() {
    let smtp = SmtpServer::start().await;
    let settings = SmtpSettings { url: smtp.url.clone(), from: "m@memoreel.example".to_owned() };
    let app = TestApp::with(Options { smtp: Some(settings), ..Options::default() }).await;
    app.work().await;
    for name in ["ada", "eve"] {
        let account = json!({ "email": format!("{name}@example.com"), "name": name, "password": PASSWORD });
        app.visitor().post("/users", &account).await.is(202);
    }
    let accounts = async || -> Vec<String> {
        let mut connection = app.superuser().await;
        sqlx::query_scalar("SELECT email FROM users ORDER BY email").fetch_all(&mut connection).await.unwrap()
    };
    let maintain = async || {
        let mut tx = app.db().system(SystemReason::Maintain).await.unwrap();
        let removed = memoreel_identity::remove_expired(&mut tx, app.now()).await.unwrap();
        tx.commit().await.unwrap();
        app.eraser().sweep().await.unwrap();
        removed.unconfirmed
    };
    assert_eq!((maintain().await, accounts().await.len()), (0, 2));
    let mut connection = app.superuser().await;
    sqlx::query("UPDATE users SET email_verified_at = created_at WHERE email = 'ada@example.com'")
        .execute(&mut connection)
        .await
        .unwrap();
    app.clock.advance(TimeDelta::days(15));
    assert_eq!((maintain().await, accounts().await), (1, vec!["ada@example.com".to_owned()]));
}
